"""Mosaics: scaled down and back, or divided into blocks, each by a program that people use."""

import math
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

import real_programs
from wild.draws import Pixels, between, chance
from wild.hidden import Hidden, Hide, Way, gegl

Scale = Callable[[Pixels, tuple[int, int]], Pixels]
"""Takes pixels and the new width and height."""


def _opencv_scale(filter_: int) -> Scale:
    return lambda pixels, size: np.asarray(cv2.resize(pixels, size, interpolation=filter_))


def _pillow_scale(filter_: Image.Resampling) -> Scale:
    return lambda pixels, size: np.asarray(Image.fromarray(pixels).resize(size, filter_))


def _imagemagick_scale(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    width, height = size
    words = (real_programs.imagemagick(), "{source}", "-scale", f"{width}x{height}!", "{target}")
    return real_programs.through_files(pixels, *words)


def _resized(down: Scale, up: Scale) -> Hide:
    """Return what scales pixels down to a few and back by nearest neighbours: uneven blocks."""

    def hide(pixels: Pixels, block: float, rng: np.random.Generator) -> Hidden:
        height, width = pixels.shape[:2]
        stretch = between(rng, 0.8, 1.25) if chance(rng, 0.3) else 1.0
        cells = max(round(width / block * stretch), 2), max(round(height / block / stretch), 2)
        hidden = up(down(pixels, cells), (width, height))
        pitch = width / cells[0], height / cells[1]
        phase = _phase(up, cells[0], width), _phase(up, cells[1], height)
        return Hidden(hidden, math.sqrt(pitch[0] * pitch[1]), None, pitch, phase)

    return hide


def _phase(up: Scale, cells: int, length_px: int) -> float:
    """Return the mean distance of the grid's lines from where even blocks would have them."""
    stripes = np.repeat((np.arange(cells) % 2 * 255).astype(np.uint8)[None, :, None], 3, axis=2)
    # Lines between pixels: where one filter mixes two blocks in a pixel, inside of it.
    values = up(stripes, (length_px, 1))[0, :, 0].astype(float) / 255
    starts = np.arange(1, cells) * length_px / cells
    reach = length_px / cells / 2
    found = []
    for number, start in enumerate(starts, 1):
        first, last = math.ceil(start - reach), math.floor(start + reach)
        part = values[first:last] if number % 2 else 1 - values[first:last]
        found.append(last - part.sum() - start)
    return float(np.mean(found))


def _whole_blocks(program: Callable[[Pixels, int, int], Pixels]) -> Hide:
    """Return what divides pixels into blocks of whole pixels from their corner on."""

    def hide(pixels: Pixels, block: float, rng: np.random.Generator) -> Hidden:
        stretch = between(rng, 0.75, 1.33) if chance(rng, 0.2) else 1.0
        across, down = max(round(block * stretch), 2), max(round(block / stretch), 2)
        hidden = program(pixels, across, down)
        return Hidden(hidden, math.sqrt(across * down), None, (across, down), (0.0, 0.0))

    return hide


def _ffmpeg_blocks(pixels: Pixels, across: int, down: int) -> Pixels:
    return real_programs.ffmpeg(pixels, f"pixelize={across}:{down}")


def _gegl_blocks(pixels: Pixels, across: int, down: int) -> Pixels:
    return gegl("pixelize", f"size-x={across}", f"size-y={down}")(pixels)


def _opencv_blocks(pixels: Pixels, across: int, down: int) -> Pixels:
    """Fill blocks with their means, as scripts do."""
    hidden = pixels.copy()
    for top in range(0, pixels.shape[0], down):
        for left in range(0, pixels.shape[1], across):
            part = hidden[top : top + down, left : left + across]
            part[:] = np.rint(cv2.mean(part)[:3]).astype(np.uint8)
    return hidden


def _deface_mosaic(pixels: Pixels, block: float, rng: np.random.Generator) -> Hidden:
    side = max(round(block), 2)
    hidden = real_programs.PROGRAMS["deface-mosaic"](pixels, side)
    return Hidden(hidden, side, None, (side, side), (0.0, 0.0))


_NEAREST = _opencv_scale(cv2.INTER_NEAREST)
_PILLOW_NEAREST = _pillow_scale(Image.Resampling.NEAREST)
MOSAICS = (
    *(
        Way(
            "mosaic",
            "Pillow",
            f"resize, {way.name}",
            _resized(_pillow_scale(way), _PILLOW_NEAREST),
        )
        for way in (Image.Resampling.BOX, Image.Resampling.NEAREST, Image.Resampling.BILINEAR)
    ),
    Way(
        "mosaic",
        "OpenCV",
        "resize, AREA",
        _resized(_opencv_scale(cv2.INTER_AREA), _NEAREST),
        2,
    ),
    Way(
        "mosaic",
        "OpenCV",
        "resize, LINEAR",
        _resized(_opencv_scale(cv2.INTER_LINEAR), _NEAREST),
        2,
    ),
    Way("mosaic", "OpenCV", "resize, NEAREST", _resized(_NEAREST, _NEAREST), 0.5),
    Way("mosaic", "OpenCV", "mean of blocks", _whole_blocks(_opencv_blocks), 2),
    Way(
        "mosaic",
        "ImageMagick",
        "-scale",
        _resized(_imagemagick_scale, _imagemagick_scale),
    ),
    Way("mosaic", "FFmpeg", "pixelize", _whole_blocks(_ffmpeg_blocks), 1.5),
    Way("mosaic", "GEGL", "pixelize", _whole_blocks(_gegl_blocks)),
    Way("mosaic", "deface", "mosaic", _deface_mosaic, 1.5),
)
