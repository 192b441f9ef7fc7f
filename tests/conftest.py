"""What all tests share: a cache of their own, a few photos, the command line, tiny weights.

And both array libraries, for laws that hold in either.
"""

import contextlib
import io
import math
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.server import Server
from unveil import console
from unveil.__main__ import main
from unveil.arrays import Array, to_numpy
from unveil.study.sample_photos import draw_photos

BLUR = ("--operator", "gaussian:kernel=9,sigma=4")
"""The flag of the study's blur, which ``trained`` undoes."""

LONGEST = (
    "training/test_lfw_protocol.py",
    "auditing/test_lfw_audit.py",
    "study",
    "web/test_page_input.py",
    "house/test_site.py",
    "training/test_loop.py",
    "auditing",
    "restoration/test_restore.py",
    "estimation/test_finding.py",
    "house/test_fuzz.py",
    "networks/test_onnx_engine.py",
)
"""Files and folders of tests that begin first, so that no process is left alone with one."""

TINY_DATA = ("--crop-px", 32, "--test-photos", 4, "--validation-photos", 4)
"""Flags that divide ``photo_folder``: 4 photos for test, 4 for validation, 16 for training."""

TINY_TRAINING = (
    *("--widths", 4, 8, "--blocks", 0, 1, "--epochs", 1, "--batch", 4),
    *("--precision", "fp32", "--threads", 1),
)
"""Flags of a training run that takes a moment: 1,600 weights, 4 steps."""

SMOKE = ("study", "run", "--size", "smoke", "--precision", "fp32", "--threads", 1)
"""The study's smallest size, which draws its own photos; the same bits every time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of ``LONGEST`` begin first."""
    here, count = Path(__file__).parent, len(LONGEST)

    def rank(item: pytest.Item) -> int:
        place = item.path.relative_to(here)
        below = (place.as_posix(), place.parent.as_posix())
        return next((at for at, name in enumerate(LONGEST) if name in below), count)

    items.sort(key=rank)


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def run_cli(*words: object) -> Done:
    """Run ``unveil WORDS...`` in this process, through the real entry point."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["unveil", *map(str, words)])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as left:
                status = left.code
    assert isinstance(status, int), f"left with {status!r}"
    return Done(status, out.getvalue(), err.getvalue())


def assert_told(done: Done, status: int, *phrases: object, lines: int = 1) -> None:
    """Check that a command ended with ``status`` and so many clear lines that hold ``phrases``."""
    assert done.status == status, done
    told = done.err.splitlines()
    assert len(told) == lines, done.err
    assert all(line.startswith("unveil: ") and line.endswith(".") for line in told), done.err
    assert all(str(phrase) in done.err for phrase in phrases), (phrases, done.err)


class Library(NamedTuple):
    """A library that formulas on images compute in; ``library(values)`` brings numpy's to it."""

    name: str
    bring: Callable[[np.ndarray], Array]

    def __call__(self, values: np.ndarray) -> Array:
        return self.bring(values)

    def compute(self, formula: Callable[..., Array], *images: np.ndarray) -> np.ndarray:
        """Return what ``formula`` makes of ``images`` in this library, which it may not leave."""
        result = formula(*map(self.bring, images))
        assert isinstance(result, type(self.bring(np.zeros(1)))), f"{self.name} became {result!r}"
        return to_numpy(result)


def library_named(name: str) -> Library:
    """Return numpy or torch; skip the test where torch is not installed."""
    if name == "numpy":
        return Library(name, np.asarray)
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    return Library(name, lambda values: torch.from_numpy(np.array(values, order="C")))


CHROMIUM = shutil.which("chromium")
ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""Switches for a browser in a container, which reaches this machine and no other."""


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=ALONE)
        yield opened
        opened.close()


@pytest.fixture(params=["numpy", "torch"])
def library(request: pytest.FixtureRequest) -> Library:
    """Return each of the two array libraries in turn."""
    return library_named(request.param)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let Ctrl-C interrupt, here and in child processes: background jobs of a shell ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test an empty cache folder (``$UNVEIL_CACHE``), never the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("UNVEIL_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 24 photos, 128x128 JPEG, as LFW lays them out: 12 people, 2 each.

    The pictures are drawn from a fixed seed. All tests share the folder: copy what you change.
    """
    return draw_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture
def photo(photo_folder: Path) -> Path:
    """Return one photo of ``photo_folder``: do not change it."""
    return photo_folder / "Person_A" / "Person_A_0001.jpg"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], Server]]:
    """Return a function that serves bytes over HTTP from this machine until the test ends."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with contextlib.ExitStack() as stack:

        def serve(content: bytes) -> Server:
            running = stack.enter_context(Server(content))
            thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(thread.join)
            stack.callback(running.shutdown)
            return running

        yield serve


@pytest.fixture(scope="session", autouse=True)
def no_progress_lines() -> Iterator[None]:
    """Print no lines of progress, which a slow machine would add to what a command prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "LINE_EVERY_S", math.inf)
        yield


@pytest.fixture
def cli() -> Callable[..., Done]:
    """Return a function that runs a command line in this process.

    ``cli("obfuscate", photo, "-o", out)`` takes words of any type and returns ``Done``:
    ``status``, ``out`` and ``err``. Nothing is mocked; only ``sys.argv`` and the two streams
    are replaced.
    """
    return run_cli


@pytest.fixture(scope="session")
def trained(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny checkpoint of the study's blur, written by the real train command.

    It is the run's ``best`` (``trained.parent / "last"`` holds the optimiser too), trained on
    ``photo_folder`` under ``TINY_DATA`` and ``TINY_TRAINING``. All tests share it: copy what
    you change.
    """
    run = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.mktemp("cache")))
        done = run_cli("train", "--data", photo_folder, "--output", run, *TINY_DATA, *TINY_TRAINING)
    assert done.status == 0, done.err
    return run / "best"


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """Return how a whole study of the smoke size ended, and its folder: do not change it."""
    out = tmp_path_factory.mktemp("smoke") / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.mktemp("cache")))
        return run_cli(*SMOKE, "--output", out), out
