"""Speed of restoring, and the time that the closed form needs to be fitted.

    python benchmarks/restore_speed.py --data ../shared/lfw        (run nothing else meanwhile)

Prints the images per second of the closed form and of all shipped weights on batches of 112x112
photos; then, with LFW, the seconds to fit the closed form's power spectrum to a number of photos,
and the PSNR that it reaches.
"""

import statistics
import time
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from timing import in_turn, machine, print_machine
from unveil.config import DataConfig, Engine, Precision, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import fit_prior
from unveil.networks.card import list_shipped
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row
from unveil.restoration.restorers import ClosedForm, Restorer, load
from unveil.runtime import Runtime, keep_freed_memory
from unveil.training.data import open_photos
from unveil.training.evaluate import Scoring, score

BATCH = 32
SIDE_PX = 112
ENGINES: tuple[tuple[Engine, Precision], ...] = (
    ("onnx", "fp32"),
    ("torch", "fp32"),
    ("torch", "bf16"),
)


def restorers(engine: Engine, precision: Precision) -> dict[str, Restorer]:
    """Return the closed form and all shipped weights on an engine, by name."""
    names = ["lmmse", *(item.name for item in list_shipped())]
    return {name: load(name, "auto", precision, engine=engine) for name in names}


def images_per_second(engine: Engine, precision: Precision, rounds: int) -> list[Row]:
    """Return the images per second of every restorer, by the median of ``rounds``."""
    images = np.random.default_rng(0).random((BATCH, 3, SIDE_PX, SIDE_PX), np.float32)
    works = {
        name: partial(restorer.restore, images, undone_by(restorer))
        for name, restorer in restorers(engine, precision).items()
    }
    return [
        {
            "restorer": name,
            "engine": engine,
            "precision": precision,
            "images/s": BATCH / statistics.median(seconds),
        }
        for name, seconds in in_turn(works, rounds).items()
    ]


def undone_by(restorer: Restorer) -> Degradation:
    """Return the typical degradation that a restorer undoes."""
    if isinstance(restorer, ClosedForm):
        return Degradation(GaussianBlur())
    return restorer.card.task.example


def seconds_to_quality(data: Path, photos: int) -> dict[str, object]:
    """Fit the closed form to a number of training photos and score it on 600 test photos."""
    folder = open_photos(DataConfig(data))
    clean = folder.batch(folder.splits["train"][:photos])
    started = time.perf_counter()
    prior = fit_prior(np.split(clean, range(64, len(clean), 64)))
    fitted = time.perf_counter() - started
    scoring = Scoring(folder, folder.splits["test"][:600], Degradation(GaussianBlur()), Runtime())
    psnr = score(partial(restore_closed_form, "lmmse", prior), scoring).means()["psnr"]
    return {"restorer": "lmmse", "photos": photos, "seconds to fit": fitted, "psnr": psnr}


def bench(data: Path = Path("../shared/lfw"), rounds: int = 15) -> None:
    """Print both tables.

    Args:
        data: folder of LFW; without it the second table is left out.
        rounds: timings of each restorer.
    """
    keep_freed_memory()
    rows: list[Row] = []
    choose_runtime(RuntimeConfig())  # both engines take the threads that torch does
    for engine, precision in ENGINES:
        rows += images_per_second(engine, precision, rounds)
    print(tables.markdown(rows))
    if data.is_dir():
        print(tables.markdown([seconds_to_quality(data, n) for n in (64, 512, 2048)]))
    print_machine(machine())


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
