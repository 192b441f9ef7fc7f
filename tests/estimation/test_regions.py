"""Regions from chances: where outlines part, which are kept, and what the mask is."""

import numpy as np
import pytest
from skimage import data

from unveil.degradation import Storage
from unveil.estimation.inspection import inspect_subject, look, subject_of
from unveil.estimation.outlining import CLIPPED, _weights, chances, described, regions
from unveil.estimation.regions import Candidate, apart, box_of, candidates, mask_of
from unveil.estimation.segmenter import Segmentation
from unveil.images.arrays import to_array
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.linear.prior import read_prior


def chances_with(*places: tuple[slice, slice], bridge: float = 0.0) -> np.ndarray:
    """Return chances of 40 x 60 cells: 0.995 in the places, ``bridge`` in all of rows 10 to 19."""
    hidden = np.full((40, 60), 0.02)
    hidden[10:20, 5:55] = np.maximum(hidden[10:20, 5:55], bridge)
    for place in places:
        hidden[place] = 0.995
    return hidden


def is_there(found: list[Candidate], place: tuple[slice, slice]) -> bool:
    """Return whether one candidate is that place and nothing else."""
    wanted = np.zeros((40, 60), bool)
    wanted[place] = True
    return any(np.array_equal(one.cells, wanted) for one in found)


def test_regions_that_touch_part_at_a_higher_level() -> None:
    """Two regions with doubtful cells between them are found one by one, and together."""
    left, right = np.s_[10:20, 5:20], np.s_[10:20, 40:55]
    found = candidates(chances_with(left, right, bridge=0.8))
    assert is_there(found, left)
    assert is_there(found, right)
    assert is_there(found, np.s_[10:20, 5:55])


def test_an_outline_is_there_once() -> None:
    """A region that is the same at all levels is one candidate."""
    assert len(candidates(chances_with(np.s_[5:20, 5:20]))) == 1


def test_holes_are_filled_and_counted() -> None:
    """The eyes of a hidden face may look clean."""
    hidden = chances_with(np.s_[5:15, 5:15])
    hidden[8:10, 8:13] = 0.01
    (found,) = candidates(hidden)
    assert found.cells.sum() == 100
    assert found.filled == 0.9


def test_small_regions_are_noise() -> None:
    """Of eight cells none is made."""
    assert not candidates(chances_with(np.s_[5:7, 5:9]))


def test_the_best_of_those_over_each_other_is_kept() -> None:
    """The whole loses to its two parts where they score more, and wins otherwise."""
    left, right = np.s_[10:20, 5:20], np.s_[10:20, 40:55]
    found = candidates(chances_with(left, right, bridge=0.8))
    is_whole = np.array([one.cells.sum() == 500 for one in found])
    parts = apart(found, np.where(is_whole, 0.3, 0.6))
    assert [int(found[place].cells.sum()) for place in parts] == [150, 150]
    whole = apart(found, np.where(is_whole, 0.9, 0.6))
    assert [int(found[place].cells.sum()) for place in whole] == [500]


def test_a_mask_has_the_pixels_of_its_cells() -> None:
    """To within the half cell that smoothing takes."""
    cells = np.zeros((10, 10), bool)
    cells[2:6, 3:8] = True
    box = box_of(mask_of(cells, 40, 40))
    assert (box.left, box.top, box.width, box.height) == (12, 8, 20, 16)


def test_every_candidate_is_described_by_finite_numbers() -> None:
    """Whole pictures, flat ones and such whose sides are no multiples of a cell, too."""
    for size, hidden in (((157, 238), chances_with(np.s_[5:15, 5:15])), ((160, 240), None)):
        share = np.full((40, 60), 0.9) if hidden is None else hidden
        kinds = np.stack([1 - share] + [share / 8] * 8)
        pixels = np.full((*size, 3), 128, np.uint8)
        found, values = described(Segmentation(kinds, 0.5), pixels)
        assert len(found) == len(values) > 0
        assert np.isfinite(values).all()
        for region in regions(Segmentation(kinds, 0.5), pixels):
            assert region.mask.shape == size
            assert 0 <= region.outlined <= 1


def test_in_a_box_that_is_told_what_is_seen_is_hidden_or_all_of_it() -> None:
    """What the user says is sure; of what the segmenter sees there, 30 to 90 % are believed."""
    pixels, box = np.full((160, 240, 3), 128, np.uint8), Box(40, 40, 80, 80)
    for columns, is_part in ((0, False), (4, False), (10, True), (16, True), (20, False)):
        chances = chances_with(np.s_[10:30, 10 : 10 + columns])
        answer = Segmentation(np.stack([1 - chances, chances]), 0.5)
        (told,) = look(answer, pixels, box)
        assert (told.box, told.chance, told.picture, told.outlined) == (box, 1.0, 1.0, 1.0)
        wanted = np.zeros((160, 240), bool)
        wanted[40:120, 40 : 40 + (4 * columns if is_part else 80)] = True
        assert (told.mask != wanted).mean() < 0.01, columns


def test_where_nothing_is_seen_or_told_the_whole_picture_is_looked_at() -> None:
    """As a region that is most likely clean."""
    chances = np.full((40, 60), 0.02)
    pixels = np.full((160, 240, 3), 128, np.uint8)
    (whole,) = look(Segmentation(np.stack([1 - chances, chances]), 0.3), pixels, None)
    assert whole.mask.all()
    assert whole.box == Box(0, 0, 240, 160)
    np.testing.assert_allclose([whole.chance, whole.picture, whole.outlined], [0.02, 0.3, 0.0])


def test_a_region_that_is_too_thin_to_tell_is_left_out() -> None:
    """A staircase of cells: no rectangle of ten pixels fits into it."""
    cells = np.full((40, 60), 0.02)
    for step in range(12):
        cells[10 + step, 20 + step : 22 + step] = 0.995
    answer = Segmentation(np.stack([1 - cells, *([cells / 8] * 8)]), 0.9)
    pixels = np.ascontiguousarray(data.astronaut()[:160, 100:340])
    subject = subject_of(to_array(Photo(pixels)), Storage(), read_prior())
    object.__setattr__(subject, "segmentation", answer)  # as the segmenter would have said
    assert look(answer, pixels, None)[0].mask.sum() < 1000
    found = inspect_subject(subject)
    assert found.is_clean


def test_the_chance_of_an_outline_is_what_torch_computes() -> None:
    """Of numbers about those it was fitted to, and far beyond: a layer, ReLU, a layer, sigmoid."""
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    weights = {name: torch.from_numpy(value) for name, value in _weights().items()}
    spread = np.random.default_rng(0).normal(0, 3, (40, len(weights["mean"])))
    values = weights["mean"] + weights["scale"] * torch.from_numpy(spread).float()
    linear = torch.nn.functional.linear
    first = linear(
        torch.from_numpy(spread).float().clip(-CLIPPED, CLIPPED),
        weights["first.weight"],
        weights["first.bias"],
    )
    wanted = linear(first.relu(), weights["last.weight"], weights["last.bias"]).sigmoid()[:, 0]
    np.testing.assert_allclose(chances(values.numpy()), wanted.numpy(), atol=1e-4)
