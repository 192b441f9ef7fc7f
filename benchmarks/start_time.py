"""Seconds of whole commands as processes, beside `import numpy, onnxruntime` alone.

python benchmarks/start_time.py        (run nothing else meanwhile)
"""

import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import tyro
from PIL import Image

from timing import in_turn, machine, print_machine

PYTHON = sys.executable
UNVEIL = [PYTHON, "-m", "unveil"]


def commands(folder: Path) -> dict[str, list[str]]:
    """Return the commands to time, by name; writes a small photo to ``folder``."""
    photo = folder / "photo.png"
    Image.effect_noise((250, 250), 50).convert("RGB").save(photo)
    return {
        "python": [PYTHON, "-c", "pass"],
        "import unveil": [PYTHON, "-c", "import unveil"],
        "unveil --help": [*UNVEIL, "--help"],
        "unveil models": [*UNVEIL, "models"],
        "import numpy, onnxruntime": [PYTHON, "-c", "import numpy, onnxruntime"],
        "import torch": [PYTHON, "-c", "import torch"],
        "unveil inspect": [*UNVEIL, "inspect", str(photo)],
        "unveil restore": [
            *[*UNVEIL, "restore", str(photo), "-o", str(folder / "out.png"), "--overwrite"],
            *["--operator", "gaussian:kernel=9,sigma=4"],
        ],
    }


def bench(rounds: int = 7) -> None:
    """Print the median seconds of each command and its difference to the imports it needs.

    Args:
        rounds: timings of each command.
    """
    run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        works = {name: partial(run, words) for name, words in commands(Path(folder)).items()}
        taken = in_turn(works, rounds)
    print("| command | seconds | more than import numpy, onnxruntime |")
    print("| --- | ---: | ---: |")
    for name, seconds in taken.items():
        pairs = zip(seconds, taken["import numpy, onnxruntime"], strict=True)
        more = statistics.median(mine - imports for mine, imports in pairs)
        print(f"| {name} | {statistics.median(seconds):.2f} | {more:+.2f} |")
    print_machine(machine())


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
