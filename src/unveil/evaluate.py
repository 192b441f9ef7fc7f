"""Scoring restorers on photos, under the study's protocol."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from unveil.config import DataConfig, RuntimeConfig
from unveil.data import Photos, SplitName, open_photos
from unveil.errors import UsageError
from unveil.metrics import METRICS
from unveil.operators import obfuscate
from unveil.progress import progress
from unveil.restore import load
from unveil.results import Row
from unveil.runtime import Runtime, choose_runtime, provenance
from unveil.shipped import IDENTITY
from unveil.specs import Operator, Storage, parse_operator
from unveil.storage import store

BATCH = 32


def score(
    restore: Callable[[Tensor], Tensor],
    photos: Photos,
    numbers: Tensor,
    operator: Operator,
    storage: Storage,
    runtime: Runtime,
) -> dict[str, float]:
    """Obfuscate, restore and score the photos ``numbers``; return the mean of each metric.

    The mean is over images, of values computed per image (see :mod:`unveil.metrics`).
    ``restore`` maps ``B x 3 x H x W`` in [0,1] to the same; a model is switched to evaluation.
    """
    values, _ = score_images(restore, photos, numbers, operator, storage, runtime)
    return {name: float(scores.double().mean()) for name, scores in values.items()}


@torch.inference_mode()
def score_images(
    restore: Callable[[Tensor], Tensor],
    photos: Photos,
    numbers: Tensor,
    operator: Operator,
    storage: Storage,
    runtime: Runtime,
) -> tuple[dict[str, Tensor], float]:
    """Score each photo of ``numbers``; return the metrics, ``N`` values each, and the seconds.

    The seconds are those of ``restore`` alone.
    """
    if isinstance(restore, torch.nn.Module):
        restore.eval()
    found: dict[str, list[Tensor]] = {name: [] for name in METRICS}
    seconds = 0.0
    batches = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
    for batch in progress(batches, len(batches), "scoring"):
        clean = photos.batch(batch, runtime.device)
        obfuscated = store(obfuscate(clean, operator), storage)
        started = time.perf_counter()
        with runtime.autocast():
            restored = restore(obfuscated).float()
        _wait_for(runtime.device)
        seconds += time.perf_counter() - started
        for name, metric in METRICS.items():
            found[name].append(metric(restored, clean).cpu())
    return {name: torch.cat(parts) for name, parts in found.items()}, seconds


def evaluate(
    model: str,
    data: DataConfig,
    split: SplitName,
    operator: Operator | None,
    storage: Storage,
    limit: int | None,
    runtime: RuntimeConfig,
) -> Row:
    """Score a model on one split and return the result row.

    Args:
        model: shipped name, checkpoint folder, or ``identity`` (the obfuscated photos).
        data: the photos and their division.
        split: which part.
        operator: obfuscation to apply; None means what the model was trained to undo.
        storage: how the obfuscated photos are kept.
        limit: score only the first photos of the split.
        runtime: where to compute.

    Raises:
        UsageError: no such model; ``identity`` without an operator.
        UnveilError: photos or weights that cannot be used.
    """
    restorer = None if model == IDENTITY else load(model, runtime.device, runtime.precision)
    operator = operator or (parse_operator(restorer.card.operator) if restorer else None)
    if operator is None:
        raise UsageError("identity undoes nothing; say what to score it on with --operator SPEC.")
    chosen = restorer.runtime if restorer else choose_runtime(runtime)
    photos = open_photos(data)
    numbers = photos.splits[split][:limit]
    restore = restorer.model if restorer else torch.nn.Identity()
    values, seconds = score_images(restore, photos, numbers, operator, storage, chosen)
    return {
        "model": Path(model).name,
        "operator": str(operator),
        "storage": str(storage),
        "split": split,
        "images": len(numbers),
        **{name: _rounded(float(scores.double().mean())) for name, scores in values.items()},
        "images_per_second": round(len(numbers) / seconds, 1),
        "weights_sha256": restorer.card.files["weights"]["sha256"] if restorer else None,
        "data_fingerprint": photos.fingerprint,
        **provenance(chosen),
    }


def _rounded(value: float) -> float | None:
    """Round for a JSON row; infinity (identical images) becomes null, which JSON can hold."""
    return round(value, 4) if math.isfinite(value) else None


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
