"""Arguments and flags shared by several commands."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

Inputs = Annotated[
    Positional[tuple[Path, ...]], arg(metavar="INPUT...", help_behavior_hint="(required)")
]
Folder = Annotated[Positional[Path], arg(metavar="FOLDER")]
Model = Annotated[Positional[str], arg(metavar="MODEL")]
Box = Annotated[str | None, arg(metavar="X,Y,W,H")]
Spared = Annotated[UseAppendAction[tuple[str, ...]], arg(name="spare", metavar="X,Y,W,H")]
BoxesFile = Annotated[Path | None, arg(name="boxes", metavar="FILE")]
Boxes = Annotated[UseAppendAction[tuple[str, ...]], arg(name="box", metavar="X,Y,W,H")]


def check_photos(folder: Path | None) -> None:
    """Reject, for ``--dry-run``, a folder without photos; None is the downloaded LFW.

    Raises:
        UnveilError: the folder has no photo.
    """
    from unveil.images.photos import list_photos
    from unveil.training.lfw import default_folder

    list_photos(folder or default_folder())
