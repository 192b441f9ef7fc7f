"""No command opens a connection, or writes anything outside its output and the cache folder."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import BLUR, TINY_DATA, TINY_TRAINING, run_cli
from tests.visitor import Visitor, free_port

TINY = " ".join(map(str, (*TINY_DATA, *TINY_TRAINING)))
COMMANDS = {
    "obfuscate photo.jpg -o out.png --operator gaussian:kernel=9,sigma=4": None,
    "inspect hidden.png": None,
    "restore hidden.png -o out.png": None,
    "restore hidden.png -o out.png --operator gaussian:kernel=9,sigma=4 --engine torch": "torch",
    "models": None,
    "demo -o demo": None,
    "doctor": None,
    "evaluate blur-fast --data people --crop-px 32 --test-photos 4 --validation-photos 4": None,
    "audit hidden.png --box 32,32,64,64": "dlib",
    "obfuscate photo.jpg -o out.png --safe --box 32,32,64,64": "dlib",
    "export cae-blur -o net.onnx": "onnxscript",
    f"study search --data people -o search --trials 2 {TINY}": "optuna",
    f"train --data people -o new {TINY}": "torch",
}

OUTSIDE = re.compile(r"(connect|bind|sendto|sendmsg)\(.*AF_INET(?!.*\b(127\.0\.0\.1|::1)\b)")
"""A line of strace that shows a packet, a lookup or a listening socket beyond this machine."""

MADE = re.compile(
    r"\b(openat\(.*O_(WRONLY|RDWR|CREAT)|(creat|mkdir|rename|link|symlink)\w*\().*= \d"
)
"""A line of strace that shows a file that was written, or a folder that was made."""

NETWORK, FILES = "connect,bind,sendto,sendmsg", "openat,creat,/^(mkdir|rename|link|symlink)"
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


class Traced(NamedTuple):
    """A command line that runs under strace.

    Attributes:
        words: the command line.
        environment: its variables.
        log: start of the names of strace's files, one for each thread.
    """

    words: list[str]
    environment: dict[str, str]
    log: Path

    def lines(self) -> list[str]:
        """Return the system calls that succeeded or failed, in any order."""
        files = self.log.parent.glob(f"{self.log.name}.*")
        return [line for path in files for line in path.read_text(errors="replace").splitlines()]

    def sent(self) -> list[str]:
        """Return the system calls that use the network beyond this machine."""
        return [line for line in self.lines() if OUTSIDE.search(line)]

    def made(self, *allowed: Path) -> list[str]:
        """Return the system calls that write elsewhere than ``allowed`` and the working folder."""
        places = (*map(str, allowed), "/dev/", "/proc/")
        made = [line for line in self.lines() if MADE.search(line)]
        paths = {line: re.findall(r'"([^"]*)"', line) for line in made}
        return [
            line
            for line, found in paths.items()
            if any(path.startswith(("/", "..")) and not path.startswith(places) for path in found)
        ]


@pytest.fixture
def trace(tmp_path, monkeypatch):
    """A function that puts a command line under strace, with a home folder of its own."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    variables = {name: value for name, value in os.environ.items() if "XDG" not in name}
    variables |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    variables |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "127.0.0.1"}
    variables.pop("MPLCONFIGDIR", None)  # which a command run by another test has set

    def start(*words):
        log = tmp_path / "trace"
        strace = ["strace", "-ff", "--seccomp-bpf", "-qq", "-e", f"trace={NETWORK},{FILES}"]
        return Traced([*strace, "-o", str(log), sys.executable, *words], variables, log)

    return start


@pytest.fixture
def folder(tmp_path, photo, photo_folder):
    """A folder with the inputs that the commands name."""
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(photo, folder / "photo.jpg")
    assert run_cli("obfuscate", photo, "-o", folder / "hidden.png", *BLUR).status == 0
    (folder / "people").symlink_to(photo_folder)
    return folder


def assert_nothing_left(traced, folder, cache, tmp_path):
    assert traced.sent() == []
    assert traced.made(folder, cache, tmp_path / "temporary") == []
    for name in ("home", "temporary"):
        assert [path for path in (tmp_path / name).rglob("*") if path.is_file()] == []


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[:48])
def test_a_command_sends_nothing_and_writes_only_its_output(words, trace, folder, tmp_path, cache):
    if needs := COMMANDS[words]:
        pytest.importorskip(needs, reason=f"{needs} is not installed")
    traced = trace("-m", "unveil", *words.split())
    done = subprocess.run(
        traced.words, cwd=folder, env=traced.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert_nothing_left(traced, folder, cache, tmp_path)


@contextlib.contextmanager
def interrupted(process):
    """Interrupt a process and its children in the end, and let it say its last words."""
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


@pytest.mark.slow
@needs_strace
def test_the_page_sends_nothing_and_keeps_nothing(trace, folder, tmp_path, cache):
    pytest.importorskip("starlette", reason="the extra web is not installed")
    traced = trace("-m", "unveil", "serve", "--port", str(free_port()))
    with (
        subprocess.Popen(
            traced.words,
            cwd=folder,
            env=traced.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # strace heeds no Ctrl-C while it writes a file
        ) as server,
        interrupted(server),
    ):
        visitor = Visitor(server.stdout.readline().split()[0])
        said = visitor.send("restore", folder / "hidden.png", accept="application/json")
    assert said.json()["found"]["kind"] == "gaussian"
    assert server.returncode == 0
    assert any("AF_INET" in line and "127.0.0.1" in line for line in traced.lines())
    assert_nothing_left(traced, folder, cache, tmp_path)


@pytest.mark.slow
@needs_strace
def test_the_trace_sees_a_connection_and_a_file(trace, tmp_path):
    code = "import socket; s = socket.socket(); s.settimeout(0.1); s.connect_ex(('192.0.2.1', 9));"
    code += f"open('{tmp_path}/home/new', 'w').close()"
    traced = trace("-c", code)
    subprocess.run(traced.words, env=traced.environment, check=True)
    assert len(traced.sent()) == 1
    assert len(traced.made(tmp_path / "cache")) == 1
