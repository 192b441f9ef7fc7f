"""Every setting of a run, as frozen dataclasses.

The one list that the CLI flags, the checkpoints and the result rows are made from. Nothing
here needs torch.
"""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from tyro.conf import arg

from unveil.degradation import parse_operator, parse_storage
from unveil.degradation.families import STREAMING, Task
from unveil.errors import UsageError, unknown

MAX_VALUE = 1e30
"""Beyond it float32 overflows inside the optimiser."""

TILE_PX = 512
"""Side of the pieces that large images are restored in."""

Output = Annotated[Path, arg(name="output", aliases=["-o"])]
"""Where a command writes: ``--output``, ``-o``."""

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Engine = Literal["auto", "onnx", "torch"]
SplitName = Literal["train", "validation", "test"]
SplitBy = Literal["photo", "person"]
Tap = Literal["relu2_2", "conv3_3"]


@dataclass(frozen=True)
class DataConfig:
    """Which photos, and how they are cropped and split (defaults: the paper's protocol)."""

    data: Path | None = None
    """Folder of photos: LFW in its original layout, or any other (searched recursively).
    Default: the copy of LFW that `unveil download` keeps."""
    crop_px: int = 112
    """Side of the center crop."""
    test_photos: int | None = None
    """Size of the test split (default: the paper's 3708 of the 13,233 photos of LFW; the same share
    of a smaller folder, at least 1)."""
    validation_photos: int | None = None
    """Size of the validation split (default: the paper's 1905 of the 13,233 photos of LFW; the same
    share of a smaller folder, at least 1). All photos that remain are for training."""
    split_seed: int = 0
    """Seed of the permutation that splits the photos."""
    split_by: SplitBy = "photo"
    """What the test split consists of: photos (the paper), or all photos of half of the people, one
    folder each (the audit)."""

    def __post_init__(self) -> None:
        _at_least(self, crop_px=16, test_photos=1, validation_photos=1)


NEEDS_DEGRADATION = frozenset({"refiner"})
"""Architectures whose networks must be given the degradation; the others were trained for theirs.

:attr:`unveil.networks.network.Network.needs_degradation`, known without torch."""


@dataclass(frozen=True)
class ModelConfig:
    """The encoder-decoder's shape; the defaults are the layers that the paper's sources list."""

    architecture: str = "cae"
    """Network: blind, cae, refiner, rescae or vcae (docs/train.md)."""
    stem_kernel: int = 9
    """Kernel of the first convolution and of its mirror, in pixels."""
    stem_stride: int = 1
    """Stride of the first convolution: 1 (odd kernel), 2 or 4 (even kernel)."""
    widths: tuple[int, ...] = (64, 64, 128, 256)
    """Channels of the stem and of each 4x4 stride-2 convolution after it."""
    blocks: tuple[int, ...] = (0, 0, 0, 0)
    """3x3 convolutions after the stem and after each stride-2 convolution."""
    noise_planes: int = 0
    """Planes of noise that a refiner sees beside the image; with some, it draws its answer."""
    decoder: Literal["wide", "mirrored"] = "wide"
    """Channels after a transposed convolution: those of the scale it comes from (wide), or those
    of the scale it goes to (mirrored)."""

    def __post_init__(self) -> None:
        _at_least(self, stem_kernel=1, noise_planes=0)
        beyond_px = self.stem_kernel - self.stem_stride
        if self.stem_stride not in (1, 2, 4) or beyond_px < 0 or beyond_px % 2:
            raise UsageError(
                "stem_stride must be 1 with an odd stem_kernel, 2 or 4 with an even one as large, "
                f"not {self.stem_stride} with {self.stem_kernel}."
            )
        if not self.widths or len(self.widths) != len(self.blocks):
            raise UsageError(
                f"widths {self.widths} and blocks {self.blocks} must have one entry a scale."
            )
        if min(self.widths) < 1 or min(self.blocks) < 0:
            raise UsageError("widths must be at least 1 and blocks at least 0.")

    @property
    def needs_degradation(self) -> bool:
        """Whether the network must be given the degradation."""
        return self.architecture in NEEDS_DEGRADATION

    @property
    def draws(self) -> bool:
        """Whether the network can draw several answers to one photo."""
        return self.noise_planes > 0


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained; the defaults are the paper's budget."""

    operator: str = "gaussian:kernel=9,sigma=4"
    """What to undo, e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8; or a family: blur,
    pixelate, optics (blurs of lenses), streaming (compression, noise, downscaling)."""
    storage: str = "8bit"
    """How the image is kept: float, 8bit, jpeg:QUALITY, h264:crf=CRF, or any (what the family has:
    8 bits and JPEG)."""
    start_from: Path | None = None
    """Shipped name or checkpoint folder whose weights training starts from (default: drawn)."""
    flip: bool = False
    """Mirror every other photo, drawn anew each epoch."""
    shift_px: int = 0
    """Move each photo's crop by up to this many pixels each way, drawn anew each epoch."""
    clip_norm: float | None = None
    """Bound of the gradient's norm (default: none)."""
    epochs: int = 15
    """Passes over the training split."""
    batch: int = 8
    """Photos a step, over all processes together."""
    learning_rate: float = 5e-4
    """Peak learning rate of Adam."""
    l2: float = 1e-5
    """L2 penalty of Adam on all parameters."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate after the warm-up: falling to 0 along a cosine, or constant (the paper)."""
    warmup_steps: int = 100
    """Steps over which the learning rate rises from 0."""
    patience: int | None = None
    """Stop after this many epochs without a better validation PSNR (default: never)."""
    seed: int = 0
    """Seed of the initial weights and of the order of the photos."""
    limit: int | None = None
    """Use only the first photos of each split, for trials."""

    def __post_init__(self) -> None:
        _ = self.task
        _at_least(self, epochs=1, batch=1, warmup_steps=0, shift_px=0, limit=1, patience=1)
        if not 0 < self.learning_rate <= MAX_VALUE or not 0 <= self.l2 <= MAX_VALUE:
            raise UsageError(
                f"learning_rate must be above 0, l2 at least 0, both up to {MAX_VALUE}."
            )
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise UsageError("clip_norm must be above 0.")

    @property
    def task(self) -> Task:
        """What to undo."""
        return Task(self.operator, self.storage)


@dataclass(frozen=True)
class LossConfig:
    """What training minimises; the defaults are the paper's first experiment."""

    loss: Literal["pixel", "psnr", "energy", "perceptual", "mixed"] = "pixel"
    """Pixel (squared error), psnr (its logarithm, so that an easy photo counts like a hard one),
    energy (of two drawn answers, for refiners with noise), perceptual (VGG16 features), or mixed:
    rho * pixel + perceptual."""
    rho: float = 1.0
    """Weight of the pixel term in the mixed loss."""
    tap: Tap = "relu2_2"
    """Features that the perceptual term compares: the paper names relu2_2, and the shape of
    conv3_3."""
    scale: Literal["calibrated", "raw"] = "calibrated"
    """Calibrated: the perceptual term equals the pixel term on obfuscated training photos."""
    vgg_weights: Path | None = None
    """File of VGG16 weights (default: what `unveil download vgg16` keeps)."""
    kl_weight: float = 1e-4
    """Weight of the VCAE's KL divergence, which is in nats per latent element."""
    kl_warmup_steps: int = 1000
    """Steps over which the KL weight rises from 0."""

    def __post_init__(self) -> None:
        _at_least(self, kl_warmup_steps=0)
        if not self.rho >= 0 or not self.kl_weight >= 0:
            raise UsageError("rho and kl_weight must be at least 0.")

    @property
    def is_perceptual(self) -> bool:
        """Whether VGG16 takes part."""
        return self.loss in ("perceptual", "mixed")


@dataclass(frozen=True)
class RuntimeConfig:
    """Where the arithmetic happens."""

    device: Device = "auto"
    """Device; auto takes the first GPU there is."""
    precision: Precision = "auto"
    """Arithmetic of the network; auto takes bf16 where the device is fast at it."""
    threads: int | None = None
    """CPU threads (default: torch's choice); fixed threads make runs repeatable to the bit."""

    def __post_init__(self) -> None:
        _at_least(self, threads=1)


@dataclass(frozen=True)
class ScoredDataConfig:
    """Which photos a model is scored on; None stands for the value of the model's training."""

    data: Path | None = None
    """Folder of photos (default: the copy of LFW that `unveil download` keeps)."""
    crop_px: int | None = None
    """Side of the center crop (default: as in training)."""
    test_photos: int | None = None
    """Size of the test split (default: as in training, on the same photos; else as for `unveil
    train` on this folder)."""
    validation_photos: int | None = None
    """Size of the validation split (default: likewise)."""
    split_seed: int | None = None
    """Seed of the permutation that splits the photos (default: as in training)."""
    split_by: SplitBy | None = None
    """What the test split consists of: photos, or all photos of half of the people, one folder each
    (default: as in training)."""

    def __post_init__(self) -> None:
        _at_least(self, crop_px=16, test_photos=1, validation_photos=1)

    @property
    def stated(self) -> dict[str, Any]:
        """The values that are not None, by name."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def over(self, base: DataConfig) -> DataConfig:
        """Return ``base`` with the stated values in place of its own."""
        return dataclasses.replace(base, **self.stated)


@dataclass(frozen=True)
class EvaluateConfig:
    """What a model is scored on."""

    data: ScoredDataConfig = field(default_factory=ScoredDataConfig)
    split: SplitName = "test"
    """Which photos."""
    operator: str | None = None
    """Obfuscation to apply (default: what the model was trained to undo)."""
    storage: str = "8bit"
    """How the obfuscated photo is kept: float, 8bit, jpeg:QUALITY or h264:crf=CRF."""
    limit: int | None = None
    """Score only the first photos of the split."""
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        if self.operator is not None:
            parse_operator(self.operator)
        parse_storage(self.storage)
        _at_least(self, limit=1)


@dataclass(frozen=True)
class RunConfig:
    """One training run, whole."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        if self.model.needs_degradation and self.train.operator == STREAMING:
            raise UsageError(
                f"a {self.model.architecture} needs a linear operator, and those of streaming are "
                "not; take --architecture blind."
            )


Config = TypeVar("Config")


def to_plain(value: Any) -> Any:
    """Turn a config, or anything inside one, into plain JSON values."""
    if dataclasses.is_dataclass(value):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a config from plain JSON values.

    Raises:
        UsageError: a key that the config has not (the nearest one is named).
    """
    types = typing.get_type_hints(kind)
    for key in values:
        if key not in types:
            raise unknown(f"setting of {kind.__name__}", key, types)
    return kind(**{key: _from_plain(types[key], value) for key, value in values.items()})


def _from_plain(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return from_dict(typing.cast(type[Any], kind), value)
    if kind == Path | None:
        return Path(value) if value is not None else None
    return tuple(value) if isinstance(value, list) else value


def _at_least(config: Any, **least: int) -> None:
    for name, bound in least.items():
        value = getattr(config, name)
        if value is not None and value < bound:
            raise UsageError(f"{name}={value} must be at least {bound}.")
