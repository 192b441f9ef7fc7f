"""What a program that hides a picture returns, and how commands are run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import real_programs
from wild.draws import Pixels


@dataclass(frozen=True)
class Hidden:
    """Pixels after a program, and the truth about them.

    Attributes:
        pixels: as many as before.
        strength_px: None where the kind has none, or where it is not one number.
        angle: degrees of a motion, from the x axis towards the y axis (down), in [0, 180).
        pitch_px: width and height of a mosaic's blocks.
        phase_px: column and row of one of its grid's lines; pixel i reaches from i to i + 1.
    """

    pixels: Pixels
    strength_px: float | None = None
    angle: float | None = None
    pitch_px: tuple[float, float] | None = None
    phase_px: tuple[float, float] | None = None


Hide = Callable[[Pixels, float, np.random.Generator], Hidden]
"""Takes pixels, about how strongly to hide them, and draws; returns what it really did."""


@dataclass(frozen=True)
class Way:
    """A way to hide: kind, the program that does it, what it is called there, its share."""

    kind: str
    program: str
    name: str
    hide: Hide
    share: float = 1.0


def through(*words: str) -> Callable[[Pixels], Pixels]:
    """Return what runs ``words`` as a command that reads ``{source}`` and writes ``{target}``."""
    return lambda pixels: _same_size(real_programs.through_files(pixels, *words), pixels)


def _same_size(result: Pixels, pixels: Pixels) -> Pixels:
    """Cut off the margin that some programs (GEGL) add to a blurred picture."""
    height, width = pixels.shape[:2]
    top, left = (result.shape[0] - height) // 2, (result.shape[1] - width) // 2
    return result[top : top + height, left : left + width]


def gegl(operation: str, *parameters: str) -> Callable[[Pixels], Pixels]:
    """Return what runs an operation of GEGL."""
    program = (real_programs.gegl(), "{source}", "-o", "{target}", "--")
    return through(*program, f"gegl:{operation}", *parameters)
