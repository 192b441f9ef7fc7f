"""Chances of places that are told or found, and what the classifiers say together."""

import numpy as np
import pytest
from safetensors.numpy import load

from unveil.estimation import classifier
from unveil.estimation.classifier import classify
from unveil.estimation.confidence import with_prior
from unveil.estimation.weight_files import read_weights

CHANCES = [0.2, 0.5, 0.9, 0.99]


def test_fewer_hidden_places_make_each_less_likely_hidden() -> None:
    """The odds fall by one factor, whatever they were; the order stays."""
    often, seldom = ([with_prior(chance, prior) for chance in CHANCES] for prior in (0.8, 0.5))
    assert seldom == sorted(seldom)
    assert all(one < other for one, other in zip(seldom, often, strict=True))
    odds = [[chance / (1 - chance) for chance in found] for found in (often, seldom)]
    ratios = [one / other for one, other in zip(*odds, strict=True)]
    assert ratios == pytest.approx([4.0] * len(CHANCES))


def test_the_classifiers_answer_is_the_mean_of_each_ones() -> None:
    """Each network computed by itself, layer by layer, from the file that the package ships."""
    weights = {n: v.astype(np.float64) for n, v in load(read_weights(classifier.WEIGHTS)).items()}
    values = np.random.default_rng(0).normal(size=weights["mean"].shape)
    x = ((values - weights["mean"]) / weights["scale"]).clip(-6, 6)
    chances, widths, spreads = [], [], []
    for member in range(len(weights["last.bias"])):
        w = {n: v[member] for n, v in weights.items() if n not in ("mean", "scale")}
        y = np.zeros(())
        for name, source in (("first", x), ("second", None), ("third", None)):
            z = w[f"{name}.weight"] @ (y if source is None else source) + w[f"{name}.bias"]
            y = y + z / (1 + np.exp(-z))
        out = w["last.weight"] @ y + w["last.bias"] + w["direct.weight"] @ x + w["direct.bias"]
        logits, width, spread = np.split(out, 3)
        chances.append(np.exp(logits) / np.exp(logits).sum())
        widths.append(width)
        spreads.append(np.exp(spread.clip(-5, 1)))
    assert len(chances) > 1
    opinion = classify(values.astype(np.float32))
    assert opinion.chances == pytest.approx(np.mean(chances, axis=0), abs=1e-4)
    assert opinion.log_width == pytest.approx(np.mean(widths, axis=0), abs=1e-3)
    differ = np.abs(np.array(widths) - np.mean(widths, axis=0))
    error = (np.array(spreads) + differ).mean(axis=0)
    assert np.exp(opinion.log_spread) == pytest.approx(error, rel=1e-2)
