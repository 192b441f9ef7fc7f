"""Faces embedded a second, beside dlib one by one; and how long one photo's verdict takes.

make bench        (nothing else should run meanwhile)
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dlib
import numpy as np
import torch
import tyro
from PIL import Image
from skimage import data

from unveil.config import RuntimeConfig
from unveil.faces.dlib_files import EMBEDDER_FILE, model_file
from unveil.faces.embedder import BATCH, load_embedder
from unveil.faces.finder import FaceFinder
from unveil.report.tables import markdown
from unveil.runtime import choose_runtime, keep_freed_memory, provenance


def _photo() -> np.ndarray:
    photo: np.ndarray = data.astronaut()  # type: ignore[no-untyped-call]
    return photo


def embeddings(rounds: int) -> list[dict[str, object]]:
    """Return faces a second of both, timed in turn on the same face."""
    keep_freed_memory()
    embedder, pixels = load_embedder(None, choose_runtime(RuntimeConfig())), _photo()
    face = FaceFinder().find(pixels)[0]
    peer = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    chip = pixels[50:200, 150:300].copy()
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    many, points = images.expand(BATCH, -1, -1, -1), face.points.expand(BATCH, -1, -1)
    seconds: dict[str, list[float]] = {"unveil": [], "dlib": []}
    for _ in range(rounds + 1):
        for name in seconds:
            started = time.perf_counter()
            if name == "unveil":
                embedder.embed(many, points)
                seconds[name].append((time.perf_counter() - started) / BATCH)
            else:
                peer.compute_face_descriptor(chip)
                seconds[name].append(time.perf_counter() - started)
    rates = {name: 1 / statistics.median(taken[1:]) for name, taken in seconds.items()}
    return [{"embedder": name, "faces_per_second": round(rate, 1)} for name, rate in rates.items()]


def verdicts(rounds: int) -> list[dict[str, object]]:
    """Return the seconds of a whole `unveil audit PHOTO`, and of a bare `import torch`."""
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        Image.fromarray(_photo()).save(photo)
        commands = {
            "import torch": [sys.executable, "-c", "import torch"],
            "unveil audit": [sys.executable, "-m", "unveil", "audit", str(photo)],
        }
        for round_number in range(rounds + 1):
            for name, command in commands.items():
                started = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                if round_number > 0:
                    taken.setdefault(name, []).append(time.perf_counter() - started)
    return [
        {"command": name, "seconds": round(statistics.median(values), 2)}
        for name, values in taken.items()
    ]


def bench(rounds: int = 5) -> None:
    """Print both tables, the machine and the versions.

    Args:
        rounds: times that everything is run, in turn, after one warm-up.
    """
    print(markdown(embeddings(rounds)))
    print()
    print(markdown(verdicts(rounds)))
    machine = provenance(choose_runtime(RuntimeConfig()))
    print(f"\n{machine['device']}; {machine['versions']}")


if __name__ == "__main__":
    tyro.cli(bench)
