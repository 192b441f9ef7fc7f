"""Scoring restorers on photos, under the study's protocol."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from unveil.config import EvaluateConfig, SplitName
from unveil.data import Photos, open_photos
from unveil.errors import UsageError
from unveil.metrics import METRICS
from unveil.operators import obfuscate
from unveil.progress import progress
from unveil.restore import load
from unveil.results import Row
from unveil.runtime import Runtime, choose_runtime, keep_freed_memory, provenance
from unveil.shipped import IDENTITY
from unveil.specs import Operator, Storage, parse_operator, parse_storage
from unveil.storage import store

BATCH = 32


@dataclass(frozen=True)
class Trial:
    """What restorers are scored on, and where.

    Attributes:
        photos: the folder.
        numbers: which of its photos, 1-D.
        operator: what obfuscates them.
        storage: how they are kept before they are restored.
        runtime: device and precision of the restorer.
    """

    photos: Photos
    numbers: Tensor
    operator: Operator
    storage: Storage
    runtime: Runtime

    def pairs(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Return the clean and the obfuscated photos ``numbers``, ``B x 3 x H x W``."""
        clean = self.photos.batch(numbers, self.runtime.device)
        return clean, store(obfuscate(clean, self.operator), self.storage)


@dataclass(frozen=True)
class Scores:
    """Each metric of each photo (``N`` float32 values a metric), and the seconds to restore."""

    values: dict[str, Tensor]
    seconds: float

    def means(self) -> dict[str, float]:
        """Return the mean over photos of each metric."""
        return {name: float(values.double().mean()) for name, values in self.values.items()}

    def pixel_loss(self) -> float:
        """Return the mean of the study's pixel loss: 4 times the squared error in [0,1]."""
        return float((4 * 10 ** (-self.values["psnr"].double() / 10)).mean())


Metric = Callable[[Tensor, Tensor], Tensor]
"""Maps restored and clean images, ``B x 3 x H x W`` in [0,1], to ``B`` values."""


@torch.inference_mode()
def score(
    restore: Callable[[Tensor], Tensor], trial: Trial, metrics: Mapping[str, Metric] = METRICS
) -> Scores:
    """Obfuscate, restore and score every photo of ``trial``.

    ``restore`` maps ``B x 3 x H x W`` in [0,1] to the same; a model is switched to evaluation.
    """
    if isinstance(restore, torch.nn.Module):
        restore.eval()
    device = trial.runtime.device
    found: dict[str, list[Tensor]] = {name: [] for name in metrics}
    seconds = 0.0
    starts = range(0, len(trial.numbers), BATCH)
    for start in progress(starts, len(starts), "scoring"):
        clean, obfuscated = trial.pairs(trial.numbers[start : start + BATCH])
        started = time.perf_counter()
        with trial.runtime.autocast():
            restored = restore(obfuscated).float()
        _wait_for(device)
        seconds += time.perf_counter() - started
        for name, metric in metrics.items():
            found[name].append(metric(restored, clean).cpu())
    return Scores({name: torch.cat(parts) for name, parts in found.items()}, seconds)


def evaluate(model: str, config: EvaluateConfig) -> Row:
    """Score a model and return the result row.

    Args:
        model: shipped name, checkpoint folder, or ``identity`` (the obfuscated photos).
        config: what to score it on.

    Raises:
        UsageError: no such model; ``identity`` without an operator.
        UnveilError: photos or weights that cannot be used.
    """
    runtime = config.runtime
    keep_freed_memory()
    restorer = None if model == IDENTITY else load(model, runtime.device, runtime.precision)
    operator = config.operator or (restorer.card.operator if restorer else None)
    if operator is None:
        raise UsageError("identity undoes nothing; say what to score it on with --operator SPEC.")
    photos = open_photos(config.data)
    trial = Trial(
        photos,
        photos.splits[config.split][: config.limit],
        parse_operator(operator),
        parse_storage(config.storage),
        restorer.runtime if restorer else choose_runtime(runtime),
    )
    scores = score(restorer.model if restorer else torch.nn.Identity(), trial)
    sha256 = restorer.card.files["weights"]["sha256"] if restorer else None
    return make_row(Path(model).name, config.split, trial, scores, sha256)


def make_row(
    model: str, split: SplitName, trial: Trial, scores: Scores, weights_sha256: str | None
) -> Row:
    """Return the result row of a trial: what was scored, the means, and all it depends on."""
    images = len(trial.numbers)
    return {
        "model": model,
        "operator": str(trial.operator),
        "storage": str(trial.storage),
        "split": split,
        "images": images,
        **{name: _rounded(value) for name, value in scores.means().items()},
        "images_per_second": round(images / scores.seconds, 1),
        "weights_sha256": weights_sha256,
        "data_fingerprint": trial.photos.fingerprint,
        **provenance(trial.runtime),
    }


def _rounded(value: float) -> float | None:
    """Round for a JSON row; infinity (identical images) becomes null, which JSON can hold."""
    return round(value, 4) if math.isfinite(value) else None


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
