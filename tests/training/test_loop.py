"""Training: repeatable, and resumable to the bit."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial

import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file
from torch.optim import Adam

from tests.conftest import TINY_DATA, TINY_TRAINING, run_cli
from unveil.config import RunConfig, TrainConfig, from_dict, to_plain
from unveil.errors import UsageError
from unveil.networks.card import read_card
from unveil.training.objectives import pixel_distance
from unveil.training.optimizer import build_optimizer, learning_rate
from unveil.training.state import State

EPOCHS = ("--epochs", 3, "--warmup-steps", 2)


def flags(photo_folder, out, *more):
    return ("train", "--data", photo_folder, "--output", out, *TINY_DATA, *TINY_TRAINING, *more)


def tensors(folder):
    """Return all tensors of a checkpoint, by file role and name."""
    card = read_card(folder)
    return {
        f"{role}/{name}": value
        for role, entry in card.files.items()
        for name, value in load_file(folder / entry["name"]).items()
    }


def assert_same_bits(first, second):
    first, second = tensors(first), tensors(second)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def assert_same_history(first, second):
    def told(folder):
        return [
            {k: v for k, v in entry.items() if k != "images_per_second"}
            for entry in read_card(folder).history
        ]

    assert told(first) == told(second)


def trained_run(photo_folder, out, tmp_path_factory, *more):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.mktemp("cache")))
        done = run_cli(*flags(photo_folder, out, *more))
    assert done.status == 0, done.err
    return out


@pytest.fixture(scope="module")
def whole(photo_folder, tmp_path_factory):
    """Return a run of three epochs that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return trained_run(photo_folder, out, tmp_path_factory, *EPOCHS)


def test_the_same_run_twice_has_the_same_bits(whole, photo_folder, tmp_path, cli):
    assert cli(*flags(photo_folder, tmp_path / "again", *EPOCHS)).status == 0
    assert_same_bits(whole / "last", tmp_path / "again" / "last")


def test_it_learns(whole):
    history = read_card(whole / "best").history
    assert history[-1]["loss"] < history[0]["loss"]


def test_best_is_the_epoch_with_the_highest_validation_psnr(whole):
    history = read_card(whole / "last").history
    assert [entry["epoch"] for entry in history] == [1, 2, 3]
    best = read_card(whole / "best").history[-1]
    assert best["psnr"] == max(entry["psnr"] for entry in history)


def test_the_card_tells_the_whole_run(whole, photo_folder):
    card = read_card(whole / "best")
    config = from_dict(RunConfig, card.run)
    assert config.data.data == photo_folder
    assert config.train.epochs == 3
    assert to_plain(config) == card.run
    assert card.operator == "gaussian:kernel=9,sigma=4"
    assert card.data["splits"] == {"test": 4, "validation": 4, "train": 16}
    assert {"device", "precision", "commit", "versions", "threads"} <= card.provenance.keys()


def test_the_default_optimiser_is_the_papers_adam_with_l2():
    optimizer = build_optimizer(torch.nn.Linear(2, 2), TrainConfig())
    assert type(optimizer) is Adam
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"]) == (5e-4, 1e-5)
    assert not group["decoupled_weight_decay"]  # L2 is added to the gradient


def test_progress_in_a_pipe_is_plain_lines(photo_folder, tmp_path, cli):
    done = cli(*flags(photo_folder, tmp_path / "run"))
    assert re.search(r"^training on cpu, fp32: as asked", done.err)
    assert re.search(r"^epoch 1/1  loss 0\.\d+  validation \d+\.\d\d dB", done.err, re.MULTILINE)
    assert "\x1b" not in done.err


LONG = ("--epochs", 30, "--batch", 2)


@pytest.fixture(scope="module")
def long(photo_folder, tmp_path_factory):
    """Return a run long enough for a signal to hit it halfway; nothing interrupted it."""
    out = tmp_path_factory.mktemp("long") / "run"
    return trained_run(photo_folder, out, tmp_path_factory, *LONG)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_goes_on_to_the_same_bits(number, long, photo_folder, tmp_path, cache):
    """A real process, a real signal between two epochs' ends, a real second process."""
    out = tmp_path / "run"
    unveil = [sys.executable, "-m", "unveil"]
    words = map(str, flags(photo_folder, out, *LONG))
    process = subprocess.Popen([*unveil, *words], stderr=subprocess.PIPE, text=True)
    with process, process.stderr:
        for line in process.stderr:
            if line.startswith("epoch 2/30  "):
                process.send_signal(number)
                break
        said = process.stderr.read()
    assert process.returncode == 128 + number, said
    assert f"unveil train --resume {out}" in said
    assert 16 <= read_card(out / "last").step < 240
    resumed = subprocess.run([*unveil, "train", "--resume", out], capture_output=True)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_bits(long / "last", out / "last")
    assert_same_bits(long / "best", out / "best")
    assert_same_history(long / "last", out / "last")


@pytest.mark.parametrize("steps", [1, 7, 8, 9, 16])
def test_wherever_it_stops_it_goes_on_to_the_same_bits(steps, photo_folder, tmp_path, cli):
    """Every place in an epoch, its end among them: the signal comes after ``steps`` steps."""
    flags_of = partial(flags, photo_folder)
    ends = ("--epochs", 2, "--batch", 2)
    assert cli(*flags_of(tmp_path / "whole", *ends)).status == 0
    step = Adam.step
    taken = iter(range(1, 100))

    def counted(self, *args, **kwargs):
        if next(taken) == steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adam, "step", counted)
        stopped = cli(*flags_of(tmp_path / "run", *ends))
    if steps < 16:  # after the very last step there is nothing left to stop
        assert stopped.status == 128 + signal.SIGTERM
        assert cli("train", "--resume", tmp_path / "run").status == 0
    assert_same_bits(tmp_path / "whole" / "last", tmp_path / "run" / "last")
    assert_same_history(tmp_path / "whole" / "last", tmp_path / "run" / "last")


def test_resume_refuses_other_photos(whole, photo_folder, tmp_path, cli):
    run = shutil.copytree(whole, tmp_path / "run")
    photos = shutil.copytree(photo_folder, tmp_path / "photos")
    (photos / "Person_A" / "Person_A_0001.jpg").unlink()
    shutil.copy(photos / "Person_B" / "Person_B_0001.jpg", photos / "Person_A")
    path = run / "last" / "checkpoint.json"
    path.write_text(path.read_text().replace(str(photo_folder), str(photos)))
    done = cli("train", "--resume", run)
    assert done.status == 1
    assert "not the photos" in done.err


def test_a_finished_run_resumes_to_itself(whole, tmp_path, cli):
    run = shutil.copytree(whole, tmp_path / "run")
    assert cli("train", "--resume", run).status == 0
    assert_same_bits(whole / "last", run / "last")


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(photo_folder, tmp_path, cli):
    out = tmp_path / "run"
    done = cli(*flags(photo_folder, out, "--learning-rate", 1e30, "--warmup-steps", 0, *EPOCHS[:2]))
    assert done.status == 1
    assert "NaN or infinite" in done.err
    for folder in out.glob("[!.]*"):
        assert all(value.isfinite().all() for value in tensors(folder).values())


def test_early_stop_counts_epochs_without_a_better_score():
    state = State(history=[{"psnr": value} for value in (20.0, 22.0, 21.0, 21.5)])
    assert state.is_stale(2)
    assert not state.is_stale(3)
    assert not state.is_stale(None)
    assert not State().is_stale(1)


def test_the_pixel_loss_is_the_papers():
    """1/(112*112*3) times the squared norm of the difference of [-1,1] images."""
    clean, obfuscated = torch.rand(2, 1, 3, 112, 112, dtype=torch.float64)
    (loss,) = pixel_distance(obfuscated, clean)
    difference = (2 * clean - 1) - (2 * obfuscated - 1)
    torch.testing.assert_close(loss, difference.norm() ** 2 / (112 * 112 * 3))


class TestSchedule:
    def rates(self, **changes):
        config = TrainConfig(**changes)
        return [learning_rate(config, step, 1000) for step in range(1000)]

    def test_it_warms_up_then_falls_to_zero(self):
        rates = self.rates(warmup_steps=100)
        assert rates[0] == pytest.approx(5e-6)
        assert rates[99] == rates[100] == 5e-4
        assert rates[100:] == sorted(rates[100:], reverse=True)
        assert rates[-1] < 1e-8

    def test_the_papers_is_constant(self):
        assert set(self.rates(schedule="constant", warmup_steps=0)) == {5e-4}


class TestConfig:
    def test_plain_values_and_config_are_each_others_inverse(self):
        config = RunConfig()
        assert from_dict(RunConfig, json.loads(json.dumps(to_plain(config)))) == config

    def test_an_unknown_key_is_refused_with_the_nearest(self):
        with pytest.raises(UsageError, match="did you mean 'learning_rate'"):
            from_dict(RunConfig, {"train": {"learning_rat": 1}})

    @pytest.mark.parametrize(
        "settings",
        [
            {"epochs": 0},
            {"batch": 0},
            {"learning_rate": 0},
            {"l2": -1},
            {"learning_rate": math.nan},
            {"operator": "gaussian:sigma=-1"},
            {"storage": "16bit"},
        ],
        ids=str,
    )
    def test_values_out_of_range_are_refused(self, settings):
        with pytest.raises(UsageError):
            TrainConfig(**settings)


def test_a_second_training_in_a_folder_is_refused(photo_folder, tmp_path):
    held = FileLock(tmp_path / "run" / ".training.lock")
    (tmp_path / "run").mkdir()
    words = ("train", "--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA)
    with held:
        done = run_cli(*words, *TINY_TRAINING)
    assert done.status == 1
    assert "run: another training is running in it" in done.err
    assert not (tmp_path / "run" / "last").exists()
