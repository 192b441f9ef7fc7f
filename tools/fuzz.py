"""Spoil files in many ways and read them by unveil: each must be one line, or its right result.

Looked for: exceptions that leave a command, lines of other libraries, hangs, memory, escape codes,
and what is half-written. The same seed gives the same files.
"""

import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from random import Random
from typing import IO, Any, cast

import fuzz_kinds
import script
from fuzz_kinds import KINDS, Words

MAX_S = 20.0
"""Of the processor: others may keep it busy."""

START_S = 120.0
MAX_MB = 2048
STATUSES = (0, 1, 2, 3)
SHOWN = 300

Found = dict[str, Any]
"""A fault: its kind, the number of the file, the command and what was seen."""


def main(
    photos: int = 10_000, others: int = 2_000, seed: int = 0, only: tuple[str, ...] = ()
) -> int:
    """Spoil and read files; status 1 if there was a fault.

    Args:
        photos: number of photos.
        others: number of files of all other kinds together.
        seed: decides what is changed in which file.
        only: kinds (default: all).
    """
    kinds = only or tuple(KINDS)
    share = others // max(1, len([kind for kind in kinds if kind != "photo"]))
    faults = 0
    for kind in kinds:
        count = photos if kind == "photo" else share
        found = Counter[str]()
        for fault in fuzz(kind, seed, count):
            found[fault["fault"]] += 1
            print(json.dumps(fault), flush=True)
        faults += found.total()
        print(f"{kind}: {count} files, {found.total()} faults {dict(found) or ''}", flush=True)
    return int(faults > 0)


def fuzz(kind: str, seed: int, count: int) -> Iterator[Found]:
    """Yield the faults of ``count`` files, read in a process that is begun again after a hang."""
    with tempfile.TemporaryDirectory(prefix="unveil-fuzz-") as folder:
        # What is valid is written by a process of its own: encoders leave threads behind.
        yield from _watch(kind, seed, range(0), Path(folder))
        first = 0
        while first < count:
            done = yield from _watch(kind, seed, range(first, count), Path(folder))
            first = done + 1


def _watch(kind: str, seed: int, numbers: range, folder: Path) -> Generator[Found, None, int]:
    """Yield what a worker finds; return the last number that it came to."""
    words = [sys.executable, __file__, "worker", kind, seed, numbers.start, numbers.stop, folder]
    here = numbers.start
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE) as worker:
        pipe, limit = cast("IO[bytes]", worker.stdout), START_S
        while ready := select.select([pipe], [], [], limit)[0]:
            if not (line := pipe.readline()):
                break
            said = json.loads(line)
            if "begun" in said:
                here, limit = said["begun"], 10 * MAX_S
            else:
                yield said
        if not ready:
            worker.kill()
    if worker.returncode:
        fault = f"crash ({worker.returncode})" if ready else "hang"
        yield {"fault": fault, "kind": kind, "number": here}
    return here


def work(kind: str, seed: int, first: int, last: int, folder: Path) -> None:
    """Spoil and read files, saying on standard output which one is begun and what is wrong."""
    out = os.fdopen(os.dup(1), "w")
    base = folder / kind
    os.environ |= {"UNVEIL_CACHE": str(base / "cache"), "COLUMNS": "200"}
    if not base.exists():
        base.mkdir()
        with Streams(folder):
            KINDS[kind].make(base)
    for number in range(first, last):
        print(json.dumps({"begun": number}), file=out, flush=True)
        place = folder / "work"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        words = KINDS[kind].spoil(base, place, Random(f"{seed} {kind} {number}"))
        if (place / "cache").exists():
            os.environ["UNVEIL_CACHE"] = str(place / "cache")
        for fault, seen in faults(words, place):
            told = {"fault": fault, "kind": kind, "number": number, "seen": seen[:SHOWN]}
            told["words"] = [str(word).replace(str(folder), "") for word in words]
            print(json.dumps(told), file=out, flush=True)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > MAX_MB * 1024:
            return


def faults(words: Words, place: Path) -> Iterator[tuple[str, str]]:
    """Run a command in this process, and yield what is wrong with how it went."""
    before = {path for path in place.rglob("*") if path.is_file()}
    peak, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with Streams(place) as streams:
        status, raised = run(words)
    out, err = streams.read()
    if raised:
        yield "exception", raised
    elif status not in STATUSES:
        yield "status", str(status)
    lines = [line for line in err.splitlines() if line.strip()]
    strange = [line for line in lines if not line.startswith(("unveil: ", "  "))]
    if strange and not raised:
        yield "strange line", strange[0]
    if status and not lines:
        yield "no line", ""
    if set("\0\x1b") & set(out + err):
        yield "escape code", repr(err)
    if time.process_time() - start > MAX_S:
        yield "slow", ""
    now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if now > MAX_MB * 1024 > peak:
        yield "memory", f"{now // 1024} MB"
    for path in place.rglob("*"):
        if path.is_file() and path not in before:
            yield from _half_written(path, status, words)


def _half_written(path: Path, status: int | None, words: Words) -> Iterator[tuple[str, str]]:
    if path.suffix == ".lock":
        return
    if ".partial" in path.name:
        yield "partial file", path.name
    elif status and path in words:
        yield "written all the same", path.name
    else:
        try:
            reason = "" if fuzz_kinds.opens(path) else "empty"
        except Exception as error:  # of whichever type: the file does not open
            reason = str(error)
        if reason:
            yield "half-written", f"{path.name}: {reason}"


def run(words: Words) -> tuple[int | None, str]:
    """Run a command; return its status and the exception that left it, as text."""
    from unveil import cli

    sys.argv = ["unveil", *(str(word) for word in words), "--quiet"]
    try:
        main: Callable[[], None] = cli.main
        main()
    except SystemExit as left:
        return int(left.code or 0), ""
    except BaseException as error:  # what no command may let out
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        at = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else ""
        return None, f"{type(error).__name__}: {error} ({at})"
    return 0, ""


class Streams:
    """Everything on standard output and error meanwhile, from C too, goes into files."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder.parent / f"stream-{number}" for number in (1, 2)]

    def __enter__(self) -> "Streams":
        self.kept = [os.dup(number) for number in (1, 2)]
        for number, path in zip((1, 2), self.paths, strict=True):
            with path.open("wb") as file:
                os.dup2(file.fileno(), number)
        return self

    def __exit__(self, *_: object) -> None:
        for stream, number, kept in zip((sys.stdout, sys.stderr), (1, 2), self.kept, strict=True):
            stream.flush()
            os.dup2(kept, number)
            os.close(kept)

    def read(self) -> tuple[str, str]:
        """Return what was written to each."""
        out, err = (path.read_text(errors="backslashreplace") for path in self.paths)
        return out, err


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        seed, first, last = map(int, sys.argv[3:6])
        work(sys.argv[2], seed, first, last, Path(sys.argv[6]))
    else:
        script.run(main, __doc__)
