"""Inputs and flags that several commands share, and the kinds of files among the inputs."""

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from unveil import console
from unveil.errors import UsageError
from unveil.extras import require
from unveil.video.stream.opening import SUFFIXES

Inputs = Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT...")]
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


def are_videos(inputs: Sequence[Path], **for_videos: object) -> bool:
    """Return whether the inputs are videos.

    Args:
        inputs: files.
        for_videos: flags that photos do not have, None where they are not given.

    Raises:
        UsageError: some are videos and some are not, or flags for videos come with photos.
        UnveilError: the extra ``video`` is not installed.
    """
    videos = [path for path in inputs if path.suffix.lower() in SUFFIXES]
    if not videos:
        refuse("videos", **for_videos)
        return False
    if len(videos) < len(inputs):
        raise UsageError("videos and photos do not go together; take one kind at a time.")
    require("video")
    return True


def refuse(kind: str, **flags: object) -> None:
    """Refuse flags that the inputs do not have.

    Args:
        kind: the kind of input that has these flags.
        flags: their values; an unset one is falsy.

    Raises:
        UsageError: one of them is set; it is named.
    """
    for name, value in flags.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} is for {kind}.")
