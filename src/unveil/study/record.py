"""What a cell leaves behind: its rows and pictures.

A cell leaves one row for each storage (``float`` as in the paper, ``8bit`` as in any file). The
``float`` row also has the training's history, the scores of the pictures in the strips and the
other metrics of the first test photos, value by value.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from unveil.config import DataConfig, LossConfig, RunConfig, RuntimeConfig, to_plain
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.metrics.perceptual import measures
from unveil.metrics.quality import METRICS
from unveil.metrics.vgg import VggFeatures
from unveil.networks.card import read_card
from unveil.report.rows import Row
from unveil.restoration.restorers import load_network
from unveil.runtime import Runtime, choose_runtime, provenance
from unveil.study.folder import StudyFolder
from unveil.study.pictures import picture_numbers, save_pictures
from unveil.study.plan import OPERATORS, Cell, Size, run_config
from unveil.training.data import Photos
from unveil.training.evaluate import Identity, Scores, Scoring, make_row, score

STORAGES = ("float", "8bit")
DIGITS = 4


@dataclass(frozen=True)
class Study:
    """Everything that all cells share."""

    folder: StudyFolder
    size: Size
    data: DataConfig
    photos: Photos
    loss: LossConfig
    runtime: RuntimeConfig
    features: VggFeatures | None
    """VGG16 as a metric, where its weights are at hand."""

    def config(self, cell: Cell) -> RunConfig:
        """Return the training run of a cell."""
        return run_config(cell, self.size, self.data, self.loss, self.runtime)


def shared_settings(photos: Photos, size: Size, loss: LossConfig) -> dict[str, Any]:
    """Return what all rows of one folder have in common."""
    # Studies of the other sizes share a folder, and have no such key.
    smoke = {} if size.is_comparable else {"smoke": True}
    return {
        **smoke,
        "data": photos.summary(),
        "model": to_plain(size.model),
        "batch": size.batch,
        "tap": loss.tap,
        "scale": loss.scale,
    }


def missing(folder: StudyFolder, name: str) -> list[str]:
    """Return the storages that have no row of the cell yet."""
    there = {row["storage"] for row in folder.rows()[0] if row.get("cell") == name}
    return [storage for storage in STORAGES if storage not in there]


def record(study: Study, cell: Cell, stopped: str | None) -> None:
    """Score the best checkpoint of a cell; ``stopped`` says why training ended early, if so."""
    folder = study.folder.cell(cell.name) / "best"
    network = load_network(str(folder), choose_runtime(study.runtime))
    # The best checkpoint may be older than the last, whose history is whole.
    history = read_card(folder.parent / "last").history
    about = describe(study, cell) | {**network.card.loss, "stopped": stopped}
    for storage in missing(study.folder, cell.name):
        scoring = _scoring(study, cell.obfuscation, storage, network.runtime)
        scores = score(network.model, scoring)
        sha256 = network.card.files["weights"]["sha256"]
        row = about | make_row(cell.name, "test", scoring, scores, sha256)
        if storage == "float":
            row |= _details(study, network.model, scoring, scores)
            row |= {"history": history, "training": network.card.provenance}
            _save_pictures(study, cell.name, network.model, scoring)
        study.folder.append(row)


def record_inputs(study: Study, obfuscation: str) -> None:
    """Score the obfuscated photos themselves."""
    runtime = choose_runtime(study.runtime)
    model = Identity()
    about = {"cell": obfuscation, "experiment": obfuscation, "obfuscation": obfuscation}
    for storage in missing(study.folder, obfuscation):
        scoring = _scoring(study, obfuscation, storage, runtime)
        scores = score(model, scoring)
        row: Row = about | make_row("identity", "test", scoring, scores, None)
        if storage == "float":
            row |= _details(study, model, scoring, scores)
            first = scoring.numbers[: study.size.measured_photos].tolist()
            row["measured_photos"] = [study.photos.paths[number] for number in first]
            _save_pictures(study, obfuscation, model, scoring)
        study.folder.append(row)


def _save_pictures(study: Study, name: str, model: torch.nn.Module, scoring: Scoring) -> None:
    save_pictures(study.folder.cell(name), model, scoring, study.size.measured_photos)


def _scoring(study: Study, obfuscation: str, storage: str, runtime: Runtime) -> Scoring:
    degradation = Degradation(parse_operator(OPERATORS[obfuscation]), parse_storage(storage))
    return Scoring(study.photos, study.photos.splits["test"], degradation, runtime)


def _details(study: Study, model: torch.nn.Module, scoring: Scoring, scores: Scores) -> Row:
    """Return the scores of single photos: those in the strips, and the first of the test split."""
    photos = study.size.measured_photos
    metrics, absent = measures(scoring.runtime, study.features)
    measured = score(model, replace(scoring, numbers=scoring.numbers[:photos]), metrics).values
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


def _rounded(values: Tensor) -> list[float]:
    # Numbers of very different size: keep significant digits, not decimals.
    return [float(f"{value:.5g}") for value in values.tolist()]


def describe(study: Study, cell: Cell) -> dict[str, Any]:
    """Return what a row says of its cell beside the scores."""
    config, all_photos = study.config(cell), len(study.photos.splits["train"])
    tells_loss = cell.is_perceptual
    return {
        "cell": cell.name,
        "experiment": cell.experiment,
        "obfuscation": cell.obfuscation,
        "architecture": cell.architecture,
        "loss": cell.loss,
        "tap": config.loss.tap if tells_loss else None,
        "perceptual": config.loss.scale if tells_loss else None,
        "kl_weight": config.loss.kl_weight if cell.architecture == "vcae" else None,
        "trained_storage": config.train.storage,
        "epochs": cell.epochs,
        "seed": cell.seed,
        "photos": min(cell.photos or all_photos, all_photos),
        "batch": config.train.batch,
        "learning_rate": config.train.learning_rate,
        "l2": config.train.l2,
    }


def record_nothing(study: Study, cell: Cell, stopped: str) -> None:
    """Record a cell that stopped before its first checkpoint."""
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
