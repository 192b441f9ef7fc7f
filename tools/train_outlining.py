"""Train the network that tells good outlines of hidden regions, on drawn journeys.

    python tools/train_outlining.py --data ../shared/lfw --output runs/outlining.npz

Draws pieces, some twenty a second, lets the segmenter that the package ships look at them,
and writes the weights beside it. To be run again whenever the segmenter's weights change.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
import tyro
from safetensors.numpy import save
from torch import nn
from torch.nn import functional as F

from train_segmenter import training_photos
from unveil.estimation.kinds import KINDS
from unveil.estimation.outlining import CLIPPED, WEIGHTS, described
from unveil.estimation.regions import MIN_CELLS
from unveil.estimation.segmenter import segment
from unveil.estimation.weight_files import write_weights
from unveil.training.journeys.pieces import IGNORED, Piece, draw_piece

SIDES_PX = (160, 240)
RIGHT = 0.6
"""Intersection over union from which an outline is right."""

WIDTH, STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 32, 4000, 1024, 3e-3, 3e-2
HELD_OUT = 0.1


def train(
    data: Path,
    output: Path = Path("runs/outlining.npz"),
    pieces: int = 4000,
) -> None:
    """Train.

    Args:
        data: LFW's folder.
        output: file of the drawn examples.
        pieces: to draw.
    """
    values, overlaps = _drawn(training_photos(data), pieces)
    np.savez(output, values=values, overlaps=overlaps)
    fit(values, overlaps)


def _drawn(photos: list[Path], count: int) -> tuple[np.ndarray, np.ndarray]:
    cv2.setNumThreads(1)
    rows, overlaps = [], []
    for number in range(count):
        piece = draw_piece(photos, np.random.default_rng((2, number)), SIDES_PX[number % 2])
        found, values = described(segment(piece.pixels), piece.pixels)
        if found:
            rows.append(values)
            overlaps += [overlap(one.cells, piece) for one in found]
        if number % 500 == 499:
            print(f"{number + 1} pieces, {len(overlaps)} candidates", flush=True)
    return np.concatenate(rows), np.array(overlaps, np.float32)


def overlap(cells: np.ndarray, piece: Piece) -> float:
    """Return the largest intersection over union with a hidden region of a piece."""
    best = 0.0
    known = piece.kinds != IGNORED
    for kind in range(1, len(KINDS)):
        is_kind = (piece.kinds == kind).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(is_kind, connectivity=4)
        for number in range(1, count):
            if stats[number, cv2.CC_STAT_AREA] >= MIN_CELLS // 2:
                true = labels == number
                best = max(best, float((cells & true).sum() / ((cells & known) | true).sum()))
    return best


def fit(values: np.ndarray, overlaps: np.ndarray) -> None:
    """Fit the network and write its weights."""
    torch.manual_seed(0)
    held = int(len(values) * HELD_OUT)
    mean, scale = values[held:].mean(0), values[held:].std(0) + 1e-2
    x = torch.from_numpy(((values - mean) / scale).clip(-CLIPPED, CLIPPED).astype(np.float32))
    y = torch.from_numpy((overlaps >= RIGHT).astype(np.float32))
    model = nn.Sequential(nn.Linear(x.shape[1], WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for step in range(STEPS):
        batch = torch.randint(held, len(x), (BATCH,))
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x[batch])[:, 0], y[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        unseen = F.binary_cross_entropy_with_logits(model(x[:held])[:, 0], y[:held])
    print(f"{len(x)} candidates, {y.mean():.2f} right; loss {loss:.3f}, unseen {unseen:.3f}")
    layers = {"first": model[0], "last": model[2]}
    weights = {
        f"{name}.{part}": value.detach().numpy()
        for name, layer in layers.items()
        for part, value in layer.named_parameters()
    }
    write_weights(WEIGHTS, save(weights | {"mean": mean, "scale": scale.astype(np.float32)}))


if __name__ == "__main__":
    tyro.cli(train, description=__doc__)
