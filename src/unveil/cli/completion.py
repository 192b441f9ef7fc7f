"""`unveil completion`: the script that makes a shell complete commands and flags."""

import contextlib
import io
from typing import Literal

from tyro.conf import Positional

from unveil import console

Shell = Literal["bash", "zsh", "fish"]


def completion(for_shell: Positional[Shell], /) -> None:
    """Print the script that makes a shell complete commands and flags.

    Args:
        for_shell: the shell; docs/commands.md says where it looks for its script.
    """
    from unveil.cli import every_command

    script = io.StringIO()
    with contextlib.redirect_stdout(script), contextlib.suppress(SystemExit):
        every_command(["--tyro-print-completion", for_shell])
    text = completed(script.getvalue(), for_shell)
    console.result({"shell": for_shell, "script": text}, text.rstrip())


def completed(script: str, shell: Shell) -> str:
    """Return tyro's completion script; in bash it completes file names where it knows nothing."""
    return script.replace("complete -F ", "complete -o default -F ") if shell == "bash" else script
