"""The entry point of ``unveil`` and ``python -m unveil``."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; end in one line, too, where it cannot even be loaded."""
    try:
        from unveil.cli import main as run
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except MemoryError:
        _leave("needs more memory than there is; close other programs.", 1)
    except ImportError as error:
        from unveil.errors import unloaded

        _leave(unloaded(error), 1)
    run()


def _leave(text: str, status: int) -> NoReturn:
    print(f"unveil: {text}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
