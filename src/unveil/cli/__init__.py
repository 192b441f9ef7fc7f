"""The command line: thin commands over the library, flags made from the config dataclasses.

Heavy imports happen inside the commands, so that ``unveil --help`` answers at once.
"""

from collections.abc import Sequence

from tyro.conf import FlagCreatePairsOff, OmitArgPrefixes
from tyro.extras import SubcommandApp

from unveil.cli import networks, photos
from unveil.cli.audit import audit
from unveil.cli.export import export
from unveil.cli.parts import speaking
from unveil.cli.study import study

DESCRIPTION = "Shows how much a blur or a mosaic really hides, and undoes it."
COMMANDS = (
    *(photos.obfuscate, photos.restore, photos.inspect, photos.demo),
    *(networks.models, networks.fit, networks.train, networks.evaluate, networks.download),
    *(networks.report, export),
)

AUDITS = ("photos", "curve", "report")

app = SubcommandApp()
for command in COMMANDS:
    app.command(speaking(command))
app.command(audit, name="audit", help="Say how likely a machine names the faces in photos.")
app.command(study, name="study", help="Run the study's experiments and report them.")


def run(words: Sequence[str]) -> int:
    """Run the command line ``words`` and return its exit status."""
    config = (FlagCreatePairsOff, OmitArgPrefixes)
    chosen = _spell_out(list(words))
    status = app.cli(prog="unveil", description=DESCRIPTION, args=chosen, config=config)
    return int(status or 0)


def _spell_out(words: list[str]) -> list[str]:
    """Make ``audit PHOTO`` the ``audit photos PHOTO`` that it is short for."""
    is_short = words[:1] == ["audit"] and words[1:2] not in ([], ["-h"], ["--help"])
    return ["audit", "photos", *words[1:]] if is_short and words[1] not in AUDITS else words
