"""The entry point: run a command, turn what goes wrong into one line and an exit status."""

import os
import sys

from unveil.errors import UnveilError


def main() -> None:
    """Run the command line and leave with its exit status (0, 1 failure, 2 usage)."""
    from unveil.cli import run

    try:
        sys.exit(run(sys.argv[1:]))
    except UnveilError as error:
        for line in str(error).splitlines():
            print(f"unveil: {line}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("unveil: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:  # the machine's trouble, not ours: a full disk, a file in the way
        place = f"{error.filename}: " if error.filename else ""
        print(f"unveil: {place}{error.strerror or error}.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
