"""A picture that is inspected, and what is known of it before anything is looked for."""

from dataclasses import dataclass

import numpy as np

from unveil.degradation import Storage
from unveil.estimation.jpeg_history import JpegHistory
from unveil.linear.prior import Prior


@dataclass(frozen=True)
class Subject:
    """A picture that is inspected, and what is known of it.

    Attributes:
        image: ``1 x 3 x H x W`` in [0,1].
        pixels: the same, ``H x W x 3`` uint8.
        jpeg: its last JPEG compression.
        storage: how it was kept, as its pixels tell, or else its file.
        prior: power spectrum of clean photos.
    """

    image: np.ndarray
    pixels: np.ndarray
    jpeg: JpegHistory | None
    storage: Storage
    prior: Prior
