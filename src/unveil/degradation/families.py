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
    GaussianBlur,
    Linear,
    Operator,
    Pixelate,
    Sample,
    Storage,
    parse_operator,
    parse_storage,
    streaming,
)

SIGMAS_PX = (0.8, 8.5)
RADII_PX = (2 * SIGMAS_PX[0], 2 * SIGMAS_PX[1])
"""Disks as wide, by standard deviation, as the Gaussians."""

RATIOS = (0.15, 1.0)
"""Of the narrow to the wide side of a Gaussian of two widths."""

BLOCKS_PX = (4, 16)
JPEG_QUALITIES = (50, 100)
STORAGES = "any"
"""In place of a storage: 8 bits and JPEG of every quality above 50, or what the family has."""

STREAMING = "streaming"
FAMILIES: dict[str, Degradation] = {
    "blur": Degradation(GaussianBlur(9, 4.0)),
    "pixelate": Degradation(Pixelate(8)),
    "optics": Degradation(Disk(4.0)),
    STREAMING: streaming.MEMBER,
}
"""Each family and its best known member (the study's, if it has one), which it is validated on."""

COARSEST_CRF = 30
"""Up to this rate factor of H.264 the weights for blurs and mosaics are known to help."""

MEMBER_SHARE = 1 / 8
"""Share of training photos on that member."""

PARTS = 4
"""Degradations in one batch."""


RANGES = {
    "blur": f"Gaussian blurs of sigma {SIGMAS_PX[0]:g} to {SIGMAS_PX[1]:g} pixels and boxes as "
    f"wide, 8 bits or JPEG from quality {JPEG_QUALITIES[0]}",
    "pixelate": f"blocks of {BLOCKS_PX[0]} to {BLOCKS_PX[1]} pixels, 8 bits or JPEG from quality "
    f"{JPEG_QUALITIES[0]}",
    "optics": f"the blurs of `blur`, disks of radius {RADII_PX[0]:g} to {RADII_PX[1]:g} pixels and "
    f"Gaussians of two widths, the wider {SIGMAS_PX[0]:g} to {SIGMAS_PX[1]:g} pixels, 8 bits or "
    f"JPEG from quality {JPEG_QUALITIES[0]}",
    STREAMING: streaming.RANGE,
}
"""What the shipped weights of each family were trained on."""


def family_of(operator: Linear) -> str:
    """Return the family that ``operator`` is of; what ``blur`` has, ``optics`` has too."""
    if isinstance(operator, Disk | AnisotropicGaussian):
        return "optics"
    return "blur" if isinstance(operator, Blur) else "pixelate"


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
        _ = self.typical

    @property
    def operator_text(self) -> str:
        """The family's name, or the operator's canonical text form."""
        return self.operator if self.operator in FAMILIES else str(self.typical.operator)

    @property
    def typical(self) -> Degradation:
        """The degradation that the network is validated on, and takes where none is told."""
        member = FAMILIES.get(self.operator) or Degradation(parse_operator(self.operator))
        if self.storage == STORAGES:
            return member
        return Degradation(member.operator, parse_storage(self.storage))

    def draw(self, seed: int, step: int) -> tuple[Degradation, ...]:
        """Return the degradations of a training step: a function of seed and step alone.

        Each is for an equal part of the batch; several, because the gradients of one alone say
        little of the family (docs/log.md).
        """
        draw = random.Random(f"{seed} {step}")  # noqa: S311  # no secret
        several = self.operator in FAMILIES or self.storage == STORAGES
        return tuple(self._draw_one(draw) for _ in range(PARTS if several else 1))

    def _draw_one(self, draw: random.Random) -> Degradation:
        typical = self.typical
        if draw.random() < MEMBER_SHARE:
            return typical
        operator = typical.operator
        if self.operator in FAMILIES:
            operator = _DRAW[self.operator](draw)
        if self.storage != STORAGES:
            return Degradation(operator, typical.storage)
        if self.operator == STREAMING:
            return Degradation(operator, streaming.draw_storage(draw, operator))
        return Degradation(operator, _draw_storage(draw))

    def covers(self, degradation: Degradation) -> bool:
        """Say whether ``degradation`` is among what is drawn."""
        return self._covers_operator(degradation.operator) and (
            str(degradation.storage) == self.storage
            or (self.storage == STORAGES and self._covers_storage(degradation.storage))
        )

    def _covers_storage(self, storage: Storage) -> bool:
        if self.operator == STREAMING:
            return streaming.covers_storage(storage)
        return _covers_storage(storage)

    def helps(self, degradation: Degradation) -> bool:
        """Say whether weights are known to undo ``degradation`` better than linear algebra does.

        Beside what is drawn: none has met H.264, but those that know all qualities of JPEG undo it,
        told how coarse it is (docs/video.md).
        """
        storage = degradation.storage
        if storage.kind == "h264" and (storage.quality or 0) <= COARSEST_CRF:
            degradation = Degradation(degradation.operator, Storage("jpeg", JPEG_QUALITIES[0]))
        return self.covers(degradation)

    def _covers_operator(self, operator: Operator) -> bool:
        if self.operator not in FAMILIES:
            return str(operator) == str(self.typical.operator)
        if self.operator == STREAMING:
            return streaming.covers_operator(operator)
        match operator:
            case GaussianBlur(kernel, sigma):
                inside = SIGMAS_PX[0] <= sigma <= SIGMAS_PX[1] and kernel > sigma
                return self.operator in ("blur", "optics") and inside
            case BoxBlur(kernel):
                return self.operator in ("blur", "optics") and 3 <= kernel <= _widest_box()
            case Disk(radius):
                return self.operator == "optics" and RADII_PX[0] <= radius <= RADII_PX[1]
            case AnisotropicGaussian(one, other):
                narrow, wide = sorted((one, other))
                inside = SIGMAS_PX[0] <= wide <= SIGMAS_PX[1] and narrow >= RATIOS[0] * wide
                return self.operator == "optics" and inside
            case Pixelate(block) | Sample(block):
                return self.operator == "pixelate" and BLOCKS_PX[0] <= block <= BLOCKS_PX[1]
            case _:
                return False


def _draw_blur(draw: random.Random) -> Linear:
    if draw.random() < 0.1:
        return BoxBlur(2 * draw.randint(1, _widest_box() // 2) + 1)
    sigma = _between(SIGMAS_PX, draw)
    # OpenCV, SciPy and browsers cut the bell at 3 or 4 sigma, the study at 1.
    radius = max(round(sigma * draw.uniform(0.9, 4)), 1)
    return GaussianBlur(2 * radius + 1, sigma)


def _draw_optics(draw: random.Random) -> Linear:
    kind = draw.random()
    if kind < 0.4:
        return _draw_blur(draw)
    if kind < 0.7:
        return Disk(_between(RADII_PX, draw))
    wide = _between(SIGMAS_PX, draw)
    return AnisotropicGaussian(wide, wide * _between(RATIOS, draw), draw.uniform(-90, 90))


def _between(bounds: tuple[float, float], draw: random.Random) -> float:
    """Draw a number between two bounds, its logarithm evenly."""
    low, high = bounds
    return float(low * (high / low) ** draw.random())


def _widest_box() -> int:
    """Return the width of the box as wide, by standard deviation, as the strongest Gaussian."""
    return 2 * round(SIGMAS_PX[1] * 12**0.5 / 2) + 1


def _draw_mosaic(draw: random.Random) -> Linear:
    block = draw.randint(*BLOCKS_PX)
    kind = Sample if draw.random() < 0.1 else Pixelate
    return kind(block, draw.randrange(block), draw.randrange(block))


_DRAW: dict[str, Callable[[random.Random], Operator]] = {
    "blur": _draw_blur,
    "pixelate": _draw_mosaic,
    "optics": _draw_optics,
    STREAMING: streaming.draw_operator,
}


def _draw_storage(draw: random.Random) -> Storage:
    if draw.random() < 0.5:
        return Storage("8bit")
    return Storage("jpeg", draw.randint(*JPEG_QUALITIES))


def _covers_storage(storage: Storage) -> bool:
    # What is exact is covered too: rounding it to 8 bits changes little.
    if storage.kind == "jpeg":
        return (storage.quality or 0) >= JPEG_QUALITIES[0]
    return storage.kind in ("float", "8bit")
