"""What codecs leave in pixels, as numbers that do not depend on where the grid lies.

- Lossy codecs keep 8-bit luma and chroma, so that decoded pixels, turned back into these, lie near
  whole levels: of full range after JPEG and AVIF, of 219 levels after WebP and video. No photo
  straight from RGB does.
- Blocks of 4, 8 and 16 pixels leave their period in the steps between neighbours, or, where a
  filter smoothed their borders, in how many steps are zero; halved chroma leaves that of 2.
- 4x4 blocks of WebP and H.264 have more coefficients near zero on their grid than off it.
- Each codec takes its own share of each band of luma and chroma.
"""

from functools import cache

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.scaling import middle

MAX_SIDE_PX, MIN_SIDE_PX = 192, 64
"""Of a larger picture the middle is looked at; a smaller one has too few blocks."""

WEIGHTS_OF_LUMA = ((0.299, 0.114), (0.2126, 0.0722))
"""Of red and blue by BT.601 and BT.709."""

LIBYUV = np.array([[1, 0, 90 / 64], [1, -22 / 64, -46 / 64], [1, 113 / 64, 0]])
"""BT.601 to RGB as libyuv computes it, the decoder of most AVIF: factors of 6 bits."""

PERIOD_PX, BLOCK_PX, RINGS = 16, 4, 8
MAX_STEP_LEVELS = 12.0
"""Larger steps are the subject's edges."""

SAME_LEVELS = 0.75
"""Chroma that was equal before it was rounded as RGB differs by less."""

FLAT_LEVELS = (1.0, 2.0, 4.0)
TINY = 0.003


def codec_features(pixels: np.ndarray, jpeg: JpegHistory | None) -> np.ndarray | None:
    """Return the features of a picture, float32; None where it is too small.

    Args:
        pixels: ``H x W x 3`` uint8.
        jpeg: its earlier JPEG compression.
    """
    part = middle(pixels, MAX_SIDE_PX)
    if min(part.shape[:2]) < MIN_SIDE_PX:
        return None
    planes = _planes(part, *WEIGHTS_OF_LUMA[0])
    luma, chroma = planes[0], planes[1:]
    values = (
        _near_whole_levels(part),
        _periods(luma[None], 0.5),
        _periods(chroma, SAME_LEVELS),
        _zeros_on_grid(luma),
        *(_rings(plane) for plane in planes),
        *(_smoothness(plane) for plane in planes),
        _flatness(part, luma),
        [np.log(np.abs(chroma).mean() + TINY), ((part == 0) | (part == 255)).mean()],
        [0, 0] if jpeg is None else [np.log(jpeg.score_nats), jpeg.quality / 100],
    )
    return np.concatenate(values).astype(np.float32)


@cache
def _to_planes(red: float, blue: float) -> np.ndarray:
    """Return the matrix of luma, blue and red difference for these weights of luma, ``3 x 3``."""
    luma = np.array([red, 1 - red - blue, blue])
    to_blue, to_red = (np.array(unit) - luma for unit in ((0, 0, 1), (1, 0, 0)))
    return np.stack([luma, to_blue / (2 - 2 * blue), to_red / (2 - 2 * red)]).astype(np.float32)


def _planes(pixels: np.ndarray, red: float, blue: float) -> np.ndarray:
    """Return luma and both differences of full range, ``3 x H x W`` float32."""
    mixed = cv2.transform(pixels.astype(np.float32), _to_planes(red, blue))
    return np.ascontiguousarray(np.moveaxis(mixed, 2, 0))


def _near_whole_levels(pixels: np.ndarray) -> np.ndarray:
    """Return how near each plane is to whole levels: 0 not at all, 1 exactly.

    Pixels that were clipped do not count.
    """
    inside = pixels[((pixels > 0) & (pixels < 255)).all(axis=2)].astype(np.float32)
    if not len(inside):
        return np.zeros(len(_whole_planes()))
    return np.cos(2 * np.float32(np.pi) * (inside @ _whole_planes().T)).mean(axis=0)


@cache
def _whole_planes() -> np.ndarray:
    """Return planes that codecs keep in whole levels, as rows on RGB, ``15 x 3`` float32.

    Of both kinds of luma, of full range and of 219 levels (224 for chroma); then libyuv's.
    """
    limited = np.array([[219], [224], [224]]) / 255
    full = [_to_planes(*weights) for weights in WEIGHTS_OF_LUMA]
    others = [limited * matrix for matrix in full]
    return np.concatenate([*full, *others, np.linalg.inv(LIBYUV)]).astype(np.float32)


def _periods(planes: np.ndarray, same_levels: float) -> np.ndarray:
    """Return the waves of 16, 16/2, ... 2 pixels in the steps of planes, the mean of both axes."""
    found = []
    for axis in (1, 2):
        steps = np.abs(np.diff(planes, axis=axis))
        others = 0, 3 - axis
        sizes = np.log(np.minimum(steps, MAX_STEP_LEVELS).mean(axis=others) + 0.05)
        found.append(np.concatenate([_waves(sizes), _waves((steps < same_levels).mean(others))]))
    return np.concatenate([np.log(np.mean(found, axis=0) + TINY)])


def _waves(trace: np.ndarray) -> np.ndarray:
    """Return the amplitudes of the periods that divide ``PERIOD_PX`` into whole numbers."""
    trace = trace - cv2.blur(trace[None], (PERIOD_PX, 1))[0]
    phase = np.arange(len(trace)) % PERIOD_PX
    folded = np.bincount(phase, trace) / np.bincount(phase)
    return np.abs(np.fft.rfft(folded))[1:] / PERIOD_PX


def _zeros_on_grid(luma: np.ndarray) -> np.ndarray:
    """Return the share of 4x4 coefficients near zero, and how much more are on the best grid."""
    cosines = cv2.dct(np.eye(BLOCK_PX, dtype=np.float32), flags=cv2.DCT_ROWS).T
    rows, columns = (size // BLOCK_PX - 1 for size in luma.shape)
    means, excesses = [], []
    for down, across in zip(*np.triu_indices(BLOCK_PX), strict=True):
        kernel = np.outer(cosines[down], cosines[across])
        both = (kernel,) if down == across else (kernel, kernel.T)
        near = np.mean([np.abs(cv2.filter2D(luma, -1, one)) < 0.6 for one in both], axis=0)
        cut = near[BLOCK_PX:, BLOCK_PX:][: rows * BLOCK_PX, : columns * BLOCK_PX]
        by_phase = cut.reshape(rows, BLOCK_PX, columns, BLOCK_PX).mean(axis=(0, 2))
        means.append(by_phase.mean())
        excesses.append(by_phase.max() - by_phase.mean())
    return np.array([*means[1:], *(np.log(value + TINY) for value in excesses[1:])])


def _rings(plane: np.ndarray) -> np.ndarray:
    """Return the log power of a plane in rings up to the highest frequency."""
    height, width = plane.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    power = np.abs(np.fft.rfft2((plane - plane.mean()) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    ring = np.minimum(radius * 2 * RINGS, RINGS).astype(int).ravel()
    sums = np.bincount(ring, power.ravel(), RINGS + 1)
    return np.log(sums / np.maximum(np.bincount(ring, minlength=RINGS + 1), 1) + TINY)


def _smoothness(plane: np.ndarray) -> np.ndarray:
    """Return the logs of the lowest, middle and highest tenth of the local residue."""
    residue = np.abs(cv2.Laplacian(plane, cv2.CV_32F))
    local = cv2.blur(residue, (BLOCK_PX, BLOCK_PX))
    return np.log(np.quantile(local, (0.1, 0.5, 0.9)) + 0.05)


def _flatness(pixels: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """Return the shares of equal neighbours, and of 8x8 parts with next to no contrast."""
    equal = [
        (np.diff(pixels.astype(np.int16), axis=axis) == 0).all(axis=2).mean() for axis in (0, 1)
    ]
    side = 2 * BLOCK_PX
    parts = sliding_window_view(luma, (side, side))[::side, ::side]
    spread = np.ptp(parts.reshape(*parts.shape[:2], -1), axis=2)
    return np.array([*equal, *((spread < levels).mean() for levels in FLAT_LEVELS)])
