"""Mosaics whose blocks are not all of one whole size: the shortest side is what counts."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

data = pytest.importorskip("skimage.data")

from unveil.auditing.measured import risk_of, shipped_curves  # noqa: E402
from unveil.auditing.verdict import judged  # noqa: E402
from unveil.degradation import Pixelate, Storage  # noqa: E402
from unveil.estimation.comb import Axis, Comb  # noqa: E402
from unveil.estimation.finding import Finding  # noqa: E402
from unveil.estimation.inspection import inspect  # noqa: E402
from unveil.estimation.strengths import _of_comb  # noqa: E402
from unveil.images.box import Box  # noqa: E402
from unveil.linear.prior import read_prior  # noqa: E402

EIGHT_BIT = Storage("8bit")
WHOLE, PART, WIDE = Box(0, 0, 256, 256), Box(70, 40, 110, 110), Box(70, 40, 117, 95)


def clean() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:256, 100:356])


def by_edges(part: np.ndarray, across: int, down: int) -> np.ndarray:
    """Blocks across and down, their edges rounded, as tutorials do."""
    done, (height, width) = part.copy(), part.shape[:2]
    columns = np.linspace(0, width, across + 1, dtype=int)
    rows = np.linspace(0, height, down + 1, dtype=int)
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            mean = part[top:bottom, left:right].reshape(-1, 3).mean(axis=0)
            done[top:bottom, left:right] = mean.round()
    return done


def by_resizing(part: np.ndarray, across: int, down: int) -> np.ndarray:
    small = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)


CASES = {
    "fractions, all": (by_edges, WHOLE, 30, 30, 1.0),
    "resized, part": (by_resizing, PART, 12, 12, 1.0),
    "a part that is no square": (by_edges, WIDE, 12, 10, 1.0),
    "blocks of 10.2 x 25.6": (by_edges, WHOLE, 25, 10, 1.0),
    "blocks of 3.2, part": (by_edges, PART, 34, 34, 1.0),
    "blocks of 13.8 x 7.3, part": (by_resizing, PART, 8, 15, 1.0),
    "scaled to 0.9, part": (by_edges, Box(70, 40, 112, 112), 14, 14, 0.9),
    "scaled to 1.25, part": (by_edges, Box(70, 40, 112, 112), 14, 14, 1.25),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_shortest_side_of_a_block_is_found(name):
    how, box, across, down, factor = CASES[name]
    pixels = clean()
    pixels[box.place] = how(pixels[box.place], across, down)
    if factor != 1:
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    image = (pixels.transpose(2, 0, 1)[None] / np.float32(255)).astype(np.float32)
    found = inspect(image, EIGHT_BIT, read_prior())
    shortest = factor * min(box.width / across, box.height / down)
    assert found.kind == "mosaic"
    assert not found.is_exact
    assert found.strength_px == pytest.approx(shortest, rel=0.05)
    assert found.low_px <= shortest <= found.high_px


def oblong(across_px: float, down_px: float) -> Finding:
    comb = Comb(Axis(across_px, 0, 9, 0.1), Axis(down_px, 0, 9, 0.1))
    return _of_comb(comb, EIGHT_BIT, 1.0, Box(0, 0, 72, 72))


@pytest.mark.parametrize(("sides", "block"), [((6.0, 14.0), 6), ((14.0, 6.0), 6), ((6.9, 6.9), 6)])
def test_no_block_is_audited_as_larger_than_its_shortest_side(sides, block):
    curves = shipped_curves()
    risk, _ = judged(oblong(*sides), 72, curves)
    assert risk.share == risk_of(Pixelate(block), 72, curves).share
    assert risk.high >= risk_of(Pixelate(block), 72, curves).high


def test_unequal_sides_are_said():
    assert "unequal blocks, about 6.0 x 14.0 px" in str(oblong(6, 14))
    assert "not whole pixels" in str(oblong(9.2, 9.2))
