"""From which chance a region counts as hidden, and what the classifiers make of one together."""

import numpy as np
import pytest
from safetensors.numpy import load

from unveil.estimation import classifier, features
from unveil.estimation.classifier import Opinion, classify
from unveil.estimation.confidence import as_likely_as_not, least_chance
from unveil.estimation.inspection import LIKELY, Judged, hidden_among
from unveil.estimation.kinds import KINDS
from unveil.estimation.regions import Region, box_of
from unveil.estimation.weight_files import read_weights

PICTURE = (60, 80)


def part(chance: float) -> Judged:
    """Return a part of a picture that is hidden with this chance."""
    mask = np.zeros(PICTURE, bool)
    mask[10:40, 20:50] = True
    region = Region(mask, box_of(mask), 0.5, 0.5, 0.5)
    seen = features.Features(np.zeros(0), region.box, None, None, 0.0, None)  # type: ignore[arg-type]
    nothing = np.zeros(len(KINDS))
    return Judged(region, seen, Opinion(nothing, nothing, nothing), chance)


def limit() -> float:
    """Return the chance from which a part counts as hidden by itself."""
    return least_chance(part(0.0).region)


def test_a_part_that_is_as_likely_as_parts_of_clean_pictures_does_not_count() -> None:
    assert limit() > LIKELY
    assert hidden_among([part((LIKELY + limit()) / 2)]) == []


def test_beside_a_sure_part_a_likely_one_counts() -> None:
    sure, likely, unlikely = part(limit() + 0.01), part(LIKELY + 0.01), part(LIKELY - 0.01)
    assert hidden_among([likely, sure, unlikely]) == [likely, sure]
    assert hidden_among([likely, unlikely], is_hidden=True) == [likely]


def test_a_found_place_is_less_likely_hidden_than_a_told_one() -> None:
    """Its odds fall by those of the told places, whatever they were; the order stays."""
    told = [0.2, 0.5, 0.9, 0.99]
    found = [as_likely_as_not(chance) for chance in told]
    assert found == sorted(found)
    assert all(one < other for one, other in zip(found, told, strict=True))
    odds = [chance / (1 - chance) for chance in told + found]
    ratios = [odds[place] / odds[place + len(told)] for place in range(len(told))]
    assert ratios == pytest.approx([ratios[0]] * len(told))


def test_the_classifiers_answer_is_the_mean_of_each_ones() -> None:
    """Each network computed by itself, layer by layer, from the file that the package ships."""
    weights = {n: v.astype(np.float64) for n, v in load(read_weights(classifier.WEIGHTS)).items()}
    values = np.random.default_rng(0).normal(size=weights["mean"].shape)
    x = ((values - weights["mean"]) / weights["scale"]).clip(-6, 6)
    chances, widths = [], []
    for member in range(len(weights["last.bias"])):
        w = {n: v[member] for n, v in weights.items() if n not in ("mean", "scale")}
        y = np.zeros(())
        for name, source in (("first", x), ("second", None), ("third", None)):
            z = w[f"{name}.weight"] @ (y if source is None else source) + w[f"{name}.bias"]
            y = y + z / (1 + np.exp(-z))
        out = w["last.weight"] @ y + w["last.bias"] + w["direct.weight"] @ x + w["direct.bias"]
        logits, width, _ = np.split(out, 3)
        chances.append(np.exp(logits) / np.exp(logits).sum())
        widths.append(width)
    assert len(chances) > 1
    opinion = classify(values.astype(np.float32))
    assert opinion.chances == pytest.approx(np.mean(chances, axis=0), abs=1e-4)
    assert opinion.log_width == pytest.approx(np.mean(widths, axis=0), abs=1e-3)
