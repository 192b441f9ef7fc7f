"""What a file went through before, from its pixels alone."""

from dataclasses import dataclass

import numpy as np

from unveil.estimation.codec_history import WORDS, CodecHistory, find_codec
from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.noise import Noise, find_noise
from unveil.estimation.scaling import MAX_FLAT_SHARE, find_scaling, flat_share
from unveil.images.pixels import brightness
from unveil.report.rows import Row

NOTED_NOISE_LEVELS = 2.0
"""Less noise than most cameras leave is not worth a phrase."""


@dataclass(frozen=True)
class History:
    """What was found; None for what does not show.

    Attributes:
        jpeg: the last JPEG compression.
        scaled: factor by which the picture was scaled up, new size over old.
        noise: its noise.
        codec: the last lossy codec of any kind; may be None where ``jpeg`` is not.
    """

    jpeg: JpegHistory | None
    scaled: float | None
    noise: Noise | None
    codec: CodecHistory | None = None

    def as_row(self) -> Row:
        """Return the history as JSON values."""
        return {
            "jpeg_quality": self.jpeg and self.jpeg.quality,
            "jpeg_grid_px": self.jpeg and [self.jpeg.left, self.jpeg.top],
            "codec": self.codec and self.codec.name,
            "codec_chance": self.codec and round(self.codec.chance, 3),
            "scaled": self.scaled and round(self.scaled, 3),
            "noise_levels": self.noise and round(self.noise.levels, 2),
            "noise_rings": self.noise and [round(ring, 2) for ring in self.noise.rings],
        }

    def __str__(self) -> str:
        said = []
        if self.scaled is not None:
            said.append(f"scaled up by about {self.scaled:.2f} before")
        # What is kept as JPEG is said elsewhere, with its quality.
        if self.codec is not None and (self.codec.name != "jpeg" or self.jpeg is None):
            said.append(f"went through {WORDS[self.codec.name]}")
        if self.noise is not None and self.noise.levels >= NOTED_NOISE_LEVELS:
            said.append(f"noise {self.noise.levels:.1f} levels")
        return ", ".join(said)


def look_back(pixels: np.ndarray, jpeg: JpegHistory | None, *, has_blocks: bool) -> History:
    """Return the history of a picture; of a drawing or a mosaic only its JPEG compression.

    What is flat holds no noise of a camera, and its sharp edges pass for noise and for a codec's.

    Args:
        pixels: ``H x W x 3`` uint8.
        jpeg: its earlier JPEG compression.
        has_blocks: whether it shows a mosaic, whose blocks would pass for a scaled grid.
    """
    luma = brightness(pixels)
    if flat_share(luma) > MAX_FLAT_SHARE:
        return History(jpeg, None, None)
    scaled = None if has_blocks else find_scaling(luma)
    return History(jpeg, scaled, find_noise(luma), find_codec(pixels, jpeg))
