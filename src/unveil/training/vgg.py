"""VGG16's first layers as a fixed measure of what an image shows.

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition", 2015; used as a loss by J. Johnson, A. Alahi and L. Fei-Fei, "Perceptual Losses
for Real-Time Style Transfer and Super-Resolution", 2016.

The study names its tap twice and contradicts itself: "relu2_2" has 112x112x128 values for a
224x224 input, "the first 15 layers" with 56x56x256 values end at conv3_3. Both are taps here.
"""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from unveil.config import LossConfig, Tap
from unveil.errors import UnveilError
from unveil.files import check_sha256
from unveil.training.vgg_weights import KNOWN, UNTRAINED, find

LAYERS: dict[str, tuple[int, ...]] = {
    "relu2_2": (64, 64, 0, 128, 128),
    "conv3_3": (64, 64, 0, 128, 128, 0, 256, 256, 256),
}
"""Output channels of each 3x3 convolution up to a tap; 0 is a 2x2 maximum pooling."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

UNREADABLE = (RuntimeError, ValueError, OSError, UnpicklingError, SafetensorError)
"""Exceptions of torch and safetensors for a file that does not hold tensors."""


class VggFeatures(nn.Module):
    """Frozen VGG16 up to ``tap``; ``weights`` has torchvision's names (``features.0.weight``).

    Freshly drawn (He) weights, which recognise nothing, where ``weights`` is None.

    Raises:
        RuntimeError: a tensor that is missing or has another shape.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, tap: Tap, weights: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.tap = tap
        self.features = nn.Sequential(*_layers(tap))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)
        if weights is not None:
            names = self.state_dict().keys()
            self.load_state_dict({name: weights[name] for name in names if name in weights})
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Map ``B x 3 x H x W`` in [0,1] to the tap's features of the image at twice its size.

        ``B x 128 x H x W`` for relu2_2, ``B x 256 x H/2 x W/2`` for conv3_3.
        """
        doubled = nn.functional.interpolate(images, scale_factor=2, mode="bilinear")
        features: Tensor = self.features((doubled - self.mean) / self.std)
        return features

    def distance(self, restored: Tensor, clean: Tensor) -> Tensor:
        """Return the mean squared difference of the features of each pair, ``B`` values.

        The target's features are computed once and without gradients.
        """
        with torch.no_grad():
            target = self(clean)
        return feature_distance(self(restored), target)


def feature_distance(found: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of the features of each pair, ``B`` float32.

    Args:
        found: ``B x C x H x W``, of the restored images.
        target: the same of the clean ones.
    """
    difference = found - target
    # The norm accumulates bf16 in float32 without a float32 copy of all features.
    norms = torch.linalg.vector_norm(difference.flatten(1), dim=1, dtype=torch.float32)
    distances: Tensor = norms.square() / difference[0].numel()
    return distances


def _layers(tap: Tap) -> list[nn.Module]:
    layers: list[nn.Module] = []
    width = 3
    for channels in LAYERS[tap]:
        if channels == 0:
            layers.append(nn.MaxPool2d(2))
            continue
        # Not in place: on the CPU that is half as fast in bf16.
        layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
        width = channels
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layers[:-1] if tap == "conv3_3" else layers


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
