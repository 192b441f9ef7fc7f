"""The entry point of ``unveil`` and ``python -m unveil``."""

import atexit
import gc

from unveil.cli import main

# Python looks for garbage once more at exit, among the half a million objects of torch: a tenth of
# the time of a short command. Frozen objects are left out; the process ends anyway.
atexit.register(gc.freeze)

if __name__ == "__main__":
    main()
