"""Commands that make and measure restorers: fit, train, evaluate, models, download, report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tyro.conf import OmitArgPrefixes, Positional

from unveil.cli.parts import Json, Output
from unveil.config import EvaluateConfig, LossConfig, RunConfig, from_dict
from unveil.errors import UsageError
from unveil.files import check_folder

DEFAULT_RUN = Path("runs/cae")


def fit(
    folder: Positional[Path], /, output: Output, photos: int = 2048, crop_px: int = 112
) -> None:
    """Learn what the closed forms know of photos: their power spectrum, in seconds.

    Args:
        folder: clean photos, like those to restore.
        output: file to write, for `unveil restore --prior`.
        photos: take no more than so many.
        crop_px: side of the center crop that is taken of each.
    """
    if photos < 1 or crop_px < 2:
        raise UsageError("--photos must be at least 1, --crop-px at least 2.")
    from unveil.fit import fit_folder, write_prior

    write_prior(fit_folder(folder, photos, crop_px), output)
    print(output)


def models(as_json: Json = False) -> None:
    """List the shipped weights.

    Args:
        as_json: print JSON, with the whole sha256 and all scores.
    """
    from unveil import tables
    from unveil.shipped import list_shipped

    rows = [item.summary() for item in list_shipped()]
    print(json.dumps(rows, indent=2) if as_json else tables.models(rows))


def download(what: Positional[Literal["lfw", "vgg16"]] = "lfw", /) -> None:
    """Download what training needs into the cache folder.

    Args:
        what: lfw (Labeled Faces in the Wild, over 200 MB) or vgg16 (for the perceptual loss,
            528 MB).
    """
    if what == "lfw":
        from unveil import lfw

        print(lfw.download())
    else:
        from unveil import vgg_weights

        print(vgg_weights.download())


def train(
    config: OmitArgPrefixes[RunConfig] = RunConfig(),  # noqa: B008  # frozen
    out: Path = DEFAULT_RUN,
    resume: Path | None = None,
) -> None:
    """Train a model; Ctrl-C saves, --resume goes on.

    Args:
        config: the run.
        out: run folder to write: checkpoints `best` and `last`.
        resume: run folder to go on with, under the settings it was started with.
    """
    check_folder(resume or out)
    if resume is not None:
        moved = config.loss.vgg_weights
        if config != RunConfig(loss=LossConfig(vgg_weights=moved)) or out != DEFAULT_RUN:
            raise UsageError(
                "--resume takes its settings from the run; leave the others out (but for "
                "--vgg-weights, if that file has moved)."
            )
        from unveil.card import read_card

        config = from_dict(RunConfig, read_card(resume / "last").run)
        if moved is not None:
            config = replace(config, loss=replace(config.loss, vgg_weights=moved))
    from unveil.train import train as run_training

    print(run_training(config, resume or out, resume=resume is not None))


def evaluate(
    model: Positional[str],
    /,
    config: OmitArgPrefixes[EvaluateConfig] = EvaluateConfig(),  # noqa: B008  # frozen
    append: Path | None = None,
    as_json: Json = False,
) -> None:
    """Score a model, or `identity` for the obfuscated photos themselves.

    Args:
        model: shipped name, checkpoint folder, closed form (lmmse...) or identity.
        config: what to score it on.
        append: also add the result to this file of rows.
        as_json: print one JSON object.
    """
    from unveil import shipped

    if model not in (shipped.IDENTITY, *shipped.CLOSED_FORMS):
        shipped.find_model(model)
    if append is not None:
        check_folder(append.parent)
    from unveil import results, tables
    from unveil.evaluate import evaluate as run_evaluation

    row = run_evaluation(model, config)
    if append is not None:
        results.append_row(append, row)
    print(json.dumps(row) if as_json else tables.results([row]))


def report(documents: Positional[tuple[Path, ...]], /, check: bool = False) -> int:
    """Fill the tables of Markdown documents from result rows.

    Args:
        documents: files with `<!-- table: NAME of FILE -->` marks; FILE holds the rows, as
            `unveil evaluate --append` writes them.
        check: change nothing; fail if a table is out of date.
    """
    from unveil import tables

    stale = [path for path in documents if tables.refresh(path, write=not check)]
    for path in stale:
        print(f"{path}: {'out of date' if check else 'updated'}")
    return int(check and bool(stale))
