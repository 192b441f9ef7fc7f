"""The budget that is the default, the paper's; and the learning rate."""

import dataclasses

import pytest

from unveil.config import EvaluateConfig, RunConfig, TrainConfig
from unveil.degradation import GaussianBlur, parse_operator
from unveil.training.optimizer import learning_rate

PAPER = {"epochs": 15, "batch": 8, "learning_rate": 5e-4, "l2": 1e-5}
"""Copied by hand from the paper."""


def test_the_default_budget_is_the_papers():
    config = RunConfig()
    assert {name: getattr(config.train, name) for name in PAPER} == PAPER
    assert parse_operator(config.train.operator) == GaussianBlur(9, 4)
    assert (config.data.crop_px, config.data.split_seed, config.data.split_by) == (112, 0, "photo")
    assert (config.loss.loss, config.loss.rho, config.loss.tap) == ("pixel", 1.0, "relu2_2")
    assert (config.loss.scale, config.loss.kl_weight) == ("calibrated", 1e-4)
    assert config.model.widths == (64, 64, 128, 256)
    assert (config.model.stem_kernel, config.model.decoder) == (9, "wide")
    assert (config.train.storage, config.train.schedule) == ("8bit", "cosine")
    assert (config.train.flip, config.train.shift_px, config.train.clip_norm) == (False, 0, None)


def test_scores_are_of_the_whole_test_split_as_a_file_keeps_it():
    config = EvaluateConfig()
    assert (config.split, config.storage, config.limit) == ("test", "8bit", None)
    assert config.data.stated == {}


def test_the_rate_rises_to_its_peak_and_falls_to_nothing_or_stays():
    config = TrainConfig(learning_rate=1.0, warmup_steps=4)
    rates = [learning_rate(config, step, 20) for step in range(20)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[12] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.02
    constant = dataclasses.replace(config, schedule="constant")
    assert [learning_rate(constant, step, 20) for step in range(3, 20)] == [1.0] * 17
