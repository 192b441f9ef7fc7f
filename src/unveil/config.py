"""All settings of a run, as frozen dataclasses.

The CLI flags, the checkpoints and the result rows are derived from them. This module does not
need torch.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from tyro.conf import arg

from unveil.degradation import parse_operator, parse_storage
from unveil.degradation.families import STREAMING, Task
from unveil.errors import UsageError, unknown

MAX_WEIGHTS = 1e9
"""Greatest number of weights of an encoder: those of more are memory that nobody has."""

MAX_COUNT = 2**31 - 1
"""Largest of whole numbers; what counts with them overflows beyond."""

MAX_THREADS = 1024

MAX_VALUE = 1e30
"""Largest learning rate and L2 penalty; beyond it, float32 overflows in the optimiser."""

TILE_PX = 512
"""Side of the tiles in which large images are restored."""

Output = Annotated[Path, arg(name="output", aliases=["-o"])]
"""Path that a command writes to: ``--output``, ``-o``."""

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]
Engine = Literal["auto", "onnx", "torch"]
SplitName = Literal["train", "validation", "test"]
SplitBy = Literal["photo", "person"]
Tap = Literal["relu2_2", "conv3_3"]


@dataclass(frozen=True)
class DataConfig:
    """The photos, and how they are cropped and split (defaults: the paper's protocol)."""

    data: Path | None = None
    """Folder of photos: LFW in its original layout, or any other (searched recursively).
    Default: the copy of LFW from `unveil download`."""
    crop_px: int = 112
    """Side of the center crop."""
    test_photos: int | None = None
    """Size of the test split (default: the paper's 3708 of the 13,233 photos of LFW; the same share
    of a smaller folder, at least 1)."""
    validation_photos: int | None = None
    """Size of the validation split (default: the paper's 1905 of the 13,233 photos of LFW; the same
    share of a smaller folder, at least 1). The remaining photos are for training."""
    split_seed: int = 0
    """Seed of the permutation that splits the photos."""
    split_by: SplitBy = "photo"
    """What the test split consists of: photos (the paper), or all photos of half of the people, one
    folder each (the audit)."""

    def __post_init__(self) -> None:
        _check_counts(self, crop_px=16, test_photos=1, validation_photos=1)


NEEDS_DEGRADATION = frozenset({"refiner"})
"""Architectures whose networks take the degradation as input; others are trained for one.

Equal to :attr:`unveil.networks.network.Network.needs_degradation`, but needs no torch."""


@dataclass(frozen=True)
class ModelConfig:
    """The encoder-decoder; the defaults are the layers listed in the paper's sources."""

    architecture: str = "cae"
    """Network: blind, cae, refiner, rescae or vcae (docs/train.md)."""
    stem_kernel: int = 9
    """Kernel size of the first convolution and of its mirror in the decoder, in pixels."""
    stem_stride: int = 1
    """Stride of the first convolution: 1 (odd kernel), 2 or 4 (even kernel)."""
    widths: tuple[int, ...] = (64, 64, 128, 256)
    """Output channels of the stem and of each 4x4 stride-2 convolution after it."""
    blocks: tuple[int, ...] = (0, 0, 0, 0)
    """Number of 3x3 convolutions after the stem and after each stride-2 convolution."""
    decoder: Literal["wide", "mirrored"] = "wide"
    """Output channels of a transposed convolution: those of its input scale (wide), or of its
    output scale (mirrored)."""

    def __post_init__(self) -> None:
        _check_counts(self, stem_kernel=1)
        beyond_px = self.stem_kernel - self.stem_stride
        if self.stem_stride not in (1, 2, 4) or beyond_px < 0 or beyond_px % 2:
            raise UsageError(
                "stem_stride must be 1 with an odd stem_kernel, 2 or 4 with an even one at least "
                f"as large, not {self.stem_stride} with {self.stem_kernel}."
            )
        if not self.widths or len(self.widths) != len(self.blocks):
            raise UsageError(
                f"widths {self.widths} and blocks {self.blocks} must have one entry per scale."
            )
        if min(self.widths) < 1 or min(self.blocks) < 0:
            raise UsageError("widths must be at least 1 and blocks at least 0.")
        if self._weights() > MAX_WEIGHTS:
            raise UsageError(
                f"widths {self.widths}, blocks {self.blocks} and stem_kernel {self.stem_kernel} "
                f"make more than {MAX_WEIGHTS:.0e} weights."
            )

    def _weights(self) -> int:
        """Return about how many weights the encoder has."""
        pairs = zip((3, *self.widths), self.widths, strict=False)
        kernels = (self.stem_kernel**2, *(16 for _ in self.widths[1:]))
        steps = sum(k * one * other for k, (one, other) in zip(kernels, pairs, strict=True))
        return steps + sum(
            9 * blocks * width**2 for blocks, width in zip(self.blocks, self.widths, strict=True)
        )

    @property
    def needs_degradation(self) -> bool:
        """Whether the network takes the degradation as input."""
        return self.architecture in NEEDS_DEGRADATION


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained; the defaults are the paper's budget."""

    operator: str = "gaussian:kernel=9,sigma=4"
    """Operator to undo, e.g. gaussian:kernel=9,sigma=4 or pixelate:block=8; or a family: blur,
    pixelate, optics (lens blur), streaming (compression, noise, downscaling)."""
    storage: str = "8bit"
    """Storage of the obfuscated photo: float, 8bit, jpeg:QUALITY, h264:crf=CRF, or any (drawn from
    the family's: 8 bits and JPEG)."""
    start_from: Path | None = None
    """Shipped name or checkpoint folder of the initial weights (default: random)."""
    flip: bool = False
    """Mirror each photo with probability 1/2, drawn anew each epoch."""
    shift_px: int = 0
    """Shift each crop by up to this many pixels in each direction, drawn anew each epoch."""
    clip_norm: float | None = None
    """Maximum norm of the gradient (default: no clipping)."""
    epochs: int = 15
    """Passes over the training split."""
    batch: int = 8
    """Photos per step, over all processes together."""
    learning_rate: float = 5e-4
    """Peak learning rate of Adam."""
    l2: float = 1e-5
    """L2 penalty of Adam on all parameters."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate after the warm-up: cosine decay to 0, or constant (the paper)."""
    warmup_steps: int = 100
    """Steps of linear warm-up of the learning rate."""
    patience: int | None = None
    """Stop after this many epochs without a better validation PSNR (default: never)."""
    seed: int = 0
    """Seed of the initial weights and of the order of the photos."""
    limit: int | None = None
    """Use only the first photos of each split, for quick tests."""

    def __post_init__(self) -> None:
        _ = self.task
        _check_counts(self, epochs=1, batch=1, warmup_steps=0, shift_px=0, limit=1, patience=1)
        if not 0 < self.learning_rate <= MAX_VALUE or not 0 <= self.l2 <= MAX_VALUE:
            raise UsageError(
                f"learning_rate must be above 0, l2 at least 0, both up to {MAX_VALUE}."
            )
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise UsageError("clip_norm must be above 0.")

    @property
    def task(self) -> Task:
        """The degradations to undo."""
        return Task(self.operator, self.storage)


@dataclass(frozen=True)
class LossConfig:
    """The training loss; the defaults are the paper's first experiment."""

    loss: Literal["pixel", "psnr", "perceptual", "mixed", "identity"] = "pixel"
    """Pixel (squared error), psnr (its logarithm, which weights easy and hard photos alike),
    perceptual (VGG16 features), mixed: rho * pixel + perceptual, or identity: psnr +
    identity_weight * distance of dlib's embeddings, for center crops of one face each."""
    rho: float = 1.0
    """Weight of the pixel term in the mixed loss."""
    tap: Tap = "relu2_2"
    """VGG16 layer of the perceptual term: the paper names relu2_2 but gives conv3_3's shape."""
    scale: Literal["calibrated", "raw"] = "calibrated"
    """Scale of the perceptual term: calibrated to equal the pixel term on obfuscated training
    photos, or raw."""
    vgg_weights: Path | None = None
    """File of VGG16 weights (default: the copy from `unveil download vgg16`)."""
    identity_weight: float = 1.0
    """Weight of the embeddings' distance in the identity loss."""
    kl_weight: float = 1e-4
    """Weight of the VCAE's KL divergence, in nats per latent element."""
    kl_warmup_steps: int = 1000
    """Steps of linear warm-up of the KL weight."""

    def __post_init__(self) -> None:
        _check_counts(self, kl_warmup_steps=0)
        weights = (self.rho, self.kl_weight, self.identity_weight)
        if not all(weight >= 0 for weight in weights):
            raise UsageError("rho, kl_weight and identity_weight must be at least 0.")

    @property
    def is_perceptual(self) -> bool:
        """Whether the loss uses VGG16."""
        return self.loss in ("perceptual", "mixed")


@dataclass(frozen=True)
class RuntimeConfig:
    """The device and the precision of computation."""

    device: Device = "auto"
    """Device; auto selects the first GPU if there is one."""
    precision: Precision = "auto"
    """Floating-point format of the network; auto selects bf16 on devices that are fast at it."""
    threads: int | None = None
    """CPU threads (default: torch's choice); a fixed number makes runs bit-reproducible."""

    def __post_init__(self) -> None:
        _check_counts(self, threads=1)
        if self.threads is not None and self.threads > MAX_THREADS:
            raise UsageError(f"threads={self.threads} must be at most {MAX_THREADS}.")


@dataclass(frozen=True)
class ScoredDataConfig:
    """Which photos a model is scored on; None stands for the value of the model's training."""

    data: Path | None = None
    """Folder of photos (default: the copy of LFW from `unveil download`)."""
    crop_px: int | None = None
    """Side of the center crop (default: as in training)."""
    test_photos: int | None = None
    """Size of the test split (default: as in training, if the photos are the same; else as for
    `unveil train` on this folder)."""
    validation_photos: int | None = None
    """Size of the validation split (default: likewise)."""
    split_seed: int | None = None
    """Seed of the permutation that splits the photos (default: as in training)."""
    split_by: SplitBy | None = None
    """What the test split consists of: photos, or all photos of half of the people, one folder each
    (default: as in training)."""

    def __post_init__(self) -> None:
        _check_counts(self, crop_px=16, test_photos=1, validation_photos=1)

    @property
    def stated(self) -> dict[str, Any]:
        """The values that are not None, by name."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def over(self, base: DataConfig) -> DataConfig:
        """Return ``base`` updated with the stated values."""
        return dataclasses.replace(base, **self.stated)


@dataclass(frozen=True)
class EvaluateConfig:
    """The data and the degradation that a model is scored on."""

    data: ScoredDataConfig = field(default_factory=ScoredDataConfig)
    split: SplitName = "test"
    """Split to score on."""
    operator: str | None = None
    """Operator to apply (default: the one that the model was trained to undo)."""
    storage: str = "8bit"
    """Storage of the obfuscated photo: float, 8bit, jpeg:QUALITY or h264:crf=CRF."""
    limit: int | None = None
    """Score only the first photos of the split."""
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        if self.operator is not None:
            parse_operator(self.operator)
        parse_storage(self.storage)
        _check_counts(self, limit=1)


@dataclass(frozen=True)
class RunConfig:
    """One complete training run."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        if self.model.needs_degradation and self.train.operator == STREAMING:
            raise UsageError(
                f"a {self.model.architecture} needs a linear operator, and those of streaming are "
                "not linear; use --architecture blind."
            )


Config = TypeVar("Config")


def to_plain(value: Any) -> Any:
    """Convert a config, or a value inside one, to plain JSON values."""
    if dataclasses.is_dataclass(value):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


REMOVED = {"noise_planes": 0, "journey_steps": 500}
"""Settings that are gone or of a tool, and the value with which checkpoints have them."""


def from_dict(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Build a config, or another dataclass, from plain JSON values.

    Raises:
        UsageError: it has no such key (the message names the most similar one), lacks one, or a
            value is not of its type.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"{kind.__name__}: {_brief(values)} is not an object of JSON.")
    types = typing.get_type_hints(kind)
    values = {key: value for key, value in values.items() if (key, value) not in REMOVED.items()}
    for key in values:
        if key not in types:
            raise unknown(f"setting of {kind.__name__}", key, types)
    plain = {key: _from_plain(types[key], value, key) for key, value in values.items()}
    try:
        return kind(**plain)
    except TypeError:
        lacking = [name for name in _required(kind) if name not in plain]
        raise UsageError(f"{kind.__name__}: lacks {', '.join(lacking)}.") from None


def _required(kind: type[Any]) -> list[str]:
    """Return the names of the fields that have no default."""
    nothing = dataclasses.MISSING
    return [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is nothing and field.default_factory is nothing
    ]


def _from_plain(kind: Any, value: Any, key: str) -> Any:
    """Return a value of JSON as one of a type: objects as dataclasses, texts as paths."""
    if dataclasses.is_dataclass(kind):
        return from_dict(typing.cast(type[Any], kind), value)
    if kind == Path | None and isinstance(value, str):
        value = Path(value)
    if isinstance(value, list) and typing.get_origin(kind) is not list:
        value = tuple(value)
    if isinstance(value, bool) and kind in (int, int | None, float, float | None):
        raise UsageError(f"{key}: {json.dumps(value)} is not allowed; it must be a number.")
    # Not above: it imports much, and few commands read settings from a file.
    from typeguard import CollectionCheckStrategy as Collections
    from typeguard import TypeCheckError, check_type

    try:
        checked = check_type(value, kind, collection_check_strategy=Collections.ALL_ITEMS)
    except TypeCheckError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{key}: {_brief(value)} is not allowed ({reason}).") from None
    return checked


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _check_counts(config: Any, **least: int) -> None:
    """Check that whole numbers are at least their bound, and none too large to count with."""
    for name, bound in least.items():
        value = getattr(config, name)
        if value is not None and value < bound:
            raise UsageError(f"{name}={value} must be at least {bound}.")
        if value is not None and value > MAX_COUNT:
            raise UsageError(f"{name}={value} must be at most {MAX_COUNT}.")
