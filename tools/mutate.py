"""Put small faults into our code, one at a time, and count those that the tests see.

    python tools/mutate.py --count 100 --seed 1

Faults are drawn from the rooms that compute (``mutants.py``). Each is put into a copy of the
repository, where the tests run that reach its lines (``reached.py``), the room's own and the
fastest first, until one fails. Tests that reach it in child processes only are not run. Resumable:
records and rows stay in ``--output``.
"""

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import script
from mutants import Mutant, draw
from reached import PYTEST, Reach, Recorder
from unveil.report.rows import REQUIRED, Row, append_row, read_rows
from unveil.runtime import Runtime, provenance

ROOT = Path(__file__).parents[1]

ROOMS = ("degradation", "linear", "estimation", "restoration", "metrics", "auditing")

ALLOWED_S = 60.0
"""Of tests for one mutant, by the time they took when recorded; the slowest are left out."""

SLOWER, SPARE_S = 5, 60
"""What takes so many times as long as when recorded, and so many seconds more, hangs."""

CAUGHT, UNSEEN, BECOMES = ("caught", "hung"), ("survived", "no test"), "==>"

CONTROLS = 5
"""Tests that have to pass where nothing was changed, before anything is."""

NOT_FOUND = 4
"""Status of pytest where a test that is named is not there."""

QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""What pytest says of plugins that were imported before."""

FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?::.+?|\S+\.py)(?: - .*)?$", re.MULTILINE)
"""How pytest names what failed."""


@dataclass(frozen=True)
class Options:
    """What is drawn.

    Attributes:
        count: number of mutants.
        seed: of the draw.
        output: folder of the records, and of the rows.
        rooms: of the package, that faults are put into.
        tests: folders of the tests that count (default: all).
        marks: the tests that count, as ``pytest -m`` takes them.
        minutes: nothing new is begun after so many; 0 for no limit.
        again: run those that survived once more, after tests were added.
    """

    count: int = 100
    seed: int = 1
    output: Path = Path("runs/mutants")
    rooms: tuple[str, ...] = ROOMS
    tests: tuple[str, ...] = ()
    marks: str = "not lfw"
    minutes: float = 0
    again: bool = False


def main(options: Options) -> None:
    """Record what tests reach, run the mutants that have no row yet, and print what survived."""
    until = time.monotonic() + 60 * (options.minutes or float("inf"))
    folders = [ROOT / "src" / "unveil" / name for name in options.rooms]
    code = sorted(path for folder in folders for path in folder.rglob("*.py"))
    drawn = [*islice(draw(ROOT, code, options.seed), options.count)]
    rows = options.output.absolute() / "rows.jsonl"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy_tree(copy)
        names = [path.relative_to(ROOT).as_posix() for path in code]
        recorder = Recorder(copy, rows.parent / "reached", options.marks, names)
        for files in recorder.missing(options.tests):
            if time.monotonic() < until:
                recorder.record(files, environment(copy))
        reach = recorder.read()
        todo = wanted(drawn, rows, again=options.again)
        if todo and time.monotonic() < until:
            control(copy, todo, reach)
        for mutant in todo:
            if time.monotonic() < until:
                append_row(rows, run(copy, mutant, reach) | {"seed": options.seed})
    print(summary(drawn, newest(rows)))


def copy_tree(copy: Path) -> None:
    """Copy the files that git knows, or would know."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def environment(copy: Path) -> dict[str, str]:
    """Return an environment in which the package is that of the copy."""
    places = (*(copy / name for name in ("src", "tools", "benchmarks")), Path(__file__).parent)
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places)), "OMP_NUM_THREADS": "1"}


def wanted(drawn: Sequence[Mutant], rows: Path, *, again: bool) -> list[Mutant]:
    """Return the mutants without a row; again, those too that no test has seen."""
    ends = {key: row["end"] for key, row in newest(rows).items()}
    kept = CAUGHT if again else (*CAUGHT, *UNSEEN)
    return [mutant for mutant in drawn if ends.get(key_of(mutant)) not in kept]


def control(copy: Path, todo: Sequence[Mutant], reach: Reach) -> None:
    """Check that tests pass where nothing was changed.

    Raises:
        SystemExit: they do not, so that nothing can be said of faults.
    """
    reached = (allowed(reach.of(mutant.path, mutant.lines), reach)[0] for mutant in todo)
    tests = next((tests[:CONTROLS] for tests in reached if tests), [])
    if tests and judge(copy, tests, reach)[0] != "survived":
        said = (copy.parent / "said.txt").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"tests fail where nothing was changed:\n{said[-2000:]}")


def newest(rows: Path) -> dict[str, Row]:
    """Return the last row of each mutant."""
    return {row["mutant"]: row for row in read_rows(rows)} if rows.exists() else {}


def key_of(mutant: Mutant) -> str:
    """Return a mutant in one line: where, and the line before and after."""
    source = (ROOT / mutant.path).read_bytes()
    before, after = mutant.diff(source)
    return f"{mutant.path}:{mutant.line(source)}: {before} {BECOMES} {after}"


def run(copy: Path, mutant: Mutant, reach: Reach) -> Row:
    """Return the row of a mutant: how the tests that reach it ended."""
    tests, left_out = allowed(reach.of(mutant.path, mutant.lines), reach)
    path = copy / mutant.path
    source, begun = path.read_bytes(), time.monotonic()
    _write(path, mutant.apply(source))
    try:
        end, test = judge(copy, tests, reach)
    finally:
        _write(path, source)
    row: dict[str, Any] = dict.fromkeys(REQUIRED) | {
        "model": "tests",
        "mutant": key_of(mutant),
        "room": Path(mutant.path).parts[2],
        "what": mutant.what,
        "end": end,
        "test": test,
        "tests": len(tests),
        "left_out": left_out,
        "seconds": round(time.monotonic() - begun, 1),
    }
    return row | provenance(Runtime(reason="pytest"))


def allowed(tests: Sequence[str], reach: Reach) -> tuple[list[str], int]:
    """Return the tests that fit into the time for one mutant, and the number of the others."""
    fitting, total = [], 0.0
    for test in sorted(tests, key=lambda test: reach.seconds[test]):
        total += reach.seconds[test]
        if total <= ALLOWED_S:
            fitting.append(test)
    return sorted(fitting, key=tests.index), len(tests) - len(fitting)


def judge(copy: Path, tests: Sequence[str], reach: Reach) -> tuple[str, str | None]:
    """Return how tests end, and the first that fails: ``survived``, ``caught`` or ``hung``."""
    if not tests:
        return "no test", None
    listed, said = copy.parent / "tests.txt", copy.parent / "said.txt"
    listed.write_text("\n".join(tests), encoding="utf-8")
    limit_s = SLOWER * sum(reach.seconds[test] for test in tests) + SPARE_S
    words = ["-x", "-rfE", "-m", reach.marks, f"@{listed}"]
    status = _in_a_child(copy, words, said, limit_s)
    if status == NOT_FOUND:  # a fault may change the names of tests: then run all of their files
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        listed.write_text("\n".join(files), encoding="utf-8")
        status = _in_a_child(copy, words, said, limit_s)
    if status is None:
        return "hung", None
    failed = FAILED.search(said.read_text(encoding="utf-8", errors="replace"))
    return ("caught" if status else "survived"), (failed[1] if failed else None)


def _in_a_child(copy: Path, words: Sequence[str], said: Path, limit_s: float) -> int | None:
    """Run pytest in a child of this process, and return its status; None if it took too long.

    What it needs of other packages is imported here already, which takes longer than most tests.
    """
    _import_others()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = _as_the_child(copy, words, said)
        finally:
            os._exit(status)
    until, ended = time.monotonic() + limit_s, 0
    while not ended and time.monotonic() < until:
        time.sleep(0.05)
        ended, status = os.waitpid(child, os.WNOHANG)
    with suppress(ProcessLookupError):  # what the tests started, too
        os.killpg(child, signal.SIGKILL)
    if not ended:
        os.waitpid(child, 0)
        return None
    return os.waitstatus_to_exitcode(status)


def _as_the_child(copy: Path, words: Sequence[str], said: Path) -> int:
    """Run pytest on a copy in this process, which is to end then."""
    os.setsid()
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(copy)
    os.environ |= environment(copy)
    sys.path[:] = [*os.environ["PYTHONPATH"].split(os.pathsep), *sys.path]
    ours = {path.stem for name in ("tools", "benchmarks") for path in (ROOT / name).glob("*")}
    for name in [name for name in sys.modules if name.partition(".")[0] in {"unveil", *ours}]:
        del sys.modules[name]
    status = int(pytest.main([*PYTEST[3:], *QUIET, *words]))
    sys.stdout.flush()
    return status


@cache
def _import_others() -> None:
    """Import packages that most tests take, where they are installed."""
    for name in ("cv2", "onnxruntime", "PIL.Image", "scipy.stats", "skimage.data", "torch"):
        with suppress(ImportError):
            importlib.import_module(name)


def summary(drawn: Sequence[Mutant], rows: dict[str, Row]) -> str:
    """Return the share that was caught, and each mutant that was not."""
    done = [rows[key] for key in map(key_of, drawn) if key in rows]
    caught = [row for row in done if row["end"] in CAUGHT]
    lines = [f"{len(caught)} of {len(done)} caught, {len(drawn) - len(done)} not run yet"]
    for row in done:
        if row not in caught:
            where, _, lines_of = row["mutant"].partition(": ")
            before, _, after = lines_of.partition(f" {BECOMES} ")
            lines += [f"{where} ({row['what']}; {row['end']}, {row['tests']} tests)"]
            lines += [f"  - {before}", f"  + {after}"]
    return "\n".join(lines)


def _write(path: Path, source: bytes) -> None:
    """Write a module, and remove what was compiled of it: a change may leave its size as it is."""
    path.write_bytes(source)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


if __name__ == "__main__":
    script.run(main, __doc__)
