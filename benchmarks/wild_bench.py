"""What unveil sees in pictures as people have them: drawn by real programs, told apart in halves.

    PYTHONPATH=tools python benchmarks/wild_bench.py --data ../shared/lfw

Draws the pictures into ``runs/wild`` (once), inspects each, and prints shares with their intervals.
An answer is kept until unveil's code or weights change, so that a run that stopped goes on.
"""

import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PIL import Image

import script
import unveil
import wild_tables
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.runtime import Runtime, provenance
from wild import store
from wild.answers import Answer, ask
from wild.cases import EDITION, Role, absent_programs, open_source
from wild.masks import Rectangle
from wild.scores import Scored, score
from wild.shares import tallies
from wild.subjects import Half

Task = tuple[Role, int]


@dataclass(frozen=True)
class Options:
    """What to draw and score.

    Attributes:
        data: LFW's folder, one folder a person.
        half: which people and pictures; the held-out ones are for the end.
        hidden: pictures with something hidden.
        clean: pictures without.
        told: pictures whose hidden place is told.
        jobs: processes.
        folder: where pictures and answers go.
        append: file that the shares are appended to.
        draw_only: draw the pictures and leave.
    """

    data: Path
    half: Half = "development"
    hidden: int = 400
    clean: int = 700
    told: int = 500
    jobs: int = os.cpu_count() or 1
    folder: Path = Path("runs/wild")
    append: Path | None = None
    draw_only: bool = False


def main(options: Options) -> None:
    """Score the half and print its tables."""
    for message in absent_programs().values():
        print(f"{message}: its share goes to others.", file=sys.stderr)
    work = partial(scored, options.data, options.half, options.folder, options.draw_only)
    todo = tasks(options)
    if options.draw_only:
        for _ in reported(run(work, todo, options.jobs), len(todo)):
            pass
        return
    file = options.folder / f"answers-{options.half}-{code_digest()}.jsonl"
    known = {(row["role"], row["number"]): row for row in answered(file)}
    left = [task for task in todo if task not in known]
    for row in reported(run(work, left, options.jobs), len(left)):
        append_row(file, row)
        known[row["role"], row["number"]] = row
    rows = summary([known[task] for task in todo], options.half)
    for title, lay_out in wild_tables.TABLES.items():
        print(f"\n{title}\n{lay_out(rows)}")
    for row in rows if options.append else ():
        append_row(options.append or Path(), row)


def tasks(options: Options) -> list[Task]:
    """Return role and number of each picture, the roles mixed so that times are even."""
    counts: dict[Role, int] = {
        "hidden": options.hidden,
        "clean": options.clean,
        "told": options.told,
    }
    todo = [
        ((number + 0.5) / count, (role, number))
        for role, count in counts.items()
        for number in range(count)
    ]
    return [task for _, task in sorted(todo)]


def run(work: partial[Scored], todo: list[Task], jobs: int) -> Iterator[Scored]:
    """Yield what ``work`` makes of each task, in the order in which they are done."""
    if jobs == 1:
        yield from map(work, todo)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(work, todo)


def scored(data: Path, half: Half, folder: Path, draw_only: bool, task: Task) -> Scored:
    """Return the scores of a case; draw it if it is not there yet."""
    found = store.stored(open_source(data, half), *task, folder)
    if draw_only:
        return {}
    with Image.open(found.file) as image:
        size = image.height, image.width
    case = found.case
    box = case.regions[0].box if case.role == "told" else None
    try:
        answers = ask(found.file, size, box)
    except Exception as error:  # a crash is a wrong answer, not the bench's end
        truth = {"half": half, "role": case.role, "number": case.number, "error": repr(error)}
        return truth | failed(found)
    return score(case, [store.read_mask(path) for path in found.masks], answers)


def failed(found: store.Stored) -> Scored:
    """Return the scores of a picture that unveil could not inspect: all wrong."""
    masks = [store.read_mask(path) for path in found.masks]
    row = score(found.case, masks, [Answer("none", Rectangle(0, 0, 1, 1))])
    return row | {"said": "error"}


def reported(rows: Iterable[Scored], count: int) -> Iterator[Scored]:
    """Yield the rows, and say every ten seconds how far they are."""
    started = said = time.monotonic()
    for number, row in enumerate(rows, 1):
        yield row
        now = time.monotonic()
        if now - said > 10 or number == count:
            left = (now - started) / number * (count - number) / 60
            print(f"{number}/{count} pictures, {left:.0f} min left", file=sys.stderr, flush=True)
            said = now


def answered(file: Path) -> list[Scored]:
    """Return the answers that a run before this one left; a line that was cut off is left out."""
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def code_digest() -> str:
    """Return a short digest of unveil's code and weights, and of the edition of the pictures."""
    digest = hashlib.sha256(str(EDITION).encode())
    folder = Path(unveil.__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def summary(rows: list[Scored], half: Half) -> list[Row]:
    """Return the row of each share, with what it depends on."""
    programs = sorted({name for row in rows for name in row["programs"]})
    about: Row = dict.fromkeys(REQUIRED) | {
        "model": "inspect",
        "split": half,
        "run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "edition": EDITION,
        "programs": programs,
        "pictures": len(rows),
        **provenance(Runtime()),
    }
    return [about | tally for tally in tallies(rows)]


if __name__ == "__main__":
    script.run(main, __doc__)
