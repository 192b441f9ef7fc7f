"""Measuring a curve: its grid, its checks, and that it goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.auditing.test_curve import FACE_PX, few
from tests.auditing.test_curve import stage as stage  # a fixture
from tests.pins import Numbers, check, pin
from unveil.auditing import curve as room
from unveil.auditing.gate import _around, _likeness, _squares
from unveil.auditing.likeness import counter_examples
from unveil.auditing.measured import RISK
from unveil.auditing.photo import Auditor
from unveil.auditing.redrawing import without_noise
from unveil.auditing.settings import GRID, PAPER_BLUR, CurveConfig, operator_at, settings
from unveil.auditing.since import SINCE, draw_since
from unveil.degradation import DpPix, Median, Pixelate, Unchanged, parse_operator
from unveil.degradation.operators import obfuscate
from unveil.errors import UnveilError, UsageError
from unveil.faces.embedder import DLIB, Embedder
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.metrics.quality import METRICS
from unveil.report.rows import read_rows

PINNED = Path(__file__).with_name("grid.json")


def of_operators() -> Numbers:
    """Of every setting of the grid, on three widths: what the shipped curves were measured at."""
    found = {}
    for kind, grid in GRID.items():
        for face_px in (28, 112, 224):
            operators = [operator_at(kind, strength, face_px) for strength in grid.strengths]
            values = [
                [float(value) for value in vars(one).values() if value is not None]
                for one in operators
            ]
            found[f"{kind}, {face_px}"] = np.array(values)
        found[f"{kind}, strengths"] = np.array(grid.strengths)
    return found


def test_the_grid_is_that_of_the_shipped_curves():
    check(PINNED, of_operators)


def test_the_papers_blur_is_measured_on_faces_of_its_width_alone():
    wide, narrow = ([one.operator for one in settings(("gaussian",), (px,))] for px in (112, 56))
    assert PAPER_BLUR in wide
    assert PAPER_BLUR not in narrow
    assert wide[0] == narrow[0] == Unchanged()
    two = [(one.face_px, one.operator) for one in settings(("solid",), (112, 56))]
    assert [px for px, _ in two] == [112, 112, 56, 56]
    assert parse_operator("pixelate:block=1") not in [
        one.operator for one in settings(("pixelate",), (28,))
    ]


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("kinds", ("pixelate",), ("pixelat",)),
        ("storage", "jpeg:75", "jpg:75"),
        ("faces_px", (28, 112), (27, 112)),
        ("faces_px", (28,), ()),
        ("probes", 2, 1),
        ("training", 20, 19),
    ],
)
def test_what_is_measured_is_checked(name, allowed, refused):
    assert getattr(CurveConfig(**{name: allowed}), name) == allowed
    with pytest.raises(UsageError):
        CurveConfig(**{name: refused})


@pytest.fixture
def config(stage, tmp_path, monkeypatch) -> CurveConfig:
    """Three people in place of a folder's, and an embedder of a few pixels."""
    asked: list[tuple] = []
    monkeypatch.setattr(room, "open_scene", lambda *given: asked.append(given) or stage.scene)
    monkeypatch.setattr(room, "load_embedder", lambda _: Embedder("few", few, DLIB))
    monkeypatch.setattr(room, "_metrics", lambda *_: dict(METRICS))
    yield CurveConfig(tmp_path, tmp_path / "rows.jsonl", ("solid",), probes=7, training=21, seed=5)
    assert set(asked) == {(tmp_path, 7, 21, 5)}


def test_a_curve_goes_on_where_it_stopped(config):
    first = room.run_curve(config)
    assert [(row["kind"], row["attacker"]) for row in first] == [
        ("none", "unaware"), ("solid", "unaware"), ("solid", "mirrored"), ("solid", "trained"),
    ]  # fmt: skip
    assert {row["face_px"] for row in first} == {FACE_PX}
    assert {row["storage"] for row in first} == {"8bit"}
    assert all(len(row["commit"]) >= 7 and row["versions"] for row in first)
    assert room.run_curve(config) == first
    more = room.run_curve(replace(config, faces_px=(112, 56)))
    assert more[: len(first)] == first
    assert [row["face_px"] for row in more[len(first) :]] == [56] * 4
    assert read_rows(config.out) == more
    other = room.run_curve(replace(config, storage="float"))
    assert len(other) == len(more) + 4


def test_what_pictures_went_through_is_what_it_is_called():
    assert {name: one.keywords for name, one in SINCE.items()} == {
        "jpeg": {"quality": 75}, "half": {"scale": 0.5}, "half-jpeg": {"scale": 0.5, "quality": 75},
    }  # fmt: skip
    rng = np.random.default_rng(3)
    went = [one.keywords for one in (draw_since(rng) for _ in range(1500)) if one]
    without = sum(one["quality"] is None for one in went) / len(went)
    assert 0.15 < without < 0.35
    qualities = {one["quality"] for one in went} - {None}
    assert (min(qualities), max(qualities)) == (50, 95)
    assert max(one["scale"] for one in went) == 1
    assert min(one["scale"] for one in went) < 0.45


def test_noise_of_blocks_is_taken_off_who_has_the_seed():
    """What is left is the mosaic."""
    grey = np.linspace(0.3, 0.7, 32 * 32, dtype=np.float32).reshape(1, 1, 32, 32).repeat(3, axis=1)
    hidden = obfuscate(grey, DpPix(8, 40, seed=3))
    found = without_noise(hidden, DpPix(8, 40, seed=3))
    np.testing.assert_allclose(found, obfuscate(grey, Pixelate(8)), atol=2e-3)
    np.testing.assert_array_equal(without_noise(hidden, Median(3)), hidden)


def test_pairs_come_by_the_difference_of_shares():
    """Not of their ends: the second pair's interval is wide."""

    def view(name: str, psnr: float, share: float, low: float, high: float) -> dict:
        one = {"operator": name, "face_px": 112, "attacker": "unaware", "psnr": psnr, "ssim": 0.5}
        return one | {RISK: [share, low, high]}

    rows = [
        view("a", 20, 0.9, 0.8, 0.95), view("b", 30, 0.4, 0.1, 0.45),
        view("c", 20.5, 0.91, 0.9, 0.99), view("d", 30.5, 0.42, 0.41, 0.43),
    ]  # fmt: skip
    found = [
        (one["looks better"][0], one["looks worse"][0]) for one in counter_examples(rows, "psnr")
    ]
    assert found == [("b", "c"), ("d", "a")]
    assert counter_examples(rows, "psnr", 1)[0]["looks better"] == "b at 112 px, unaware"


def test_an_auditor_begins_at_nothing():
    one = Auditor([], None, None, 10)
    assert (one.above, one.smallest_px, one.passed_over, one.operator) == (0, 0, 0, None)


def test_the_change_beside_faces_is_the_median_in_levels():
    before, face = np.full((60, 60, 3), 100, np.uint8), Box(20, 20, 16, 16)
    after = before.copy()
    after[face.place] = 200
    after[:10] += np.uint8(9)
    squares = _squares(Photo(after), Photo(before))
    assert squares[0, 0] == 81
    assert squares[25, 25] == 10_000
    assert _around(squares, [face]) == 0
    assert _around(squares + 49, [face]) == 7
    assert _around(squares, [Box(0, 0, 60, 60)]) == 0
    # Its margin and the margin of that are no surroundings.
    after[10:14, 10:46] = after[42:46, 10:46] = 0
    near = np.zeros((60, 60))
    near[10:46, 10:46] = 1
    assert _around(np.where(near > 0, 25.0, 4.0), [face]) == 2
    with pytest.raises(UnveilError, match="30x60 pixels, the original 60x60"):
        _squares(Photo(after[:, :30]), Photo(before))


def test_likeness_is_numpys_correlation_whatever_its_sign():
    rng, box = np.random.default_rng(0), Box(4, 6, 20, 12)
    one, other = (
        rng.integers(0, 256, (30, 40, 1)).astype(np.uint8).repeat(3, axis=2) for _ in "ab"
    )
    mixed = (0.5 * one + 0.5 * other).astype(np.uint8)
    parts = [pixels[box.place][..., 0].ravel() for pixels in (one, mixed)]
    wanted = np.corrcoef(*parts)[0, 1]
    assert _likeness(Photo(one), Photo(mixed), box) == pytest.approx(wanted, abs=1e-3)
    assert _likeness(Photo(255 - one), Photo(mixed), box) == pytest.approx(wanted, abs=1e-3)
    assert _likeness(Photo(0 * one), Photo(mixed), box) == 0


if __name__ == "__main__":
    pin(PINNED, (of_operators,))
