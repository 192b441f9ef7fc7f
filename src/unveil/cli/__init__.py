"""The command line: thin commands, with flags derived from the config dataclasses.

The module of a command is imported when the command runs, all of them for ``unveil --help``; heavy
imports happen inside the commands.
"""

import functools
import importlib
import importlib.metadata
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, NoReturn

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, arg
from tyro.extras import SubcommandApp

from unveil import console
from unveil.cli import refusals
from unveil.cli.flags import CONFIGS, shown_parameter, unbroken
from unveil.cli.folders import with_videos
from unveil.errors import NO_MEMORY, UnveilError, UsageError, unknown, unloaded
from unveil.extras import require
from unveil.files import cache_folder
from unveil.streams import naming_stdout, silence
from unveil.video.stream.opening import SUFFIXES

DESCRIPTION = (
    "Shows how much a blur or a mosaic really hides, and undoes it. --version prints the version."
)
MODULES = {
    **{name: name for name in ("obfuscate", "restore", "inspect", "demo")},
    **dict.fromkeys(("models", "fit", "train", "evaluate", "download"), "networks"),
    **{name: name for name in ("export", "serve", "doctor", "completion", "audit", "study")},
}
"""Each command and its module in this package."""

GROUPS = {
    "audit": "Estimate the risk that a machine identifies the faces in photos.",
    "study": "Rerun the paper's experiments and write a report.",
}
"""Commands that have subcommands."""

REMOVED_COMMANDS = {"report": "python tools/fill_tables.py, in a checkout of the repository"}
"""Removed commands and their replacements."""

RENAMED_FLAGS = {
    "--out": "--output (or -o)",
    "--storage": "--database",  # of `study search`; elsewhere --storage is a compression
}
"""Flags of version 0.1 and their present names."""

Quiet = Annotated[
    bool, arg(aliases=["-q"], help="print no notes or progress, only results, warnings and errors.")
]
Json = Annotated[bool, arg(name="json", help="print results as JSON, one object per line.")]
OUTPUT_FLAGS = {"quiet": Quiet, "as_json": Json}

TYRO: dict[str, Any] = {"config": (FlagCreatePairsOff, OmitArgPrefixes), "registry": CONFIGS}
"""How tyro is called."""


def main() -> NoReturn:
    """Run the command line and exit with its status (0, 1 failure, 2 usage)."""
    # Else matplotlib keeps its list of fonts and an empty folder of settings in the home folder.
    os.environ.setdefault("MPLCONFIGDIR", str(cache_folder() / "matplotlib"))
    status = 1
    try:
        _prepare_streams()
        _unwind_on_signals()
        status = int(select(sys.argv[1:])() or 0)
    except Terminated as ended:
        console.fail(f"stopped by {signal.Signals(ended.number).name}")
        status = 128 + ended.number
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except UnveilError as error:
        console.fail(error)
        status = error.exit_status
    except KeyboardInterrupt:
        console.fail("interrupted")
        status = 130
    except BrokenPipeError:  # the reader of standard output has exited, as `head` does
        silence(sys.stdout)
        status = 141
    except MemoryError:
        console.fail(f"unveil {NO_MEMORY}.")
    except ImportError as error:
        console.fail(unloaded(error))
    except OSError as error:  # from the system, e.g. a full disk or a file where a folder is needed
        place = f"{error.filename}: " if error.filename else ""
        console.fail(f"{place}{error.strerror or error}.")
    if os.environ.get("WORLD_SIZE", "1") != "1":
        _leave_at_once(status)
    sys.exit(status)


class Terminated(SystemExit):
    """A signal asked the process to end; what is open is closed on the way, as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def _unwind_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind, so that no partial file and no photo of a visitor stays."""

    def end(number: int, _frame: object) -> NoReturn:
        raise Terminated(number)

    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Who starts a job by nohup has SIGHUP ignored.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def _prepare_streams() -> None:
    """Show characters that a stream cannot encode as escapes, instead of ending.

    Raises:
        UnveilError: standard output is closed.
    """
    if sys.stdout is None:
        raise UnveilError("standard output is closed; send it somewhere, e.g. >/dev/null.")
    if sys.stderr is None:  # closed: what is told would land in results, or in the next file
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def select(words: Sequence[str]) -> Callable[[], Any]:
    """Return a function that runs the command line ``words``; imports only its command's module.

    Raises:
        UsageError: the command was removed; the message names its replacement.
    """
    tyro._experimental_options["ansi_codes"] = not os.environ.get("NO_COLOR")
    name, rest = (words[0], list(words[1:])) if words else ("", [])
    if name in REMOVED_COMMANDS:
        raise UsageError(f"unveil {name} is gone; use {REMOVED_COMMANDS[name]}.")
    _check_flags(words)
    if name == "--version":
        return _print_version
    if name and not name.startswith("-") and name not in MODULES:
        raise unknown("command", name, MODULES)
    if name not in MODULES:
        return partial(run, partial(every_command, list(words)), words)
    command = _command(name)
    if name == "audit" and rest and rest[0] not in (*command.NAMES, "-h", "--help"):
        rest = ["photos", *rest]  # `audit PHOTO` is short for `audit photos PHOTO`
    prog = f"unveil {name}"
    parser = command.app.cli if name in GROUPS else partial(tyro.cli, flags_of(command))
    return partial(run, partial(parser, prog=prog, args=rest, **TYRO), rest)


def run(parser: Callable[[], Callable[[], Any]], words: Sequence[str]) -> Any:
    """Run the command that ``parser``, a call of tyro, makes of ``words``; return its status."""
    return refusals.parse(parser, words)()


def flags_of(command: Callable[..., Any]) -> Callable[..., Callable[[], Any]]:
    """Return a function from which tyro derives the flags of a command.

    They are the parameters of the command, ``--quiet`` and ``--json``. What the function returns
    runs the command, after all was parsed.
    """

    @functools.wraps(command)
    def bound(
        *args: Any, quiet: bool = False, as_json: bool = False, **named: Any
    ) -> Callable[[], Any]:
        def run_command() -> Any:
            with console.settings(quiet=quiet, as_json=as_json):
                return command(*args, **named)

        return run_command

    own = [shown_parameter(one) for one in signature(command, eval_str=True).parameters.values()]
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in OUTPUT_FLAGS.items()
    ]
    bound.__dict__["__signature__"] = Signature([*own, *more])
    del bound.__dict__["__wrapped__"]  # tyro would take the types from there
    bound.__annotations__ = {one.name: one.annotation for one in [*own, *more]}
    bound.__doc__ = unbroken(command.__doc__ or "")
    return bound


def every_command(words: list[str]) -> Any:
    """Parse ``words`` with all commands at hand: for help, and for flags without a command."""
    app = SubcommandApp()
    for name in MODULES:
        command = _command(name)
        if name in GROUPS:
            app.command(command.app, name=name, help=GROUPS[name])
        else:
            app.command(flags_of(command))
    return app.cli(prog="unveil", description=DESCRIPTION, args=words, **TYRO)


def are_videos(inputs: Sequence[Path], **for_videos: object) -> bool:
    """Return whether the inputs are videos; folders, which may hold some, are not.

    Args:
        inputs: files.
        for_videos: values of the flags that are only for videos; None if not given.

    Raises:
        UsageError: videos and photos are mixed, or flags for videos are given with photos.
        UnveilError: the extra ``video`` is not installed.
    """
    videos = [path for path in inputs if path.suffix.lower() in SUFFIXES]
    if not videos:
        if not with_videos(inputs):
            refuse("videos", **for_videos)
        return False
    if len(videos) < len(inputs):
        raise UsageError("videos and photos do not go together; give one kind at a time.")
    require("video")
    return True


def refuse(kind: str, **flags: object) -> None:
    """Reject flags that do not apply to the inputs.

    Args:
        kind: the kind of input that the flags are for.
        flags: values of the flags; None if not given.

    Raises:
        UsageError: a flag is given; the message names it.
    """
    for name, value in flags.items():
        if value is not None:
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
    """Reject flags of version 0.1, and empty words: as a name, one is the present folder.

    Raises:
        UsageError: a word is empty, or a flag was renamed; the message gives its present name.
    """
    for word in words:
        if not word or (word.startswith("--") and word.endswith("=")):
            raise UsageError(f"{word or 'a word'} is empty; give a name or a value.")
        flag = word.partition("=")[0]
        is_old = flag == "--out" or (flag == "--storage" and list(words[:2]) == ["study", "search"])
        if is_old:
            raise UsageError(f"{flag} is called {RENAMED_FLAGS[flag]} since version 0.2.")


def _print_version() -> None:
    with naming_stdout():
        print(f"unveil {importlib.metadata.version('unveil')}")


def _command(name: str) -> Any:
    """Return the function of a command, or the module of a command with subcommands."""
    module = importlib.import_module(f"unveil.cli.{MODULES[name]}")
    return module if name in GROUPS else getattr(module, name)


def _leave_at_once(status: int) -> NoReturn:
    # gloo's threads outlive the process group (DistributedDataParallel's reducer and logger form a
    # reference cycle with it). A thread that frees its last tensor during the shutdown of the
    # interpreter aborts the process, so the shutdown is skipped.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
