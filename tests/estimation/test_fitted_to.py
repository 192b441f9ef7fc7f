"""What the shipped networks read is what they were fitted to: who changes it fits them anew.

A network that reads other numbers than it was fitted to answers worse, and no test of its answers
need fail. So the numbers of some pictures are kept, in short: as sums with weights drawn from a
seed, which every one of them changes. `tools/train_classifier.py` and `tools/train_codecs.py` fit
the networks; then copy what this test prints.
"""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.estimation.codec_features import codec_features
from unveil.estimation.features import features
from unveil.estimation.jpeg_history import find_jpeg

TOLERANCE = 2e-4
"""Machines differ by less; a number that changes by 0.003 changes a sum by about as much."""


def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:224, 100:340])


def blurred(pixels: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(pixels, (19, 19), 3)


def mosaicked(pixels: np.ndarray) -> np.ndarray:
    small = cv2.resize(pixels, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def jpeg(pixels: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


def webp(pixels: np.ndarray) -> np.ndarray:
    coded = cv2.imencode(".webp", pixels[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 60])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


REGIONS = {
    "blurred": (blurred, (-0.71479, -1.32688, -1.08909, -0.17607)),
    "mosaicked": (mosaicked, (0.89185, -2.44391, -2.08879, -1.4691)),
    "jpeg": (jpeg, (0.87238, -1.75385, -1.45559, -0.66234)),
}
PICTURES = {
    "clean": (np.copy, (-0.58219, -2.5332, -2.42503, -2.54869)),
    "jpeg": (jpeg, (-3.1718, -1.75244, -4.08364, -3.93969)),
    "webp": (webp, (-0.83437, -0.49171, -4.53804, -3.49394)),
}


def sums(values: np.ndarray) -> list[float]:
    drawn = np.random.default_rng(0).standard_normal((4, len(values)))
    return (drawn @ values / len(values) ** 0.5).round(5).tolist()


@pytest.mark.parametrize("name", REGIONS)
def test_the_classifier_reads_the_numbers_of_a_region_that_it_was_fitted_to(name):
    change, wanted = REGIONS[name]
    pixels, mask = astronaut(), np.zeros((224, 240), bool)
    mask[48:176, 56:200] = True
    mask[48:64, 56:72] = False
    pixels[mask] = change(pixels)[mask]
    found = features(pixels, mask, find_jpeg(pixels))
    assert found is not None
    np.testing.assert_allclose(
        sums(found.values), wanted, atol=TOLERANCE, err_msg=str(sums(found.values))
    )


@pytest.mark.parametrize("name", PICTURES)
def test_the_network_of_codecs_reads_the_numbers_of_a_picture_that_it_was_fitted_to(name):
    change, wanted = PICTURES[name]
    pixels = change(astronaut())
    values = codec_features(pixels, find_jpeg(pixels))
    assert values is not None
    np.testing.assert_allclose(sums(values), wanted, atol=TOLERANCE, err_msg=str(sums(values)))
