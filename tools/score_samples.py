"""Score real answers to a mosaic, in closed form and by the flow: how near, how real, how apart.

    python tools/score_samples.py --data ../shared/lfw

A row holds one way of drawing for one mosaic: the metrics of one draw, the detail of the drawn
photos over that of the clean ones, the Fréchet distance between both sets by VGG16's features, and
how far draws lie from their mean beside how far the faithful answer is from the photo (root mean
squares): as far, if they say all that may be wrong.
Rows are appended to ``results/samples.jsonl``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import script
from score_perception import mean_features
from score_realism import BATCH, VGG, seen
from unveil.arrays import to_numpy
from unveil.config import DataConfig, LossConfig, SplitName
from unveil.console import progress
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.errors import UnveilError
from unveil.linear.prior import Prior
from unveil.metrics.detail import detail
from unveil.metrics.embeddings import frechet_distance
from unveil.metrics.quality import METRICS
from unveil.report import tables
from unveil.report.rows import append_row, rounded
from unveil.restoration.choice import model_for
from unveil.restoration.flow import flowed_detail
from unveil.restoration.realism import Answer, add_detail
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import keep_freed_memory
from unveil.training.data import open_photos
from unveil.training.evaluate import Scores, Scoring, make_row
from unveil.training.vgg import VggFeatures, feature_distance, load_features

DRAWS, FRECHET = 2, "frechet_vgg"
Draw = Callable[[Answer, Prior, int], np.ndarray]
"""Returns the picture of a seed."""


@dataclass(frozen=True)
class Options:
    """What to score, and VGG16's weights (default: those of `unveil download vgg16`)."""

    data: Path
    out: Path = Path("results/samples.jsonl")
    operators: tuple[str, ...] = ("pixelate:block=8", "pixelate:block=4", "pixelate:block=16")
    split: SplitName = "test"
    photos: int = 100
    vgg_weights: Path | None = None


def in_closed_form(answer: Answer, prior: Prior, seed: int) -> np.ndarray:
    """Return the answer with drawn detail."""
    return to_numpy(add_detail(answer, prior, 1.0, seed))


def by_flow(answer: Answer, prior: Prior, seed: int) -> np.ndarray:
    """Return the answer with detail that a network found."""
    return to_numpy(add_detail(answer, prior, 1.0, seed, flowed_detail(answer, prior, seed)))


def amplified_most(answer: Answer, prior: Prior, seed: int) -> np.ndarray:
    """Return the answer of the closed form that is nearest to the faithful one."""
    return to_numpy(add_detail(answer, prior, 1.0))


WAYS: dict[str, Draw] = {
    "closed form": amplified_most,
    "closed form, drawn": in_closed_form,
    "flow": by_flow,
}


def main(options: Options) -> None:
    """Score every way of drawing for every mosaic, and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    features, _ = load_features(LossConfig(vgg_weights=options.vgg_weights))
    numbers, shown = photos.splits[options.split][: options.photos], []
    for text in options.operators:
        degradation = Degradation(parse_operator(text), parse_storage("8bit"))
        network = load(model_for(degradation), is_large=True)
        if not isinstance(network, NetworkRestorer):
            raise UnveilError(f"{network.name}: expects no error.")
        scoring = Scoring(photos, numbers, degradation, network.runtime)
        sha256 = network.card.files["weights"]["sha256"]
        for way, values in measured(network, scoring, features).items():
            metrics = {name: values[name] for name in (*METRICS, VGG)}
            row = make_row(network.name, options.split, scoring, Scores(metrics, 1.0), sha256)
            spread = {f"{name}_rms": _rms(values[name]) for name in ("apart", "missed")}
            row |= {"images_per_second": None, "way": way, **spread}
            row |= {"detail": round(float(values["detail"].mean()), 4)}
            row |= {FRECHET: rounded(frechet_distance(values["features"], values["clean"]))}
            append_row(options.out, row)
            names = ("operator", "way", *METRICS, VGG, FRECHET, "detail", *spread)
            shown.append({name: row[name] for name in names})
    print(tables.markdown(shown))


def measured(
    network: NetworkRestorer, scoring: Scoring, features: VggFeatures
) -> dict[str, dict[str, np.ndarray]]:
    """Return the metrics of every photo for each way of drawing."""
    found: dict[str, list[dict[str, np.ndarray]]] = {way: [] for way in WAYS}
    starts = range(0, len(scoring.numbers), BATCH)
    for start in progress(starts, len(starts), "scoring"):
        clean, obfuscated = scoring.pairs(scoring.numbers[start : start + BATCH])
        restored, error = network.restore_with_error(obfuscated, scoring.degradation)
        answer = Answer(restored, error, obfuscated, scoring.degradation)
        target = seen(features, clean)
        for way, draw in WAYS.items():
            draws = np.stack([draw(answer, network.prior, seed) for seed in range(1, DRAWS + 1)])
            one = draws[0]
            looked = seen(features, one)
            found[way].append(
                {name: np.asarray(metric(one, clean)) for name, metric in METRICS.items()}
                | {VGG: feature_distance(looked, target).numpy()}
                | {"detail": np.asarray(detail(one, clean))}
                | {"apart": _means(draws.var(axis=0, ddof=1))}
                | {"missed": _means(np.square(restored - clean))}
                | {"features": mean_features(looked), "clean": mean_features(target)}
            )
    return {
        way: {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for way, parts in found.items()
    }


def _means(squares: np.ndarray) -> np.ndarray:
    """Return the mean of each image, ``B``."""
    return np.asarray(squares.mean(axis=(1, 2, 3)))


def _rms(squares: np.ndarray) -> float:
    return round(float(squares.mean()) ** 0.5, 4)


if __name__ == "__main__":
    script.run(main, __doc__)
