"""What processes that tests start do to numbers: they die or fail if told."""

import os
import signal
from pathlib import Path


def doubled(folder: Path, number: int) -> tuple[int, int]:
    """Return twice a number, and the process; 5 kills that the first time, 98 always; 99 fails."""
    marker = folder / str(number)
    if number == 98 or (number == 5 and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 99:
        raise OSError(28, "No space left on device")
    return 2 * number, os.getpid()
