"""Where VGG16's weights come from: a file that the user has, or torchvision's download.

Nothing is used whose sha256 is not one of the two below, and nothing takes their place: a
perceptual figure means nothing without the weights it was made with.
"""

import shutil
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.hub import download_url_to_file

from unveil import console
from unveil.config import LossConfig, Tap
from unveil.errors import UnveilError
from unveil.files import cache_folder, check_sha256, file_sha256
from unveil.metrics.vgg import VggFeatures

TORCHVISION_SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"
TORCHVISION_NAME = f"vgg16-{TORCHVISION_SHA256[:8]}.pth"
KNOWN: dict[str, tuple[str, tuple[Tap, ...]]] = {
    "b8c4e1f256e8190d583f01247d5a955441ad206de1416a1abdc3e429d7116f9a": ("oxford", ("relu2_2",)),
    TORCHVISION_SHA256: ("torchvision", ("relu2_2", "conv3_3")),
}
"""Sha256 to the weights' name and taps: the original Oxford weights up to conv2_2 in
safetensors, and torchvision's own training."""

UNTRAINED = Path("untrained")
"""What ``vgg_weights`` must say for freshly drawn weights: they test the code, nothing else."""


UNREADABLE = (RuntimeError, ValueError, OSError, UnpicklingError, SafetensorError)
"""What readers of tensors raise on a file that holds something else."""


def load_features(config: LossConfig) -> tuple[VggFeatures, dict[str, str]]:
    """Return the frozen network of ``config`` and what a row says of its weights.

    Raises:
        UnveilError: no file, one that cannot be read, or not one of the known weights.
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
            f"{path}: the {name} weights end before {config.tap}; take --tap {taps[-1]}, or "
            "torchvision's weights (`unveil download vgg16`)."
        )
    tensors = _read(path)
    try:
        return VggFeatures(config.tap, tensors), {"vgg": name, "vgg_sha256": sha256}
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UnveilError(f"{path}: does not fit VGG16 up to {config.tap} ({reason}).") from None


def find(chosen: Path | None) -> Path:
    """Return the file of ``--vgg-weights``, or else the one that ``unveil download`` keeps.

    Raises:
        UnveilError: it is not there.
    """
    path = chosen or target_file()
    if not path.is_file():
        raise UnveilError(
            f"{path}: no VGG16 weights there, and the perceptual loss needs them; get them with "
            "`unveil download vgg16`, or name a file with --vgg-weights."
        )
    return path


def target_file() -> Path:
    """Return where torchvision's weights are kept."""
    return cache_folder() / TORCHVISION_NAME


def download() -> Path:
    """Fetch torchvision's VGG16 weights (528 MB) into the cache folder and return their path.

    Raises:
        UnveilError: they cannot be reached, or have another checksum.
    """
    from torchvision.models import VGG16_Weights  # slow to import, and only needed here

    target = target_file()
    if not target.exists() or not file_sha256(target).startswith(TORCHVISION_SHA256):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        try:
            shown = not console.is_quiet()
            url = VGG16_Weights.IMAGENET1K_V1.url
            download_url_to_file(url, str(partial), hash_prefix=TORCHVISION_SHA256, progress=shown)
            shutil.move(partial, target)
        except (OSError, RuntimeError) as error:
            raise UnveilError(f"VGG16 weights: cannot be downloaded ({error}).") from None
        finally:
            partial.unlink(missing_ok=True)
    return target


def _read(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # weights_only: tensors, and nothing that a pickle could run.
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE:
        raise UnveilError(f"{path}: is no file of tensors, by its content or its name.") from None
    return tensors
