"""Speed of restoring, and the time that the closed form needs to be fitted.

    python benchmarks/restore_speed.py --data ../shared/lfw        (run nothing else meanwhile)

Prints the images per second of the closed form and of all shipped weights on batches of 112x112
photos; then, with LFW, the seconds to fit the closed form's power spectrum to a number of photos,
and the PSNR that it reaches.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import tyro
from torch import Tensor

from timing import in_turn, machine, print_machine
from unveil.config import DataConfig, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.linear.closed_forms import restore_closed_form
from unveil.linear.prior import fit_prior, read_prior
from unveil.networks.card import list_shipped
from unveil.report import tables
from unveil.restoration.restorers import load_network
from unveil.networks.torch_engine import choose_runtime
from unveil.runtime import Runtime, keep_freed_memory
from unveil.training.data import open_photos
from unveil.training.evaluate import Scoring, score

BATCH = 32
SIDE_PX = 112


def restorers(runtime: Runtime) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return the closed form and all shipped weights, by name."""
    study = Degradation(GaussianBlur())
    found: dict[str, Callable[[Tensor], Tensor]] = {
        "lmmse": lambda images: restore_closed_form("lmmse", read_prior(), images, study)
    }
    for item in list_shipped():
        model, example = load_network(item.name, runtime).model, item.card.task.example
        found[item.name] = partial(_call, model, example, runtime)
    return found


def _call(
    model: torch.nn.Module, degradation: Degradation, runtime: Runtime, images: Tensor
) -> Tensor:
    with runtime.autocast():
        restored: Tensor = model(images, degradation)
    return restored


@torch.inference_mode()
def images_per_second(runtime: Runtime, rounds: int) -> list[dict[str, object]]:
    """Return the images per second of every restorer, by the median of ``rounds``."""
    images = torch.rand(BATCH, 3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(0))
    works = {name: partial(restore, images) for name, restore in restorers(runtime).items()}
    return [
        {
            "restorer": name,
            "precision": runtime.precision,
            "images/s": BATCH / statistics.median(seconds),
        }
        for name, seconds in in_turn(works, rounds).items()
    ]


def seconds_to_quality(data: Path, runtime: Runtime, photos: int) -> dict[str, object]:
    """Fit the closed form to a number of training photos and score it on 600 test photos."""
    folder = open_photos(DataConfig(data))
    clean = folder.batch(folder.splits["train"][:photos], runtime.device)
    started = time.perf_counter()
    prior = fit_prior(torch.split(clean, 64))
    fitted = time.perf_counter() - started
    scoring = Scoring(folder, folder.splits["test"][:600], Degradation(GaussianBlur()), runtime)
    psnr = score(partial(restore_closed_form, "lmmse", prior), scoring).means()["psnr"]
    return {"restorer": "lmmse", "photos": photos, "seconds to fit": fitted, "psnr": psnr}


def bench(data: Path = Path("../shared/lfw"), rounds: int = 15) -> None:
    """Print both tables.

    Args:
        data: folder of LFW; without it the second table is left out.
        rounds: timings of each restorer.
    """
    keep_freed_memory()
    rows = []
    for precision in ("fp32", "bf16"):
        rows += images_per_second(choose_runtime(RuntimeConfig(precision=precision)), rounds)
    print(tables.markdown(rows))
    if data.is_dir():
        runtime = choose_runtime(RuntimeConfig())
        print(tables.markdown([seconds_to_quality(data, runtime, n) for n in (64, 512, 2048)]))
    print_machine(machine())


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
