"""Runs cells: trains, scores and records them; skips what the folder already holds."""

import contextlib
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from unveil import console
from unveil.config import DataConfig, LossConfig
from unveil.errors import UnveilError
from unveil.networks.card import CARD_NAME
from unveil.runtime import keep_freed_memory
from unveil.study.cost import print_costs
from unveil.study.folder import StudyFolder, open_folder
from unveil.study.plan import SIZES, SMOKE_TEST, Cell, Size, StudyConfig, choose, plan
from unveil.study.record import (
    Study,
    missing,
    record,
    record_failure,
    record_inputs,
    shared_settings,
)
from unveil.study.sample_photos import draw_photos
from unveil.training.data import open_photos
from unveil.training.loop import train
from unveil.training.state import DivergedError, TrainingInterruptedError
from unveil.training.vgg import VggFeatures, load_features
from unveil.training.vgg_weights import UNTRAINED


class StudyInterruptedError(UnveilError):
    """The study received Ctrl-C or SIGTERM; everything so far is saved."""

    def __init__(self, name: str, exit_status: int) -> None:
        super().__init__(f"stopped in {name}; the same command resumes from there.")
        self.exit_status = exit_status


def run_study(config: StudyConfig) -> None:
    """Run the chosen cells of a study, or print their expected training time.

    Raises:
        StudyInterruptedError: after Ctrl-C or SIGTERM; the same call resumes.
        UnveilError: the photos, weights or folder cannot be used.
    """
    size = replace(SIZES[config.size], schedule=config.schedule)
    cells = choose(plan(config.size, config.epochs), config.only)
    loss = _loss(config)
    with _data(config) as data:
        photos = open_photos(data)
        if config.dry_run:
            _introduce(size)
            print_costs(cells, size, photos, loss, config.runtime)
            return
        # Loaded before the folder is made, so that a study that cannot run leaves nothing behind.
        features = _features(cells, loss)
        folder = open_folder(config.out, shared_settings(photos, size, loss))
        with contextlib.nullcontext() if config.join else folder.only_study():
            _introduce(size)
            for line in folder.rows()[1]:
                console.warn(f"{line}; it is left out")
            run_cells(Study(folder, size, data, photos, loss, config.runtime, features), cells)


def _introduce(size: Size) -> None:
    if not size.is_comparable:
        console.note(f"this is {SMOKE_TEST}")


def _loss(config: StudyConfig) -> LossConfig:
    weights = config.vgg_weights or (UNTRAINED if config.size == "smoke" else None)
    return LossConfig(tap=config.tap, scale=config.scale, vgg_weights=weights)


@contextlib.contextmanager
def _data(config: StudyConfig) -> Iterator[DataConfig]:
    """Yield the settings of the photos; the smoke size draws its own, a dry run keeps none."""
    data = replace(SIZES[config.size].data, data=config.data)
    if config.size != "smoke" or config.data is not None:
        yield data
    elif config.dry_run:
        with tempfile.TemporaryDirectory() as folder:
            yield replace(data, data=draw_photos(Path(folder)))
    else:
        yield replace(data, data=draw_photos(config.out / "photos"))


def _features(cells: Sequence[Cell], loss: LossConfig) -> VggFeatures | None:
    """Return VGG16 as a metric, always at relu2_2; None if it is neither needed nor available."""
    try:
        return load_features(replace(loss, tap="relu2_2"))[0]
    except UnveilError:
        if loss.vgg_weights is not None or any(cell.is_perceptual for cell in cells):
            raise
        return None


def run_cells(study: Study, cells: Sequence[Cell]) -> None:
    """Run every cell that lacks rows and that no other worker holds.

    Raises:
        StudyInterruptedError: after Ctrl-C or SIGTERM; the same call resumes.
        UnveilError: the photos, weights or folder cannot be used.
    """
    keep_freed_memory()
    for obfuscation in dict.fromkeys(cell.obfuscation for cell in cells):
        with _working(study.folder, obfuscation) as mine:
            if mine and missing(study.folder, obfuscation):
                record_inputs(study, obfuscation)
    for number, cell in enumerate(cells, start=1):
        with _working(study.folder, cell.name) as mine:
            if not mine or not missing(study.folder, cell.name):
                continue
            console.note(f"cell {number}/{len(cells)}: {cell.name}")
            if stopped := _run_cell(study, cell):
                console.note(f"stopped: {stopped}")


@contextlib.contextmanager
def _working(folder: StudyFolder, name: str) -> Iterator[bool]:
    """Lock a cell as :meth:`StudyFolder.claim` does; turn Ctrl-C into StudyInterruptedError."""
    with folder.claim(name) as mine:
        try:
            yield mine
        except KeyboardInterrupt:
            raise StudyInterruptedError(name, 128 + signal.SIGINT) from None


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
        record_failure(study, cell, stopped)
    else:
        record(study, cell, stopped)
    return stopped
