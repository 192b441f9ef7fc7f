"""Put the best checkpoint of a run into the package: weights, graph, scores and model card.

    python tools/release_weights.py runs/blur blur --data ../shared/lfw

Refiners are stored in half precision, large ones in 8 bits, and the loss of PSNR is measured.
Scores the weights on the whole test split, appends the rows to a file of ``results`` and writes
the scores and the model card from these rows.
"""

import dataclasses
import shutil
from pathlib import Path

import torch
import tyro
from torch import Tensor

import script
from model_card import MAX_BYTES, model_card
from release_graphs import write_graph
from unveil.config import EvaluateConfig, ScoredDataConfig
from unveil.degradation.families import FAMILIES, STREAMING_TRIALS
from unveil.errors import UnveilError
from unveil.files import write_text
from unveil.networks import card as cards
from unveil.networks import checkpoint
from unveil.networks.card import Card, read_card
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.training.evaluate import evaluate

RESULTS = Path(__file__).parents[1] / "results"

TRIALS = {
    "blur": (
        *(("gaussian:kernel=9,sigma=4", s) for s in ("8bit", "jpeg:50", "jpeg:75", "jpeg:95")),
        *(("gaussian:kernel=7,sigma=1", s) for s in ("8bit", "jpeg:75")),
        *(("gaussian:kernel=13,sigma=2", s) for s in ("8bit", "jpeg:75")),
        *(("gaussian:kernel=25,sigma=4", s) for s in ("8bit", "jpeg:75")),
        *(("gaussian:kernel=49,sigma=8", s) for s in ("8bit", "jpeg:75")),
        ("box:kernel=9", "8bit"),
    ),
    "pixelate": (
        *(("pixelate:block=8", s) for s in ("8bit", "jpeg:50", "jpeg:75", "jpeg:95")),
        *((f"pixelate:block={block}", "8bit") for block in (4, 12, 16)),
        ("pixelate:block=8,left=3,top=5", "8bit"),
        ("sample:block=8", "8bit"),
    ),
    "optics": (
        *((f"disk:radius={radius}", s) for radius in (2, 4, 8) for s in ("8bit", "jpeg:75")),
        *((f"aniso:sigma_x=4,sigma_y=1.5,angle_degrees={a}", "8bit") for a in (0, 30)),
        ("aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30", "jpeg:75"),
        ("gaussian:kernel=9,sigma=4", "8bit"),
        ("gaussian:kernel=25,sigma=4", "8bit"),
        ("box:kernel=9", "8bit"),
    ),
    "streaming": STREAMING_TRIALS,
}
"""Operator and storage that the weights of a family are scored on."""


def release(
    run: tyro.conf.Positional[Path],
    name: tyro.conf.Positional[str],
    data: Path,
    limit: int | None = None,
) -> None:
    """Ship the best checkpoint of a run.

    Args:
        run: run folder.
        name: under which the weights are shipped.
        data: folder of LFW.
        limit: score on so many photos of the test split; None for all.
    """
    card = read_card(run / "best")
    halved = card.model.needs_degradation or card.operator in FAMILIES
    card.run["data"]["data"] = None  # a path of the machine that trained it
    card.run["train"]["start_from"] = _shipped_name(card.run["train"]["start_from"])
    folder = cards.FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    weights = checkpoint.read_tensors(run / "best", card, "weights")
    if halved:
        weights = shrink(weights)
    checkpoint.write(folder, card, {"weights": weights})
    write_graph(folder)
    photos = ScoredDataConfig(data, split_by=card.run["data"].get("split_by", "photo"))
    rows = score(name, card, photos, RESULTS / _rows_of(card), limit)
    lost_db = cost_of_rounding(run, rows[0], photos, limit) if halved else None
    card = dataclasses.replace(read_card(folder), scores=rows)
    checkpoint.write_card(folder, card)
    write_text(folder / "README.md", model_card(name, card, lost_db))
    print(tables.results(rows))


def _shipped_name(path: str | None) -> str | None:
    """Return the name of the weights that training started from, if they are shipped."""
    name = Path(path or "").name
    return name if name in (item.name for item in cards.list_shipped()) else None


def shrink(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round weights to float16, and kernels to 8 bits if they would still be too large."""
    halves = {key: halve(key, value) for key, value in weights.items()}
    size_bytes = sum(value.numel() * value.element_size() for value in halves.values())
    return halves if size_bytes < MAX_BYTES else checkpoint.pack(halves)


def _rows_of(card: Card) -> str:
    """Return the file of rows for the scores; those on another test split have their own."""
    if card.run["data"].get("split_by") == "person":
        return "people.jsonl"
    if card.operator in ("optics", "streaming"):
        return f"{card.operator}.jsonl"
    return "restorers.jsonl" if card.model.needs_degradation else "foundation.jsonl"


def halve(name: str, values: Tensor) -> Tensor:
    """Round weights to float16, but for the power spectrum, whose range is too large."""
    return values if name == "power" else values.to(torch.float16)


def score(name: str, card: Card, data: ScoredDataConfig, out: Path, limit: int | None) -> list[Row]:
    """Score shipped weights on all operators and storages of theirs; append the rows to ``out``.

    Weights of the audit (split by person) are scored on their typical operator only.
    """
    example = str(card.task.example.operator)
    trials = tuple((example, storage) for storage in ("8bit", "float"))
    if data.split_by == "photo":
        trials = TRIALS.get(card.operator, trials[::-1])
    rows = []
    for operator, storage in trials:
        config = EvaluateConfig(data, operator=operator, storage=storage, limit=limit)
        rows.append(evaluate(name, config))
        append_row(out, rows[-1])
    return rows


def cost_of_rounding(
    run: Path, shipped_row: Row, data: ScoredDataConfig, limit: int | None
) -> float:
    """Return the loss of PSNR on the test split by rounding the weights, in dB.

    Raises:
        UnveilError: it is more than 0.02 dB.
    """
    operator, storage = shipped_row["operator"], shipped_row["storage"]
    config = EvaluateConfig(data, operator=operator, storage=storage, limit=limit)
    lost_db = float(evaluate(str(run), config)["psnr"] - shipped_row["psnr"])
    if lost_db > 0.02:
        raise UnveilError(f"{run}: rounding the weights costs {lost_db:.3f} dB; 0.02 is allowed.")
    return lost_db


if __name__ == "__main__":
    script.run(release, __doc__)
