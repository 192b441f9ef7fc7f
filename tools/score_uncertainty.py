"""Compare the expected error of the weights with their true error, by deciles.

    python tools/score_uncertainty.py --data ../shared/lfw

Pixels of all test photos are sorted by expected error into ten classes of equal size; a row
holds the mean expected and the mean true absolute error of each, and is appended to
``results/uncertainty.jsonl``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import script
from unveil.config import DataConfig
from unveil.console import progress
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.errors import UnveilError
from unveil.metrics.quality import METRICS
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.restoration.choice import model_for
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import keep_freed_memory
from unveil.training.data import Photos, open_photos
from unveil.training.evaluate import BATCH, Scores, Scoring, make_row

DECILES = 10


@dataclass(frozen=True)
class Options:
    """What to compare."""

    data: Path
    out: Path = Path("results/uncertainty.jsonl")
    operators: tuple[str, ...] = ("gaussian:kernel=9,sigma=4", "pixelate:block=8")
    storages: tuple[str, ...] = ("8bit", "jpeg:75")
    photos: int = 3708


def main(options: Options) -> None:
    """Compare for every operator and storage, and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    shown = []
    for text in options.operators:
        for storage in options.storages:
            degradation = Degradation(parse_operator(text), parse_storage(storage))
            numbers = photos.splits["test"][: options.photos]
            row = compare(photos, numbers, degradation)
            append_row(options.out, row)
            pairs = zip(row["expected_error"], row["true_error"], strict=True)
            shown += [
                {"operator": text, "storage": storage, "decile": n + 1, "expected": e, "true": t}
                for n, (e, t) in enumerate(pairs)
            ]
    print(tables.markdown(shown))


def compare(photos: Photos, numbers: np.ndarray, degradation: Degradation) -> Row:
    """Return the row of one degradation."""
    name = model_for(degradation)
    network = load(name, is_large=True)
    if not isinstance(network, NetworkRestorer):
        raise UnveilError(f"{name}: predicts no error.")
    scoring = Scoring(photos, numbers, degradation, network.runtime)
    expected, true, values = errors(network, scoring)
    parts = np.array_split(expected.argsort(), DECILES)
    sha256 = network.card.files["weights"]["sha256"]
    return make_row(name, "test", scoring, Scores(values, 1.0), sha256) | {
        "expected_error": [
            round(float(expected[part].mean(dtype=np.float64)), 6) for part in parts
        ],
        "true_error": [round(float(true[part].mean(dtype=np.float64)), 6) for part in parts],
    }


def errors(
    network: NetworkRestorer, scoring: Scoring
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return expected and true error of every pixel, 1-D, and the metrics of every photo."""
    expected, true = [], []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in METRICS}
    starts = range(0, len(scoring.numbers), BATCH)
    for start in progress(starts, len(starts), "restoring"):
        clean, obfuscated = scoring.pairs(scoring.numbers[start : start + BATCH])
        restored, error = network.restore_with_error(obfuscated, scoring.degradation)
        if error is None:
            raise UnveilError(f"{network.name}: predicts no error.")
        expected.append(error.ravel().astype(np.float16))
        true.append(np.abs(restored - clean).mean(axis=1).ravel().astype(np.float16))
        for name, metric in METRICS.items():
            scores[name].append(metric(restored, clean))
    values = {name: np.concatenate(found) for name, found in scores.items()}
    return np.concatenate(expected), np.concatenate(true), values


if __name__ == "__main__":
    script.run(main, __doc__)
