"""The losses: their terms, the scale between them, and a mixed run that stops and goes on."""

import json
import os
import shutil
import signal

import pytest
import torch
from torch import nn
from torch.optim import Adam

from tests.conftest import assert_told
from tests.networks.nets import Unchanged
from tests.training.test_loop import assert_same_bits, assert_same_history, flags, trained_run
from tests.training.test_vgg import drawn_weights, known_file
from unveil.config import LossConfig, ModelConfig, RunConfig, from_dict
from unveil.degradation import Degradation, GaussianBlur, parse_storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import gaussian_blur
from unveil.networks.architectures import build
from unveil.networks.card import CARD_NAME, read_card
from unveil.training.data import open_photos
from unveil.training.objectives import Objective, balance, pixel_distance
from unveil.training.vgg import VggFeatures

BLUR = [Degradation(GaussianBlur())]
SMALL = ("--crop-px", 16, "--batch", 2)
"""Flags that keep VGG16 quick: 8 steps an epoch."""
MIXED = (*SMALL, "--loss", "mixed", "--vgg-weights", "untrained")
VCAE = (*MIXED, "--architecture", "vcae", "--rho", 0.5, "--kl-warmup-steps", 5, "--epochs", 2)


@pytest.fixture(scope="module")
def features():
    return VggFeatures("relu2_2", drawn_weights())


@pytest.fixture(scope="module")
def pair():
    """Eleven clean images of uneven difficulty and their blurs; 11 is no multiple of a batch."""
    clean = torch.rand(11, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    clean *= torch.linspace(0.1, 1, 11).view(-1, 1, 1, 1)
    return clean, gaussian_blur(clean, 9, 4.0)


def terms(pair, features=None, scale=1.0, **loss):
    """Return the terms of the obfuscated images themselves."""
    return Objective(LossConfig(**loss), features, scale)(Unchanged(), *pair, BLUR, 0)


class TestTerms:
    def test_pixel_is_the_pixel_distance_alone(self, pair):
        found = terms(pair, loss="pixel", rho=7.0)
        assert found.keys() == {"loss", "pixel"}
        assert found["loss"] == found["pixel"] == pixel_distance(pair[1], pair[0]).mean()

    @pytest.mark.parametrize("scale", [1.0, 0.003])
    def test_perceptual_is_the_scaled_distance_whatever_rho(self, scale, pair, features):
        expected = scale * features.distance(pair[1], pair[0]).mean()
        for rho in (0.0, 0.5, 100.0):
            found = terms(pair, features, scale, loss="perceptual", rho=rho)
            assert found["loss"] == found["perceptual"] == expected
            assert found["pixel"] == pixel_distance(pair[1], pair[0]).mean(), "still reported"

    @pytest.mark.parametrize("rho", [0.0, 0.5, 1.0, 3.0])
    def test_mixed_is_rho_times_pixel_plus_perceptual(self, rho, pair, features):
        found = terms(pair, features, 0.003, loss="mixed", rho=rho)
        assert found["loss"] == rho * found["pixel"] + found["perceptual"]
        assert found["pixel"] == terms(pair)["pixel"]
        assert found["perceptual"] == terms(pair, features, 0.003, loss="perceptual")["loss"]

    def test_their_gradients_add_up_in_the_same_way(self, pair, features):
        def gradient(**loss):
            restored = nn.Parameter(pair[1].clone())
            model = Unchanged()
            model.correct = lambda _: restored
            Objective(LossConfig(**loss), features, 0.003)(model, *pair, BLUR, 0)["loss"].backward()
            return restored.grad

        pixel = nn.Parameter(pair[1].clone())
        pixel_distance(pixel, pair[0]).mean().backward()
        expected = 0.5 * pixel.grad + gradient(loss="perceptual")
        torch.testing.assert_close(gradient(loss="mixed", rho=0.5), expected)

    def test_the_network_and_vgg_see_the_target_once_a_step(self, pair, features):
        seen = []
        handle = features.register_forward_hook(
            lambda _, inputs, output: seen.append(output.requires_grad)
        )
        model = build(ModelConfig(widths=(4, 8), blocks=(0, 0)))
        Objective(LossConfig(loss="mixed"), features)(model, *pair, BLUR, 0)["loss"].backward()
        handle.remove()
        assert sorted(seen) == [False, True]
        assert all(parameter.grad is not None for parameter in model.parameters())


class TestBalance:
    def test_after_it_perceptual_equals_pixel_on_the_obfuscated_photos(self, pair, features):
        scale = balance(features, *pair)
        found = terms(pair, features, scale, loss="mixed", rho=1.0)
        torch.testing.assert_close(found["perceptual"], found["pixel"])
        torch.testing.assert_close(found["loss"], 2 * found["pixel"])

    def test_it_is_the_ratio_of_the_means_not_the_mean_of_ratios(self, pair, features):
        pixel = pixel_distance(pair[1], pair[0]).double()
        raw = features.distance(pair[1], pair[0]).double()
        assert balance(features, *pair) == pytest.approx(float(pixel.mean() / raw.mean()))
        assert balance(features, *pair) != pytest.approx(float((pixel / raw).mean()), rel=1e-2)

    def test_features_of_any_size_come_out_alike(self, pair):
        """What the raw scale lacks: rho means the same whatever VGG16's weights are."""
        weights = drawn_weights()
        larger = weights | {
            name: value * 30 for name, value in weights.items() if name.startswith("features.7")
        }
        first, second = (
            terms(pair, f, balance(f, *pair), loss="perceptual")["loss"]
            for f in (VggFeatures("relu2_2", weights), VggFeatures("relu2_2", larger))
        )
        torch.testing.assert_close(first, second)


@pytest.fixture(scope="module")
def whole(photo_folder, tmp_path_factory):
    """Return a mixed run of a VCAE, 16 steps, that nothing interrupted."""
    return trained_run(
        photo_folder, tmp_path_factory.mktemp("whole") / "run", tmp_path_factory, *VCAE
    )


@pytest.fixture
def train(photo_folder, tmp_path, cli):
    """A function that trains through the real command; it returns the run's folder."""

    def run(name, *more, status=0):
        done = cli(*flags(photo_folder, tmp_path / name, *more))
        assert done.status == status, done.err
        return tmp_path / name

    return run


@pytest.fixture
def signal_after(monkeypatch):
    """A function that chooses after which of a test's optimiser steps Ctrl-C comes."""
    real, taken, chosen = Adam.step, iter(range(1, 101)), []

    def counted(self, *args, **kwargs):
        if next(taken) in chosen:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Adam, "step", counted)
    return chosen.append


def edit_card(run, change):
    """Change the JSON of both checkpoints of a run."""
    for path in run.glob(f"*/{CARD_NAME}"):
        plain = json.loads(path.read_text())
        change(plain)
        path.write_text(json.dumps(plain))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestMixedRun:
    def test_its_terms_and_scale_stand_in_the_checkpoint(self, train):
        run = train("run", *MIXED, "--rho", 0.5)
        for name in ("best", "last"):
            card = read_card(run / name)
            assert card.loss.keys() == {"vgg", "scale"}
            assert card.loss["vgg"] == "untrained"
            assert 0 < card.loss["scale"] < 1
        entry = card.history[0]
        assert entry["loss"] == pytest.approx(0.5 * entry["pixel"] + entry["perceptual"], rel=1e-5)
        assert card.files.keys() == {"weights", "optimizer"}

    def test_its_scale_balances_the_obfuscated_training_photos(self, train, tmp_path, monkeypatch):
        """The network sees them after operator and storage, so these are what counts."""
        path = known_file(tmp_path / "vgg.safetensors", monkeypatch)
        more = ("--vgg-weights", path, "--storage", "jpeg:10")
        card = read_card(train("run", *SMALL, "--loss", "perceptual", *more) / "last")
        photos = open_photos(from_dict(RunConfig, card.run).data)
        clean = photos.batch(photos.splits["train"], "cpu")
        stored = store(gaussian_blur(clean, 9, 4.0), parse_storage("jpeg:10"))
        features = VggFeatures("relu2_2", drawn_weights())
        expected = pixel_distance(stored, clean).mean() / features.distance(stored, clean).mean()
        assert card.loss["scale"] == pytest.approx(float(expected), rel=1e-4)
        assert card.loss["vgg"] == "drawn"
        assert len(card.loss["vgg_sha256"]) == 64

    def test_the_raw_scale_is_one(self, train):
        card = read_card(train("run", *MIXED, "--scale", "raw") / "last")
        assert card.loss == {"vgg": "untrained", "scale": 1.0}
        entry = card.history[0]
        assert entry["perceptual"] > entry["pixel"]

    def test_a_pixel_run_records_no_vgg(self, train):
        assert read_card(train("run") / "last").loss == {}

    def test_going_on_takes_the_stored_scale(self, train, tmp_path, cli):
        """Whatever the photos would give now: else a run would change its loss halfway."""
        first = train("first", *MIXED, "--learning-rate", 1e-6)
        edit_card(first, lambda plain: plain["run"]["train"].update(epochs=2))
        second = shutil.copytree(first, tmp_path / "second")
        scale = read_card(first / "last").loss["scale"]
        edit_card(second, lambda plain: plain["loss"].update(scale=3 * scale))
        for run in (first, second):
            assert cli("train", "--resume", run).status == 0
        cards = [read_card(run / "last") for run in (first, second)]
        assert [card.loss["scale"] for card in cards] == [scale, 3 * scale]
        assert len(cards[0].history) == 2
        perceptual = [card.history[1]["perceptual"] for card in cards]
        assert perceptual[1] == pytest.approx(3 * perceptual[0], rel=1e-3)

    @pytest.mark.parametrize("steps", [3, 8, 11])
    def test_interrupted_it_goes_on_to_the_same_bits(self, steps, whole, train, signal_after, cli):
        """With a latent too: the noise of a step must not depend on what was drawn before it."""
        signal_after(steps)
        run = train("run", *VCAE, status=130)
        card = read_card(run / "last")
        assert card.step == steps
        assert len(card.term_sums) == (4 if steps % 8 else 0)
        assert cli("train", "--resume", run).status == 0
        assert_same_bits(whole / "last", run / "last")
        assert_same_bits(whole / "best", run / "best")
        assert_same_history(whole / "last", run / "last")
        assert read_card(run / "last").loss == read_card(whole / "last").loss

    def test_going_on_with_other_weights_is_refused(self, train, tmp_path, monkeypatch, cli):
        path = known_file(tmp_path / "vgg.safetensors", monkeypatch, "first")
        run = train("run", *SMALL, "--loss", "mixed", "--vgg-weights", path)
        edit_card(run, lambda plain: plain["run"]["train"].update(epochs=2))
        before = contents(run)
        known_file(path, monkeypatch, "second", seed=1)
        done = cli("train", "--resume", run)
        assert_told(done, 1, "was started with the VGG16 weights first", "not second")
        assert contents(run) == before
        path.unlink()
        assert_told(cli("train", "--resume", run), 1, f"{path}: no such file")
        assert contents(run) == before
        known_file(path, monkeypatch, "first")
        assert cli("train", "--resume", run).status == 0

    def test_an_operator_that_hides_nothing_has_no_scale(self, photo_folder, tmp_path, cli):
        words = flags(photo_folder, tmp_path / "run", *MIXED, "--operator", "pixelate:block=1")
        assert_told(cli(*words), 1, "pixelate:block=1")
        assert not (tmp_path / "run").exists()

    def test_weights_that_have_moved_can_be_named(self, train, tmp_path, monkeypatch, cli):
        path = known_file(tmp_path / "vgg.safetensors", monkeypatch)
        run = train("run", *SMALL, "--loss", "mixed", "--vgg-weights", path)
        moved = path.rename(tmp_path / "moved.safetensors")
        assert cli("train", "--resume", run, "--vgg-weights", moved).status == 0
        other = known_file(tmp_path / "other.safetensors", monkeypatch, "other", seed=1)
        done = cli("train", "--resume", run, "--vgg-weights", other)
        assert_told(done, 1, "was started with the VGG16 weights drawn", "not other")
