"""The attacker that is trained: on whom, how it goes on, and what it does for a curve."""

import itertools
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_told
from unveil.auditing.attack import Faces, embed_clean
from unveil.auditing.attackers import fit_name, load_attacker
from unveil.auditing.curve import Stage, attack_setting
from unveil.auditing.fusion import fit_weights
from unveil.auditing.helpers import Crowd, names_of, open_helpers
from unveil.auditing.risk import closer_strangers
from unveil.auditing.scene import open_scene
from unveil.auditing.settings import Setting
from unveil.auditing.trained import fit_head, fit_near
from unveil.auditing.tuned import FUSED, roles
from unveil.auditing.tuning import draw_batch
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.errors import UnveilError
from unveil.faces.embedder import load_embedder
from unveil.faces.portraits import FACE_PX
from unveil.images.photos import list_photos
from unveil.restoration.restorers import load
from unveil.training.people import by_person, divide

torch = pytest.importorskip("torch", reason="the extra torch is not installed")

WIDTHS = (2, 2, 4)
"""Channels of a network that takes a moment: one block that keeps the planes, one that halves."""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Find the faces of ``crowd_folder`` once."""
    folder = tmp_path_factory.getbasetemp() / "attacker-cache"
    monkeypatch.setenv("UNVEIL_CACHE", str(folder))


def network(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = {"stem": (WIDTHS[0], 3, 7, 7)}
    for number, (narrow, wide) in enumerate(itertools.pairwise(WIDTHS)):
        sizes |= {f"blocks.{number}.0": (wide, narrow, 3, 3)}
        sizes |= {f"blocks.{number}.1": (wide, wide, 3, 3)}
    weights = {f"{name}.weight": rng.normal(0, 0.3, size) for name, size in sizes.items()}
    weights |= {f"{name}.bias": rng.normal(0, 0.3, size[0]) for name, size in sizes.items()}
    weights["head.weight"] = rng.normal(0, 1, (8, WIDTHS[-1]))
    return {name: values.astype(np.float32) for name, values in weights.items()}


def start(folder: Path, steps: int = 6, learning_rate: float = 3e-4):
    from unveil.training.face_tuning import Tuning, TuningConfig

    config = TuningConfig(steps, learning_rate, threads=1)
    return Tuning(network(), frozenset({1}), np.zeros(8), config, folder)


def batch(step: int):
    from unveil.training.face_tuning import Batch

    rng = np.random.default_rng(step)
    faces = rng.normal(size=(4, 3, 30, 30)).astype(np.float32)
    clean, gallery = (rng.normal(size=(size, 8)).astype(np.float32) for size in (4, 5))
    return Batch(faces, clean, gallery, rng.integers(5, size=4))


def test_a_training_goes_on_to_the_same_bits_after_ctrl_c(tmp_path):
    from unveil.training.face_tuning import TuningInterruptedError

    whole = start(tmp_path / "whole").run(batch)

    def interrupted(step: int):
        if step == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return batch(step)

    with pytest.raises(TuningInterruptedError, match="stopped at step 3 of 6") as caught:
        start(tmp_path / "parts").run(interrupted)
    assert caught.value.exit_status == 128 + signal.SIGINT
    resumed = start(tmp_path / "parts")
    assert resumed.step == 3
    parts = resumed.run(batch)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
    assert any(not np.array_equal(whole[name], network()[name]) for name in whole)


def test_training_lowers_both_terms(tmp_path):
    tuning = start(tmp_path, 200, learning_rate=0.02)
    first = tuning._train_on(batch(0))
    for step in range(1, 100):
        tuning.step = step
        last = tuning._train_on(batch(0))
    assert last["cosine"] < first["cosine"] - 0.1
    assert last["identity"] < first["identity"] - 0.5


def named_folder(folder: Path, people: int) -> Path:
    for number in range(people):
        for photo in range(1 + number % 3):
            path = folder / f"Person_{number}" / f"{photo}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return folder


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nobody_who_is_audited_teaches_an_attacker(tmp_path, seed):
    folder = named_folder(tmp_path, 60)
    split = divide(list_photos(folder), seed)
    audited = set(by_person([*split.gallery, *split.probes]))
    training, held_out = map(set, names_of(folder, seed))
    assert not audited & (training | held_out)
    assert not training & held_out
    assert len(audited | training | held_out) == 60
    assert len(held_out) == 8


def test_partners_are_other_photos_of_the_same_person():
    crowd = Crowd(np.arange(6), np.array([0, 1, 1, 1, 2, 2]))
    assert crowd.partners.tolist() == [0, 2, 3, 1, 5, 4]
    known, shown, mates = roles(crowd)
    assert known.tolist() == [0, 1, 4]
    assert shown.tolist() == [2, 3, 5]
    assert mates.tolist() == [1, 1, 2]
    assert crowd.cut(0.5).people.tolist() == [0, 1, 1, 1]
    several, alone = crowd.split()
    assert (several.photos.tolist(), several.people.tolist()) == ([1, 2, 3, 4, 5], [0, 0, 0, 1, 1])
    assert (alone.photos.tolist(), alone.people.tolist()) == ([0], [0])


def test_a_fusion_leaves_out_what_leads_astray():
    rng = np.random.default_rng(0)
    mates = np.arange(50) % 40
    good, other = rng.random((2, 50, 40))
    good[np.arange(50), mates] -= 0.6
    other[np.arange(50), mates] -= 0.4
    weights = fit_weights([good, other, -good], mates)
    assert weights[0] > weights[1] > 0
    assert weights[2] == 0
    assert np.allclose(weights[:2], fit_weights([good, other], mates))


def test_a_head_on_a_few_photos_stays_near_the_guess():
    """Told 60 people in 32 numbers each, a free map names few others; one near the guess, most."""
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(160, 32))
    seen = wanted + rng.normal(0, 0.8, wanted.shape)
    taught, asked = slice(0, 60), slice(60, 160)
    near = fit_near(seen[taught], seen[taught], wanted[taught], np.arange(60))
    free = fit_head(seen[taught], wanted[taught], np.arange(60))
    both = near.distances(np.hstack([seen, seen])[asked], wanted[asked])
    named = [
        (closer_strangers(distances, np.arange(100)) == 0).mean()
        for distances in (both, free.distances(seen[asked], wanted[asked]))
    ]
    assert named[0] > 0.9 > named[1] + 0.1


@pytest.fixture(scope="module")
def crowd_folder(tmp_path_factory) -> Path:
    """32 "people" with two photos each: one real face, in colours and light of their own."""
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    face = pytest.importorskip("skimage.data").astronaut()[0:250, 100:350]
    folder, rng = tmp_path_factory.mktemp("crowd"), np.random.default_rng(0)
    for number in range(32):
        gain, bias = rng.uniform(0.5, 1.2, 3), rng.uniform(-20, 20, 3)
        for photo in range(2):
            noisy = face * gain + bias + rng.normal(0, 4, face.shape)
            path = folder / f"Person_{number:02}" / f"{photo}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def trained_attacker(crowd_folder, tmp_path_factory) -> tuple[Path, dict]:
    from tests.conftest import run_cli

    out = tmp_path_factory.mktemp("attacker") / "run"
    command = ("audit", "train-attacker", "--data", crowd_folder, "--output", out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.getbasetemp() / "attacker-cache"))
        done = run_cli(
            *command,
            *("--operator", "pixelate:block=28", "--since", "half", "--steps", 1),
            *("--threads", 1, "--json"),
        )
    assert done.status == 0, done.err
    return out, json.loads(done.out)


@pytest.mark.slow
def test_an_attacker_is_trained_and_attacks(trained_attacker, crowd_folder):
    out, told = trained_attacker
    attacker = load_attacker(out)
    assert attacker.card["sha256"] == told["sha256"]
    assert (told["people"], told["held_out_people"], told["steps"]) == (12, 4, 1)
    degradation = Degradation(Pixelate(28))
    assert set(attacker.fitted) == {str(Pixelate(28)), fit_name(Pixelate(28), "half")}
    assert attacker.covers(degradation, FACE_PX)
    assert not attacker.covers(Degradation(Pixelate(9)), FACE_PX)
    scene = open_scene(crowd_folder)
    faces = Faces(scene.portraits, load_embedder(None), FACE_PX)
    clean, partners = (embed_clean(faces, part) for part in (scene.gallery, scene.partners))
    stage = Stage(scene, faces, Storage(), clean, partners, {}, attacker)
    assert stage.describe()["attacker_sha256"] == told["sha256"]
    rows = {row["attacker"]: row for row in attack_setting(stage, Setting(Pixelate(28), 112), load)}
    assert {"tuned", "tuned, flips", "tuned, head", "tuned, restored", FUSED} < set(rows)
    assert all(0 <= row["rank1_of_10"][0] <= 1 for row in rows.values())
    assert rows[FUSED]["rank1_of_10"][0] > 0.3  # chance is 0.1
    eyes = attacker.eyes(scene.portraits, FACE_PX)
    black = replace(eyes, since=lambda images: 0 * images).look(scene.probes[:3], degradation)
    plain = replace(eyes, since=lambda images: images).look(scene.probes[:3], degradation)
    assert all(np.ptp(each, axis=0).max() < 1e-5 for each in black.values())
    wanted = eyes.look(scene.probes[:3], degradation)
    assert all((plain[name] == wanted[name]).all() for name in wanted)
    attacker.check_apart(crowd_folder, 0)
    with pytest.raises(UnveilError, match="may have learnt from people who are audited here"):
        attacker.check_apart(crowd_folder, 1)


@pytest.mark.slow
def test_some_faces_of_a_batch_go_on_after_they_were_hidden(crowd_folder):
    crowd = open_helpers(crowd_folder)
    clean = np.zeros((len(crowd.training.photos), 128), np.float32)
    given = (crowd.portraits, crowd.training, clean, [Degradation(Pixelate(28))] * 8, 0)
    plain, again, sent_on = (draw_batch(*given, 3, goes_on=on).faces for on in (False, False, True))
    np.testing.assert_array_equal(plain, again)
    differs = (plain != sent_on).any(axis=(1, 2, 3))
    assert differs.any()


@pytest.mark.slow
def test_the_network_heads_and_audit_share_no_photo(crowd_folder):
    helpers, scene = open_helpers(crowd_folder), open_scene(crowd_folder)
    parts = [
        helpers.portraits.pixels[helpers.training.photos],
        helpers.portraits.pixels[helpers.held_out.photos],
        scene.portraits.pixels[np.concatenate([scene.gallery, scene.probes])],
    ]
    shown = [{each.tobytes() for each in part} for part in parts]
    assert [len(each) for each in shown] == [24, 8, 32]
    assert len(set().union(*shown)) == 64


@pytest.mark.slow
def test_folders_of_attackers_are_checked(cli, trained_attacker, crowd_folder, tmp_path):
    out, _ = trained_attacker
    again = ("audit", "train-attacker", "--data", crowd_folder, "--output", out)
    assert_told(cli(*again, "--steps", 2), 1, "holds another training", "steps")
    rows = tmp_path / "rows.jsonl"
    curve = ("audit", "curve", "--data", crowd_folder, "--output", rows, "--attacker")
    assert_told(cli(*curve, tmp_path), 1, "holds no attacker")
    (tmp_path / "attacker.json").write_bytes((out / "attacker.json").read_bytes())
    (tmp_path / "attacker.safetensors").write_bytes(b"other")
    assert_told(cli(*curve, tmp_path), 1, "damaged", "train it again")
    assert_told(cli(*curve, out, "--seed", 1), 1, "--seed 0")
    assert not rows.exists()


def test_a_folder_without_people_is_refused(cli, tmp_path, photo_folder):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    (tmp_path / "flat").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "flat" / "one.png")
    out = tmp_path / "attacker"
    command = ("audit", "train-attacker", "--output", out, "--data")
    assert_told(cli(*command, tmp_path / "flat"), 1, "one folder per person")
    assert_told(cli(*command, photo_folder), 1, "too few people to learn from")
