"""How the scripts of this folder start: flags from a signature, an error as one line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import tyro

from unveil.errors import UnveilError


def run(main: Callable[..., Any], description: str | None) -> NoReturn:
    """Call ``main`` with the flags of the command line, and leave.

    The exit status is what ``main`` returns, 0 for None. An :class:`UnveilError` becomes one line
    on standard error and its own status.

    Args:
        main: takes flags, or one dataclass of them.
        description: text of ``--help``.
    """
    config = (tyro.conf.OmitArgPrefixes,)
    try:
        sys.exit(tyro.cli(main, description=description, config=config))
    except UnveilError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
