"""The files of VGG16's weights: one of the user's, or torchvision's download. Imports no torch.

Only the two files below are accepted, known by their sha256, and nothing is used in their place:
perceptual losses and scores can be compared only if the weights are the same.
"""

from pathlib import Path

from unveil import downloads
from unveil.config import Tap
from unveil.errors import UnveilError
from unveil.files import cache_folder, file_sha256

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
