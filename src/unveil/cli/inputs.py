"""Inputs and flags that several commands share."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
Boxes = Annotated[UseAppendAction[tuple[str, ...]], arg(name="box", metavar="X,Y,W,H")]


def check_photos(folder: Path | None) -> None:
    """Refuse, for ``--dry-run``, a folder without photos; None is downloaded LFW.

    Raises:
        UnveilError: there is no photo.
    """
    from unveil.images.photos import list_photos
    from unveil.training.lfw import default_folder

    list_photos(folder or default_folder())
