"""The restored photos behind the picture strips: the same people in every figure."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save

from unveil.arrays import to_numpy
from unveil.degradation.degrade import to_uint8
from unveil.files import temporary_beside
from unveil.restoration.restorers import NetworkRestorer
from unveil.training.data import Photos
from unveil.training.evaluate import BATCH, Restore, Scoring
from unveil.training.sampling import sample_vcae

PICTURES_NAME = "pictures.safetensors"
PEOPLE = ("Bill_Gates",)
"""People whom the paper discusses; shown if the test split has them."""

OTHERS = 5
"""Number of further photos, the first of the test split."""

SAMPLES = 3
"""Number of samples that a VCAE draws for one photo."""


def picture_numbers(photos: Photos) -> list[int]:
    """Return the photos of the strips, as indices into the test split."""
    test = photos.splits["test"].tolist()
    named = [
        next((place for place, number in enumerate(test) if person in photos.paths[number]), None)
        for person in PEOPLE
    ]
    others = range(min(OTHERS, len(test)))
    return list(dict.fromkeys([place for place in named if place is not None] + [*others]))


def save_pictures(
    folder: Path,
    restore: Restore,
    scoring: Scoring,
    measured: int,
    network: NetworkRestorer | None = None,
) -> None:
    """Store some photos as ``restore`` restores them, as ``N x H x W x 3`` uint8 arrays.

    ``strip`` holds the photos of the strips, ``measured`` the first ``measured`` photos of the test
    split. For the identity there are also the clean photos (``clean_strip``, ``clean_measured``),
    for a VCAE ``samples`` of the strip's first photo.
    """

    def restored(numbers: np.ndarray) -> np.ndarray:
        parts = np.split(numbers, range(BATCH, len(numbers), BATCH))
        done = [restore(scoring.pairs(part)[1], scoring.degradation) for part in parts]
        return _to_pixels(np.concatenate([to_numpy(images) for images in done]))

    strip, first = scoring.numbers[picture_numbers(scoring.photos)], scoring.numbers[:measured]
    stored = {"strip": restored(strip), "measured": restored(first)}
    if network is None:
        stored["clean_strip"] = _to_pixels(to_numpy(scoring.pairs(strip)[0]))
        stored["clean_measured"] = _to_pixels(to_numpy(scoring.pairs(first)[0]))
    elif network.card.model.architecture == "vcae":
        copies = np.repeat(to_numpy(scoring.pairs(strip[:1])[1]), SAMPLES, axis=0)
        stored["samples"] = _to_pixels(sample_vcae(network.engine, copies))
    with temporary_beside(folder / PICTURES_NAME) as partial:
        partial.write_bytes(save(stored))


def read_pictures(folder: Path) -> dict[str, np.ndarray]:
    """Return what :func:`save_pictures` stored in ``folder``; if nothing, an empty dict."""
    path = folder / PICTURES_NAME
    return load_file(path) if path.exists() else {}


def _to_pixels(images: np.ndarray) -> np.ndarray:
    """Return ``N x 3 x H x W`` images in [0,1] as ``N x H x W x 3`` uint8."""
    return np.ascontiguousarray(to_uint8(images).transpose(0, 2, 3, 1))
