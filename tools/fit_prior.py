"""Fit the power spectrum of clean photos that the package ships.

    python tools/fit_prior.py --data ../shared/lfw

Writes ``src/unveil/linear/prior.safetensors`` and prints its sha256, which
``unveil.networks.card`` checks.
"""

from pathlib import Path

import script
from unveil.config import DataConfig
from unveil.files import file_sha256
from unveil.linear.prior import PRIOR
from unveil.training.data import open_photos
from unveil.training.prior import fit_training_photos, write_prior


def main(data: Path) -> None:
    """Fit the prior on the first training photos.

    Args:
        data: folder of LFW.
    """
    photos = open_photos(DataConfig(data))
    write_prior(fit_training_photos(photos, None), PRIOR)
    print(file_sha256(PRIOR))


if __name__ == "__main__":
    script.run(main, __doc__)
