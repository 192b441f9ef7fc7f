"""Train the classifier of hidden regions on drawn journeys.

    python tools/train_classifier.py draw --data ../shared/lfw --output runs/told --shards 30
    python tools/train_classifier.py draw --data ../shared/lfw --output runs/told --found --shards 8
    python tools/train_classifier.py fit --data runs/told

``draw`` takes half an hour of one core for thirty shards and goes on where it was cut off; ``fit``
takes a few minutes. With ``--found`` the regions are those that the segmenter finds, right or
wrong: what looks hidden and is not. The photos are those of the people whom no audit names.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import tyro
from safetensors.numpy import save
from torch import Tensor, nn
from torch.nn import functional as F

from train_segmenter import training_photos
from unveil.estimation.classifier import CLIPPED, MAX_LOG_SPREAD, MIN_LOG_SPREAD, WEIGHTS
from unveil.estimation.features import WIDTH_PLACES, features
from unveil.estimation.jpeg_history import find_jpeg
from unveil.estimation.kinds import KINDS
from unveil.estimation.outlining import regions
from unveil.estimation.segmenter import segment
from unveil.estimation.weight_files import write_weights
from unveil.training.journeys.pieces import IGNORED, Piece, draw_piece
from unveil.training.journeys.told import draw_told

SHARD = 1000
FOUND_SIDE_PX, MAX_FOUND = 240, 3
MOST_CLEAN, LEAST_HIDDEN = 0.1, 0.6
"""Share of a found region that is hidden, below and above which its kind is clear."""

HELD_OUT = 0.1
LEARNING_RATE, WEIGHT_DECAY, BATCH = 2e-3, 5e-2, 256
NOISE = 0.05
"""Added to the features, in standard deviations."""


Row = tuple[np.ndarray, int, float]
"""Features of a region, number of its kind, and its width in pixels, 0 for none."""


def draw(
    data: Path, output: Path = Path("runs/told"), shards: int = 30, found: bool = False
) -> None:
    """Draw regions and keep their features.

    Args:
        data: LFW's folder.
        output: folder of the shards.
        shards: of a thousand regions each.
        found: take the regions that the segmenter finds, not those that are told.
    """
    cv2.setNumThreads(1)
    photos = training_photos(data)
    output.mkdir(parents=True, exist_ok=True)
    rows_of = found_rows if found else told_rows
    for number in range(shards):
        target = output / f"{'found' if found else 'told'}-{number}.npz"
        if target.exists():
            continue
        rng = np.random.default_rng((1 + found, number))
        rows: list[Row] = []
        while len(rows) < SHARD:
            rows += rows_of(photos, rng)
        values, kinds, widths = zip(*rows, strict=True)
        np.savez(target, values=np.stack(values), kinds=np.array(kinds), widths=np.array(widths))
        print(target, flush=True)


def told_rows(photos: list[Path], rng: np.random.Generator) -> list[Row]:
    """Draw a picture; return the row of its one region."""
    told = draw_told(photos, rng)
    seen = features(told.pixels, told.mask, find_jpeg(told.pixels))
    return [] if seen is None else [(seen.values, told.kind, told.width_px)]


def found_rows(photos: list[Path], rng: np.random.Generator) -> list[Row]:
    """Draw a picture; return the rows of the regions that the segmenter finds in it."""
    piece = draw_piece(photos, rng, FOUND_SIDE_PX)
    history = find_jpeg(piece.pixels)
    rows = []
    for region in regions(segment(piece.pixels), piece.pixels)[:MAX_FOUND]:
        truth = truth_in(region.mask, piece)
        seen = features(piece.pixels, region.mask, history) if truth else None
        if truth and seen:
            rows.append((seen.values, *truth))
    return rows


def truth_in(mask: np.ndarray, piece: Piece) -> tuple[int, float] | None:
    """Return the kind of most of a mask and its width; None where that is open."""
    size = piece.kinds.shape[::-1]
    inside = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    kinds = piece.kinds[inside & (piece.kinds != IGNORED)]
    if not len(kinds) or MOST_CLEAN < float((kinds > 0).mean()) < LEAST_HIDDEN:
        return None
    kind = int(np.bincount(kinds).argmax())
    width = float(np.exp(np.median(piece.strength[inside & (piece.kinds == kind)])))
    has_width = KINDS[kind] not in ("none", "solid", "other")
    return kind, width if has_width else 0.0


class Classifier(nn.Module):
    """What :func:`unveil.estimation.classifier.classify` computes, on batches."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, width)
        self.last = nn.Linear(width, 3 * len(KINDS))
        self.direct = nn.Linear(inputs, 3 * len(KINDS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits, expected log widths and log spreads of all kinds."""
        direct = self.direct(x)
        x = F.silu(self.first(F.dropout(x, 0.1, self.training)))
        x = x + F.silu(self.second(F.dropout(x, 0.2, self.training)))
        x = x + F.silu(self.third(F.dropout(x, 0.2, self.training)))
        logits, width, spread = (self.last(x) + direct).chunk(3, dim=1)
        return logits, width, spread.clamp(MIN_LOG_SPREAD, MAX_LOG_SPREAD)


@torch.no_grad()
def start_at_likelihood(model: Classifier, mean: np.ndarray, scale: np.ndarray) -> None:
    """Let the width of each kind begin as the likeliest one, or a mosaic's as its comb's pitch."""
    nn.init.zeros_(model.direct.weight)
    nn.init.zeros_(model.direct.bias)
    nn.init.zeros_(model.last.weight[len(KINDS) :])
    nn.init.zeros_(model.last.bias)
    for kind, (place, unit) in WIDTH_PLACES.items():
        row = len(KINDS) + KINDS.index(kind)
        model.direct.weight[row, place] = float(unit * scale[place])
        model.direct.bias[row] = float(unit * mean[place])


@dataclass(frozen=True)
class Examples:
    """Features with their truth."""

    values: Tensor
    kinds: Tensor
    log_widths: Tensor

    def part(self, place: slice | Tensor) -> "Examples":
        """Return some of them."""
        return Examples(self.values[place], self.kinds[place], self.log_widths[place])


def loss(model: Classifier, examples: Examples) -> Tensor:
    """Return the negative log-likelihood of kinds and of widths, which err as a Laplacian."""
    logits, widths, spreads = model(examples.values)
    place = examples.kinds[:, None]
    has = examples.log_widths.isfinite()
    error = (widths.gather(1, place)[has, 0] - examples.log_widths[has]).abs()
    spread = spreads.gather(1, place)[has, 0]
    by_width = (error / spread.exp() + spread).mean()
    return F.cross_entropy(logits, examples.kinds, label_smoothing=0.01) + 0.5 * by_width


def fit(
    data: Path = Path("runs/told"), width: int = 256, epochs: int = 30, members: int = 4
) -> None:
    """Fit the classifiers and write the weights that the package ships.

    Args:
        data: folder of the shards.
        width: of the hidden layers.
        epochs: passes over the shards.
        members: classifiers, each from a start of its own, whose answers are averaged.
    """
    shards = [np.load(path) for path in sorted(data.glob("*.npz"))]
    values, kinds, widths = (
        np.concatenate([shard[name] for shard in shards]) for name in ("values", "kinds", "widths")
    )
    mixed = np.random.default_rng(0).permutation(len(kinds))
    values, kinds, widths = values[mixed], kinds[mixed], widths[mixed]
    with np.errstate(divide="ignore"):
        logs = np.where(widths > 0, np.log(widths), np.nan).astype(np.float32)
    held = int(len(values) * HELD_OUT)
    mean, scale = values[held:].mean(0), values[held:].std(0) + 0.05
    scaled = ((values - mean) / scale).clip(-CLIPPED, CLIPPED)
    everything = Examples(torch.from_numpy(scaled), torch.from_numpy(kinds), torch.from_numpy(logs))
    test, train = everything.part(slice(held)), everything.part(slice(held, None))
    models = [fitted(train, mean, scale, width, epochs, seed) for seed in range(members)]
    report(models, test)
    each = [model.state_dict() for model in models]
    weights = {name: torch.stack([one[name] for one in each]).numpy() for name in each[0]}
    halves = {n: v.astype(np.float16 if v.ndim == 3 else np.float32) for n, v in weights.items()}
    target = write_weights(WEIGHTS, save(halves | {"mean": mean, "scale": scale}))
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB of {len(train.kinds)} regions")


def fitted(
    train: Examples, mean: np.ndarray, scale: np.ndarray, width: int, epochs: int, seed: int
) -> Classifier:
    """Return a classifier fitted from its own start."""
    torch.manual_seed(seed)
    model = Classifier(len(mean), width)
    start_at_likelihood(model, mean, scale)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * (len(train.kinds) // BATCH)
    for step in range(steps):
        batch = train.part(torch.randint(len(train.kinds), (BATCH,)))
        noisy = batch.values + NOISE * torch.randn_like(batch.values)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.zero_grad()
        loss(model, Examples(noisy, batch.kinds, batch.log_widths)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return model.eval()


@torch.inference_mode()
def report(models: list[Classifier], test: Examples) -> None:
    """Print what the held-out regions say."""
    each = [model(test.values) for model in models]
    chances = torch.stack([logits.softmax(1) for logits, _, _ in each]).mean(0)
    widths, spreads = (torch.stack([one[place] for one in each]).mean(0) for place in (1, 2))
    kinds = chances.argmax(1)
    alone = sum(float(loss(model, test)) for model in models) / len(models)
    print(f"kind right {(kinds == test.kinds).float().mean():.3f}, loss of one {alone:.3f}")
    clean = test.kinds == 0
    limit = chances[clean, 0].quantile(0.01)
    print(f"hidden seen at 1 % of clean ones: {(chances[~clean, 0] < limit).float().mean():.3f}")
    for number, name in enumerate(KINDS):
        of_kind = test.kinds == number
        error = (widths[of_kind, number] - test.log_widths[of_kind]).abs()
        held = (error < math.log(10) * spreads[of_kind, number].exp()).float().mean()
        right = (kinds[of_kind] == number).float().mean()
        print(
            f"{name:9} {int(of_kind.sum()):5} kind right {right:.2f}"
            f" width within 10 % {(error < 0.1).float().mean():.2f}, interval holds {held:.2f}"
        )


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"draw": draw, "fit": fit}, description=__doc__)
