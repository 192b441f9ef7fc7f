"""How long commands take as whole processes, against a bare `import torch`, in turn.

make bench        (nothing else should run meanwhile)
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tyro
from PIL import Image

PYTHON = sys.executable
UNVEIL = [PYTHON, "-m", "unveil"]


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is timed, by name; a small photo is written to ``folder``."""
    photo = folder / "photo.png"
    Image.effect_noise((112, 112), 50).convert("RGB").save(photo)
    return {
        "python": [PYTHON, "-c", "pass"],
        "import unveil": [PYTHON, "-c", "import unveil"],
        "unveil --help": [*UNVEIL, "--help"],
        "unveil models": [*UNVEIL, "models"],
        "import torch": [PYTHON, "-c", "import torch"],
        "unveil restore": [
            *[*UNVEIL, "restore", str(photo), "-o", str(folder / "out.png"), "--overwrite"],
            *["--operator", "gaussian:kernel=9,sigma=4"],
        ],
    }


def bench(rounds: int = 7) -> None:
    """Print the median seconds of each command and its difference to `import torch`.

    Args:
        rounds: times that every command is run, in turn, after one warm-up.
    """
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for round_number in range(rounds + 1):
            for name, command in commands(Path(folder)).items():
                started = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                if round_number > 0:
                    taken.setdefault(name, []).append(time.perf_counter() - started)
    print("| command | seconds | more than import torch |")
    print("| --- | ---: | ---: |")
    for name, seconds in taken.items():
        pairs = zip(seconds, taken["import torch"], strict=True)
        more = statistics.median(mine - torch for mine, torch in pairs)
        print(f"| {name} | {statistics.median(seconds):.2f} | {more:+.2f} |")


if __name__ == "__main__":
    tyro.cli(bench)
