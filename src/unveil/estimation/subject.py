"""A picture that is inspected, and what is known of it before anything is looked for.

All of it is computed once, however many faces and regions of the picture are looked at.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from unveil.degradation import Storage
from unveil.estimation.history import History, look_back
from unveil.estimation.jpeg_history import JpegHistory, find_jpeg
from unveil.estimation.segmenter import Segmentation, segment
from unveil.estimation.surroundings import Surroundings
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

    @cached_property
    def surroundings(self) -> Surroundings:
        """What looks around its regions."""
        return Surroundings(self.pixels)

    @cached_property
    def plain(self) -> "Subject":
        """The same, where what is looked at is plain."""
        return replace(self, is_plain=True)

    def history(self, *, has_blocks: bool) -> History:
        """Return what it went through; of one that shows a mosaic, see :func:`.look_back`."""
        if has_blocks not in self._histories:
            self._histories[has_blocks] = look_back(self.pixels, self.jpeg, has_blocks=has_blocks)
        return self._histories[has_blocks]

    @cached_property
    def _histories(self) -> dict[bool, History]:
        return {}


def kept(storage: Storage, history: JpegHistory | None) -> Storage:
    """Return the storage that an earlier JPEG shows, or else the file's."""
    if history is None:
        return storage
    if storage.kind == "jpeg" and storage.quality is not None:
        return Storage("jpeg", min(storage.quality, history.quality))
    return Storage("jpeg", history.quality) if storage.kind == "8bit" else storage
