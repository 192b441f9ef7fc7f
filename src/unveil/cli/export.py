"""`unveil export`: networks as ONNX files, for other programs."""

from pathlib import Path

from unveil import console
from unveil.cli.inputs import Model, check_photos
from unveil.config import Output
from unveil.errors import UnveilError, UsageError
from unveil.extras import require
from unveil.files import check_folder

SUFFIX = ".onnx"


def export(
    model: Model,
    /,
    output: Output,
    int8: bool = False,
    data: Path | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> None:
    """Export a network to ONNX, with dynamic batch and image size, and check it against PyTorch.

    Args:
        model: shipped name (see `unveil models`) or checkpoint folder.
        output: file to write, its name ending in .onnx.
        int8: round weights and what goes into convolutions to 8 bits: a quarter of the size, faster
            on most CPUs; the loss of quality is measured and printed.
        data: with --int8, folder of clean photos like those to restore, to set the scales by and to
            measure the loss on (default: the copy of LFW that `unveil download` keeps).
        overwrite: replace the file if it exists.
        dry_run: print what would be written, and write nothing.
    """
    from unveil.linear import CLOSED_FORMS
    from unveil.networks.card import find_model

    if model in CLOSED_FORMS:
        raise UsageError(f"{model} is a closed form without weights; export takes a network.")
    if data is not None and not int8:
        raise UsageError("--data DIR is for --int8, which calibrates on photos.")
    find_model(model)
    check_target(output, overwrite=overwrite)
    require("onnx")
    if dry_run:
        if int8:
            check_photos(data)
        console.would_write(output, {"model": model})
        return
    from unveil.networks.export import load_for_export, write_onnx
    from unveil.training.quantise import write_int8

    source = load_for_export(model)
    report = write_int8(source, output, data) if int8 else write_onnx(source, output)
    console.result(report.as_row(), report)


def check_target(output: Path, *, overwrite: bool) -> None:
    """Reject, before any work is done, a file that cannot or must not be written.

    Raises:
        UsageError: its name does not end in .onnx.
        UnveilError: it exists, or its folder cannot be written to.
    """
    if output.suffix != SUFFIX:
        raise UsageError(f"{output}: the name of an ONNX file must end in {SUFFIX}.")
    if output.is_dir():
        raise UnveilError(f"{output}: is a folder, not a file that can be written.")
    if output.exists() and not overwrite:
        raise UnveilError(f"{output}: exists already; replace it with --overwrite.")
    check_folder(output.parent)
