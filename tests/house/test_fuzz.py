"""A part of `make fuzz`: spoiled files of every kind end in one line, or in their right result."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fuzz
from fuzz_kinds import KINDS

ROOT = Path(__file__).parents[2]
MANY = {"photo": 60, "rows": 4, "video": 12}
SOME = 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_files_end_in_one_line(kind):
    if kind == "video":
        pytest.importorskip("av", reason="the extra video is not installed")
    assert list(fuzz.fuzz(kind, 0, MANY.get(kind, SOME))) == []


def test_faults_are_seen(tmp_path, monkeypatch):
    """An exception, a line of another library, a silent failure, and what is half-written."""
    from unveil import cli

    out = tmp_path / "out.png"

    def seen(act):
        monkeypatch.setattr(cli, "main", act)
        return [fault for fault, _ in fuzz.faults(["obfuscate", out], tmp_path)]

    def write_and_leave(status):
        out.write_bytes(b"half")
        os.write(2, b"unveil: x\n")
        sys.exit(status)

    assert seen(lambda: 1 / 0) == ["exception"]
    assert seen(lambda: sys.exit(5)) == ["status", "no line"]
    assert seen(lambda: sys.exit(1)) == ["no line"]
    assert seen(lambda: os.write(2, b"libtiff: x\n")) == ["strange line"]
    assert seen(lambda: os.write(2, b"unveil: \x1b[31m\n")) == ["escape code"]
    assert seen(lambda: write_and_leave(1)) == ["written all the same"]
    out.unlink()
    assert seen(lambda: write_and_leave(0)) == ["half-written"]
    out.unlink()
    assert seen(lambda: (tmp_path / ".unveil-0.partial.png").touch()) == ["partial file"]
    assert seen(lambda: None) == []


def test_the_tool_says_how_many_faults_there_are():
    words = [sys.executable, "tools/fuzz.py", "--others", "3", "--only", "boxes"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "boxes: 3 files, 0 faults" in done.stdout
