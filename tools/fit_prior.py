"""Fit the power spectrum of clean photos that the package ships.

    python tools/fit_prior.py --data ../shared/lfw

Writes ``src/unveil/networks/weights/prior.safetensors`` and prints its sha256, which stands in
``unveil.networks.shipped``.
"""

from pathlib import Path

import torch
import tyro

from unveil.config import DataConfig
from unveil.files import file_sha256
from unveil.linear.prior import fit_prior
from unveil.networks.shipped import PRIOR
from unveil.training.data import open_photos
from unveil.training.fit_prior import write_prior

PHOTOS = 2048


def main(data: Path) -> None:
    """Fit the prior on the first training photos.

    Args:
        data: folder of LFW.
    """
    photos = open_photos(DataConfig(data))
    numbers = photos.splits["train"][:PHOTOS]
    prior = fit_prior(photos.batch(part, torch.device("cpu")) for part in torch.split(numbers, 64))
    write_prior(prior, PRIOR)
    print(file_sha256(PRIOR))


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
