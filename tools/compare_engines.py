"""Compare what both engines restore, on photos of LFW's test split, for each shipped weight.

    python tools/compare_engines.py --data ../shared/lfw

Appends a row for each set of weights to ``results/engines.jsonl``: PSNR by ONNX Runtime and torch
in float32 on the same obfuscated photos, and the greatest difference between their pictures.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import script
from unveil.config import DataConfig, RuntimeConfig
from unveil.degradation.degrade import degrade
from unveil.metrics.quality import METRICS
from unveil.networks.card import list_shipped
from unveil.report.rows import Row, append_row, rounded
from unveil.report.tables import markdown
from unveil.restoration.restorers import load_network
from unveil.runtime import provenance
from unveil.training.data import Photos, open_photos

BATCH = 20
SHOWN = ("model", "operator", "storage", "images", "psnr", "torch_psnr", "largest_levels")


@dataclass(frozen=True)
class Options:
    """What to compare."""

    data: Path
    out: Path = Path("results/engines.jsonl")
    photos: int = 200


def main(options: Options) -> None:
    """Compare all shipped weights and print the table."""
    photos = open_photos(DataConfig(options.data))
    rows = []
    for item in list_shipped():
        row = compare(item.name, photos, options.photos)
        append_row(options.out, row)
        rows.append({name: row[name] for name in SHOWN})
    print(markdown(rows))


def compare(model: str, photos: Photos, count: int) -> Row:
    """Return the row of one set of weights, on the example of what they undo."""
    fp32 = RuntimeConfig(device="cpu", precision="fp32")
    onnx, torch = (load_network(model, fp32, engine) for engine in ("onnx", "torch"))
    undone, numbers = onnx.card.task.example, photos.splits["test"][:count]
    scores: list[list[np.ndarray]] = []
    by_torch, largest = [], 0.0
    for part in np.split(numbers, range(BATCH, len(numbers), BATCH)):
        clean = photos.batch(part)
        obfuscated = degrade(clean, undone)
        restored, other = (network.restore(obfuscated, undone) for network in (onnx, torch))
        scores.append([metric(restored, clean) for metric in METRICS.values()])
        by_torch.append(METRICS["psnr"](other, clean))
        largest = max(largest, 255 * float(np.abs(restored - other).max()))
    means = np.concatenate(scores, axis=1).mean(axis=1)
    return {
        "model": model,
        "operator": str(undone.operator),
        "storage": str(undone.storage),
        "split": "test",
        "images": len(numbers),
        **{name: rounded(float(mean)) for name, mean in zip(METRICS, means, strict=True)},
        "images_per_second": None,
        "torch_psnr": rounded(float(np.concatenate(by_torch).mean())),
        "largest_levels": round(largest, 4),
        **provenance(onnx.runtime),
    }


if __name__ == "__main__":
    script.run(main, __doc__)
