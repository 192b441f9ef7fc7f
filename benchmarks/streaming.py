"""One blind network for compression, noise and downscaling, beside DnCNN trained as long.

    make bench-streaming LFW=../shared/lfw        (run nothing else meanwhile)

Both are trained on the same photos of the family ``streaming``, drawn by the same seed, for the
same wall-clock time, each by its own loss, and are scored on the same test photos. Every method
runs in a process of its own. Appends a row for each method and degradation to
``results/streaming.jsonl``.
"""

import json
import multiprocessing
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import tyro
from torch import Tensor, nn

from peer_nets import DnCnn
from peers import Method, Net, Setting, call, count_macs, trained
from peers import Options as PeerOptions
from unveil.config import DataConfig, ModelConfig, RuntimeConfig
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.degradation.degrade import degrade
from unveil.degradation.families import STORAGES, STREAMING, STREAMING_TRIALS, Task
from unveil.networks.architectures import build
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.runtime import keep_freed_memory
from unveil.training.data import open_photos
from unveil.training.evaluate import Scoring, identity, make_row, score

TASK = Task(STREAMING, STORAGES)
COSTS = ("model", "parameters", "macs", "trained_seconds")
BLIND = ModelConfig("blind", 6, 2, widths=(48, 96, 160), blocks=(2, 3, 4))


@dataclass(frozen=True)
class Options:
    """What to compare on."""

    data: Path = Path("../shared/lfw")
    out: Path = Path("results/streaming.jsonl")
    seconds: float = 600.0
    """Training time of both networks."""
    photos: int = 256
    """Test photos that every method is scored on."""
    crop_px: int = 112
    test_photos: int = 3708
    validation_photos: int = 1905
    only: tuple[str, ...] = ()


def squared_errors(net: nn.Module, clean: Tensor, step: int) -> Tensor:
    """Return the mean squared error of each photo of a batch; each part has its degradation."""
    degradations = TASK.draw(0, step)
    with torch.autocast("cpu", enabled=False):
        parts = zip(clean.tensor_split(len(degradations)), degradations, strict=True)
        obfuscated = torch.cat([degrade(part, known) for part, known in parts])
    restored = call(net, obfuscated).float()
    return (restored - clean).square().mean(dim=(1, 2, 3))


def squared_loss(net: nn.Module, clean: Tensor, step: int) -> Tensor:
    """Return the loss that DnCNN was published with."""
    return squared_errors(net, clean, step).mean()


def psnr_loss(net: nn.Module, clean: Tensor, step: int) -> Tensor:
    """Return the loss that unveil's networks are trained with."""
    return squared_errors(net, clean, step).add(1e-7).log().mean()


METHODS: dict[str, Method] = {
    "identity": Method("", lambda setting: identity),
    "dncnn": Method("", partial(trained, DnCnn, 1e-3, batch_loss=squared_loss)),
    "unveil blind": Method(
        "unveil", partial(trained, partial(build, BLIND), 2e-3, batch_loss=psnr_loss)
    ),
}


def run_method(name: str, options: Options) -> list[Row]:
    """Train a method and score it on every degradation; return a row of each."""
    keep_freed_memory()
    data = DataConfig(options.data, options.crop_px, options.test_photos, options.validation_photos)
    photos, runtime = open_photos(data), choose_runtime(RuntimeConfig())
    setting = Setting(PeerOptions(seconds=options.seconds), photos, runtime)
    restore = METHODS[name].make(setting)
    net = restore if isinstance(restore, Net) else None
    cost = {
        "parameters": sum(p.numel() for p in net.parameters()) if net else 0,
        "macs": count_macs(net) if net else None,
        "trained_seconds": options.seconds if net else 0.0,
    }
    rows = []
    for operator, storage in STREAMING_TRIALS:
        known = Degradation(parse_operator(operator), parse_storage(storage))
        scoring = Scoring(photos, photos.splits["test"][: options.photos], known, runtime, "cpu")
        rows.append(make_row(name, "test", scoring, score(restore, scoring), None) | cost)
    return rows


def main(options: Options) -> None:
    """Run every method in turn, each in a process of its own, and print the table."""
    rows = []
    context = multiprocessing.get_context("spawn")
    for name in options.only or METHODS:
        print(name, file=sys.stderr)
        with context.Pool(1) as pool:
            found = pool.apply(run_method, (name, options))
        for row in found:
            append_row(options.out, row)
            print(json.dumps(row), file=sys.stderr)
        rows += found
    print(tables.side_by_side("operator", "storage")(rows))
    costs = {row["model"]: {name: row[name] for name in COSTS} for row in rows if row["macs"]}
    print(tables.markdown(list(costs.values())))


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
