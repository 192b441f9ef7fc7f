"""Arguments that several commands take."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from unveil.config import Device, Engine, Precision
from unveil.errors import UsageError

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
Output = Annotated[Path, arg(aliases=["-o"])]
Json = Annotated[bool, arg(name="json")]
Boxes = Annotated[UseAppendAction[tuple[str, ...]], arg(name="box", metavar="X,Y,W,H")]


def check_engine(engine: Engine, model: str | None, device: Device, precision: Precision) -> None:
    """Refuse what an engine cannot do, before anything heavy is imported.

    Raises:
        UsageError: a closed form, a device or a precision that it has not.
        UnveilError: the extra ``onnx`` is not installed.
    """
    if engine == "torch":
        return
    from unveil.onnx.extra import check_installed
    from unveil.shipped import CLOSED_FORMS

    if model in CLOSED_FORMS:
        raise UsageError(f"{model} is linear algebra in torch; --engine onnx is for networks.")
    if device not in ("auto", "cpu") or precision == "bf16":
        raise UsageError("--engine onnx is for the CPU and fp32; leave --device, --precision out.")
    check_installed()
