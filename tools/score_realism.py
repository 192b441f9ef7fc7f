"""Score the dial of `unveil restore --realism`, from faithful to real, on test photos.

    python tools/score_realism.py --data ../shared/lfw

A row holds the metrics of one operator at one place of the dial, and the detail of the restored
photos over that of the clean ones (:func:`unveil.metrics.detail.detail`). Rows
are appended to ``results/realism.jsonl``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import script
from unveil.arrays import to_numpy
from unveil.config import DataConfig, LossConfig, SplitName
from unveil.console import progress
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.errors import UnveilError
from unveil.metrics.detail import detail
from unveil.metrics.quality import METRICS
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.restoration.choice import model_for
from unveil.restoration.flow import make_real
from unveil.restoration.realism import Answer
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import keep_freed_memory
from unveil.training.data import open_photos
from unveil.training.evaluate import Scores, Scoring, make_row
from unveil.training.vgg import VggFeatures, feature_distance, load_features

BATCH = 10
VGG = "vgg_relu2_2"


@dataclass(frozen=True)
class Options:
    """What to score, and VGG16's weights (default: those of `unveil download vgg16`)."""

    data: Path
    out: Path = Path("results/realism.jsonl")
    operators: tuple[str, ...] = ("pixelate:block=8", "gaussian:kernel=9,sigma=4")
    storage: str = "8bit"
    amounts: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    split: SplitName = "test"
    photos: int = 300
    vgg_weights: Path | None = None


def main(options: Options) -> None:
    """Score every operator at every place of the dial, and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    features, _ = load_features(LossConfig(vgg_weights=options.vgg_weights))
    numbers, shown = photos.splits[options.split][: options.photos], []
    for text in options.operators:
        degradation = Degradation(parse_operator(text), parse_storage(options.storage))
        network = load(model_for(degradation), is_large=True)
        if not isinstance(network, NetworkRestorer):
            raise UnveilError(f"{network.name}: expects no error.")
        scoring = Scoring(photos, numbers, degradation, network.runtime)
        for amount, values in measured(network, scoring, options.amounts, features).items():
            row = row_of(network, scoring, options.split, values) | {"realism": amount}
            append_row(options.out, row)
            shown.append({n: row[n] for n in ("operator", "realism", *METRICS, VGG, "detail")})
    print(tables.markdown(shown))


def measured(
    network: NetworkRestorer, scoring: Scoring, amounts: Sequence[float], features: VggFeatures
) -> dict[float, dict[str, np.ndarray]]:
    """Return the metrics of every photo for each place of the dial."""
    found: dict[float, list[dict[str, np.ndarray]]] = {amount: [] for amount in amounts}
    starts = range(0, len(scoring.numbers), BATCH)
    for start in progress(starts, len(starts), "scoring"):
        clean, obfuscated = scoring.pairs(scoring.numbers[start : start + BATCH])
        restored, error = network.restore_with_error(obfuscated, scoring.degradation)
        answer = Answer(restored, error, obfuscated, scoring.degradation)
        target = seen(features, clean)
        for amount in amounts:
            real = to_numpy(make_real(answer, network.prior, amount))
            found[amount].append(
                {name: metric(real, clean) for name, metric in METRICS.items()}
                | {VGG: feature_distance(seen(features, real), target).numpy()}
                | {"detail": detail(real, clean)}
            )
    return {
        amount: {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for amount, parts in found.items()
    }


@torch.inference_mode()
def seen(features: VggFeatures, images: np.ndarray) -> Tensor:
    """Return VGG16's features of images, one at a time: those of a batch are large."""
    return torch.cat([features(torch.from_numpy(image)) for image in images[:, None]])


def row_of(
    network: NetworkRestorer, scoring: Scoring, split: SplitName, values: dict[str, np.ndarray]
) -> Row:
    """Return the row of one place of the dial."""
    metrics = {name: values[name] for name in (*METRICS, VGG)}
    sha256 = network.card.files["weights"]["sha256"]
    row = make_row(network.name, split, scoring, Scores(metrics, 1.0), sha256)
    return row | {"images_per_second": None, "detail": round(float(values["detail"].mean()), 4)}


if __name__ == "__main__":
    script.run(main, __doc__)
