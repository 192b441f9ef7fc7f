"""Scores restorers on the photos of a split, under the paper's protocol."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from unveil import console
from unveil.arrays import Array, to_numpy, wait_for
from unveil.config import DataConfig, EvaluateConfig, RuntimeConfig, SplitName
from unveil.console import progress
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.degradation.degrade import degrade
from unveil.degradation.randomness import repeatable
from unveil.errors import UsageError
from unveil.images.photos import list_photos
from unveil.linear import CLOSED_FORMS
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import read_prior
from unveil.metrics.quality import METRICS, Metric
from unveil.networks.card import IDENTITY, Card, Training
from unveil.report.rows import Row, rounded
from unveil.restoration.restorers import load_network
from unveil.runtime import Runtime, keep_freed_memory, provenance
from unveil.training.crops import fingerprint_of
from unveil.training.data import Photos, open_photos
from unveil.training.lfw import default_folder
from unveil.training.splits import LFW_PHOTOS, describe, make_splits

BATCH = 32


@dataclass(frozen=True)
class Scoring:
    """The setup in which restorers are scored.

    Attributes:
        photos: the folder.
        numbers: the numbers of the photos that are scored, 1-D.
        degradation: operator and storage that are applied before restoring.
        runtime: device and precision of the restorer.
        device: of torch, where the photos are obfuscated and scored; None for numpy.
    """

    photos: Photos
    numbers: np.ndarray
    degradation: Degradation
    runtime: Runtime
    device: str | None = None

    def pairs(self, numbers: np.ndarray) -> tuple[Array, Array]:
        """Return the clean and the obfuscated photos ``numbers``, ``B x 3 x H x W``."""
        clean, known = self.photos.batch(numbers, self.device), self.degradation
        repeated = Degradation(repeatable(known.operator), known.storage)
        return clean, degrade(clean, repeated)


@dataclass(frozen=True)
class Scores:
    """The metrics of each photo (``N`` float32 values per metric), and the time of restoring."""

    values: dict[str, np.ndarray]
    seconds: float

    def means(self) -> dict[str, float]:
        """Return the mean over photos of each metric."""
        return {name: float(values.mean(dtype=np.float64)) for name, values in self.values.items()}

    def pixel_loss(self) -> float:
        """Return the mean of the paper's pixel loss, 4 times the squared error in [0,1].

        The paper's images are in [-1,1], where differences are twice as large.
        """
        return float((4 * 10 ** (-self.values["psnr"].astype(np.float64) / 10)).mean())


Restore = Callable[[Array, Degradation], Array]
"""Maps obfuscated images, ``B x 3 x H x W`` in [0,1], and their degradation to restored images."""


def identity(obfuscated: Array, degradation: Degradation) -> Array:
    """Return the obfuscated images unchanged, as a baseline."""
    return obfuscated


def score(restore: Restore, scoring: Scoring, metrics: Mapping[str, Metric] = METRICS) -> Scores:
    """Obfuscate, restore and score every photo of ``scoring``."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    seconds = 0.0
    starts = range(0, len(scoring.numbers), BATCH)
    for start in progress(starts, len(starts), "scoring"):
        clean, obfuscated = scoring.pairs(scoring.numbers[start : start + BATCH])
        started = time.perf_counter()
        restored = restore(obfuscated, scoring.degradation)
        wait_for(restored)
        seconds += time.perf_counter() - started
        for name, metric in metrics.items():
            found[name].append(to_numpy(metric(restored, clean)))
    return Scores({name: np.concatenate(parts) for name, parts in found.items()}, seconds)


def evaluate(model: str, config: EvaluateConfig) -> Row:
    """Score a model and return the result row.

    Args:
        model: shipped name, checkpoint folder, or ``identity`` (the obfuscated photos).
        config: photos, degradation and runtime.

    Raises:
        UsageError: there is no such model, or no operator is stated for ``identity`` or a closed
            form.
        UnveilError: the photos or weights cannot be used.
    """
    keep_freed_memory()
    restore, card, runtime = _find(model, config.runtime)
    operator = card.task.example.operator if card else None
    if config.operator is not None:
        operator = parse_operator(config.operator)
    if operator is None:
        raise UsageError(f"{model}: state the obfuscation to evaluate it on with --operator SPEC.")
    photos = open_photos(_choose_data(model, card, config))
    numbers = photos.splits[config.split][: config.limit]
    scoring = Scoring(
        photos, numbers, Degradation(operator, parse_storage(config.storage)), runtime
    )
    scores = score(restore, scoring)
    sha256 = card.files["weights"]["sha256"] if card else None
    return make_row(Path(model).name, config.split, scoring, scores, sha256)


def _find(model: str, config: RuntimeConfig) -> tuple[Restore, Card | None, Runtime]:
    """Return a restorer, the card of its weights if it has any, and where it computes."""
    if model == IDENTITY:
        return identity, None, Runtime()
    if model in CLOSED_FORMS:
        return partial(restore_closed_form, model, read_prior()), None, Runtime()
    network = load_network(model, config, is_large=True)
    return network.restore, network.card, network.runtime


def _choose_data(model: str, card: Card | None, config: EvaluateConfig) -> DataConfig:
    """Return the photos to score on, split as in training where the flags do not state otherwise.

    On the photos of the training run, the test split is the one that training left out. On other
    photos, the sizes of the splits follow from their number.
    """
    folder = config.data.data or default_folder()
    paths = list_photos(folder)
    trained = None if card is None else card.read_training(model)
    own = replace(trained.run.data if trained else DataConfig(), data=config.data.data)
    if trained is None or not _are_training_photos(folder, paths, trained):
        data = config.data.over(replace(own, test_photos=None, validation_photos=None))
        if trained and _is_same_folder(folder, trained.run.data.data):
            console.warn(
                f"{folder}: the photos have changed since {model} was trained on them; it may have "
                "been trained on some of those that are scored"
            )
        if data.test_photos is None and len(paths) < LFW_PHOTOS:
            console.note(f"{folder}: {describe(make_splits(paths, data))}")
        return data
    sizes = trained.photos.splits
    own = replace(own, test_photos=sizes.test, validation_photos=sizes.validation)
    data = config.data.over(own)
    scored = make_splits(paths, data)[config.split][: config.limit]
    seen = make_splits(paths, own)["train"][: trained.run.train.limit]
    if data != own and (count := int(np.isin(scored, seen).sum())):
        console.warn(
            f"{model} was trained on {count} of the {len(scored)} photos that are scored; without "
            "the flags of the split it is scored on photos that are new to it"
        )
    return data


def _are_training_photos(folder: Path, paths: list[str], trained: Training) -> bool:
    """Return whether the files are, byte for byte, those that a checkpoint was trained on."""
    if len(paths) != trained.photos.photos:
        return False
    crop_px = trained.run.data.crop_px + 2 * trained.run.train.shift_px
    return fingerprint_of(folder, paths, crop_px) == trained.photos.fingerprint


def _is_same_folder(folder: Path, other: Path | None) -> bool:
    return other is not None and other.resolve() == folder.resolve()


def make_row(
    model: str, split: SplitName, scoring: Scoring, scores: Scores, weights_sha256: str | None
) -> Row:
    """Return the result row of a scoring: the mean metrics and everything that they depend on."""
    images = len(scoring.numbers)
    return {
        "model": model,
        "operator": str(scoring.degradation.operator),
        "storage": str(scoring.degradation.storage),
        "split": split,
        "images": images,
        **{name: rounded(value) for name, value in scores.means().items()},
        "images_per_second": round(images / scores.seconds, 1),
        "weights_sha256": weights_sha256,
        "data_fingerprint": scoring.photos.fingerprint,
        **provenance(scoring.runtime),
    }
