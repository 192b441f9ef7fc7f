"""A picture that is inspected, and what is known of it before anything is looked for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unveil.degradation import Storage
from unveil.estimation.jpeg_history import JpegHistory, find_jpeg
from unveil.estimation.segmenter import Segmentation, segment
from unveil.linear.prior import Prior


@dataclass(frozen=True)
class Subject:
    """A picture that is inspected, and what is known of it.

    Attributes:
        image: ``1 x 3 x H x W`` in [0,1].
        pixels: the same, ``H x W x 3`` uint8.
        declared: how its file says that it was kept.
        prior: power spectrum of clean photos.
        is_plain: whether what is looked at is too plain to tell a compression: the steps of a
            smooth slope look like those of a JPEG.
    """

    image: np.ndarray
    pixels: np.ndarray
    declared: Storage
    prior: Prior
    is_plain: bool = False

    @cached_property
    def jpeg(self) -> JpegHistory | None:
        """Its last JPEG compression."""
        return None if self.is_plain else find_jpeg(self.pixels)

    @property
    def storage(self) -> Storage:
        """How it was kept, as its pixels tell, or else its file."""
        return kept(self.declared, self.jpeg)

    @cached_property
    def segmentation(self) -> Segmentation:
        """What the segmenter says of it."""
        return segment(self.pixels)


def kept(storage: Storage, history: JpegHistory | None) -> Storage:
    """Return the storage that an earlier JPEG shows, or else the file's."""
    if history is None:
        return storage
    if storage.kind == "jpeg" and storage.quality is not None:
        return Storage("jpeg", min(storage.quality, history.quality))
    return Storage("jpeg", history.quality) if storage.kind == "8bit" else storage
