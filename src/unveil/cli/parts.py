"""Arguments that several commands take, and what all of them take."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from unveil import console
from unveil.config import Device, Engine, Precision
from unveil.errors import UsageError
from unveil.extras import require

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
Output = Annotated[Path, arg(aliases=["-o"])]
Boxes = Annotated[UseAppendAction[tuple[str, ...]], arg(name="box", metavar="X,Y,W,H")]
Quiet = Annotated[
    bool, arg(aliases=["-q"], help="print no notes or progress; results, warnings, errors remain.")
]
Json = Annotated[bool, arg(name="json", help="print results as JSON, one object per line.")]
OUTPUT_FLAGS = {"quiet": Quiet, "as_json": Json}


def output_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--quiet`` and ``--json`` to a command, for :mod:`unveil.console`.

    tyro derives flags from the signature: the returned function has the command's own and two
    more parameters.
    """

    @functools.wraps(command)
    def wrapped(*args: Any, quiet: bool = False, as_json: bool = False, **named: Any) -> Any:
        with console.settings(quiet=quiet, as_json=as_json):
            return command(*args, **named)

    own = inspect.signature(command)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in OUTPUT_FLAGS.items()
    ]
    wrapped.__dict__["__signature__"] = own.replace(parameters=[*own.parameters.values(), *more])
    del wrapped.__dict__["__wrapped__"]  # where tyro would look for the types
    wrapped.__annotations__ = {**command.__annotations__, **OUTPUT_FLAGS}
    return wrapped


def check_photos(folder: Path | None) -> None:
    """Refuse, for ``--dry-run``, a folder without photos; None is downloaded LFW.

    Raises:
        UnveilError: there is no photo.
    """
    from unveil.images.photos import list_photos
    from unveil.training.lfw import default_folder

    list_photos(folder or default_folder())


def check_engine(engine: Engine, model: str | None, device: Device, precision: Precision) -> None:
    """Refuse what an engine cannot do, before anything heavy is imported.

    Raises:
        UsageError: a closed form, a device or a precision that it has not.
        UnveilError: the extra ``onnx`` is not installed.
    """
    if engine == "torch":
        return
    from unveil.linear import CLOSED_FORMS

    if model in CLOSED_FORMS:
        raise UsageError(f"{model} is linear algebra in torch; --engine onnx is for networks.")
    if device not in ("auto", "cpu") or precision == "bf16":
        raise UsageError("--engine onnx is for the CPU and fp32; leave --device, --precision out.")
    require("onnx")
