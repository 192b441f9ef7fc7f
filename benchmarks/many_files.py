"""Files per second of one process and of several, and the time that a long list takes to be read.

    python benchmarks/many_files.py --data ../shared/lfw --append results/many.jsonl

Run nothing else meanwhile. Whole commands are timed, their start and that of their processes
included, in turn. The list has a million lines, of which all but a thousand are done: `restore`
reads it with its records, a line for each begin and each end, looks whether each result is there,
and counts. For the engine's own cost, processes do nothing two thousand times.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tyro

from timing import machine, print_machine
from unveil.batch.crew import Engine
from unveil.batch.item import Item, Outcome
from unveil.batch.records import version
from unveil.batch.workers import run
from unveil.console import Kept
from unveil.files import files_below
from unveil.report.rows import Row, append_row

OPERATOR = "gaussian:kernel=13,sigma=3"
COMMANDS = {
    "restore": ("--operator", OPERATOR, "--overwrite", "-o", "restored"),
    "audit": ("--operator", OPERATOR, "--box", "75,75,100,100"),
}
WAYS: dict[str, tuple[int | None, tuple[str, ...]]] = {
    "one process, 1 thread": (1, ()),
    "2 workers": (None, ("--workers", "2")),
    "one process, all threads": (None, ()),
}
"""Threads, and flags."""

FOLDERS, FILES_EACH = 1_000, 1_000
LEFT = 1_000
NOTHINGS = 2_000


@dataclass
class Nothing:
    """A task that costs nothing."""

    def prepare(self) -> None:
        """Load nothing."""

    def __call__(self, item: Item) -> Outcome:
        """Return what a command tells of a photo that it wrote."""
        row = {"photo": item.source, "written": item.source}
        return Outcome(Kept([(True, item.source)], [], [row]))


def main(
    data: Path = Path("../shared/lfw"),
    photos: int = 40,
    rounds: int = 3,
    lines: bool = True,
    append: Path | None = None,
) -> None:
    """Print the medians, the machine and the versions.

    Args:
        data: folder of LFW.
        photos: number of photos.
        rounds: timings of each way.
        lines: also time the list of a million lines.
        append: file that the rows are appended to.
    """
    known = machine()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for one in measure(folder, data, photos, rounds, lines=lines):
            print(one["model"], one["images"], one["measured"], flush=True)
            if append is not None:  # at once: the whole takes minutes
                append_row(append, one | known)
    print_machine(known)


def measure(folder: Path, data: Path, photos: int, rounds: int, *, lines: bool) -> Iterator[Row]:
    """Yield the row of each measurement as it ends."""
    yield from overheads()
    if lines:
        yield long_list(folder / "list")
    yield from speeds(folder, data, photos, rounds)


def unveil(*words: object, folder: Path, threads: int | None = None) -> str:
    """Run a command in a folder; return its standard output."""
    variables = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
    if threads is not None:
        variables["OMP_NUM_THREADS"] = str(threads)
    command = [sys.executable, "-m", "unveil", *map(str, words), "--quiet"]
    done = subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
    return done.stdout.decode()


def hide_photos(folder: Path, data: Path, photos: int) -> None:
    """Copy so many photos into a folder's folder, and hide them into another, `hidden`."""
    (folder / "photos").mkdir()
    found = (path for path in sorted(files_below(data)) if path.suffix == ".jpg")
    for _, path in zip(range(photos), found, strict=False):
        shutil.copy(path, folder / "photos")
    unveil("obfuscate", "photos", "-o", "hidden", "--operator", OPERATOR, folder=folder)


def speeds(folder: Path, data: Path, photos: int, rounds: int) -> Iterator[Row]:
    """Yield how many photos a second each command does in each way."""
    hide_photos(folder, data, photos)
    for command, words in COMMANDS.items():
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way, (threads, flags) in WAYS.items():
                started = time.perf_counter()
                unveil(command, "hidden", *words, *flags, folder=folder, threads=threads)
                taken[way].append(time.perf_counter() - started)
        for way, seconds in taken.items():
            each = photos / median(seconds)
            yield row(command, photos, way=way, seconds=median(seconds), files_per_second=each)


def overheads() -> Iterator[Row]:
    """Yield what the engine itself costs, with one process and with two."""
    for count in (1, 2):
        yield overhead(run, count, f"{count} workers")


def overhead(engine: Engine, workers: int, way: str) -> Row:
    """Return how long an engine takes until the first file is done, and for each further."""
    started = time.perf_counter()
    done = engine(Nothing(), (Item(str(number)) for number in range(NOTHINGS)), workers)
    next(done)
    first = time.perf_counter()
    for _ in done:
        pass
    each = (time.perf_counter() - first) / (NOTHINGS - 1)
    return row("engine", NOTHINGS, way=way, start_s=first - started, each_ms=1000 * each)


def long_list(folder: Path) -> Row:
    """Return how long `restore` takes to read a list of a million lines, and its memory.

    The thousand folders of results are links to one, so that each result is there.
    """
    write_list(folder, settings_of_restore())
    started = time.perf_counter()
    words = ("--manifest", "list.txt", "--records", "records.jsonl", "-o", "out")
    more = ("--operator", OPERATOR, "--dry-run", "--json")
    command = [sys.executable, "-m", "unveil", "restore", *words, *more]
    peak = 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            peak = max(peak, peak_bytes(running.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        told = running.communicate()[0]
    expected = {"to_do": LEFT, "done_before": FOLDERS * FILES_EACH - LEFT, "faults": 0}
    if (found := json.loads(told)) != expected:
        raise ValueError(f"{found} is not {expected}")
    return row("list", FOLDERS * FILES_EACH, seconds=seconds, peak_mb=peak / 1e6)


def peak_bytes(process: int) -> int:
    """Return the most memory that a process has had; 0 if it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def write_list(folder: Path, settings: str) -> None:
    """Write a list, records of nearly all of it, and results."""
    one = folder / "out" / "f0"
    one.mkdir(parents=True)
    for number in range(FILES_EACH):
        (one / f"photo-{number:06}.jpg").touch()
    for number in range(1, FOLDERS):
        (folder / "out" / f"f{number}").symlink_to("f0")
    done = FOLDERS * FILES_EACH - LEFT
    with (folder / "list.txt").open("w") as lines, (folder / "records.jsonl").open("w") as records:
        for number in range(FOLDERS * FILES_EACH):
            name = f"f{number // FILES_EACH}/photo-{number % FILES_EACH:06}.jpg"
            lines.write(f"{name}\n")
            if number < done:
                records.write(record(name, settings))


def record(name: str, settings: str) -> str:
    """Return the two lines of a photo that is done."""
    head = {"input": name, "output": f"out/{name}", "status": "started"}
    head |= {"version": version(), "settings": settings}
    found = {"photo": name, "written": f"out/{name}", "operator": OPERATOR, "storage": "jpeg:95"}
    empty = dict.fromkeys(("kind", "strength_px", "low_px", "high_px", "confidence", "reason"))
    done = head | {"status": "done", "rows": [found | empty]}
    return f"{json.dumps(head)}\n{json.dumps(done)}\n"


def settings_of_restore() -> str:
    """Return the digest of the settings of :func:`long_list`, from a record of the command."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        words = ("-o", "out", "--operator", OPERATOR, "--records", "records.jsonl")
        (folder / "list.txt").write_text("none.jpg\n")
        command = [sys.executable, "-m", "unveil", "restore", "--manifest", "list.txt", *words]
        subprocess.run(command, cwd=folder, check=False, capture_output=True)
        line = (folder / "records.jsonl").read_text().splitlines()[0]
    return str(json.loads(line)["settings"])


def row(model: str, images: int, **measured: object) -> Row:
    """Return the row of a measurement, without the machine."""
    rounded = {
        name: round(one, 3) if isinstance(one, float) else one for name, one in measured.items()
    }
    return {
        "model": model,
        "operator": OPERATOR,
        "storage": "jpeg",
        "split": "lfw",
        **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
        "images": images,
        "measured": rounded,
    }


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
