"""Megabytes of an installation with each set of extras, in fresh environments.

    python benchmarks/install_size.py --append results/install.jsonl

Needs uv and an index of packages. Sizes are those of the files, without compiled bytecode.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import tyro

from unveil.report.rows import append_row
from unveil.report.tables import markdown
from unveil.runtime import Runtime, provenance

ROOT = Path(__file__).parents[1]
UNSCORED = dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")) | {
    **dict.fromkeys(("model", "operator", "storage", "split"), ""),
    "images": 0,
}
"""What rows of results have besides."""

EXTRAS = ("", "audit", "video", "web", "audit,video,web", "torch")


def bench(*, extras: tuple[str, ...] = EXTRAS, append: Path | None = None) -> None:
    """Print the size of each environment, and whether torch is in it.

    Args:
        extras: sets of extras, each separated by commas; the empty one is the core.
        append: file to append the rows to.
    """
    rows = [measure(names) for names in extras]
    print(markdown(rows))
    if append is not None:
        for row in rows:
            append_row(append, row | UNSCORED | provenance(Runtime()))


def measure(extras: str) -> dict[str, object]:
    """Install unveil with these extras into a fresh environment; return its size."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "environment"
        venv.create(place, with_pip=False, symlinks=True)
        what = f"{ROOT}[{extras}]" if extras else str(ROOT)
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        python = ["--python", str(place / "bin" / "python")]
        constraint = ["--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([uv, "pip", "install", "--quiet", *python, *constraint, what], check=True)
        files = [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
        size_mb = round(sum(path.stat().st_size for path in files) / 1e6)
        has_torch = any(path.name == "torch" for path in place.glob("lib/*/site-packages/*"))
        return {"extras": extras, "size_mb": size_mb, "has_torch": has_torch}


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
