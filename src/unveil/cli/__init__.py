"""The command line: thin commands over the library, flags made from the config dataclasses.

Heavy imports happen inside the commands, so that ``unveil --help`` answers at once.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from typing import Any

import tyro
from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes, Positional
from tyro.extras import SubcommandApp

from unveil import console
from unveil.cli import networks, photos, shell
from unveil.cli.audit import audit
from unveil.cli.export import export
from unveil.cli.parts import output_flags
from unveil.cli.study import study
from unveil.cli.web import serve
from unveil.errors import UsageError

DESCRIPTION = "Shows how much a blur or a mosaic really hides, and undoes it."
COMMANDS = (
    *(photos.obfuscate, photos.restore, photos.inspect, photos.demo),
    *(networks.models, networks.fit, networks.train, networks.evaluate, networks.download),
    *(export, serve, shell.doctor),
)

AUDITS = ("photos", "curve", "report")
MOVED = {"report": "python tools/fill_tables.py, in a checkout of the repository"}
"""Commands that are gone, and what does their work now."""

app = SubcommandApp()
for command in COMMANDS:
    app.command(output_flags(command))
app.command(audit, name="audit", help="Say how likely a machine names the faces in photos.")
app.command(study, name="study", help="Run the study's experiments and report them.")


def run(words: Sequence[str]) -> int:
    """Run the command line ``words`` and return its exit status.

    Raises:
        UsageError: a command that is gone; what does its work now is named.
    """
    if words and words[0] in MOVED:
        raise UsageError(f"unveil {words[0]} is gone; use {MOVED[words[0]]}.")
    tyro._experimental_options["ansi_codes"] = not os.environ.get("NO_COLOR")
    return int(_parse(_spell_out(list(words))) or 0)


def _parse(words: list[str]) -> Any:
    config = (FlagCreatePairsOff, OmitArgPrefixes)
    return app.cli(prog="unveil", description=DESCRIPTION, args=words, config=config)


@app.command
@output_flags
def completion(for_shell: Positional[shell.Shell], /) -> None:
    """Print the script that makes a shell complete commands and flags.

    Args:
        for_shell: where to put its script, says docs/commands.md.
    """
    script = io.StringIO()
    with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
        _parse(["--tyro-print-completion", for_shell])
    text = shell.completed(script.getvalue(), for_shell)
    console.result({"shell": for_shell, "script": text}, text.rstrip())


def _spell_out(words: list[str]) -> list[str]:
    """Make ``audit PHOTO`` the ``audit photos PHOTO`` that it is short for."""
    is_short = words[:1] == ["audit"] and words[1:2] not in ([], ["-h"], ["--help"])
    return ["audit", "photos", *words[1:]] if is_short and words[1] not in AUDITS else words
