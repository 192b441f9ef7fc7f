"""The entry point: run a command, turn what goes wrong into one line and an exit status."""

import os
import sys
from typing import NoReturn

from unveil import console
from unveil.errors import UnveilError


def main() -> NoReturn:
    """Run the command line and leave with its exit status (0, 1 failure, 2 usage)."""
    status = _status()
    if os.environ.get("WORLD_SIZE", "1") != "1":
        _leave_at_once(status)
    sys.exit(status)


def _status() -> int:
    from unveil.cli import run

    try:
        return run(sys.argv[1:])
    except UnveilError as error:
        console.fail(error)
        return error.exit_status
    except KeyboardInterrupt:
        console.fail("interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # the machine's trouble, not ours: a full disk, a file in the way
        place = f"{error.filename}: " if error.filename else ""
        console.fail(f"{place}{error.strerror or error}.")
        return 1


def _leave_at_once(status: int) -> NoReturn:
    # gloo's threads outlive the process group (DistributedDataParallel's reducer and logger hold
    # each other and it). One that lets go of its last tensor while the interpreter is being taken
    # down aborts the process, so that is left out.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
