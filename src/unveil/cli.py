"""The command line: thin commands over the library, flags made from the config dataclasses.

Heavy imports happen inside the commands, so that ``unveil --help`` answers at once.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional, arg
from tyro.extras import SubcommandApp

from unveil.config import (
    TILE_PX,
    Device,
    EvaluateConfig,
    LossConfig,
    Precision,
    RunConfig,
    from_dict,
)
from unveil.errors import UsageError
from unveil.files import check_folder
from unveil.photos import MAX_PIXELS, Photo
from unveil.specs import parse_operator
from unveil.study.extra import check_installed
from unveil.study.plan import StudyConfig
from unveil.study.search_config import SearchConfig

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
Output = Annotated[Path, arg(aliases=["-o"])]
Json = Annotated[bool, arg(name="json")]
DEFAULT_MODEL = "cae-blur"
DEFAULT_RUN = Path("runs/cae")

app = SubcommandApp()
study = SubcommandApp()


def run(words: Sequence[str]) -> int:
    """Run the command line ``words`` and return its exit status."""
    config = (FlagCreatePairsOff, OmitArgPrefixes)
    status = app.cli(prog="unveil", description=DESCRIPTION, args=words, config=config)
    return int(status or 0)


DESCRIPTION = "Shows how much a blur or a mosaic really hides, and undoes it."


@app.command
def obfuscate(
    inputs: Inputs,
    /,
    output: Output,
    operator: str,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> int:
    """Blur or pixelate photos.

    Args:
        inputs: photos, or folders of photos.
        output: file for one photo, folder for several.
        operator: e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8.
        overwrite: replace files that exist.
        max_pixels: refuse larger photos.
    """
    from unveil import batch

    jobs, chosen = batch.plan(inputs, output), parse_operator(operator)
    from unveil import images, operators

    def process(photo: Photo) -> Photo:
        return images.to_photo(operators.obfuscate(images.to_tensor(photo), chosen), photo)

    return int(batch.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


@app.command
def restore(
    inputs: Inputs,
    /,
    output: Output,
    model: str | None = None,
    operator: str | None = None,
    overwrite: bool = False,
    max_pixels: int = MAX_PIXELS,
    tile_px: int = TILE_PX,
    device: Device = "auto",
    precision: Precision = "auto",
) -> int:
    """Undo the blur or the mosaic of photos.

    Args:
        inputs: photos, or folders of photos.
        output: file for one photo, folder for several.
        model: shipped name (see `unveil models`) or checkpoint folder.
        operator: what obfuscated the photos; picks the shipped model that undoes it.
        overwrite: replace files that exist.
        max_pixels: refuse larger photos.
        tile_px: side of the pieces that a large photo is restored in.
        device: where to compute.
        precision: arithmetic of the network.
    """
    from unveil import batch

    jobs, folder = batch.plan(inputs, output), _choose_model(model, operator)
    from unveil import images
    from unveil.restore import load

    restorer = load(str(folder), device, precision)
    print(f"{model or folder.name}, undoing {restorer.card.operator}, on {restorer.runtime}")

    def process(photo: Photo) -> Photo:
        return images.to_photo(restorer.restore(images.to_tensor(photo), tile_px), photo)

    return int(batch.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


def _choose_model(model: str | None, operator: str | None) -> Path:
    """Return the checkpoint for what the user said of model and operator.

    Raises:
        UsageError: no such model, or one that undoes another operator.
    """
    from unveil.card import read_card
    from unveil.shipped import find_model, model_for

    wanted = parse_operator(operator) if operator else None
    if model is None and wanted is None:
        print(f"no --operator given: taking {DEFAULT_MODEL}; `unveil models` lists the others.")
    folder = find_model(model or (model_for(wanted) if wanted else DEFAULT_MODEL))
    trained = read_card(folder).operator
    if wanted is not None and trained != str(wanted):
        raise UsageError(f"{model} undoes {trained}, not {wanted}; leave --model out to choose.")
    return folder


@app.command
def models(as_json: Json = False) -> None:
    """List the shipped weights.

    Args:
        as_json: print JSON, with the whole sha256 and all scores.
    """
    from unveil import tables
    from unveil.shipped import list_shipped

    rows = [item.summary() for item in list_shipped()]
    print(json.dumps(rows, indent=2) if as_json else tables.models(rows))


@app.command
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


@app.command
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


@app.command
def evaluate(
    model: Positional[str],
    /,
    config: OmitArgPrefixes[EvaluateConfig] = EvaluateConfig(),  # noqa: B008  # frozen
    append: Path | None = None,
    as_json: Json = False,
) -> None:
    """Score a model, or `identity` for the obfuscated photos themselves.

    Args:
        model: shipped name, checkpoint folder, or identity.
        config: what to score it on.
        append: also add the result to this file of rows.
        as_json: print one JSON object.
    """
    from unveil import shipped

    if model != shipped.IDENTITY:
        shipped.find_model(model)
    if append is not None:
        check_folder(append.parent)
    from unveil import results, tables
    from unveil.evaluate import evaluate as run_evaluation

    row = run_evaluation(model, config)
    if append is not None:
        results.append_row(append, row)
    print(json.dumps(row) if as_json else tables.results([row]))


@app.command
def report(documents: Positional[tuple[Path, ...]], /, rows: Path, check: bool = False) -> int:
    """Fill the tables of Markdown documents from result rows.

    Args:
        documents: files with `<!-- table: NAME -->` marks.
        rows: JSON-lines file that `unveil evaluate --append` has written.
        check: change nothing; fail if a table is out of date.
    """
    from unveil import tables
    from unveil.results import read_rows

    found = read_rows(rows)
    stale = [path for path in documents if tables.refresh(path, found, write=not check)]
    for path in stale:
        print(f"{path}: {'out of date' if check else 'updated'}")
    return int(check and bool(stale))


@app.command
def demo(output: Output = Path("runs/demo")) -> None:
    """Obfuscate a photo that scikit-image ships, restore it, score it and draw it.

    Args:
        output: folder for the picture strip.
    """
    from unveil.demo import run_demo

    run_demo(output)


app.command(study, name="study", help="Run the study's experiments and report them.")


@study.command(name="run")
def study_run(
    config: OmitArgPrefixes[StudyConfig] = StudyConfig(),  # noqa: B008  # frozen
) -> None:
    """Run the study's experiments; Ctrl-C saves, the same command goes on.

    Args:
        config: the study.
    """
    check_installed()
    check_folder(config.out)
    from unveil.study.run import run_study

    run_study(config)


@study.command(name="report")
def study_report(
    folder: Positional[Path],
    /,
    out: Path | None = None,
    name: str = "report",
    page: bool = True,
) -> None:
    """Write the report of a study: Markdown, figures and one self-contained HTML page.

    Args:
        folder: the study's folder.
        out: where to write (default: the study's folder).
        name: name of the report's files.
        page: write the HTML page too.
    """
    check_installed()
    check_folder(out or folder)
    from unveil.study.report import write_report

    for path in write_report(folder, out or folder, name, page=page):
        print(path)


@study.command(name="search")
def study_search(
    config: OmitArgPrefixes[SearchConfig] = SearchConfig(),  # noqa: B008  # frozen
) -> None:
    """Search batch size, learning rate and L2; Ctrl-C saves, the same command goes on.

    Started several times at once, on any machines that reach the database, it shares the work.

    Args:
        config: the search.
    """
    check_installed()
    check_folder(config.out)
    from unveil.study.search import run_search

    run_search(config)
