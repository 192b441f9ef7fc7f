"""The audit on real people: the first measurements again, and what must hold at the ends."""

import itertools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import assert_told
from unveil.auditing import attack
from unveil.auditing.curve import Stage, attack_setting, risks
from unveil.auditing.measured import PEOPLE as KNOWN
from unveil.auditing.measured import shipped_curves
from unveil.auditing.risk import closer_strangers, mean_with_interval
from unveil.auditing.safe import choose
from unveil.auditing.scene import Scene, open_scene
from unveil.auditing.settings import Setting
from unveil.config import DataConfig
from unveil.degradation import Degradation, GaussianBlur, Pixelate, Solid, Storage, Unchanged
from unveil.degradation.degrade import degrade
from unveil.faces.embedder import Embedder, distances_between, load_embedder
from unveil.faces.finder import FaceFinder
from unveil.images.box import Box
from unveil.metrics.quality import METRICS
from unveil.restoration.restorers import load
from unveil.training.data import open_photos

LFW = os.environ.get("UNVEIL_LFW")
PEOPLE = 150
pytestmark = [
    pytest.mark.lfw,
    pytest.mark.skipif(LFW is None, reason="set UNVEIL_LFW to a folder of LFW's photos"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Share the protocol tests' cache."""
    folder = tmp_path_factory.getbasetemp() / "lfw-cache"
    monkeypatch.setenv("UNVEIL_CACHE", str(folder))


@pytest.fixture(scope="module")
def lfw() -> Path:
    return Path(LFW)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    return load_embedder(None)


@pytest.fixture(scope="module")
def scene(lfw: Path, tmp_path_factory) -> Scene:
    """150 people, one gallery photo and one probe each, and 300 photos of others."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.getbasetemp() / "lfw-cache"
        patch.setenv("UNVEIL_CACHE", str(folder))
        whole = open_scene(lfw, probes=PEOPLE, training=300)
    gallery, mates = whole.gallery[whole.mates], np.arange(len(whole.probes))
    return Scene(
        whole.portraits,
        gallery,
        whole.probes,
        mates,
        whole.training,
        whole.partners,
        whole.people,
        whole.faceless,
    )


@pytest.fixture(scope="module")
def stage(scene, embedder) -> Stage:
    faces = attack.Faces(scene.portraits, embedder, 112)
    clean, partners = (attack.embed_clean(faces, part) for part in (scene.gallery, scene.partners))
    return Stage(scene, faces, Storage(), clean, partners, METRICS)


def rank1(stage: Stage, setting: Setting) -> dict[str, float]:
    rows = attack_setting(stage, setting, load)
    return {row["attacker"]: row[f"rank1_of_{PEOPLE}"][0] for row in rows}


def test_clean_faces_are_named(stage):
    assert rank1(stage, Setting(Unchanged(), 112))["unaware"] >= 0.97


def test_a_solid_box_leaves_chance(stage):
    shares = rank1(stage, Setting(Solid(), 112))
    for share in shares.values():
        assert share <= 0.04  # chance is 0.007; 6 of 150 would be luck of 1 in 3,000


def test_restoring_undoes_what_the_obfuscation_hid(stage):
    """The study's blur and mosaic: each attacker is stronger than the one who does nothing."""
    blur = rank1(stage, Setting(GaussianBlur(9, 4), 112))
    assert blur["restoring lmmse"] >= 0.95
    assert blur["unaware"] < blur["restoring lmmse"]
    mosaic = rank1(stage, Setting(Pixelate(8), 112))
    restoring = max(share for name, share in mosaic.items() if name.startswith("restoring"))
    assert mosaic["unaware"] < 0.25
    assert restoring > mosaic["unaware"] + 0.2
    assert mosaic["trained"] > mosaic["unaware"] + 0.2


@pytest.fixture(scope="module")
def other_people(lfw, embedder, tmp_path_factory) -> Stage:
    """People whom the curve has not seen; the refiners were even trained on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.getbasetemp() / "lfw-cache"))
        scene = open_scene(lfw, probes=250, training=300, swapped=True)
    faces = attack.Faces(scene.portraits, embedder, 112)
    clean, partners = (attack.embed_clean(faces, part) for part in (scene.gallery, scene.partners))
    return Stage(scene, faces, Storage(), clean, partners, {})


@pytest.mark.parametrize("kind", ["pixelate", "gaussian"])
def test_what_is_taken_for_safe_is_safe_for_other_people(other_people, kind):
    limit = 0.02
    operator, risk = choose(kind, limit, 112, shipped_curves())
    assert risk.high <= limit
    rows = attack_setting(other_people, Setting(operator, 112), load)
    assert max(row[f"rank1_of_{KNOWN}"][0] for row in rows) <= limit


@pytest.fixture(scope="module")
def first_people(lfw) -> tuple[np.ndarray, np.ndarray]:
    """Probes and gallery of the first measurements: people in order of their names.

    A probe is a photo of the test split; the gallery has another one of the same person.
    """
    photos = open_photos(DataConfig(lfw))
    test = set(photos.splits["test"].tolist())
    pairs = []
    people = itertools.groupby(
        range(len(photos.paths)), lambda number: photos.paths[number].partition("/")[0]
    )
    for shown in (list(numbers) for _, numbers in people):
        probe = next((number for number in shown if number in test), None)
        known = next((number for number in shown if number != probe), None)
        if probe is not None and known is not None:
            pairs.append((probe, known))
    probes, gallery = zip(*pairs[:PEOPLE], strict=True)
    return tuple(photos.batch(np.array(part)) for part in (probes, gallery))


def test_the_first_measurements_come_out_again(first_people, embedder):
    """150 people, 112x112 crops taken for one face, landmarks found on what is compared."""
    finder, whole = FaceFinder(), Box(0, 0, 112, 112)

    def embed(images: np.ndarray) -> np.ndarray:
        pixels = (images.transpose(0, 2, 3, 1) * 255).round().astype(np.uint8)
        points = np.stack([finder.align(image.copy(), whole).points for image in pixels])
        return embedder.embed(images, points)

    probes, gallery = first_people
    blur, mosaic = Degradation(GaussianBlur(9, 4)), Degradation(Pixelate(8))
    blurred, hidden = degrade(probes, blur), degrade(probes, mosaic)
    seen = {
        0.967: probes,
        0.767: blurred,
        0.973: load("blur").restore(blurred, blur),
        0.053: hidden,
        0.620: load("pixelate-fast").restore(hidden, mosaic),
    }
    known = embed(gallery)
    for first, images in seen.items():
        distances = distances_between(embed(images), known)
        closer = closer_strangers(distances, np.arange(PEOPLE))
        share = mean_with_interval(closer == 0)
        assert share.low <= first <= share.high, (first, share)


def test_risks_of_a_row_are_shares_with_their_interval(stage):
    row = risks(distances_between(stage.clean, stage.clean), stage.scene.mates)
    assert row[f"rank1_of_{PEOPLE}"][0] == 1
    assert row["eer"] == 0


@pytest.fixture(scope="module")
def forty_people(lfw, tmp_path_factory) -> Path:
    """Forty people of LFW with two photos each."""
    folder = tmp_path_factory.mktemp("people")
    several = (person for person in sorted(lfw.rglob("*_0002.jpg")))
    for second in itertools.islice(several, 40):
        (folder / second.parent.name).mkdir()
        for photo in (second.with_name(second.name.replace("_0002", "_0001")), second):
            shutil.copy(photo, folder / photo.parent.name)
    return folder


def test_a_curve_is_measured_once_and_goes_on(cli, forty_people, tmp_path):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    rows = tmp_path / "rows.jsonl"
    command = ("audit", "curve", "--data", forty_people, "--output", rows, "--kinds")
    assert cli(*command, "solid").status == 0
    first = rows.read_text()
    assert {json.loads(line)["kind"] for line in first.splitlines()} == {"none", "solid"}
    assert cli(*command, "solid", "downscale").status == 0
    assert rows.read_text().startswith(first)
    assert rows.read_text().count('"kind": "solid"') == first.count('"kind": "solid"')
    assert_told(
        cli("audit", "report", rows, "--output", tmp_path / "audit.html"), 1, "1,000 people", rows
    )


def test_folders_that_are_no_people_are_refused(cli, forty_people, tmp_path):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    flat = tmp_path / "flat"
    flat.mkdir()
    alone = tmp_path / "alone"
    for photo in forty_people.rglob("*_0001.jpg"):
        shutil.copy(photo, flat)
        (alone / photo.parent.name).mkdir(parents=True)
        shutil.copy(photo, alone / photo.parent.name)
    out = tmp_path / "rows.jsonl"
    assert_told(cli("audit", "curve", "--data", flat, "--output", out), 1, "one folder per person")
    assert_told(cli("audit", "curve", "--data", alone, "--output", out), 1, "two photos")
    assert not out.exists()
