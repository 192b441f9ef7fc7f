"""Tasks for processes that tests start: they do, die, fail, or wait."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from unveil.batch import workers
from unveil.batch.item import Outcome
from unveil.console import Kept
from unveil.errors import UnveilError
from unveil.files import temporary_beside


@dataclass
class Telling:
    """Return the text of an item turned round, the process, and its threads; die or fail if told.

    ``die`` kills the process each time, ``once`` the first time: a file in ``folder`` says so.
    """

    folder: Path

    def prepare(self):
        self.prepared = os.getpid()

    def __call__(self, item):
        with (self.folder / "calls").open("a") as calls:
            calls.write(f"{item.source}\n")
        marker = self.folder / f"{item.source}.tried"
        if item.source.startswith("die") or (item.source == "once" and not marker.exists()):
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if item.source == "fail":
            raise OSError(28, "No space left on device")
        assert self.prepared == os.getpid()
        return item.source[::-1], os.getpid(), os.environ["OMP_NUM_THREADS"]


@dataclass
class Unready:
    """Cannot be prepared."""

    def prepare(self):
        raise UnveilError("no such weights.")


@dataclass
class Stillborn:
    """Dies before it is ready."""

    def prepare(self):
        os._exit(3)


@dataclass
class Older:
    """Is of another version of unveil."""

    def prepare(self):
        workers.version = lambda: "0.0.9"


@dataclass
class Slow:
    """Writes one file for ever, and tells when it begins; others at once."""

    folder: Path

    def prepare(self):
        pass

    def __call__(self, item):
        if item.source == "slow":
            with temporary_beside(self.folder / "result.txt"):
                (self.folder / "begun").touch()
                time.sleep(600)
        while not (self.folder / "begun").exists():
            time.sleep(0.01)
        return item.source


@dataclass
class Keeping(Telling):
    """As Telling, but with an outcome, which goes through JSON."""

    def __call__(self, item):
        text, process, threads = super().__call__(item)
        row = {"text": text, "process": process, "threads": threads}
        return Outcome(Kept([(True, text)], [], [row]), {"faces": 1})
