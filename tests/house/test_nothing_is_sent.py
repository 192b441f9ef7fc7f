"""No command opens a connection, or writes anything outside its output and the cache folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import BLUR, TINY_DATA, TINY_TRAINING, run_cli

INTERNET = re.compile(r"(connect|sendto|sendmsg)\(.*AF_INET")
"""A line of strace that shows a packet, or a lookup of a name, leaving for the network."""

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
    "study search --data people --dry-run": "optuna",
    "train --data people --output new " + " ".join(map(str, (*TINY_DATA, *TINY_TRAINING))): "torch",
}


def traced(words: list[str], folder: Path, home: Path) -> list[str]:
    """Run a command in ``folder`` under strace; return the system calls that use the network."""
    log = home.with_name("trace.txt")
    variables = {name: value for name, value in os.environ.items() if "XDG" not in name}
    strace = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(log)]
    done = subprocess.run(
        [*strace, sys.executable, "-m", "unveil", *words],
        cwd=folder,
        env={**variables, "HOME": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in log.read_text().splitlines() if INTERNET.search(line)]


@pytest.fixture
def folder(tmp_path, photo, photo_folder):
    """A folder with the inputs that the commands name."""
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(photo, folder / "photo.jpg")
    assert run_cli("obfuscate", photo, "-o", folder / "hidden.png", *BLUR).status == 0
    (folder / "people").symlink_to(photo_folder)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_opens_no_connection_and_leaves_nothing_at_home(words, folder, tmp_path):
    if needs := COMMANDS[words]:
        pytest.importorskip(needs, reason=f"{needs} is not installed")
    home = tmp_path / "home"
    home.mkdir()
    assert traced(words.split(), folder, home) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_trace_sees_a_connection(folder, tmp_path):
    lookup = "import socket; s = socket.socket(); s.settimeout(0.1); s.connect_ex(('192.0.2.1', 9))"
    log = tmp_path / "trace.txt"
    strace = ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(log)]
    subprocess.run([*strace, sys.executable, "-c", lookup], check=True)
    assert INTERNET.search(log.read_text())
