"""Draw the map of the package in docs/design.md: every room and file, by the import contract.

    python tools/draw_map.py             rewrite the map
    python tools/draw_map.py --check     change nothing; exit with status 1 if it is out of date
    python tools/draw_map.py PHOTO       print what the house counts, restoring an obfuscated photo

The floors are the layers of ``[tool.importlinter]`` in pyproject.toml, what a room is for is the
first sentence of its docstring. The figures count a real run of ``unveil restore`` on one photo.
"""

import ast
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import script
from unveil.report.tables import markdown

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "unveil"
DOCUMENT = ROOT / "docs" / "design.md"
MARKS = re.compile(r"(<!-- map -->\n).*?(<!-- end -->)", re.DOTALL)

TRACE = """
import os, sys, threading
from unveil.__main__ import main

source, deepest, entered = os.path.abspath(sys.argv.pop(1)), 0, set()

def is_ours(code):
    is_function = code.co_flags & 1 and not code.co_name.startswith("<")
    return code.co_filename.startswith(source) and is_function

def look(frame, event, _):
    global deepest
    if event != "call" or not is_ours(frame.f_code):
        return
    entered.add(frame.f_code.co_filename)
    depth = 0
    while frame is not None:
        depth, frame = depth + is_ours(frame.f_code), frame.f_back
    deepest = max(deepest, depth)

sys.setprofile(look)
threading.setprofile(look)
try:
    main()
finally:
    sys.setprofile(None)
    print(deepest, len(entered))
"""
"""Counts named functions of the package on the deepest stack, and modules that one ran in."""


def main(photo: Path | None = None, /, *, check: bool = False) -> None:
    """Rewrite the map, or check that it is up to date; or print what the house counts.

    Args:
        photo: print the figures of restoring this obfuscated photo, and change nothing.
        check: change nothing; exit with status 1 if the map is out of date.
    """
    if photo is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(markdown([figures(photo, Path(folder))]))
        return
    text = DOCUMENT.read_text(encoding="utf-8")
    drawn = MARKS.sub(lambda match: match[1] + draw() + match[2], text)
    if check and drawn != text:
        sys.exit(f"{DOCUMENT}: the map is out of date; run python tools/draw_map.py.")
    if not check:
        DOCUMENT.write_text(drawn, encoding="utf-8")


def draw() -> str:
    """Return the map as Markdown: floor by floor, each room with its purpose."""
    lines = []
    for number, floor in enumerate(layers(), 1):
        for place, room in enumerate(floor):
            label = f"{number:2}" if place == 0 else "  "
            lines.append(f"{label}  {room:12}  {purpose(room)}")
    return "```text\n" + "\n".join(lines) + "\n```\n"


def layers() -> list[list[str]]:
    """Return the rooms of each floor, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (c for c in settings["tool"]["importlinter"]["contracts"] if "layers" in c)
    return [
        [name.strip().removeprefix("unveil.") for name in layer.split("|")]
        for layer in contract["layers"]
    ]


def purpose(room: str) -> str:
    """Return the first line of a room's docstring, without its full stop."""
    path = PACKAGE / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.splitlines()[0].rstrip(".")


def figures(photo: Path, folder: Path) -> dict[str, int]:
    """Return what the house counts; ``photo`` is restored into ``folder`` for it."""
    words = ["restore", str(photo), "-o", str(folder / "restored.png"), "--quiet"]
    command = [sys.executable, "-c", TRACE, str(ROOT / "src"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    depth, modules = map(int, done.stdout.split()[-2:])
    entries = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    return {
        "entries in src/unveil": len(entries),
        "import layers": len(layers()),
        "own functions on the deepest path of restore": depth,
        "modules entered by restore of one photo": modules,
    }


if __name__ == "__main__":
    script.run(main, __doc__)
