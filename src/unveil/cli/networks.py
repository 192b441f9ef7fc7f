"""Commands that train and evaluate restorers: fit, train, evaluate, models, download."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from unveil import console
from unveil.cli.inputs import Folder, Model, check_photos
from unveil.config import EvaluateConfig, LossConfig, Output, RunConfig
from unveil.degradation.families import STORAGES
from unveil.errors import UsageError
from unveil.extras import require
from unveil.files import check_folder, check_target
from unveil.report.rows import Row

DEFAULT_RUN = Path("runs/cae")
TABLE_WIDTH = 100


def fit(
    folder: Folder,
    /,
    output: Output,
    photos: int = 2048,
    crop_px: int = 112,
    dry_run: bool = False,
) -> None:
    """Estimate the power spectrum of clean photos, the prior of the closed forms, in seconds.

    Args:
        folder: clean photos, like those to restore.
        output: file to write, for `unveil restore --prior`.
        photos: greatest number of photos to use.
        crop_px: side of the center crop that is taken of each.
        dry_run: say what would be written, and write nothing.
    """
    if photos < 1 or crop_px < 2:
        raise UsageError("--photos must be at least 1, --crop-px at least 2.")
    check_target(output)
    check_folder(output.parent)
    from unveil.images.photos import list_photos

    count = len(list_photos(folder)[:photos])
    if dry_run:
        console.would_write(output, {"photos": count}, folder)
        return
    from unveil.training.prior import fit_folder, write_prior

    write_prior(fit_folder(folder, photos, crop_px), output)
    console.written(output, {"photos": count})


def models() -> None:
    """List the shipped weights; --json prints more details."""
    from unveil.networks.card import list_shipped

    rows = [item.summary() for item in list_shipped()]
    console.results(rows, models_table(rows))


def models_table(rows: Sequence[Row]) -> str:
    """Return the shipped weights as a text table, at most 100 characters wide.

    The score is PSNR on the test split, for 8-bit storage if that was evaluated.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("name", "undoes", "kept as", "MB", "PSNR, dB", "of"):
        table.add_column(column, justify="right" if column in ("MB", "PSNR, dB") else "left")
    for row in rows:
        score = next((one for one in row["scores"] if one["storage"] == "8bit"), row["scores"][0])
        kept = "8bit, jpeg" if row["storage"] == STORAGES else row["storage"]
        of = score["operator"]
        if score["storage"] != "8bit":
            of += f" in {score['storage']}"
        numbers = (f"{row['size_mb']:.1f}", f"{score['psnr']:.1f}")
        table.add_row(row["name"], row["operator"], kept, *numbers, of)
    text = io.StringIO()
    Console(width=TABLE_WIDTH, file=text, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def download(
    what: Positional[Literal["lfw", "vgg16", "faces"]] = "lfw", /, dry_run: bool = False
) -> None:
    """Download what training or the audit needs into the cache folder.

    Args:
        what: lfw (Labeled Faces in the Wild, over 200 MB), vgg16 (for the perceptual loss,
            528 MB), or faces (dlib's trained models for the audit, 27 MB).
        dry_run: say where it would be kept, and fetch nothing.
    """
    target, fetch = _download_of(what)
    if dry_run:
        check_folder(target().parent)
        console.would_write(target())
    else:
        console.written(fetch())


def _download_of(what: str) -> tuple[Callable[[], Path], Callable[[], Path]]:
    """Return a function that gives the target of a download, and one that downloads it."""
    if what == "lfw":
        from unveil.training import lfw

        return lfw.target_folder, lfw.download
    if what == "faces":
        from unveil.networks import dlib_files

        return dlib_files.target_folder, dlib_files.download
    from unveil.training import vgg_weights

    return vgg_weights.target_file, vgg_weights.download


def train(
    config: RunConfig = RunConfig(),  # noqa: B008  # frozen
    output: Output = DEFAULT_RUN,
    resume: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Train a model; Ctrl-C saves a checkpoint, --resume continues from it.

    Args:
        config: the run.
        output: run folder to write: checkpoints `best` and `last`.
        resume: run folder to continue, with the settings it was started with.
        dry_run: print what would be written, and train nothing.
    """
    require("torch")
    check_folder(resume or output)
    if resume is not None:
        moved = config.loss.vgg_weights
        if config != RunConfig(loss=LossConfig(vgg_weights=moved)) or output != DEFAULT_RUN:
            raise UsageError(
                "--resume takes its settings from the run; leave the others out (except "
                "--vgg-weights, if that file has moved)."
            )
        from unveil.networks.card import read_card

        config = read_card(resume / "last").read_training(resume / "last").run
        if moved is not None:
            config = replace(config, loss=replace(config.loss, vgg_weights=moved))
    if dry_run:
        check_photos(config.data.data)
        console.would_write(resume or output)
        return
    from unveil.training.loop import train as run_training

    console.written(run_training(config, resume or output, resume=resume is not None))


def evaluate(
    model: Model,
    /,
    config: EvaluateConfig = EvaluateConfig(),  # noqa: B008  # frozen
    append: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Evaluate a model, or `identity` for the obfuscated photos themselves.

    Args:
        model: shipped name, checkpoint folder, closed form (lmmse...) or identity.
        config: data and degradation to evaluate it on.
        append: also append the result to this file of rows.
        dry_run: print which file --append would change, and evaluate nothing.
    """
    from unveil.linear import CLOSED_FORMS
    from unveil.networks.card import IDENTITY, find_model

    if dry_run and append is None:
        raise UsageError("--dry-run goes with --append; without it nothing is written.")
    if model not in (IDENTITY, *CLOSED_FORMS):
        find_model(model)
    if append is not None:
        check_folder(append.parent)
        check_target(append)
    if dry_run and append is not None:
        console.result({"would_append_to": str(append)}, f"would add a row to {append}")
        return
    from unveil.report import tables
    from unveil.report.rows import append_row
    from unveil.training.evaluate import evaluate as run_evaluation

    row = run_evaluation(model, config)
    if append is not None:
        append_row(append, row)
    console.result(row, tables.results([row]))
