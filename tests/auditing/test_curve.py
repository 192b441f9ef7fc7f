"""The curve's rows: what they say of a setting, by hand, and which are measured again."""

import numpy as np
import pytest
from scipy import stats
from skimage import data

from unveil.auditing import attack
from unveil.auditing.attack import MIRRORED, RESTORING, TRAINED, UNAWARE, Faces, embed_clean
from unveil.auditing.curve import Stage, _check_clean_faces, _key, attack_setting, risks
from unveil.auditing.scene import Scene
from unveil.auditing.settings import Setting
from unveil.degradation import Degradation, Median, Pixelate, Storage, Unchanged
from unveil.degradation.degrade import degrade
from unveil.faces.embedder import DLIB, Embedder
from unveil.faces.portraits import FACE_PX, SIDE_PX, Portraits
from unveil.metrics.quality import METRICS
from unveil.restoration.restorers import load

POINTS = np.array([[60, 70], [75, 70], [88, 95], [100, 70], [115, 70]], float)


def test_shares_errors_and_sizes_of_a_row():
    """Twelve people: all but two are nearest to themselves; of those, one and six are nearer."""
    distances = np.tile(np.linspace(0.5, 1.6, 12), (12, 1))
    for place, behind in zip(range(12), [0] * 10 + [1, 6], strict=True):
        others = [other for other in range(12) if other != place]
        distances[place, others] = np.linspace(0.5, 1.5, 11)
        distances[place, place] = 0.45 + 0.1 * behind
    row = risks(distances, np.arange(12))
    assert row["gallery"] == 12
    assert {"rank1_of_10", "rank5_of_10", "rank1_of_12", "rank5_of_12"} <= set(row)
    assert "rank1_of_100" not in row
    assert row["rank1_of_12"][0] == pytest.approx(10 / 12, abs=1e-4)
    assert row["rank5_of_12"][0] == pytest.approx(11 / 12, abs=1e-4)
    one = stats.hypergeom(11, 1, 9).cdf(0)
    six = stats.hypergeom(11, 6, 9).cdf(0)
    assert row["rank1_of_10"][0] == pytest.approx((10 + one + six) / 12, abs=1e-4)
    five = stats.hypergeom(11, 6, 9).cdf(4)
    assert row["rank5_of_10"][0] == pytest.approx((11 + five) / 12, abs=1e-4)
    assert row["tar_at_far_1e-2"] == pytest.approx(10 / 12, abs=1e-4)
    assert row["tar_at_far_1e-3"] == pytest.approx(10 / 12, abs=1e-4)
    for name in ("rank1_of_10", "rank1_of_12"):
        share, low, high = row[name]
        assert low < share < high


def few(faces: np.ndarray) -> np.ndarray:
    return faces[:, :, 20::30, 20::30].reshape(len(faces), -1)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Three people, two portraits each; and three others to learn from."""
    face = data.astronaut()[20 : 20 + SIDE_PX, 140 : 140 + SIDE_PX].transpose(2, 0, 1)
    rng = np.random.default_rng(0)
    gains = np.repeat(rng.uniform(0.3, 1, (6, 3, 1, 1)), 2, axis=0)
    pixels = (face * gains + rng.normal(0, 3, (12, *face.shape))).clip(0, 255).astype(np.uint8)
    portraits = Portraits(pixels, np.stack([POINTS] * 12), np.arange(12))
    scene = Scene(
        portraits, np.array([0, 2, 4]), np.array([1, 3, 5]), np.arange(3),
        np.arange(6, 12), np.array([7, 6, 9, 8, 11, 10]), np.array([0, 0, 1, 1, 2, 2]), 0,
    )  # fmt: skip
    faces = Faces(portraits, Embedder("few", few, DLIB), FACE_PX)
    clean, partners = (embed_clean(faces, part) for part in (scene.gallery, scene.partners))
    chosen = {name: METRICS[name] for name in ("psnr",)}
    return Stage(scene, faces, Storage(), clean, partners, chosen)


def test_a_row_says_what_all_settings_share(stage):
    assert stage.describe() == {
        "storage": "8bit", "split": "people", "images": 3, "images_per_second": None,
        "face_px": FACE_PX, "training": 6, "people": 3, "embedder": "few",
        "embedder_sha256": DLIB.sha256,
    }  # fmt: skip


def test_clean_faces_are_compared_as_they_are(stage):
    (row,) = attack_setting(stage, Setting(Unchanged(), FACE_PX), load)
    assert (row["attacker"], row["operator"], row["kind"]) == (UNAWARE, "none", "none")
    assert row["psnr"] is None
    assert row["rank1_of_3"][0] == 1


def test_each_attacker_has_the_metrics_of_the_view_that_it_compares(stage):
    hidden = Degradation(Pixelate(24))
    rows = attack_setting(stage, Setting(hidden.operator, FACE_PX), load)
    by_name = {row["attacker"]: row for row in rows}
    restored = f"{RESTORING}lmmse"
    assert {UNAWARE, MIRRORED, restored, f"{restored}, {MIRRORED}", TRAINED} <= set(by_name)
    assert {(row["kind"], row["operator"]) for row in rows} == {("pixelate", "pixelate:block=24")}
    assert {row["strength"] for row in rows} == {round(24 / FACE_PX, 5)}
    clean, _ = stage.faces.portraits.part(stage.scene.probes)
    seen = degrade(clean, hidden)
    known = {
        "obfuscated": float(METRICS["psnr"](seen, clean).mean()),
        "lmmse": float(METRICS["psnr"](load("lmmse").restore(seen, hidden), clean).mean()),
    }
    wanted = {
        UNAWARE: "obfuscated", MIRRORED: "obfuscated",
        restored: "lmmse", f"{restored}, {MIRRORED}": "lmmse",
    }  # fmt: skip
    for name, view in wanted.items():
        assert by_name[name]["psnr"] == pytest.approx(known[view], abs=0.02), name
    last = [name for name in by_name if name.startswith(RESTORING) and MIRRORED not in name][-1]
    assert by_name[TRAINED]["psnr"] == by_name[last]["psnr"]


def test_what_cannot_be_restored_has_three_attackers(stage):
    rows = attack_setting(stage, Setting(Median(9), FACE_PX), load)
    assert [row["attacker"] for row in rows] == [UNAWARE, MIRRORED, TRAINED]
    assert len({row["psnr"] for row in rows}) == 1


def test_batches_of_faces_come_in_order(stage, monkeypatch):
    numbers = np.array([4, 1, 0, 5, 2])
    whole = embed_clean(stage.faces, numbers)
    monkeypatch.setattr(attack, "BATCH", 2)
    np.testing.assert_array_equal(embed_clean(stage.faces, numbers), whole)
    views, _ = attack.look(stage.faces, numbers, Degradation(Pixelate(7)), {})
    monkeypatch.undo()
    wanted, _ = attack.look(stage.faces, numbers, Degradation(Pixelate(7)), {})
    np.testing.assert_array_equal(views["obfuscated"], wanted["obfuscated"])


@pytest.mark.parametrize(("share", "is_doubted"), [(0.79, True), (0.8, False), (None, False)])
def test_folders_are_doubted_where_clean_faces_are_not_named(share, is_doubted, capsys):
    row = {"kind": "none", "face_px": 112}
    _check_clean_faces([row | ({} if share is None else {"rank1_of_10": [share, 0, 1]})])
    _check_clean_faces([row | {"kind": "box", "rank1_of_10": [0.1, 0, 1]}])
    assert ("only 79% of clean faces of 112 px" in capsys.readouterr().err) == is_doubted


def test_a_setting_is_measured_again_if_anything_of_it_differs(stage):
    row = stage.describe() | {"operator": "box:kernel=3"}
    others = {
        "operator": "box:kernel=5", "storage": "float", "face_px": 56, "images": 4, "people": 4,
        "training": 7, "embedder_sha256": "0", "attacker_sha256": "1",
    }  # fmt: skip
    for name, value in others.items():
        assert _key(row | {name: value}) != _key(row), name
    assert _key(row | {"embedder": "other"}) == _key(row)
