"""Names, files and streams that would end a run, reach the terminal, or leave the machine."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_told, run_cli
from unveil.console import shown
from unveil.files import STALE_S, _machine, temporary_beside, write_text

MOSAIC = ("--operator", "pixelate:block=4")


def unveil(*words, **more):
    """Run a command in a process of its own."""
    more = {"capture_output": True, "timeout": 60} | more
    return subprocess.run([sys.executable, "-m", "unveil", *map(str, words)], check=False, **more)


def save(path: Path, side: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_names_that_a_stream_cannot_show_are_escaped_and_all_is_done(encoding, tmp_path):
    album = tmp_path / "album"
    for name in (b"caf\xe9.png", "東京.png".encode(), b"plain.png"):
        save(album / os.fsdecode(name))
    done = unveil(
        *("obfuscate", album, "-o", tmp_path / "out", *MOSAIC),
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert len(done.stdout.splitlines()) == 3
    assert unveil("--help", env=os.environ | {"PYTHONIOENCODING": encoding}).returncode == 0


def test_escape_codes_never_reach_the_terminal(tmp_path):
    for name in ("a\x1b[31mred.png", "c1\x9b31m.png", "turned\u202egnp.png"):
        save(tmp_path / "in" / name)
    done = unveil("inspect", tmp_path / "in")
    missing = unveil("obfuscate", tmp_path / "no\x1b[31m.png", "-o", tmp_path / "x.png", *MOSAIC)
    told = (done.stdout + done.stderr + missing.stderr).decode()
    assert done.returncode == 0
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert "a\\x1b[31mred.png" in told
    assert "turned\\u202egnp.png" in told
    assert shown("a\tb\nc") == "a\tb\nc"


@pytest.mark.parametrize("name", ["pipe.png", "pipe.mp4"])
@pytest.mark.parametrize("command", ["inspect", "obfuscate", "restore", "audit"])
def test_a_pipe_is_not_waited_for(command, name, tmp_path):
    os.mkfifo(tmp_path / name)
    out = tmp_path / f"out{Path(name).suffix}"
    more = {"obfuscate": ("-o", out, *MOSAIC), "restore": ("-o", out)}.get(command, ())
    done = unveil(command, tmp_path / name, *more)
    assert done.returncode in (1, 2), done
    assert len(done.stderr.decode().splitlines()) == 1
    assert not out.exists()


def test_a_pipe_or_a_device_is_not_replaced(photo, tmp_path):
    for name in ("out.png", "rows.jsonl"):
        os.mkfifo(tmp_path / name)
    done = run_cli("obfuscate", photo, "-o", tmp_path / "out.png", "--overwrite", *MOSAIC)
    assert_told(done, 1, "out.png: cannot be written (it is a pipe or a device)")
    done = run_cli("evaluate", "identity", "--append", tmp_path / "rows.jsonl", "--limit", 1)
    assert_told(done, 1, "rows.jsonl: cannot be written (it is a pipe or a device)")
    with pytest.raises(OSError, match="pipe"), temporary_beside(tmp_path / "out.png"):
        pass
    assert all((tmp_path / name).is_fifo() for name in ("out.png", "rows.jsonl"))


def deep(folder: Path, least: int) -> Path:
    """Save a photo in folders inside each other, so deep that its path is longer than this."""
    here, depth = os.open(folder, os.O_RDONLY), 0
    while depth * 201 < least:
        os.mkdir("d" * 200, dir_fd=here)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, depth = inner, depth + 1
    (folder / "deep.png").rename(folder / "moved.png")
    os.rename(folder / "moved.png", "deep.png", dst_dir_fd=here)
    os.close(here)
    return folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="paths of other lengths")
def test_a_path_that_is_too_long_does_not_end_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/a.png", "a/z.png", "a/deep.png", "b/a.png", "b/z.png", "b/deep.png"):
        save(tmp_path / name)
    deep(tmp_path / "a", 4200)  # cannot even be listed
    done = run_cli("obfuscate", "a", "-o", "out", *MOSAIC)
    assert done.status == 0, done
    assert "a: 1 file left out: 1 path that is too long" in done.err
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "z.png"]
    deep(tmp_path / "b", 3900)  # the output cannot be named
    done = run_cli("obfuscate", "b", "-o", "o" * 200, *MOSAIC)
    assert_told(done, 1, "deep.png: cannot be written (File name too long)")
    assert sorted(path.name for path in Path("o" * 200).glob("*.png")) == ["a.png", "z.png"]
    for folder in ("a", "b"):
        shutil.rmtree(folder)


def test_a_name_of_several_lines_is_shown_in_one(tmp_path):
    name = "one\ntwo.png"
    save(tmp_path / "album" / name)
    (tmp_path / "album" / "bad\nphoto.png").write_text("none")
    out = tmp_path / "out"
    done = run_cli("obfuscate", tmp_path / "album", "-o", out, *MOSAIC)
    assert done.status == 1
    assert done.out.count("\n") == 1
    assert f"one\\ntwo.png -> {out}/one\\ntwo.png" in done.out
    assert_told(done, 1, "bad\\nphoto.png: is not a photo")
    assert (out / name).exists()
    done = run_cli("restore", out / name, "-o", tmp_path / "again.png", "--model", "lmmse", *MOSAIC)
    assert all("one\\ntwo.png: " in line for line in done.err.splitlines()), done.err


def test_results_of_an_earlier_run_inside_the_input_are_told(tmp_path):
    album = tmp_path / "album"
    for name in ("a.png", "b.png", "other/c.png"):
        save(album / name)
    assert run_cli("obfuscate", album, "-o", album / "out1", *MOSAIC).err == ""
    done = run_cli("obfuscate", album, "-o", album / "out2", *MOSAIC)
    assert_told(done, 0, f"{album / 'out1'}: taken, too, though its files are named as those in")
    assert run_cli("obfuscate", album / "other", "-o", tmp_path / "new", *MOSAIC).err == ""


def palette_without_colours() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        summed = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + summed

    header = struct.pack(">IIBBBBB", 32, 32, 8, 3, 0, 0, 0)
    data = zlib.compress((b"\0" + bytes(32)) * 32)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def test_one_bad_photo_does_not_end_the_folder(tmp_path):
    album = tmp_path / "album"
    save(album / "z.png")
    (album / "a.png").write_bytes(palette_without_colours())
    done = run_cli("obfuscate", album, "-o", tmp_path / "out", *MOSAIC)
    assert done.status == 1
    assert "a.png: damaged or cut short" in done.err
    assert (tmp_path / "out" / "z.png").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_partial_file(number, tmp_path):
    script = (
        "import signal, sys, time; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "from unveil import cli; from unveil.files import temporary_beside\n"
        "from pathlib import Path\n"
        "def wait():\n"
        "    with temporary_beside(Path(sys.argv[1])) as partial:\n"
        "        partial.write_text('half'); print('open', flush=True); time.sleep(30)\n"
        "cli.select = lambda words: wait\n"
        "cli.main()\n"
    )
    words = [sys.executable, "-c", script, str(tmp_path / "a.txt")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            assert running.stdout.readline() == b"open\n"
            running.send_signal(number)
            _, told = running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 128 + number
    assert told.decode().strip() == f"unveil: stopped by {number.name}"
    assert list(tmp_path.iterdir()) == []


def test_what_killed_runs_left_is_swept_and_what_is_new_stays(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    old, new, dead = (
        tmp_path / f".unveil-{name}.partial.png"
        for name in ("a" * 16, "b" * 16, f"{_machine()}-{ended.pid}-c")
    )
    alive = tmp_path / f".unveil-{_machine()}-{os.getpid()}-d.partial.png"
    for path in (old, new, dead, alive):
        path.write_text("half")
    long_ago = time.time() - STALE_S - 60
    os.utime(old, (long_ago, long_ago))
    write_text(tmp_path / "a.txt", "whole")
    assert not old.exists()
    assert not dead.exists()
    assert new.exists()
    assert alive.exists()
    with temporary_beside(tmp_path / "b.txt") as partial:
        partial.write_text("whole")
    assert new.exists()


def test_a_closed_standard_output_is_one_line(photo, tmp_path):
    for words in (("--help",), ("obfuscate", photo, "-o", "-", *MOSAIC), ("inspect", photo)):
        line = " ".join([sys.executable, "-m", "unveil", *map(str, words)]) + " >&-"
        done = subprocess.run(["sh", "-c", line], capture_output=True, check=False, timeout=60)
        assert done.returncode == 1
        assert done.stderr.decode().startswith("unveil: standard output is closed")
        assert len(done.stderr.splitlines()) == 1
