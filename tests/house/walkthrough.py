"""Walk-throughs of the documents: their changes are made in a copy of the package, and tried there.

A walk-through is a section of a document. Its changes are ``diff`` blocks, each below a line that
names the file in backticks::

    In `src/unveil/degradation/others.py`:

    ```diff
     a line that is there
    -a line that goes
    +a line that comes
    @@
     another place of the same file
    +another line that comes
    ```

What is there has to be in the file exactly once; a file that is not there is made from ``+`` lines
alone. Commands to try are ``console`` blocks, one command a line after ``$``.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.house.snippets import ROOT, Snippet, commands, snippets

HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
PATH = re.compile(r"`([\w./-]+\.\w+)`")


class Change(NamedTuple):
    """One hunk of a diff: lines of a file before and after."""

    place: str
    path: str
    before: list[str]
    after: list[str]


class Walkthrough(NamedTuple):
    """What a section says to change, and the commands that it says work then."""

    changes: list[Change]
    commands: list[str]

    def files(self, under: str = "src/") -> set[str]:
        """Return the files that are changed or made in a folder of the repository."""
        return {change.path for change in self.changes if change.path.startswith(under)}


def read_walkthrough(document: Path, heading: str) -> Walkthrough:
    """Return the walk-through in a section of a document, up to the next heading as high.

    Raises:
        ValueError: no such heading, or a diff without a file.
    """
    text = document.read_text(encoding="utf-8")
    start, end = _section(text, heading)
    changes, tried = [], []
    for snippet in snippets(document):
        line = int(snippet.place.rpartition(":")[2])
        if not start < line < end:
            continue
        if snippet.language == "diff":
            changes += _changes(snippet, text.splitlines()[: line - 1])
        elif snippet.language == "console":
            tried += commands(snippet)
    return Walkthrough(changes, tried)


def _section(text: str, heading: str) -> tuple[int, int]:
    """Return the line of a heading, and that of the next one as high; from 1."""
    found = [(text[: m.start()].count("\n") + 1, len(m[1]), m[2]) for m in HEADING.finditer(text)]
    for number, (line, level, title) in enumerate(found):
        if title == heading:
            later = (at for at, other, _ in found[number + 1 :] if other <= level)
            return line, next(later, text.count("\n") + 2)
    raise ValueError(f"no heading {heading!r}")


def _changes(snippet: Snippet, above: list[str]) -> list[Change]:
    """Return the hunks of a diff block, whose file the last line above it names."""
    named = PATH.findall(next((line for line in reversed(above) if line.strip()), ""))
    if not named:
        raise ValueError(f"{snippet.place}: the line above the diff names no file")
    hunks = re.split(r"^@@.*\n", snippet.text, flags=re.MULTILINE)
    return [
        Change(snippet.place, named[-1], _lines(hunk, " -"), _lines(hunk, " +")) for hunk in hunks
    ]


def _lines(hunk: str, kinds: str) -> list[str]:
    """Return the lines of these kinds; an empty one is part of the file as it is."""
    lines = [line or " " for line in hunk.splitlines()]
    return [line[1:] for line in lines if line[0] in kinds]


def copy_sources(folder: Path) -> None:
    """Copy the package, with its weights, to ``folder/src/unveil``."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "unveil", folder / "src" / "unveil", ignore=ignored)


def follow(walkthrough: Walkthrough, copy: Path) -> None:
    """Make the changes of a walk-through in a copy of the repository.

    Raises:
        ValueError: a change does not fit; its place in the document is named.
    """
    for place, path, before, after in walkthrough.changes:
        file = copy / path
        if not before:
            if file.exists():
                raise ValueError(f"{place}: {path} is there already; show where the lines go")
            file.write_text(_block(after), encoding="utf-8")
            continue
        text = "\n" + file.read_text(encoding="utf-8")
        if text.count("\n" + _block(before)) != 1:
            times = text.count("\n" + _block(before))
            raise ValueError(f"{place}: these lines are {times} times in {path}:\n{_block(before)}")
        changed = text.replace("\n" + _block(before), "\n" + _block(after))
        file.write_text(changed[1:], encoding="utf-8")


def _block(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def run(copy: Path, command: str, folder: Path) -> str:
    """Run a line that begins with ``unveil`` with the copied package; return what it prints.

    Args:
        copy: the changed repository.
        command: one line of a document.
        folder: where to run it.

    Raises:
        ValueError: the command fails, or runs another package.
    """
    words = command.split()
    if words[0] != "unveil":
        raise ValueError(f"{command}: is not a command of unveil")
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise ValueError(f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def try_out(walkthrough: Walkthrough, folder: Path, inputs: Path) -> dict[str, str]:
    """Follow a walk-through and run its commands; return what each of them prints.

    Args:
        walkthrough: what to change, and what to run.
        folder: where the changed copy of the package goes.
        inputs: folder with the files that the commands name; they run there.

    Raises:
        ValueError: a change does not fit, or a command fails.
    """
    copy_sources(folder)
    follow(walkthrough, folder)
    return {command: run(folder, command, inputs) for command in walkthrough.commands}
