"""What a network is trained to undo: one degradation, or a family of them drawn anew each step.

Needs no torch.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    BoxBlur,
    Degradation,
    Disk,
    Downscale,
    EvenMosaic,
    GaussianBlur,
    Linear,
    Motion,
    Noise,
    Operator,
    Pixelate,
    Poisson,
    Sample,
    Storage,
    Unchanged,
    UnevenPixelate,
    parse_operator,
    parse_storage,
)

SIGMAS_PX = (0.8, 8.5)
RADII_PX = (2 * SIGMAS_PX[0], 2 * SIGMAS_PX[1])
"""Disks as wide, by standard deviation, as the Gaussians."""

RATIOS = (0.15, 1.0)
"""Of the narrow to the wide side of a Gaussian of two widths."""

WIDEST_BOX_PX = 2 * round(SIGMAS_PX[1] * 12**0.5 / 2) + 1
"""As wide, by standard deviation, as the strongest Gaussian."""

BLOCKS_PX = (4, 16)
JPEG_QUALITIES = (50, 100)
"""Of all families but streaming."""

STREAMING_QUALITIES = (10, 95)
STREAMING_CRFS = (18, 40)
NOISE_STDS = (2.0, 50.0)
"""In levels of 255."""

PHOTONS = (20.0, 2000.0)
FACTORS = (1.5, 4.0)
STREAMING_SHARES = {Unchanged: 0.4, Noise: 0.2, Poisson: 0.15, Downscale: 0.25}
"""Of training photos, by what is done before they are stored."""

UNCOMPRESSED_SHARE = 0.4
"""Of the streaming photos to which something was done, the share that is kept in 8 bits."""

STORAGES = "any"
"""In place of a storage: all storages that the family has (:attr:`Family.draw_storage`)."""

STREAMING = "streaming"
STREAMING_TRIALS = (
    *(("none", f"jpeg:{quality}") for quality in (80, 40, 15)),
    *(("none", f"h264:crf={crf}") for crf in (23, 28, 35)),
    *((f"noise:std={std}", "8bit") for std in (5, 15, 25, 50)),
    *((f"poisson:photons={photons}", "8bit") for photons in (300, 30)),
    *((f"downscale:factor={factor}", "8bit") for factor in (2, 4)),
    ("noise:std=15", "jpeg:60"),
    ("downscale:factor=2", "h264:crf=28"),
)
"""What networks of the family streaming are scored on: operator and storage."""

COARSEST_CRF = 30
"""Up to this rate factor of H.264 the weights for blurs and mosaics are known to help."""

EXAMPLE_SHARE = 1 / 8
"""Share of training photos that show the family's example."""

PARTS = 4
"""Degradations in one batch."""


def _between(bounds: tuple[float, float], draw: random.Random) -> float:
    """Draw a number between two bounds, uniform in its logarithm."""
    low, high = bounds
    return float(low * (high / low) ** draw.random())


def _is_within(bounds: tuple[float, float], value: float | None) -> bool:
    return value is not None and bounds[0] <= value <= bounds[1]


def _draw_8bit_or_jpeg(draw: random.Random, _: Operator) -> Storage:
    if draw.random() < 0.5:
        return Storage("8bit")
    return Storage("jpeg", draw.randint(*JPEG_QUALITIES))


def _covers_8bit_or_jpeg(storage: Storage) -> bool:
    # What is exact is covered too: rounding it to 8 bits changes little.
    if storage.kind == "jpeg":
        return _is_within(JPEG_QUALITIES, storage.quality)
    return storage.kind in ("float", "8bit")


@dataclass(frozen=True)
class Family:
    """Degradations that one network is trained to undo.

    Attributes:
        name: what ``--operator`` takes.
        description: its operators and storages with their ranges, in words.
        example: its best-known member (the paper's, if it has one), which training validates on.
        draw: draws an operator.
        covers: whether an operator is among those drawn.
        draw_storage: draws how a photo is kept to which an operator was applied.
        covers_storage: whether a storage is among those drawn.
    """

    name: str
    description: str
    example: Degradation
    draw: Callable[[random.Random], Operator]
    covers: Callable[[Operator], bool]
    draw_storage: Callable[[random.Random, Operator], Storage] = _draw_8bit_or_jpeg
    covers_storage: Callable[[Storage], bool] = _covers_8bit_or_jpeg


def _draw_blur(draw: random.Random) -> Linear:
    if draw.random() < 0.1:
        return BoxBlur(2 * draw.randint(1, WIDEST_BOX_PX // 2) + 1)
    sigma = _between(SIGMAS_PX, draw)
    # OpenCV, SciPy and browsers cut the Gaussian at 3 or 4 sigma, the paper at 1.
    radius = max(round(sigma * draw.uniform(0.9, 4)), 1)
    return GaussianBlur(2 * radius + 1, sigma)


def _covers_blur(operator: Operator) -> bool:
    match operator:
        case GaussianBlur(kernel, sigma):
            return _is_within(SIGMAS_PX, sigma) and kernel > sigma
        case BoxBlur(kernel):
            return _is_within((3, WIDEST_BOX_PX), kernel)
        case _:
            return False


def _draw_optics(draw: random.Random) -> Linear:
    kind = draw.random()
    if kind < 0.4:
        return _draw_blur(draw)
    if kind < 0.7:
        return Disk(_between(RADII_PX, draw))
    wide = _between(SIGMAS_PX, draw)
    return AnisotropicGaussian(wide, wide * _between(RATIOS, draw), draw.uniform(-90, 90))


def _covers_optics(operator: Operator) -> bool:
    match operator:
        case Disk(radius):
            return _is_within(RADII_PX, radius)
        case AnisotropicGaussian(one, other):
            narrow, wide = sorted((one, other))
            return _is_within(SIGMAS_PX, wide) and narrow >= RATIOS[0] * wide
        case _:
            return _covers_blur(operator)


def _draw_mosaic(draw: random.Random) -> Linear:
    block = draw.randint(*BLOCKS_PX)
    kind = Sample if draw.random() < 0.1 else Pixelate
    return kind(block, draw.randrange(block), draw.randrange(block))


def _covers_mosaic(operator: Operator) -> bool:
    return isinstance(operator, EvenMosaic) and _is_within(BLOCKS_PX, operator.block)


def _draw_streaming(draw: random.Random) -> Operator:
    (kind,) = draw.choices(list(STREAMING_SHARES), list(STREAMING_SHARES.values()))
    if kind is Noise:
        return Noise(_between(NOISE_STDS, draw), draw.randrange(2**31))
    if kind is Poisson:
        return Poisson(_between(PHOTONS, draw), draw.randrange(2**31))
    if kind is Downscale:
        return Downscale(draw.uniform(*FACTORS))
    return Unchanged()


def _covers_streaming(operator: Operator) -> bool:
    match operator:
        case Unchanged():
            return True
        case Noise(std):
            return _is_within(NOISE_STDS, std)
        case Poisson(photons):
            return _is_within(PHOTONS, photons)
        case Downscale(factor):
            return _is_within(FACTORS, factor)
        case _:
            return False


def _draw_streaming_storage(draw: random.Random, operator: Operator) -> Storage:
    """Draw how a photo is kept; one that nothing was done to is always compressed.

    Otherwise there would be nothing to undo, and in the loss the logarithm of a zero error would
    outweigh all others.
    """
    if operator != Unchanged() and draw.random() < UNCOMPRESSED_SHARE:
        return Storage("8bit")
    if draw.random() < 0.5:
        return Storage("jpeg", draw.randint(*STREAMING_QUALITIES))
    return Storage("h264", draw.randint(*STREAMING_CRFS))


def _covers_streaming_storage(storage: Storage) -> bool:
    bounds = {"jpeg": STREAMING_QUALITIES, "h264": STREAMING_CRFS}.get(storage.kind)
    return bounds is None or _is_within(bounds, storage.quality)


_FAMILIES = (
    Family(
        "blur",
        f"Gaussian blurs of sigma {SIGMAS_PX[0]:g} to {SIGMAS_PX[1]:g} pixels and boxes as "
        f"wide, 8 bits or JPEG from quality {JPEG_QUALITIES[0]}",
        Degradation(GaussianBlur(9, 4.0)),
        _draw_blur,
        _covers_blur,
    ),
    Family(
        "pixelate",
        f"blocks of {BLOCKS_PX[0]} to {BLOCKS_PX[1]} pixels, 8 bits or JPEG from quality "
        f"{JPEG_QUALITIES[0]}",
        Degradation(Pixelate(8)),
        _draw_mosaic,
        _covers_mosaic,
    ),
    Family(
        "optics",
        f"the blurs of `blur`, disks of radius {RADII_PX[0]:g} to {RADII_PX[1]:g} pixels and "
        f"Gaussians of two widths, the wider {SIGMAS_PX[0]:g} to {SIGMAS_PX[1]:g} pixels, 8 bits "
        f"or JPEG from quality {JPEG_QUALITIES[0]}",
        Degradation(Disk(4.0)),
        _draw_optics,
        _covers_optics,
    ),
    Family(
        STREAMING,
        f"JPEG of quality {STREAMING_QUALITIES[0]} to {STREAMING_QUALITIES[1]}, H.264 of rate "
        f"factor {STREAMING_CRFS[0]} to {STREAMING_CRFS[1]}, Gaussian noise of {NOISE_STDS[0]:g} "
        f"to {NOISE_STDS[1]:g} levels, Poisson noise of {PHOTONS[0]:g} to {PHOTONS[1]:g} photons "
        f"and downscaling by {FACTORS[0]:g} to {FACTORS[1]:g}, alone or one of the last three "
        "followed by one of the first two",
        Degradation(Unchanged(), Storage("jpeg", 40)),
        _draw_streaming,
        _covers_streaming,
        _draw_streaming_storage,
        _covers_streaming_storage,
    ),
)
FAMILIES = {family.name: family for family in _FAMILIES}


def family_of(operator: Linear) -> str | None:
    """Return the family that ``operator`` belongs to; None where no weights know its kind.

    What ``blur`` has, ``optics`` has too.
    """
    if isinstance(operator, Motion | UnevenPixelate):
        return None
    if isinstance(operator, Disk | AnisotropicGaussian):
        return "optics"
    return "blur" if isinstance(operator, Blur) else "pixelate"


def _family_of_one(operator: Operator) -> Family:
    """Return the family whose only operator is ``operator``."""
    example, text = Degradation(operator), str(operator)
    return Family(text, text, example, lambda _: operator, lambda other: str(other) == text)


@dataclass(frozen=True)
class Task:
    """What to undo.

    Args:
        operator: text form of an operator, or the name of a family.
        storage: text form of a storage, or ``any``.

    Raises:
        UsageError: neither of these.
    """

    operator: str
    storage: str

    def __post_init__(self) -> None:
        _ = self.example

    @property
    def family(self) -> Family:
        """The family, or one that has a single operator."""
        return FAMILIES.get(self.operator) or _family_of_one(parse_operator(self.operator))

    @property
    def operator_text(self) -> str:
        """The family's name, or the operator's canonical text form."""
        return self.family.name

    @property
    def example(self) -> Degradation:
        """The degradation that the network is validated on, and assumes where none is given."""
        member = self.family.example
        if self.storage == STORAGES:
            return member
        return Degradation(member.operator, parse_storage(self.storage))

    @property
    def description(self) -> str:
        """What is undone, in words: the family's ranges, or operator and storage."""
        return self.family.description if self.operator in FAMILIES else str(self.example)

    def draw(self, seed: int, step: int) -> tuple[Degradation, ...]:
        """Return the degradations of a training step: a function of seed and step alone.

        Each is for an equal part of the batch. There are several because the gradients of one say
        little about the family (docs/log.md).
        """
        draw = random.Random(f"{seed} {step}")  # noqa: S311  # no secret
        several = self.operator in FAMILIES or self.storage == STORAGES
        return tuple(self._draw_one(draw) for _ in range(PARTS if several else 1))

    def _draw_one(self, draw: random.Random) -> Degradation:
        if draw.random() < EXAMPLE_SHARE:
            return self.example
        operator = self.family.draw(draw)
        if self.storage != STORAGES:
            return Degradation(operator, self.example.storage)
        return Degradation(operator, self.family.draw_storage(draw, operator))

    def covers(self, degradation: Degradation) -> bool:
        """Return whether ``degradation`` is among what is drawn."""
        return self.family.covers(degradation.operator) and (
            str(degradation.storage) == self.storage
            or (self.storage == STORAGES and self.family.covers_storage(degradation.storage))
        )

    def helps(self, degradation: Degradation) -> bool:
        """Return whether weights are known to undo ``degradation`` better than a closed form.

        Beyond what is drawn: no weights were trained on H.264, but those trained on all qualities
        of JPEG undo it, given how coarse it is (docs/video.md).
        """
        storage = degradation.storage
        if storage.kind == "h264" and (storage.quality or 0) <= COARSEST_CRF:
            degradation = Degradation(degradation.operator, Storage("jpeg", JPEG_QUALITIES[0]))
        return self.covers(degradation)
