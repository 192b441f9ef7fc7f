"""Drawn journeys: their truth agrees with the pixels, and the segmenter trains on them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from unveil.training.journeys.hidings import (
    HIDINGS,
    _boxes,
    _cut,
    _pillow,
    _recursive,
    _stack,
    _whole,
)
from unveil.training.journeys.masks import draw_mask
from unveil.training.journeys.pieces import IGNORED, KINDS, SIDE_PX, _cells, draw_piece
from unveil.training.journeys.subjects import DRAWN
from unveil.training.journeys.told import draw_told

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    """Return files of two photos."""
    folder = tmp_path_factory.mktemp("photos")
    for name, picture in {"a": data.astronaut(), "b": data.coffee()}.items():
        Image.fromarray(picture[:250, 100:350]).save(folder / f"{name}.png")
    return sorted(folder.iterdir())


def test_a_piece_is_a_function_of_its_seed(photos):
    one, again = (draw_piece(photos, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.pixels, again.pixels)
    np.testing.assert_array_equal(one.kinds, again.kinds)


def test_pieces_have_the_shapes_and_numbers_that_the_segmenter_reads(photos):
    rng, seen = np.random.default_rng(1), set()
    for _ in range(60):
        piece = draw_piece(photos, rng)
        assert piece.pixels.shape == (SIDE_PX, SIDE_PX, 3)
        assert piece.pixels.dtype == np.uint8
        assert set(np.unique(piece.kinds)) <= {*range(len(KINDS)), IGNORED}
        hidden = (piece.kinds > 0) & (piece.kinds != IGNORED)
        assert piece.hidden != 0 or not hidden.any()
        assert np.isfinite(piece.strength).all()
        seen.add(piece.hidden)
    assert seen >= {0, 1}


@pytest.mark.parametrize("kind", list(HIDINGS))
def test_every_kind_hides_and_keeps_the_shape(kind):
    picture = np.ascontiguousarray(data.astronaut()[:90, 180:300])
    rng = np.random.default_rng(3)
    hidden, width = HIDINGS[kind](picture, rng)
    assert hidden.shape == picture.shape
    assert hidden.dtype == np.uint8
    assert np.abs(hidden.astype(int) - picture).mean() > 1
    assert (width > 0) == (kind not in ("solid", "other"))


@pytest.mark.parametrize("way", [_pillow, _boxes, _stack, _recursive, _cut, _whole])
@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_a_blurred_edge_is_as_wide_as_the_blur_says(way, sigma):
    edge = np.zeros((9, 401, 3), np.uint8)
    edge[:, 200:] = 255
    blurred, width = way(edge, sigma, np.random.default_rng(4))
    spread = np.diff(blurred[4, :, 0].astype(float))
    at = np.arange(400) - 199.0
    assert abs((spread * at).sum() / 255) < 0.1
    assert np.sqrt((spread * at**2).sum() / 255) == pytest.approx(width, rel=0.08)


def test_a_cell_has_the_kind_of_most_of_its_pixels():
    kinds = np.zeros((8, 8), np.uint8)
    kinds[:, 3:] = 5
    kinds[6:, 4:] = IGNORED
    np.testing.assert_array_equal(_cells(kinds), [[0, 5], [0, 5]])
    kinds[4:7, :4] = IGNORED
    np.testing.assert_array_equal(_cells(kinds), [[0, 5], [IGNORED, 5]])


@pytest.mark.parametrize("draw", DRAWN)
def test_drawn_subjects_are_pictures(draw):
    drawn = draw(64, np.random.default_rng(0))
    assert drawn.shape == (64, 64, 3)
    assert drawn.dtype == np.uint8
    assert np.ptp(drawn) > 0


def test_masks_lie_in_zero_and_one():
    rng = np.random.default_rng(0)
    masks = [draw_mask((80, 100), rng) for _ in range(30)]
    assert all(mask.min() >= 0 and mask.max() < 1 + 1e-5 for mask in masks)
    assert np.mean([mask.any() for mask in masks]) > 0.8


def test_told_regions_are_as_large_as_their_pictures(photos):
    rng = np.random.default_rng(2)
    for _ in range(25):
        told = draw_told(photos, rng)
        assert told.mask.shape == told.pixels.shape[:2]
        assert told.mask.sum() >= 300
        assert (told.width_px > 0) == (KINDS[told.kind] not in ("none", "solid", "other"))


def test_training_goes_on_where_it_was_cut_off(photos, tmp_path):
    from unveil.training.segmenting import SegmenterConfig, SegmenterTraining

    def trained(folder: Path, *stops: int) -> dict[str, torch.Tensor]:
        for stop in stops:
            config = SegmenterConfig(steps=2, batch=1, save_every=1)
            training = SegmenterTraining(config, folder)
            training.run(photos, workers=0, until=stop)
        return training.averaged.average

    whole, resumed = trained(tmp_path / "a", 2), trained(tmp_path / "b", 1, 2)
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0)


def test_the_shipped_segmenter_answers_for_every_size():
    from unveil.estimation.segmenter import segment

    for size in ((1, 1), (5, 200), (161, 163)):
        answer = segment(np.zeros((*size, 3), np.uint8))
        rows, columns = (-(-side // 4) for side in size)
        assert answer.chances.shape == (len(KINDS), rows, columns)
        np.testing.assert_allclose(answer.chances.sum(axis=0), 1, atol=1e-5)


def test_the_segmenter_sees_the_same_in_a_mirror():
    from skimage import data

    from unveil.estimation.segmenter import segment

    pixels = data.astronaut()[:200, :240]
    answer, mirrored = segment(pixels), segment(np.ascontiguousarray(pixels[:, ::-1]))
    np.testing.assert_array_equal(answer.chances, mirrored.chances[..., ::-1])
    assert answer.hidden == mirrored.hidden
    assert segment(pixels.copy()) is answer  # remembered


def test_the_log_is_rows_of_json(photos, tmp_path):
    from unveil.training.segmenting import SegmenterConfig, SegmenterTraining

    SegmenterTraining(SegmenterConfig(steps=2, batch=1, log_every=1), tmp_path).run(photos, 0)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert all(np.isfinite(row["kinds"]) for row in rows)
