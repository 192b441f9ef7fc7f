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
    bool, arg(aliases=["-q"], help="no progress and no remarks; results, warnings, errors stay.")
]
Json = Annotated[bool, arg(name="json", help="print results as JSON, one object a line.")]
MANNERS = {"quiet": Quiet, "as_json": Json}


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--quiet`` and ``--json``, which :mod:`unveil.console` obeys.

    tyro makes its flags from a signature; this one is the command's own and two arguments more.
    """

    @functools.wraps(command)
    def speak(*args: Any, quiet: bool = False, as_json: bool = False, **named: Any) -> Any:
        with console.speaking(quiet=quiet, as_json=as_json):
            return command(*args, **named)

    own = inspect.signature(command)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in MANNERS.items()
    ]
    speak.__dict__["__signature__"] = own.replace(parameters=[*own.parameters.values(), *more])
    del speak.__dict__["__wrapped__"]  # where tyro would look for the types
    speak.__annotations__ = {**command.__annotations__, **MANNERS}
    return speak


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
    from unveil.networks.shipped import CLOSED_FORMS

    if model in CLOSED_FORMS:
        raise UsageError(f"{model} is linear algebra in torch; --engine onnx is for networks.")
    if device not in ("auto", "cpu") or precision == "bf16":
        raise UsageError("--engine onnx is for the CPU and fp32; leave --device, --precision out.")
    require("onnx")
