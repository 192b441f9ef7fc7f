"""Faces embedded per second, beside dlib one by one, and the time of one photo's audit.

    python benchmarks/audit_speed.py        (run nothing else meanwhile)

Prints two tables: faces per second of both embedders on the same face, and the seconds of a whole
``unveil audit PHOTO`` beside its imports.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import dlib
import numpy as np
import tyro
from PIL import Image
from skimage import data

from timing import in_turn, machine, print_machine
from unveil.faces.embedder import BATCH, load_embedder
from unveil.faces.finder import FaceFinder
from unveil.networks.dlib_files import EMBEDDER_FILE, model_file
from unveil.report.tables import markdown


def _photo() -> np.ndarray:
    photo: np.ndarray = data.astronaut()  # type: ignore[no-untyped-call]
    return photo


def embeddings(rounds: int) -> list[dict[str, object]]:
    """Return the faces per second of both embedders on the same face."""
    embedder, pixels = load_embedder(None), _photo()
    face = FaceFinder().find(pixels)[0]
    peer = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    chip = pixels[50:200, 150:300].copy()
    image = pixels.transpose(2, 0, 1).astype(np.float32) / 255
    many, points = np.stack([image] * BATCH), np.stack([face.points] * BATCH)
    works: dict[str, Callable[[], object]] = {
        "unveil": partial(embedder.embed, many, points),
        "dlib": partial(peer.compute_face_descriptor, chip),
    }
    faces = {"unveil": BATCH, "dlib": 1}
    return [
        {"embedder": name, "faces_per_second": round(faces[name] / statistics.median(taken), 1)}
        for name, taken in in_turn(works, rounds).items()
    ]


def verdicts(rounds: int) -> list[dict[str, object]]:
    """Return the seconds of a whole `unveil audit PHOTO`, and of its imports alone."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.png"
        Image.fromarray(_photo()).save(photo)
        commands = {
            "import numpy, onnxruntime": [sys.executable, "-c", "import numpy, onnxruntime"],
            "unveil audit": [sys.executable, "-m", "unveil", "audit", str(photo)],
        }
        run = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
        works = {name: partial(run, command) for name, command in commands.items()}
        taken = in_turn(works, rounds)
    return [
        {"command": name, "seconds": round(statistics.median(values), 2)}
        for name, values in taken.items()
    ]


def bench(rounds: int = 5) -> None:
    """Print both tables, the machine and the versions.

    Args:
        rounds: timings of each entry; medians are printed.
    """
    print(markdown(embeddings(rounds)))
    print()
    print(markdown(verdicts(rounds)))
    print_machine(machine())


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
