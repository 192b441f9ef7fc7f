"""Restore photos that are not faces, and text: scikit-image's own pictures.

    python tools/score_photos.py

The weights were trained on faces only. Appends a row for each picture, operator and restorer to
``results/photos.jsonl``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skimage import data
from torch import Tensor

import script
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation, parse_operator
from unveil.degradation.degrade import degrade
from unveil.metrics.quality import METRICS
from unveil.networks.card import IDENTITY
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.restoration.choice import model_for
from unveil.restoration.restorers import load
from unveil.runtime import keep_freed_memory, provenance

PICTURES = (
    *("astronaut", "cat", "coffee", "rocket", "camera", "moon", "coins", "brick", "grass"),
    *("gravel", "hubble_deep_field", "immunohistochemistry", "retina", "page", "text"),
)
SIDE_PX = 512


@dataclass(frozen=True)
class Options:
    """What to score."""

    out: Path = Path("results/photos.jsonl")
    operators: tuple[str, ...] = (
        *("gaussian:kernel=9,sigma=4", "gaussian:kernel=13,sigma=2", "pixelate:block=8"),
    )


def main(options: Options) -> None:
    """Score every picture under every operator and print the table."""
    keep_freed_memory()
    rows = []
    for text in options.operators:
        degradation = Degradation(parse_operator(text))
        classic = "bicubic" if text.startswith("pixelate") else "richardson-lucy"
        for name in (IDENTITY, classic, "lmmse", model_for(degradation)):
            for picture in PICTURES:
                rows.append(score(name, picture, degradation))
                append_row(options.out, rows[-1])
    print(tables.side_by_side("photo", "operator")(rows))


def score(model: str, picture: str, degradation: Degradation) -> Row:
    """Return the row of one restorer on one picture."""
    clean = middle(picture)
    restored = obfuscated = degrade(clean, degradation)
    if model != IDENTITY:
        restored = load(model).restore(obfuscated, degradation)
    with torch.inference_mode():
        scores = {name: round(float(f(restored, clean)), 4) for name, f in METRICS.items()}
    return {
        "model": model,
        "photo": picture,
        "operator": str(degradation.operator),
        "storage": str(degradation.storage),
        "split": "scikit-image",
        "images": 1,
        **scores,
        "images_per_second": None,
        **provenance(choose_runtime(RuntimeConfig())),
    }


def middle(picture: str) -> Tensor:
    """Return the center of a picture, at most 512x512, ``1 x 3 x H x W`` in [0,1]."""
    pixels = np.asarray(getattr(data, picture)())
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    top, left = (max(size - SIDE_PX, 0) // 2 for size in pixels.shape[:2])
    part = pixels[top : top + SIDE_PX, left : left + SIDE_PX, :3]
    return torch.from_numpy(np.ascontiguousarray(part)).permute(2, 0, 1)[None].float() / 255


if __name__ == "__main__":
    script.run(main, __doc__)
