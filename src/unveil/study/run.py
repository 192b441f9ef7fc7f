"""Running cells: train, score, record. Whatever is done is not done again.

A cell leaves one row for each storage (``float`` as in the deck, ``8bit`` as in any file). The
``float`` row also has the training's history, the scores of the pictures in the strips and the
other metrics of the first test photos, value by value.
"""

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from unveil.card import CARD_NAME, read_card
from unveil.config import DataConfig, LossConfig, RunConfig, RuntimeConfig, to_plain
from unveil.data import Photos, open_photos
from unveil.errors import UnveilError
from unveil.evaluate import Scores, Trial, make_row, score
from unveil.metrics import METRICS
from unveil.restore import load
from unveil.results import Row
from unveil.runtime import Runtime, choose_runtime, keep_freed_memory, provenance
from unveil.specs import parse_operator, parse_storage
from unveil.study.cost import print_costs
from unveil.study.folder import StudyFolder, open_folder
from unveil.study.measures import measures
from unveil.study.photos import draw_photos
from unveil.study.pictures import picture_numbers, save_pictures
from unveil.study.plan import OPERATORS, SIZES, Cell, Size, StudyConfig, choose, plan, run_config
from unveil.train import DivergedError, TrainingInterruptedError, train
from unveil.vgg import VggFeatures
from unveil.vgg_weights import UNTRAINED, load_features

STORAGES = ("float", "8bit")
DIGITS = 4


class StudyInterruptedError(UnveilError):
    """The study was asked to stop; everything so far is saved."""

    def __init__(self, name: str, exit_status: int) -> None:
        super().__init__(f"stopped in {name}; the same command goes on from there.")
        self.exit_status = exit_status


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


def run_study(config: StudyConfig) -> None:
    """Run the chosen cells of a study, or print what they would cost.

    Raises:
        StudyInterruptedError: after Ctrl-C or SIGTERM; the same call goes on.
        UnveilError: photos, weights or a folder that cannot be used.
    """
    size = SIZES[config.size]
    cells = choose(plan(config.size, config.epochs), config.only)
    loss = _loss(config)
    with _data(config) as data:
        photos = open_photos(data)
        if config.dry_run:
            print_costs(cells, size, photos, loss, config.runtime)
            return
        # Before the folder is made: a study that cannot run leaves nothing behind.
        features = _features(cells, loss)
        folder = open_folder(config.out, shared_settings(photos, size, loss))
        with contextlib.nullcontext() if config.join else folder.only_study():
            for line in folder.rows()[1]:
                print(f"{line}; it is left out.", file=sys.stderr)
            run_cells(Study(folder, size, data, photos, loss, config.runtime, features), cells)


def _loss(config: StudyConfig) -> LossConfig:
    weights = config.vgg_weights or (UNTRAINED if config.size == "smoke" else None)
    return LossConfig(tap=config.tap, scale=config.scale, vgg_weights=weights)


@contextlib.contextmanager
def _data(config: StudyConfig) -> Iterator[DataConfig]:
    """Give the photos of a study; the smoke size draws its own, a dry run leaves none."""
    data = replace(SIZES[config.size].data, data=config.data)
    if config.size != "smoke" or config.data is not None:
        yield data
    elif config.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            yield replace(data, data=draw_photos(Path(folder)))
    else:
        yield replace(data, data=draw_photos(config.out / "photos"))


def _features(cells: Sequence[Cell], loss: LossConfig) -> VggFeatures | None:
    """Return VGG16 as a metric, always at relu2_2; None where it is neither needed nor there."""
    try:
        return load_features(replace(loss, tap="relu2_2"))[0]
    except UnveilError:
        if loss.vgg_weights is not None or any(cell.is_perceptual for cell in cells):
            raise
        return None


def run_cells(study: Study, cells: Sequence[Cell]) -> None:
    """Run every cell that has no rows yet and that no other worker holds.

    Raises:
        StudyInterruptedError: after Ctrl-C or SIGTERM; the same call goes on.
        UnveilError: photos, weights or a folder that cannot be used.
    """
    keep_freed_memory()
    console = Console(stderr=True)
    for obfuscation in dict.fromkeys(cell.obfuscation for cell in cells):
        with _working(study.folder, obfuscation) as mine:
            if mine and not _is_recorded(study.folder, obfuscation):
                _record_inputs(study, obfuscation)
    for number, cell in enumerate(cells, start=1):
        with _working(study.folder, cell.name) as mine:
            if not mine or _is_recorded(study.folder, cell.name):
                continue
            console.print(f"cell {number}/{len(cells)}: {cell.name}", highlight=False)
            if stopped := _run_cell(study, cell):
                console.print(f"stopped: {stopped}", highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _working(folder: StudyFolder, name: str) -> Iterator[bool]:
    """Hold a cell as :meth:`StudyFolder.claim` does; Ctrl-C, whenever it comes, ends the study."""
    with folder.claim(name) as mine:
        try:
            yield mine
        except KeyboardInterrupt:
            raise StudyInterruptedError(name, 128 + signal.SIGINT) from None


def _is_recorded(folder: StudyFolder, name: str) -> bool:
    return not _missing(folder, name)


def _missing(folder: StudyFolder, name: str) -> list[str]:
    """Return the storages that have no row of the cell yet."""
    there = {row["storage"] for row in folder.rows()[0] if row.get("cell") == name}
    return [storage for storage in STORAGES if storage not in there]


def _run_cell(study: Study, cell: Cell) -> str | None:
    """Train and record a cell; return why its training stopped early, if it did."""
    folder = study.folder.cell(cell.name)
    stopped = None
    try:
        train(study.config(cell), folder, resume=(folder / "last" / CARD_NAME).exists())
    except TrainingInterruptedError as error:
        raise StudyInterruptedError(cell.name, error.exit_status) from None
    except DivergedError as error:
        stopped = str(error)
    if stopped and not (folder / "best" / CARD_NAME).exists():
        _record_nothing(study, cell, stopped)
    else:
        _record(study, cell, stopped)
    return stopped


def _record(study: Study, cell: Cell, stopped: str | None) -> None:
    folder = study.folder.cell(cell.name) / "best"
    restorer = load(str(folder), study.runtime.device, study.runtime.precision)
    # The best checkpoint may be older than the last, whose history is whole.
    history = read_card(folder.parent / "last").history
    about = describe(study, cell) | {**restorer.card.loss, "stopped": stopped}
    for storage in _missing(study.folder, cell.name):
        trial = _trial(study, cell.obfuscation, storage, restorer.runtime)
        scores = score(restorer.model, trial)
        sha256 = restorer.card.files["weights"]["sha256"]
        row = about | make_row(cell.name, "test", trial, scores, sha256)
        if storage == "float":
            row |= _details(study, restorer.model, trial, scores)
            row |= {"history": history, "training": restorer.card.provenance}
            _save_pictures(study, cell.name, restorer.model, trial)
        study.folder.append(row)


def _record_inputs(study: Study, obfuscation: str) -> None:
    """Score the obfuscated photos themselves."""
    runtime = choose_runtime(study.runtime)
    model = torch.nn.Identity()
    about = {"cell": obfuscation, "experiment": obfuscation, "obfuscation": obfuscation}
    for storage in _missing(study.folder, obfuscation):
        trial = _trial(study, obfuscation, storage, runtime)
        scores = score(model, trial)
        row: Row = about | make_row("identity", "test", trial, scores, None)
        if storage == "float":
            row |= _details(study, model, trial, scores)
            first = trial.numbers[: study.size.measured_photos].tolist()
            row["measured_photos"] = [study.photos.paths[number] for number in first]
            _save_pictures(study, obfuscation, model, trial)
        study.folder.append(row)


def _save_pictures(study: Study, name: str, model: torch.nn.Module, trial: Trial) -> None:
    save_pictures(study.folder.cell(name), model, trial, study.size.measured_photos)


def _trial(study: Study, obfuscation: str, storage: str, runtime: Runtime) -> Trial:
    operator = parse_operator(OPERATORS[obfuscation])
    numbers = study.photos.splits["test"]
    return Trial(study.photos, numbers, operator, parse_storage(storage), runtime)


def _details(study: Study, model: torch.nn.Module, trial: Trial, scores: Scores) -> Row:
    """Return the scores of single photos: those in the strips, and the first of the test split."""
    photos = study.size.measured_photos
    metrics, absent = measures(trial.runtime, study.features)
    measured = score(model, replace(trial, numbers=trial.numbers[:photos]), metrics).values
    each = {name: scores.values[name][:photos] for name in METRICS} | measured
    pictures = {
        study.photos.paths[int(trial.numbers[place])]: {
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


def _record_nothing(study: Study, cell: Cell, stopped: str) -> None:
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


def shared_settings(photos: Photos, size: Size, loss: LossConfig) -> dict[str, Any]:
    """Return what all rows of one folder have in common."""
    return {
        "data": photos.summary(),
        "model": to_plain(size.model),
        "batch": size.batch,
        "tap": loss.tap,
        "scale": loss.scale,
    }
