"""VGG16's weights: a file of the user's, or torchvision's download.

Only the two files below are accepted, known by their sha256, and nothing is used in their place:
perceptual losses and scores can be compared only if the weights are the same.
"""

from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from unveil import downloads
from unveil.config import LossConfig, Tap
from unveil.errors import UnveilError
from unveil.files import cache_folder, check_sha256, file_sha256
from unveil.metrics.vgg import VggFeatures

TORCHVISION_SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"
TORCHVISION_NAME = f"vgg16-{TORCHVISION_SHA256[:8]}.pth"
TORCHVISION_URL = f"https://download.pytorch.org/models/{TORCHVISION_NAME}"
MAX_BYTES = 600_000_000
KNOWN: dict[str, tuple[str, tuple[Tap, ...]]] = {
    "b8c4e1f256e8190d583f01247d5a955441ad206de1416a1abdc3e429d7116f9a": ("oxford", ("relu2_2",)),
    TORCHVISION_SHA256: ("torchvision", ("relu2_2", "conv3_3")),
}
"""Sha256 to the weights' name and the taps that they reach: the original Oxford weights up to
conv2_2 as safetensors, and torchvision's own training."""

UNTRAINED = Path("untrained")
"""The value of ``--vgg-weights`` for randomly drawn weights, which serve tests only."""

UNREADABLE = (RuntimeError, ValueError, OSError, UnpicklingError, SafetensorError)
"""Exceptions of torch and safetensors for a file that does not hold tensors."""


def load_features(config: LossConfig) -> tuple[VggFeatures, dict[str, str]]:
    """Return the frozen network for ``config``, and the name and sha256 of its weights for rows.

    Raises:
        UnveilError: the file is missing, cannot be read, is not one of the known weights, or ends
            before the tap.
    """
    if config.vgg_weights == UNTRAINED:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return VggFeatures(config.tap), {"vgg": str(UNTRAINED)}
    path = find(config.vgg_weights)
    sha256 = check_sha256(path, KNOWN, "get VGG16's weights with `unveil download vgg16`")
    name, taps = KNOWN[sha256]
    if config.tap not in taps:
        raise UnveilError(
            f"{path}: the {name} weights end before {config.tap}; use --tap {taps[-1]}, or "
            "torchvision's weights (`unveil download vgg16`)."
        )
    tensors = _read(path)
    try:
        return VggFeatures(config.tap, tensors), {"vgg": name, "vgg_sha256": sha256}
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UnveilError(f"{path}: does not fit VGG16 up to {config.tap} ({reason}).") from None


def find(chosen: Path | None) -> Path:
    """Return the file of ``--vgg-weights``, by default the one that ``unveil download`` keeps.

    Raises:
        UnveilError: it does not exist.
    """
    path = chosen or target_file()
    if not path.is_file():
        raise UnveilError(
            f"{path}: no such file, and the perceptual loss needs VGG16's weights; get them with "
            "`unveil download vgg16`, or name a file with --vgg-weights."
        )
    return path


def target_file() -> Path:
    """Return the path of torchvision's downloaded weights, whether they exist or not."""
    return cache_folder() / TORCHVISION_NAME


def download() -> Path:
    """Download torchvision's VGG16 weights (528 MB) into the cache folder; return their path.

    Raises:
        UnveilError: the download failed.
    """
    target = target_file()
    if target.exists() and file_sha256(target) == TORCHVISION_SHA256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    downloads.download(TORCHVISION_URL, partial, TORCHVISION_SHA256, max_bytes=MAX_BYTES)
    partial.replace(target)
    return target


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # weights_only refuses pickles that would run code.
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE:
        raise UnveilError(
            f"{path}: is not a .safetensors or .pth file, or it is damaged."
        ) from None
    return tensors
