"""The rows and pictures of a cell.

A cell has one row for each storage (``float`` as in the paper, ``8bit`` as in any file). The
``float`` row also holds the history of training, the scores of the photos in the strips, and all
metrics of the first test photos, photo by photo.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unveil.config import DataConfig, LossConfig, RunConfig, RuntimeConfig, to_plain
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.metrics.quality import METRICS
from unveil.networks.card import read_card
from unveil.networks.torch_engine import choose_runtime
from unveil.report.rows import Row
from unveil.restoration.restorers import NetworkRestorer, load_network
from unveil.runtime import Runtime, provenance
from unveil.study.folder import StudyFolder
from unveil.study.pictures import picture_numbers, save_pictures
from unveil.study.plan import OPERATORS, Cell, Size, run_config
from unveil.training.data import Photos
from unveil.training.evaluate import Restore, Scores, Scoring, identity, make_row, score
from unveil.training.perceptual import measures
from unveil.training.vgg import VggFeatures

STORAGES = ("float", "8bit")
DIGITS = 4


@dataclass(frozen=True)
class Study:
    """The parts that all cells share."""

    folder: StudyFolder
    size: Size
    data: DataConfig
    photos: Photos
    loss: LossConfig
    runtime: RuntimeConfig
    features: VggFeatures | None
    """VGG16 as a metric; None if its weights are not available."""

    def config(self, cell: Cell) -> RunConfig:
        """Return the training run of a cell."""
        return run_config(cell, self.size, self.data, self.loss, self.runtime)


def shared_settings(photos: Photos, size: Size, loss: LossConfig) -> dict[str, Any]:
    """Return the settings that all rows of one folder share."""
    # Studies of the other sizes share a folder, and have no such keys.
    smoke = {} if size.is_comparable else {"smoke": True}
    schedule = {} if size.schedule == "cosine" else {"schedule": size.schedule}
    return {
        **smoke,
        **schedule,
        "data": photos.summary(),
        "model": to_plain(size.model),
        "batch": size.batch,
        "tap": loss.tap,
        "scale": loss.scale,
    }


def missing(folder: StudyFolder, name: str) -> list[str]:
    """Return the storages that the cell still lacks a row for."""
    there = {row["storage"] for row in folder.rows()[0] if row.get("cell") == name}
    return [storage for storage in STORAGES if storage not in there]


def record(study: Study, cell: Cell, stopped: str | None) -> None:
    """Score the best checkpoint of a cell; ``stopped`` is the reason of an early end, or None."""
    folder = study.folder.cell(cell.name) / "best"
    network = load_network(str(folder), study.runtime, "torch")
    # Only the last checkpoint has the complete history; the best one may be older.
    history = read_card(folder.parent / "last").history
    about = describe(study, cell) | {**network.card.loss, "stopped": stopped}
    for storage in missing(study.folder, cell.name):
        scoring = _scoring(study, cell.obfuscation, storage, network.runtime)
        scores = score(network.restore, scoring)
        sha256 = network.card.files["weights"]["sha256"]
        row = about | make_row(cell.name, "test", scoring, scores, sha256)
        if storage == "float":
            row |= _details(study, network.restore, scoring, scores)
            row |= {"history": history, "training": network.card.provenance}
            _save_pictures(study, cell.name, network.restore, scoring, network)
        study.folder.append(row)


def record_inputs(study: Study, obfuscation: str) -> None:
    """Score the obfuscated photos without restoring them."""
    runtime = choose_runtime(study.runtime)
    about = {"cell": obfuscation, "experiment": obfuscation, "obfuscation": obfuscation}
    for storage in missing(study.folder, obfuscation):
        scoring = _scoring(study, obfuscation, storage, runtime)
        scores = score(identity, scoring)
        row: Row = about | make_row("identity", "test", scoring, scores, None)
        if storage == "float":
            row |= _details(study, identity, scoring, scores)
            first = scoring.numbers[: study.size.measured_photos].tolist()
            row["measured_photos"] = [study.photos.paths[number] for number in first]
            _save_pictures(study, obfuscation, identity, scoring)
        study.folder.append(row)


def _save_pictures(
    study: Study,
    name: str,
    restore: Restore,
    scoring: Scoring,
    network: NetworkRestorer | None = None,
) -> None:
    folder, measured = study.folder.cell(name), study.size.measured_photos
    save_pictures(folder, restore, scoring, measured, network)


def _scoring(study: Study, obfuscation: str, storage: str, runtime: Runtime) -> Scoring:
    degradation = Degradation(parse_operator(OPERATORS[obfuscation]), parse_storage(storage))
    return Scoring(study.photos, study.photos.splits["test"], degradation, runtime, runtime.device)


def _details(study: Study, restore: Restore, scoring: Scoring, scores: Scores) -> Row:
    """Return scores photo by photo: of those in the strips, and of the first of the test split."""
    photos = study.size.measured_photos
    metrics, absent = measures(scoring.runtime, study.features)
    measured = score(restore, replace(scoring, numbers=scoring.numbers[:photos]), metrics).values
    each = {name: scores.values[name][:photos] for name in METRICS} | measured
    pictures = {
        study.photos.paths[int(scoring.numbers[place])]: {
            name: round(float(scores.values[name][place]), DIGITS) for name in METRICS
        }
        for place in picture_numbers(study.photos)
    }
    return {
        "pictures": pictures,
        "measured": {name: _rounded(values) for name, values in each.items()},
        "measures_absent": absent,
    }


def _rounded(values: np.ndarray) -> list[float]:
    # The metrics differ by orders of magnitude: keep significant digits, not decimals.
    return [float(f"{value:.5g}") for value in values.tolist()]


def describe(study: Study, cell: Cell) -> dict[str, Any]:
    """Return the values of a row that describe its cell."""
    config, all_photos = study.config(cell), len(study.photos.splits["train"])
    is_perceptual = cell.is_perceptual
    return {
        "cell": cell.name,
        "experiment": cell.experiment,
        "obfuscation": cell.obfuscation,
        "architecture": cell.architecture,
        "loss": cell.loss,
        "tap": config.loss.tap if is_perceptual else None,
        "perceptual": config.loss.scale if is_perceptual else None,
        "kl_weight": config.loss.kl_weight if cell.architecture == "vcae" else None,
        "trained_storage": config.train.storage,
        "epochs": cell.epochs,
        "seed": cell.seed,
        "photos": min(cell.photos or all_photos, all_photos),
        "batch": config.train.batch,
        "learning_rate": config.train.learning_rate,
        "l2": config.train.l2,
    }


def record_failure(study: Study, cell: Cell, stopped: str) -> None:
    """Record a cell that diverged before its first checkpoint: rows without scores."""
    nothing = dict.fromkeys([*METRICS, "images_per_second", "weights_sha256"]) | {"history": []}
    for storage in STORAGES:
        row = describe(study, cell) | {
            "model": cell.name,
            "operator": OPERATORS[cell.obfuscation],
            "storage": storage,
            "split": "test",
            "images": 0,
            **nothing,
            **provenance(choose_runtime(study.runtime)),
            "stopped": stopped,
        }
        study.folder.append(row)
