"""Atomic writes, even when interrupted; folders that cannot be written; checksums."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unveil.errors import UnveilError
from unveil.files import (
    cache_folder,
    check_folder,
    check_sha256,
    file_sha256,
    read_checked,
    sweep,
    temporary_beside,
)

INTERRUPTED = """
import random, signal, sys
from pathlib import Path
from unveil.files import temporary_beside

target, generator = Path(sys.argv[1]), random.Random(0)
signal.signal(signal.SIGALRM, signal.default_int_handler)
stopped = 0
for _ in range(400):
    try:
        signal.setitimer(signal.ITIMER_REAL, generator.uniform(1e-5, 4e-4))
        with temporary_beside(target) as partial:
            partial.write_text("whole")
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        stopped += 1
print(stopped)
"""


def test_an_interrupt_at_any_moment_leaves_the_whole_file_or_none(tmp_path):
    words = [sys.executable, "-c", INTERRUPTED, tmp_path / "a.txt"]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(ended.stdout) > 100
    assert {path.name for path in tmp_path.iterdir()} <= {"a.txt"}


def left_by(process, folder):
    """Write a partial file with the name that a process would give it."""
    with temporary_beside(folder / "a.txt") as ours:
        ours.write_text("half")
        path = ours.with_name(ours.name.replace(f"-{os.getpid()}-", f"-{process.pid}-"))
        path.write_text("half")
    (folder / "a.txt").unlink()
    return path


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are seen in /proc")
def test_what_an_ended_process_left_is_removed_though_nobody_asked_how_it_ended(tmp_path):
    """In a container whose first process never asks, the number stays taken."""
    words = [sys.executable, "-c", "print(flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as process:
        process.stdout.read(1)
        path = left_by(process, tmp_path)
        sweep(tmp_path)
        assert path.exists()
        process.kill()
        process.stdout.read()  # ends with the process, which is not waited for
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        sweep(tmp_path)
        assert not list(tmp_path.iterdir())
        process.stdin.close()


def write_half(path):
    path.write_text("half")
    raise ValueError("stop")


def test_what_goes_wrong_leaves_the_file_as_it_was(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(ValueError, match="stop"), temporary_beside(target) as partial:
        write_half(partial)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "before")]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnveilError, match="is a file, not a folder"):
        check_folder(tmp_path / "file" / "below")


@pytest.fixture
def known(tmp_path):
    """A file and its sha256, computed by hashlib alone."""
    path = tmp_path / "weights.bin"
    path.write_bytes(b"content")
    return path, hashlib.sha256(b"content").hexdigest()


def test_a_file_with_the_expected_sha256_is_read(known):
    path, sha256 = known
    assert read_checked(path, sha256, "fetch it again") == b"content"
    assert check_sha256(path, ["0" * 64, sha256], "fetch it again") == sha256 == file_sha256(path)


@pytest.mark.parametrize(
    "check",
    [read_checked, lambda path, sha256, remedy: check_sha256(path, ["f" * 64, sha256], remedy)],
    ids=["read_checked", "check_sha256"],
)
def test_a_changed_file_is_refused_with_both_checksums_and_what_to_do(check, known):
    path, sha256 = known
    path.write_bytes(b"Content")
    with pytest.raises(UnveilError) as caught:
        check(path, sha256, "fetch it again")
    message = str(caught.value)
    assert message.startswith(f"{path}: is damaged or not the expected file (sha256 ")
    assert hashlib.sha256(b"Content").hexdigest()[:12] in message
    assert message.endswith(f"{sha256[:12]}); fetch it again.")
    path.unlink()
    with pytest.raises(UnveilError, match=r"weights\.bin: (cannot be read .N|n)o such file"):
        check(path, sha256, "fetch it again")


def test_the_cache_folder_is_the_variable_or_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("UNVEIL_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("UNVEIL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "unveil"
    assert not list(tmp_path.iterdir())
