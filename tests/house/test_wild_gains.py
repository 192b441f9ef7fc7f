"""What the bench says restoring brings, found and told: from gains by hand and drawn regions."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data

from unveil.degradation import Blur, Mosaic
from unveil.degradation.operators import obfuscate
from wild import gains, kernels
from wild.blurs import convolve
from wild.cases import Region
from wild.telling import operator_of


def row(gain_db: float, told_db: float | None = None) -> gains.Gain:
    about = {"role": "hidden", "kind": "box", "mask": "box", "journey": "png", "gain_db": gain_db}
    return about if told_db is None else about | {"told_db": told_db}


def test_what_was_found_is_compared_with_what_was_told():
    """Of four pictures two could be bettered by half a dB; one of them was."""
    rows = [row(0.0, 0.2), row(1.0, 3.0), row(0.1, 2.0), row(0.0, -0.2), row(5.0)]
    found = {one["role"]: one for one in gains.tallies(rows) if one["by"] == "all"}
    assert (found["told"]["images"], found["told"]["mean_db"]) == (4, 1.25)
    assert found["told"]["worse"][0] == 0.25
    could = found["could be bettered"]
    assert (could["images"], could["better"][0]) == (2, 0.5)


def region(kind: str, **details: object) -> Region:
    return Region(kind, "p", "w", "whole", (0, 0, 200, 200), **details)


def told(images: np.ndarray, **details: object) -> np.ndarray:
    operator = operator_of(region(**details))
    assert isinstance(operator, Blur | Mosaic)
    return np.asarray(obfuscate(images, operator))


def test_a_told_blur_is_what_programs_make_of_its_strength():
    """SciPy's Gaussian and uniform filters, and the bench's own lines and disks."""
    pixels = data.astronaut()[:200, 100:300]
    images = pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255

    def by_bench(kernel: np.ndarray) -> np.ndarray:
        return convolve(pixels, kernel, in_light=False).transpose(2, 0, 1)[None] / 255

    mirrored = {"axes": (-2, -1), "mode": "mirror"}
    pairs = [
        (
            told(images, kind="gaussian", strength_px=3.0),
            ndimage.gaussian_filter(images, 3.0, **mirrored),
        ),
        (told(images, kind="box", strength_px=9.0), ndimage.uniform_filter(images, 9, **mirrored)),
        (told(images, kind="disk", strength_px=5.0), by_bench(kernels.disk(5.0))),
        (told(images, kind="motion", strength_px=15.0, angle=30.0), by_bench(kernels.line(15, 30))),
    ]
    for found, wanted in pairs:
        assert np.abs(found - wanted).max() < 6 / 255
        assert np.abs(found - wanted).mean() < 0.6 / 255


def test_a_told_mosaic_has_the_grid_of_the_picture():
    images = np.random.default_rng(0).random((1, 3, 40, 40), np.float32)
    made = told(images, kind="mosaic", pitch_px=(8.0, 10.0), phase_px=(19.0, 5.0))
    changes = np.flatnonzero(np.abs(np.diff(made[0, 0, 0])) > 0) + 1
    assert changes.tolist() == [3, 11, 19, 27, 35]
    downwards = np.flatnonzero(np.abs(np.diff(made[0, 0, :, 0])) > 0) + 1
    assert downwards.tolist() == [5, 15, 25, 35]


@pytest.mark.parametrize("kind", ["median", "solid", "other"])
def test_what_has_no_operator_is_not_told(kind):
    assert operator_of(region(kind, strength_px=5.0)) is None
