"""Commands and code of the documents: found, and run in a folder of small inputs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from skimage import data

from tests.conftest import run_cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
SHELL = ("", "sh")
HIDDEN = {
    "hidden.jpg": "gaussian:kernel=9,sigma=4",
    "obfuscated.png": "gaussian:kernel=9,sigma=4",
    "bad.png": "noise:std=9",
}
"""Inputs that were hidden, and how."""

SHOWN = ("text", "json", "yaml", "toml", "diff", "console")
"""Languages of blocks that only show something; the last two are run by walkthrough.py."""


class Snippet(NamedTuple):
    """One block of a document."""

    place: str
    language: str
    text: str


def snippets(document: Path) -> list[Snippet]:
    """Return the fenced blocks of a document."""
    text = document.read_text(encoding="utf-8")
    return [
        Snippet(f"{document}:{text[: match.start()].count(chr(10)) + 1}", match[2], match[3])
        for match in FENCE.finditer(text)
    ]


def commands(snippet: Snippet) -> list[str]:
    """Return the commands of a shell block: one a line, no comments, `unveil` without its path."""
    lines = re.sub(r"\\\n\s*", "", snippet.text).splitlines()
    bare = [re.sub(r"(^|\s)#.*", "", line).strip().removeprefix("$ ") for line in lines]
    found = [line.replace(".venv/bin/", "") for line in bare if line]
    return [re.sub(r"^torchrun .*?-m unveil", "unveil", line) for line in found]


def prepare(folder: Path) -> None:
    """Write the inputs that the documents name: photos, a clip, rows, people.

    All pictures are the face of scikit-image's astronaut, small because finding a blur takes time;
    the people, for training, are cuts of it.
    """
    face = cv2.resize(data.astronaut()[40:200, 140:300], (96, 96), interpolation=cv2.INTER_AREA)
    for name in ("photo.png", "photo.jpg", "album/one.jpg", "album/two.png"):
        _save(face, folder / name)
    for number in range(24):
        cut = face[number : number + 64, number : number + 64]
        _save(cut, folder / "people" / f"Person_{number // 2}" / f"{number}.png")
    _film(face, folder / "clip.mp4")
    shutil.copy(ROOT / "results" / "audit" / "rows.jsonl", folder)
    for name, operator in HIDDEN.items():
        words = ("obfuscate", folder / "photo.png", "-o", folder / name, "--operator", operator)
        done = run_cli(*words)
        assert done.status == 0, done.err
    tools = folder / "bin"
    tools.mkdir()
    (tools / "unveil").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m unveil "$@"\n')
    (tools / "unveil").chmod(0o755)
    (tools / "python").symlink_to(sys.executable)


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def _film(pixels: np.ndarray, path: Path) -> None:
    """A clip of two seconds in which the picture moves."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 80, 80, "yuv420p"
        for number in range(10):
            cut = np.ascontiguousarray(pixels[number : number + 80, number : number + 80])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        container.mux(stream.encode())


def run(command: str, extra: str) -> tuple[int, str]:
    """Run a command in the current folder; return its status and what it said.

    Each line of a block is an example of its own, so what it writes may be there already.

    Args:
        command: a line of a block.
        extra: flags that make it short.
    """
    words = shlex.split(f"{command} {extra}")
    for flag, value in pairwise(words):
        if flag in ("-o", "--uncertainty", "--picture"):
            _remove(Path(value))
    if words[0] == "make":
        return _said(["make", "--dry-run", *words[1:]], cwd=ROOT)
    if words[:2] == ["pip", "install"]:
        return _installable(words[2:])
    if words[0] == "unveil" and not set("|<>&;*$=") & set("".join(words[:1]) + _syntax(command)):
        done = run_cli(*words[1:])
        return done.status, done.out + done.err
    return _said(["bash", "-euo", "pipefail", "-c", f"{command} {extra}"])


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _syntax(command: str) -> str:
    """Return what is outside of quotes and may mean something to the shell."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\b[\w:,./-]+=[\w./,=-]*", "", command)


def _said(words: list[str], cwd: Path | None = None) -> tuple[int, str]:
    path = f"{Path('bin').resolve()}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def _installable(wanted: list[str]) -> tuple[int, str]:
    """Nothing is installed: see that the extras that are asked for exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in wanted:
        match = re.fullmatch(r"(?:unveil|\.)(?:\[([\w,-]+)\])?", word)
        names = match[1].split(",") if match and match[1] else []
        unknown = set(names) - set(project["optional-dependencies"])
        if unknown or (match is None and not word.startswith("-")):
            return 1, f"{word}: not what the package offers"
    return 0, ""
