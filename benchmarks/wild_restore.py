"""What `unveil.restore` makes of pictures as people have them: better, worse, by how many dB.

    PYTHONPATH=tools python benchmarks/wild_restore.py --data ../shared/lfw

The pictures are those of ``wild_bench.py``. Each is compared with what its file would hold had
nothing been hidden in it, and no codec and no noise touched it. With ``--told`` each hidden one is
restored a second time, its operators and masks told: that much could be had.
"""

import functools
import multiprocessing
import os
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image

import script
import unveil
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.report.tables import markdown
from unveil.runtime import Runtime, provenance
from wild import store
from wild.cases import EDITION, Role, draw_case, open_source
from wild.gains import Gain, gain, tallies
from wild.subjects import Half
from wild.telling import told


@dataclass(frozen=True)
class Options:
    """What to restore.

    Attributes:
        data: LFW's folder, one folder a person.
        half: which people and pictures; the held-out ones are for the end.
        hidden: pictures with something hidden.
        clean: pictures without.
        told: whether to restore hidden pictures with their operators told, too.
        jobs: processes.
        folder: where the pictures are.
        gains: file that the gain of each picture is written to.
        append: file that the shares are appended to.
    """

    data: Path
    half: Half = "development"
    hidden: int = 400
    clean: int = 300
    told: bool = False
    jobs: int = os.cpu_count() or 1
    folder: Path = Path("runs/wild")
    gains: Path | None = None
    append: Path | None = None


def main(options: Options) -> None:
    """Restore the pictures of a half and print shares."""
    counts: dict[Role, int] = {"hidden": options.hidden, "clean": options.clean}
    todo = [(role, number) for role, count in counts.items() for number in range(count)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    work = functools.partial(restored, options)
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        gains = list(pool.imap(work, todo, chunksize=4))
    for one in gains if options.gains else ():
        append_row(options.gains or Path(), one)
    rows = summary(gains, options.half)
    columns = ("role", "by", "value", "images", "mean_db", "worst_db", "worse", "better")
    print(markdown([{name: row[name] for name in columns} for row in rows]))
    for row in rows if options.append else ():
        append_row(options.append or Path(), row)


def restored(options: Options, task: tuple[Role, int]) -> Gain:
    """Return what restoring one picture brings; a crash is a loss of everything."""
    source = open_source(options.data, options.half)
    file = store.stored(source, *task, options.folder).file
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB"))
    warnings.simplefilter("ignore")
    drawn, images = draw_case(source, *task), unveil.read(file)
    row = gain(drawn, pixels, _levels(unveil.restore(images)))
    if options.told and drawn.case.regions:
        row["told_db"] = gain(drawn, pixels, _levels(told(images, drawn)))["gain_db"]
    return row


def _levels(images: np.ndarray) -> np.ndarray:
    """Return one image as ``H x W x 3`` uint8."""
    return np.rint(images[0].transpose(1, 2, 0) * 255).clip(0, 255).astype(np.uint8)


def summary(gains: list[Gain], half: Half) -> list[Row]:
    """Return the row of each share, with what it depends on."""
    about: Row = dict.fromkeys(REQUIRED) | {
        "model": "restore",
        "split": half,
        "run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "edition": EDITION,
        **provenance(Runtime()),
    }
    return [about | tally for tally in tallies(gains)]


if __name__ == "__main__":
    script.run(main, __doc__)
