"""Rules of thumb by small examples: on either side of each limit, as the limit says."""

import math
from dataclasses import replace

import numpy as np
import pytest

from unveil.degradation import (
    GaussianBlur,
    Storage,
    Unchanged,
)
from unveil.estimation.classifier import Opinion
from unveil.estimation.comb import Axis, Comb
from unveil.estimation.confidence import (
    evidence,
    is_clear,
    is_whole,
    least_chance,
    likeliest_kind,
    logistic,
)
from unveil.estimation.drawing import outlines
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import Judged, _clean, _is_over, _place, _told, roughly
from unveil.estimation.jpeg_history import JpegHistory
from unveil.estimation.kinds import KINDS
from unveil.estimation.odds import log_odds
from unveil.estimation.regions import MAX_PIXELS, Region, apart, box_of, candidate, mask_of, shrunk
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.subject import kept
from unveil.images.box import Box

EIGHT_BIT = Storage("8bit")


def comb(across: float, down: float, score: float = 4.0, flatness: float = 0.1) -> Comb:
    return Comb(Axis(across, 10.0, score, flatness), Axis(down, 20.0, score, flatness))


def opinion(kind: str, log_width: float = 0.0, log_spread: float = -2.0) -> Opinion:
    chances = np.full(len(KINDS), 0.01)
    chances[KINDS.index(kind)] = 1 - 0.01 * (len(KINDS) - 1)
    full = np.zeros(len(KINDS))
    return Opinion(chances, full + log_width, full + log_spread)


class Seen:
    """Features of which a comb alone counts."""

    def __init__(self, comb: Comb | None, flat_share: float = 0.0) -> None:
        self.comb, self.flat_share = comb, flat_share


@pytest.mark.parametrize(
    ("score", "flatness", "is_one"),
    [(3.51, 0.41, True), (3.5, 0.41, False), (3.51, 0.42, False), (3.51, 0.43, False)],
)
def test_a_comb_is_clear_if_its_teeth_stand_and_little_is_between(score, flatness, is_one):
    assert is_clear(comb(8, 8, score, flatness)) == is_one
    uneven = Comb(Axis(8, 0, 7.1, 0.1), Axis(8, 0, 0.1, flatness))
    assert is_clear(uneven) == (flatness < 0.42)


def region(share: float = 0.25, chance: float = 0.7) -> Region:
    mask = np.zeros((40, 40), bool)
    mask.ravel()[: round(1600 * share)] = True
    return Region(mask, box_of(mask), chance, 0.6, 0.8)


@pytest.mark.parametrize(("share", "is_all"), [(0.89, False), (0.9, False), (0.91, True)])
def test_a_region_of_nine_tenths_is_the_whole_picture(share, is_all):
    assert is_whole(region(share)) == is_all
    one, other = least_chance(region(0.1)), least_chance(region(1.0))
    assert least_chance(region(share)) == (other if is_all else one)
    assert 0 < one < 1
    assert one != other


def test_what_speaks_for_a_region_is_in_its_order():
    said = evidence(region(), Seen(comb(8, 8), 0.3), opinion("mosaic"), is_told=False)
    hidden = float(log_odds(1 - 0.01))
    assert said[:4] == pytest.approx([hidden, *(float(log_odds(p)) for p in (0.6, 0.8, 0.7))])
    assert said[4:6] == pytest.approx([math.log(400) - 8, 0.25])
    assert said[6:9] == [0, 0, 0]  # its blocks are clear
    unclear = evidence(region(), Seen(None, 0.3), opinion("mosaic"), is_told=False)
    assert unclear[6:9] == [0.3, 1, 0]
    solid = evidence(region(1.0), Seen(None, 0.3), opinion("solid"), is_told=False)
    assert solid[6:9] == [0.3, 0, 1]
    assert evidence(region(), Seen(None), opinion("solid"), is_told=False)[8] == 0
    kinds = evidence(region(), Seen(None), opinion("disk"), is_told=False)[9:]
    assert kinds == [float(name == "disk") for name in KINDS[2:]]
    assert evidence(region(), Seen(None), opinion("disk"), is_told=True) == [pytest.approx(hidden)]


def test_the_likeliest_kind_is_among_those_that_hide():
    chances = np.full(len(KINDS), 0.0)
    chances[0], chances[KINDS.index("box")], chances[KINDS.index("disk")] = 0.6, 0.3, 0.1
    assert likeliest_kind(Opinion(chances, chances, chances)) == ("box", pytest.approx(0.75))


def test_a_chance_by_logistic_regression():
    assert logistic([0.5, 2.0, -1.0], [1.0, 0.5]) == pytest.approx(1 / (1 + math.exp(-2.0)))
    assert logistic([1000.0], []) == pytest.approx(1 / (1 + math.exp(-30)), abs=0)
    assert logistic([-1000.0], []) == pytest.approx(1 / (1 + math.exp(30)), rel=1e-9)
    np.testing.assert_allclose(
        log_odds(np.array([0.5, 0.0, 1.0])), [0, -math.log(999), math.log(999)]
    )


FOUND = Finding(GaussianBlur(9, 2.0), EIGHT_BIT, 0.9, None, None, "gaussian", 2.0, 1.9, 2.1)


def test_what_was_scaled_since_is_known_roughly():
    found = roughly(FOUND)
    assert (found.is_exact, found.low_px, found.high_px) == (False, 1.6, 2.5)
    assert "scaled since" in found.reason
    for other in (replace(FOUND, strength_px=None), replace(FOUND, is_exact=False),
                  Finding(Unchanged(), EIGHT_BIT, 0.9, kind="none", strength_px=2.0)):  # fmt: skip
        assert roughly(other) is other


@pytest.mark.parametrize(
    ("box", "is_over"),
    [(Box(0, 0, 10, 10), True), (None, True), (Box(8, 8, 20, 20), False), (Box(3, 3, 60, 60), True),
     (Box(0, 0, 4, 4), True), (Box(0, 7, 10, 20), False)],
)  # fmt: skip
def test_a_region_is_over_what_was_found_from_three_tenths_on(box, is_over):
    mask = np.zeros((80, 80), bool)
    mask[:10, :10] = True
    one = Region(mask, box_of(mask), 1, 1, 1)
    assert _is_over(one, replace(FOUND, box=box)) == is_over


@pytest.mark.parametrize(("columns", "is_part"), [(3, False), (4, True), (8, True), (9, False)])
def test_of_a_told_box_what_looks_hidden_counts_if_it_is_neither_little_nor_all(columns, is_part):
    """Cells of 4 pixels, a box of ten columns of them."""
    chances = np.zeros((2, 10, 20), np.float32)
    chances[0] = 0.9
    chances[0, :, :columns] = 0.1
    found = _told(Segmentation(chances, 0.5), np.zeros((40, 80, 3), np.uint8), Box(0, 0, 40, 40))
    share = found.mask[:, :40].mean()
    assert (share < 1) == is_part
    assert (found.box, found.chance, found.picture, found.outlined) == (Box(0, 0, 40, 40), 1, 1, 1)
    assert not found.mask[:, 40:].any()


@pytest.mark.parametrize(
    ("chance", "picture", "doubt"), [(0.1, 0.01, False), (0.5, 0.01, True), (0.49, 0.999, True)]
)
def test_a_clean_picture_is_in_doubt_about_its_likeliest_region(chance, picture, doubt):
    class Picture:
        storage = EIGHT_BIT

    places = [replace(region(), picture=picture), replace(region(1.0), picture=picture)]
    judged = [Judged(one, None, None, c) for one, c in zip(places, (chance, 0.02), strict=True)]
    found = _clean(Picture(), places, judged)
    assert found.is_clean
    assert (found.reason is not None) == doubt
    if doubt:
        assert found.reason == f"in doubt about {places[0].box}"
    assert _place(places[1]) == "the whole picture"
    assert _clean(Picture(), places, []).reason is None


@pytest.mark.parametrize(
    ("declared", "history", "wanted"),
    [
        (EIGHT_BIT, None, EIGHT_BIT), (EIGHT_BIT, 70, Storage("jpeg", 70)),
        (Storage("jpeg", 90), 70, Storage("jpeg", 70)),
        (Storage("jpeg", 60), 70, Storage("jpeg", 60)),
        (Storage("float"), 70, Storage("float")),
    ],
)  # fmt: skip
def test_the_storage_is_the_coarser_of_file_and_pixels(declared, history, wanted):
    assert kept(declared, history and JpegHistory(history, 0, 0, 99.0)) == wanted


def test_a_large_picture_is_shrunk_to_a_million_and_a_half_pixels():
    large = np.zeros((3000, 2000, 3), np.uint8)
    assert shrunk(large).shape == (1500, 1000, 3)
    assert MAX_PIXELS == 1_500_000
    small = large[:1000, :1500]
    assert shrunk(small) is small


def test_five_regions_are_kept_at_most_and_those_that_share_a_third_are_one():
    cells = np.zeros((8, 60), bool)
    found = []
    for start in (0, 10, 20, 30, 40, 50):
        one = cells.copy()
        one[:, start : start + 10] = True
        found.append(candidate(one))
    assert apart(found, np.arange(6.0)) == [5, 4, 3, 2, 1]
    shifted = []
    for start, width in ((0, 10), (7, 10), (26, 10), (32, 10)):
        one = cells.copy()
        one[:, start : start + width] = True
        shifted.append(candidate(one))
    assert apart(shifted, np.array([4.0, 3.0, 2.0, 1.0])) == [0, 1, 2]
    assert mask_of(found[0].cells, 32, 240)[:, :38].all()
    assert not mask_of(found[0].cells, 32, 240)[:, 42:].any()


def test_a_finding_in_a_row_has_three_decimals():
    row = replace(FOUND, low_px=1.98765, angle_deg=12.3456, pitch_px=(7.12345, 8.0)).as_row()
    assert (row["low_px"], row["angle_deg"], row["pitch_px"]) == (1.988, 12.346, [7.123, 8.0])
    assert (row["strength_px"], row["phase_px"], row["box"]) == (2.0, None, None)
    assert replace(FOUND, box=Box(1, 2, 3, 4)).as_row()["box"] == str(Box(1, 2, 3, 4))


@pytest.mark.parametrize(
    ("size", "box", "corners"),
    [
        ((100, 100), Box(10, 20, 30, 40), (10, 20, 39, 59)),
        ((100, 100), Box(0, 0, 100, 100), (1, 1, 98, 98)),
        ((900, 1200), Box(0, 0, 1200, 900), (6, 6, 1193, 893)),
        ((900, 1200), Box(0, 300, 90, 90), (6, 300, 89, 389)),
        ((3, 3), Box(0, 0, 3, 3), (1, 1, 1, 1)),
    ],
)
def test_outlines_keep_off_the_border_by_half_of_their_line(size, box, corners):
    (line,) = outlines(replace(FOUND, box=box), *size)
    points = line.reshape(-1, 2)
    assert (*points.min(axis=0).tolist(), *points.max(axis=0).tolist()) == corners
