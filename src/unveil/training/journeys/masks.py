"""Shapes of hidden regions, as masks in [0,1]."""

import cv2
import numpy as np

from unveil.training.journeys.draws import between, chance, log_between

SHAPES = ("box", "ellipse", "rounded", "feathered", "stroke")

MIN_SIDE_PX = 14
"""Smaller regions hide nothing that a picture shows."""


def draw_mask(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a mask of a drawn shape, ``H x W`` float32: 1 inside, 0 outside, soft at the rim."""
    shape = str(rng.choice(SHAPES, p=[0.4, 0.22, 0.1, 0.13, 0.15]))
    if shape == "stroke":
        return _stroke(size, rng)
    box = draw_box(size, rng)
    mask: np.ndarray = np.zeros(size, np.float32)
    if shape == "box":
        mask[box] = 1
        return mask
    if shape == "rounded":
        return _rounded(mask, box, rng)
    _fill_ellipse(mask, box)
    if shape == "feathered":
        side = min(box[0].stop - box[0].start, box[1].stop - box[1].start)
        mask = cv2.GaussianBlur(mask, (0, 0), between(rng, 0.02, 0.12) * side + 0.5)
    return mask


def draw_box(size: tuple[int, int], rng: np.random.Generator) -> tuple[slice, slice]:
    """Return rows and columns of a box, a fifth of the time cut by a border of the picture."""
    height, width = size
    side = log_between(rng, MIN_SIDE_PX * 1.2, 0.8 * min(size))
    stretch = log_between(rng, 0.7, 1.45)
    rows = min(max(int(side * stretch), MIN_SIDE_PX), height)
    columns = min(max(int(side / stretch), MIN_SIDE_PX), width)
    beyond = 0.3 if chance(rng, 0.2) else 0.0
    top = int(between(rng, -beyond * rows, height - rows * (1 - beyond)))
    left = int(between(rng, -beyond * columns, width - columns * (1 - beyond)))
    return (
        slice(max(top, 0), min(max(top, 0) + rows, height)),
        slice(max(left, 0), min(max(left, 0) + columns, width)),
    )


def _fill_ellipse(mask: np.ndarray, box: tuple[slice, slice]) -> None:
    (top, bottom), (left, right) = ((s.start, s.stop) for s in box)
    center = (left + right - 1) / 2, (top + bottom - 1) / 2
    # With 4 binary digits after the point: an ellipse may end between pixels.
    cv2.ellipse(
        mask,
        (round(center[0] * 16), round(center[1] * 16)),
        ((right - left) * 8, (bottom - top) * 8),
        0, 0, 360, 1, -1, cv2.LINE_8, 4,
    )  # fmt: skip


def _rounded(mask: np.ndarray, box: tuple[slice, slice], rng: np.random.Generator) -> np.ndarray:
    mask[box] = 1
    side = min(box[0].stop - box[0].start, box[1].stop - box[1].start)
    reach = int(side * between(rng, 0.1, 0.4)) | 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    opened: np.ndarray = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disk)
    return opened


def _stroke(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the path of a round brush, as people paint over a face."""
    mask = np.zeros(size, np.float32)
    width = max(int(log_between(rng, 0.12, 0.4) * min(size)), MIN_SIDE_PX)
    place = rng.random(2) * (size[1], size[0])
    heading = between(rng, 0, 2 * np.pi)
    for _ in range(int(rng.integers(2, 7))):
        heading += rng.normal(0, 0.9)
        step = np.array([np.cos(heading), np.sin(heading)]) * width * between(rng, 0.3, 1.0)
        start, place = place, place + step
        ends = [tuple(int(v) for v in point) for point in (start, place)]
        cv2.line(mask, ends[0], ends[1], 1, width)
    return mask
