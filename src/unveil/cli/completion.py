"""`unveil completion`: scripts for shell completion of commands, flags and their values."""

import ast
import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from tyro.conf import Positional

from unveil import console
from unveil.linear import CLOSED_FORMS

Shell = Literal["bash", "zsh", "fish"]
SPEC = re.compile(r"^COMPLETION_SPEC = (.*)$", re.MULTILINE)
"""The completions in tyro's scripts: a Python literal, the same for all shells."""


def completion(for_shell: Positional[Shell], /) -> None:
    """Print the script for shell completion of commands, flags and values.

    Args:
        for_shell: the shell; docs/commands.md says where to install the script.
    """
    from unveil.cli import every_command

    script = io.StringIO()
    with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
        every_command(["--tyro-print-completion", for_shell])
    text = completed(script.getvalue(), for_shell)
    console.result({"shell": for_shell, "script": text}, text.rstrip())


def completed(script: str, shell: Shell) -> str:
    """Return tyro's completion script with the possible values of flags added.

    Line breaks in descriptions are removed: tyro would offer the text after them as values. In
    bash, the script falls back to file names.
    """

    def improve(match: re.Match[str]) -> str:
        spec = ast.literal_eval(_unquoted(match[1]) if shell == "fish" else match[1])
        for command in _commands(spec):
            for option in command["options"]:
                option["description"] = " ".join(option["description"].split())
        _offer_values(spec["subcommands"])
        return f"COMPLETION_SPEC = {_quoted(repr(spec)) if shell == 'fish' else repr(spec)}"

    script = SPEC.sub(improve, script)
    return script.replace("complete -F ", "complete -o default -F ") if shell == "bash" else script


def _unquoted(text: str) -> str:
    """Undo the escapes inside a double-quoted string of fish."""
    return text.replace(r"\$", "$").replace(r"\"", '"').replace("\\\\", "\\")


def _quoted(text: str) -> str:
    """Escape for the inside of a double-quoted string of fish."""
    return text.replace("\\", "\\\\").replace('"', r"\"").replace("$", r"\$")


def _commands(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield spec
    for command in spec["subcommands"].values():
        yield from _commands(command)


def _offer_values(commands: dict[str, dict[str, Any]]) -> None:
    """Add the values of flags and arguments that are strings to tyro but have few valid values."""
    from unveil.networks.architectures import MODELS
    from unveil.networks.card import list_shipped
    from unveil.video.stream.codecs import CODECS

    shipped = [item.name for item in list_shipped()]
    choices: dict[str, dict[str, Iterable[str]]] = {
        "restore": {"--model": [*shipped, *CLOSED_FORMS], "--codec": CODECS},
        "obfuscate": {"--codec": CODECS},
        "train": {"--architecture": MODELS},
    }
    for name, flags in choices.items():
        for option in commands[name]["options"]:
            for flag in set(option["flags"]) & flags.keys():
                option |= {"type": "choice", "choices": list(flags[flag])}
    _offer_words(commands["download"], ("lfw", "vgg16", "faces"))
    _offer_words(commands["completion"], get_args(Shell))
    for name in ("export", "evaluate"):
        _offer_words(commands[name], shipped)


def _offer_words(command: dict[str, Any], words: Iterable[str]) -> None:
    """Offer values of a command's first argument, as subcommands: tyro has no other form."""
    after = {"options": command["options"], "subcommands": {}, "frontier_groups": []}
    command["subcommands"] |= {word: {"description": word, **after} for word in words}
