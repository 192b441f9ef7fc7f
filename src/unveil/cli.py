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

from unveil.box import parse_box
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
AUTO = "auto"
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
    operator: str = AUTO,
    box: str | None = None,
    consistent: bool = False,
    uncertainty: Path | None = None,
    samples: int = 0,
    force: bool = False,
    prior: Path | None = None,
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
        model: shipped name (see `unveil models`), checkpoint folder, or a closed form: lmmse,
            tikhonov, richardson-lucy, bicubic, lanczos (default: the best shipped weights).
        operator: what obfuscated the photos, or auto to find out.
        box: X,Y,W,H, the part that is obfuscated (default: found).
        consistent: make the answer agree with the input: obfuscated again, it gives it back.
        uncertainty: file for a map of the expected error, white where the answer is a guess.
        samples: write so many other answers beside the output, each agreeing with the mosaic.
        force: use weights beyond what they were trained on.
        prior: what `unveil fit` learnt from photos like these, for the closed forms and for
            finding the operator (default: faces).
        overwrite: replace files that exist.
        max_pixels: refuse larger photos.
        tile_px: side of the pieces that a large photo is restored in.
        device: where to compute.
        precision: arithmetic of the network.
    """
    from unveil import batch
    from unveil.shipped import check_choice

    wanted = None if operator == AUTO else parse_operator(operator)
    place = parse_box(box) if box else None
    jobs = batch.plan(inputs, output)
    check_choice(model, wanted, force=force)
    drawn = [batch.beside(jobs[0].target, f"-sample{n + 1}") for n in range(samples)]
    for extra in [*drawn, *filter(None, [uncertainty])]:
        batch.check_single(jobs, extra, overwrite=overwrite)
    from unveil.undo import Undo

    undo = Undo(wanted, place, model, consistent, force, prior, tile_px)
    process = undo.on(device, precision, uncertainty, drawn)
    return int(batch.process(jobs, process, overwrite=overwrite, max_pixels=max_pixels) > 0)


@app.command
def inspect(
    inputs: Inputs,
    /,
    box: str | None = None,
    as_json: Json = False,
    max_pixels: int = MAX_PIXELS,
) -> int:
    """Say what hides photos: blur or mosaic, how strong, where, and how the file was kept.

    Args:
        inputs: photos, or folders of photos.
        box: X,Y,W,H, the part to look at (default: the whole photo; a mosaic in it is found).
        as_json: print one JSON object a photo.
        max_pixels: refuse larger photos.
    """
    from unveil import batch

    place = parse_box(box) if box else None
    sources = batch.sources(inputs)
    from unveil.undo import inspect_photo

    def look(path: Path) -> None:
        finding = inspect_photo(path, place, max_pixels)
        row = {"photo": str(path), **finding.as_row()}
        print(json.dumps(row) if as_json else f"{path}: {finding}")

    return int(batch.each(sources, look) > 0)


@app.command
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


@app.command
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
