"""What hides a region: every kind at a drawn strength, on ``H x W x 3`` uint8 pixels.

A strength is a width in pixels: a Gaussian's sigma, for other blurs the standard deviation of
their kernel along the widest axis, for a mosaic the side of a block.
"""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageFilter

from unveil.degradation import Motion
from unveil.degradation.kernels import planar_kernel
from unveil.training.journeys.draws import between, chance, log_between

Hiding = tuple[np.ndarray, float]
"""The pixels after a filter, and its strength in pixels; 0 where it has none."""

BORDERS = (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT, cv2.BORDER_CONSTANT)


def gaussian(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Blur by what programs call a Gaussian: a real one, cut short, boxes, a recursive filter."""
    sigma = log_between(rng, 1.2, 12)
    ways = (_pillow, _boxes, _stack, _recursive, _cut, _whole)
    return ways[int(rng.choice(6, p=(0.27, 0.13, 0.06, 0.06, 0.22, 0.26)))](pixels, sigma, rng)


def _pillow(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma))), sigma


def _boxes(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    """Run a box two to four times, as FFmpeg and browsers do."""
    times = int(rng.integers(2, 5))
    side = 2 * max(round((np.sqrt(12 * sigma**2 / times + 1) - 1) / 2), 1) + 1
    for _ in range(times):
        pixels = np.asarray(cv2.blur(pixels, (side, side)), np.uint8)
    return pixels, float(np.sqrt(times * (side**2 - 1) / 12))


def _stack(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    reach = max(round(np.sqrt(6 * sigma**2 + 1)), 2)
    blurred = cv2.stackBlur(pixels, (2 * reach - 1, 2 * reach - 1))
    return np.asarray(blurred), float(np.sqrt((reach**2 - 1) / 6))


def _recursive(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    """Run exponentials forth and back, as FFmpeg's gblur does."""
    times = int(rng.integers(1, 5))
    share = sigma**2 / (2 * times)
    decay = (1 + 2 * share - np.sqrt(1 + 4 * share)) / (2 * share)
    at = np.arange(-round(5 * sigma) - 1, round(5 * sigma) + 2)
    taps = once = decay ** np.abs(at)
    for _ in range(times - 1):
        taps = np.convolve(taps, once, "same")
    taps = taps / taps.sum()
    blurred = cv2.sepFilter2D(pixels, -1, taps, taps, borderType=_border(rng))
    return np.asarray(blurred, np.uint8), float(np.sqrt((taps * at**2).sum()))


def _cut(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    side = 2 * round(sigma * between(rng, 1.5, 3.0)) + 1
    taps = cv2.getGaussianKernel(side, sigma)[:, 0]
    width = float(np.sqrt((taps * (np.arange(side) - side // 2) ** 2).sum()))
    blurred = cv2.GaussianBlur(pixels, (side, side), sigma, borderType=_border(rng))
    return np.asarray(blurred, np.uint8), width


def _whole(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> Hiding:
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma, borderType=_border(rng))
    return np.asarray(blurred, np.uint8), sigma


def _border(rng: np.random.Generator) -> int:
    return BORDERS[int(rng.choice(4, p=_BORDER_ODDS))]


_BORDER_ODDS = (0.6, 0.25, 0.1, 0.05)


def box(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Blur by a box."""
    side = round(log_between(rng, 4, 40))
    border = BORDERS[int(rng.choice(3, p=(0.7, 0.25, 0.05)))]
    return cv2.blur(pixels, (side, side), borderType=border), float(side / np.sqrt(12))


def disk(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Blur as a lens out of focus does, half of the time in linear light."""
    radius = log_between(rng, 2, 16)
    blurred = convolve(pixels, disk_kernel(radius), in_light=chance(rng, 0.5))
    return blurred, radius / 2


def motion(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Blur along a line."""
    length, angle = log_between(rng, 5, 32), between(rng, 0, np.pi)
    if chance(rng, 0.25):
        angle = 0.0 if chance(rng, 0.7) else np.pi / 2
    kernel = planar_kernel(Motion(length, float(np.degrees(angle)) % 180)).astype(np.float32)
    blurred = convolve(pixels, kernel, in_light=chance(rng, 0.3))
    return blurred, length / np.sqrt(12)


def median(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Filter by the median of a square window."""
    side = 2 * round(log_between(rng, 2, 14)) + 1
    return cv2.medianBlur(pixels, side), side / np.sqrt(12)


def mosaic(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Divide into blocks: of whole pixels, of fractions, or of unequal sizes."""
    block = log_between(rng, 4, 28)
    height, width = pixels.shape[:2]
    if chance(rng, 0.4):
        block = max(round(block), 3)
        return _whole_blocks(pixels, block, rng), float(block)
    # Resized to a few pixels and back, as scripts do: no whole blocks.
    stretch = log_between(rng, 0.8, 1.25) if chance(rng, 0.3) else 1.0
    cells = max(round(width / block / stretch), 2), max(round(height / block * stretch), 2)
    down = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST)[
        int(rng.choice(3, p=(0.5, 0.4, 0.1)))
    ]
    small = cv2.resize(pixels, cells, interpolation=down)
    blocks = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return blocks, float(np.sqrt(width / cells[0] * height / cells[1]))


def _whole_blocks(pixels: np.ndarray, block: int, rng: np.random.Generator) -> np.ndarray:
    (height, width), (top, left) = pixels.shape[:2], rng.integers(0, block, 2)
    after = (-(height + top) % block, -(width + left) % block)
    padded = cv2.copyMakeBorder(pixels, int(top), after[0], int(left), after[1], cv2.BORDER_REFLECT)
    cells = padded.shape[1] // block, padded.shape[0] // block
    down = cv2.INTER_NEAREST if chance(rng, 0.1) else cv2.INTER_AREA
    small = cv2.resize(padded, cells, interpolation=down)
    blocks = cv2.resize(small, padded.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return blocks[top : top + height, left : left + width]


def solid(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Fill with one colour, often black."""
    color = rng.integers(0, 256, 3)
    if chance(rng, 0.5):
        color = np.full(3, 0 if chance(rng, 0.7) else 255)
    if chance(rng, 0.15):
        color = pixels.mean((0, 1))
    return np.broadcast_to(color.astype(np.uint8), pixels.shape).copy(), 0.0


def other(pixels: np.ndarray, rng: np.random.Generator) -> Hiding:
    """Hide in a way that has no operator: noise, swirl, few colours, cells, glass, a sticker."""
    ways = (_noise, _swirl, _posterize, _cells, _spread, _sticker)
    return ways[int(rng.choice(len(ways), p=(0.12, 0.26, 0.1, 0.12, 0.18, 0.22)))](pixels, rng), 0.0


def _noise(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, between(rng, 40, 150), pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _swirl(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cy, cx = height * between(rng, 0.3, 0.7), width * between(rng, 0.3, 0.7)
    away = np.hypot(y - cy, x - cx)
    reach = log_between(rng, 0.08, 0.35) * min(height, width)
    turn = log_between(rng, 2, 10) * np.exp(-away / reach)
    cos, sin = np.cos(turn), np.sin(turn)
    xs = cx + (x - cx) * cos - (y - cy) * sin
    ys = cy + (x - cx) * sin + (y - cy) * cos
    return cv2.remap(
        pixels, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip


def _posterize(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    step = int(rng.integers(64, 129))
    return np.minimum(pixels.astype(int) // step * step + step // 2, 255).astype(np.uint8)


def _cells(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give each cell of drawn points the colour at its point, as "crystallize" does."""
    height, width = pixels.shape[:2]
    count = max(int(height * width / log_between(rng, 6, 20) ** 2), 2)
    points = rng.integers(0, (height, width), (count, 2))
    seeds = np.full((height, width), 255, np.uint8)
    seeds[points[:, 0], points[:, 1]] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colors = np.zeros((labels.max() + 1, 3), np.uint8)
    colors[labels[points[:, 0], points[:, 1]]] = pixels[points[:, 0], points[:, 1]]
    found: np.ndarray = colors[labels]
    return found


def _spread(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Take each pixel from somewhere near, as frosted glass does."""
    height, width = pixels.shape[:2]
    reach = log_between(rng, 2, 14)
    y, x = np.mgrid[:height, :width] + np.rint(rng.uniform(-reach, reach, (2, height, width)))
    rows, columns = y.clip(0, height - 1).astype(int), x.clip(0, width - 1).astype(int)
    return pixels[rows, columns]


def _sticker(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a few shapes, filled or as lines, on one colour, like an emoji."""
    drawn = np.empty_like(pixels)
    drawn[:] = rng.integers(0, 256, 3)
    height, width = pixels.shape[:2]
    least = min(height, width)
    for _ in range(int(rng.integers(1, 7))):
        center = int(rng.integers(width)), int(rng.integers(height))
        axes = tuple(int(v) for v in rng.integers(2, max(least // 4, 4), 2))
        thickness = -1
        if chance(rng, 0.4):  # an outline, a mouth
            axes = tuple(int(least * between(rng, 0.15, 0.5)) for _ in range(2))
            thickness = max(int(least * between(rng, 0.02, 0.1)), 1)
        ends = (0, 360) if chance(rng, 0.7) else (0, int(rng.integers(60, 300)))
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        turn = int(rng.integers(180))
        cv2.ellipse(drawn, center, axes, turn, *ends, color, thickness, cv2.LINE_AA)
    return drawn


def convolve(pixels: np.ndarray, kernel: np.ndarray, *, in_light: bool) -> np.ndarray:
    """Convolve 8-bit pixels with a kernel, ``in_light`` after undoing sRGB's gamma, about."""
    if not in_light:
        return cv2.filter2D(pixels, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    light = (pixels.astype(np.float32) / 255) ** np.float32(2.2)
    light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101).clip(0, 1)
    return np.rint(light ** np.float32(1 / 2.2) * 255).astype(np.uint8)


def disk_kernel(radius: float) -> np.ndarray:
    """Return the weights of a disk of ``radius`` pixels, its rim smoothed."""
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    weights = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    normal: np.ndarray = (weights / weights.sum()).astype(np.float32)
    return normal


HIDINGS: dict[str, Callable[[np.ndarray, np.random.Generator], Hiding]] = {
    "gaussian": gaussian,
    "box": box,
    "disk": disk,
    "motion": motion,
    "median": median,
    "mosaic": mosaic,
    "solid": solid,
    "other": other,
}
