"""Make the pictures of docs/gallery.md, by the commands that stand on that page.

    python tools/draw_gallery.py

Runs the page's blocks in an empty folder, in order, and copies the pictures that the page shows.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import script

PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PICTURE = re.compile(r'src="gallery/([^"]+)"')


def main() -> None:
    """Run the blocks and copy the pictures."""
    text = PAGE.read_text(encoding="utf-8")
    target = PAGE.with_suffix("")
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for language, block in BLOCK.findall(text):
            run(language, block, Path(folder))
        for name in PICTURE.findall(text):
            print(shutil.copyfile(Path(folder) / name, target / name))


def run(language: str, block: str, folder: Path) -> None:
    """Run one block of Python or shell in ``folder``.

    Raises:
        CalledProcessError: it failed.
    """
    if language == "python":
        command = [sys.executable, "-c", block]
    else:
        unveil = f'unveil() {{ "{sys.executable}" -m unveil "$@"; }}\n'
        command = ["bash", "-euc", unveil + block]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603  # the page is our own


if __name__ == "__main__":
    script.run(main, __doc__)
