"""The command line: thin commands, flags from the config dataclasses.

A module of a command is imported when the command is given, all of them for ``unveil --help``;
heavy imports happen inside the commands.
"""

import functools
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, NoReturn

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, arg
from tyro.extras import SubcommandApp

from unveil import console
from unveil.errors import UnveilError, UsageError, unknown
from unveil.extras import require
from unveil.video.stream.opening import SUFFIXES

DESCRIPTION = (
    "Shows how much a blur or a mosaic really hides, and undoes it. --version prints the version."
)
MODULES = {
    **{name: name for name in ("obfuscate", "restore", "inspect", "demo")},
    **dict.fromkeys(("models", "fit", "train", "evaluate", "download"), "networks"),
    **{name: name for name in ("export", "serve", "doctor", "completion", "audit", "study")},
}
"""Each command and the module of this package that holds it."""

GROUPS = {
    "audit": "Say how likely a machine names the faces in photos.",
    "study": "Rerun the paper's experiments and report them.",
}
"""Commands that have commands of their own."""

MOVED = {"report": "python tools/fill_tables.py, in a checkout of the repository"}
"""Commands that are gone, and what does their work now."""

RENAMED = {
    "--out": "--output (or -o)",
    "--storage": "--database",  # of `study search`; elsewhere --storage is how a file is kept
}
"""Flags of version 0.1, and what they are called now."""

Quiet = Annotated[
    bool, arg(aliases=["-q"], help="print no notes or progress; results, warnings, errors remain.")
]
Json = Annotated[bool, arg(name="json", help="print results as JSON, one object per line.")]
OUTPUT_FLAGS = {"quiet": Quiet, "as_json": Json}

CONFIG = (FlagCreatePairsOff, OmitArgPrefixes)


def main() -> NoReturn:
    """Run the command line and exit with its status (0, 1 failure, 2 usage)."""
    status = 1
    try:
        status = int(select(sys.argv[1:])() or 0)
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except UnveilError as error:
        console.fail(error)
        status = error.exit_status
    except KeyboardInterrupt:
        console.fail("interrupted")
        status = 130
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:  # the machine's trouble, not ours: a full disk, a file in the way
        place = f"{error.filename}: " if error.filename else ""
        console.fail(f"{place}{error.strerror or error}.")
    if os.environ.get("WORLD_SIZE", "1") != "1":
        _leave_at_once(status)
    sys.exit(status)


def select(words: Sequence[str]) -> Callable[[], Any]:
    """Return what runs the command line ``words``; only the module of its command is imported.

    Raises:
        UsageError: a command that is gone; what does its work now is named.
    """
    tyro._experimental_options["ansi_codes"] = not os.environ.get("NO_COLOR")
    name, rest = (words[0], list(words[1:])) if words else ("", [])
    if name in MOVED:
        raise UsageError(f"unveil {name} is gone; use {MOVED[name]}.")
    _check_flags(words)
    if name == "--version":
        return _print_version
    if name and not name.startswith("-") and name not in MODULES:
        raise unknown("command", name, MODULES)
    if name not in MODULES:
        return partial(every_command, list(words))
    command = _command(name)
    if name == "audit" and rest and rest[0] not in (*command.NAMES, "-h", "--help"):
        rest = ["photos", *rest]  # `audit PHOTO` is short for `audit photos PHOTO`
    prog = f"unveil {name}"
    if name in GROUPS:
        return partial(command.app.cli, prog=prog, args=rest, config=CONFIG)
    return partial(tyro.cli, output_flags(command), prog=prog, args=rest, config=CONFIG)


def output_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--quiet`` and ``--json`` to a command, for :mod:`unveil.console`.

    tyro derives flags from the signature: the returned function has the command's own and two
    more parameters.
    """

    @functools.wraps(command)
    def wrapped(*args: Any, quiet: bool = False, as_json: bool = False, **named: Any) -> Any:
        with console.settings(quiet=quiet, as_json=as_json):
            return command(*args, **named)

    own = signature(command)
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in OUTPUT_FLAGS.items()
    ]
    wrapped.__dict__["__signature__"] = own.replace(parameters=[*own.parameters.values(), *more])
    del wrapped.__dict__["__wrapped__"]  # where tyro would look for the types
    wrapped.__annotations__ = {**command.__annotations__, **OUTPUT_FLAGS}
    return wrapped


def every_command(words: list[str]) -> Any:
    """Parse ``words`` with all commands at hand: for help, and for flags without a command."""
    app = SubcommandApp()
    for name in MODULES:
        command = _command(name)
        if name in GROUPS:
            app.command(command.app, name=name, help=GROUPS[name])
        else:
            app.command(output_flags(command))
    return app.cli(prog="unveil", description=DESCRIPTION, args=words, config=CONFIG)


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


def at_least(least: int, **flags: int) -> None:
    """Refuse whole numbers that are too small.

    Args:
        least: the smallest that is allowed.
        flags: values of flags.

    Raises:
        UsageError: one of them is smaller; it is named.
    """
    for name, value in flags.items():
        if value < least:
            raise UsageError(f"--{name.replace('_', '-')} {value} must be at least {least}.")


def _check_flags(words: Sequence[str]) -> None:
    """Refuse flags of version 0.1.

    Raises:
        UsageError: names what the flag is called now.
    """
    for word in words:
        flag = word.partition("=")[0]
        is_old = flag == "--out" or (flag == "--storage" and list(words[:2]) == ["study", "search"])
        if is_old:
            raise UsageError(f"{flag} is called {RENAMED[flag]} since version 0.2.")


def _print_version() -> None:
    print(f"unveil {importlib.metadata.version('unveil')}")


def _command(name: str) -> Any:
    """Return the function of a command, or the module of a command that has others."""
    module = importlib.import_module(f"unveil.cli.{MODULES[name]}")
    return module if name in GROUPS else getattr(module, name)


def _leave_at_once(status: int) -> NoReturn:
    # gloo's threads outlive the process group (DistributedDataParallel's reducer and logger hold
    # each other and it). One that lets go of its last tensor while the interpreter is being taken
    # down aborts the process, so that is left out.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
