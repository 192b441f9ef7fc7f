"""What a network is trained to undo: one degradation, or a family of them drawn anew each step.

Needs no torch.
"""

import random
from dataclasses import dataclass

from unveil.specs import (
    Blur,
    BoxBlur,
    Degradation,
    GaussianBlur,
    Linear,
    Operator,
    Pixelate,
    Sample,
    Storage,
    Window,
    parse_operator,
    parse_storage,
)

SIGMAS_PX = (0.8, 8.5)
BLOCKS_PX = (4, 16)
JPEG_QUALITIES = (50, 100)
STORAGES = "any"
"""In place of a storage: 8 bits and JPEG of every quality above 50."""

FAMILIES: dict[str, Linear] = {"blur": GaussianBlur(9, 4.0), "pixelate": Pixelate(8)}
"""Each family and its best known member, the study's, which it is validated on."""

MEMBER_SHARE = 1 / 8
"""Share of training photos on that member, in 8 bits."""

PARTS = 4
"""Degradations in one batch."""


RANGES = {
    "blur": f"Gaussian blurs of sigma {SIGMAS_PX[0]:g} to {SIGMAS_PX[1]:g} pixels and boxes as "
    f"wide, 8 bits or JPEG from quality {JPEG_QUALITIES[0]}",
    "pixelate": f"blocks of {BLOCKS_PX[0]} to {BLOCKS_PX[1]} pixels, 8 bits or JPEG from quality "
    f"{JPEG_QUALITIES[0]}",
}
"""What the shipped weights of each family were trained on."""


def family_of(operator: Linear) -> str:
    """Return the family that ``operator`` is of."""
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
        operator = FAMILIES.get(self.operator) or parse_operator(self.operator)
        return Degradation(
            operator, Storage() if self.storage == STORAGES else parse_storage(self.storage)
        )

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
        operator, storage = typical.operator, typical.storage
        if self.operator in FAMILIES:
            operator = (_draw_blur if self.operator == "blur" else _draw_mosaic)(draw)
        return Degradation(operator, _draw_storage(draw) if self.storage == STORAGES else storage)

    def covers(self, degradation: Degradation) -> bool:
        """Say whether ``degradation`` is among what is drawn."""
        return self._covers_operator(degradation.operator) and (
            str(degradation.storage) == self.storage
            or (self.storage == STORAGES and _covers_storage(degradation.storage))
        )

    def _covers_operator(self, operator: Operator) -> bool:
        if self.operator not in FAMILIES:
            return str(operator) == str(self.typical.operator)
        match operator:
            case GaussianBlur(kernel, sigma):
                inside = SIGMAS_PX[0] <= sigma <= SIGMAS_PX[1] and kernel > sigma
                return self.operator == "blur" and inside
            case BoxBlur(kernel):
                return self.operator == "blur" and 3 <= kernel <= _widest_box()
            case Window():
                return False  # drawn by nobody yet
            case Pixelate(block) | Sample(block):
                return self.operator == "pixelate" and BLOCKS_PX[0] <= block <= BLOCKS_PX[1]
            case _:
                return False


def _draw_blur(draw: random.Random) -> Linear:
    if draw.random() < 0.1:
        return BoxBlur(2 * draw.randint(1, _widest_box() // 2) + 1)
    low, high = SIGMAS_PX
    sigma = low * (high / low) ** draw.random()
    # OpenCV, SciPy and browsers cut the bell at 3 or 4 sigma, the study at 1.
    radius = max(round(sigma * draw.uniform(0.9, 4)), 1)
    return GaussianBlur(2 * radius + 1, sigma)


def _widest_box() -> int:
    """Return the width of the box as wide, by standard deviation, as the strongest Gaussian."""
    return 2 * round(SIGMAS_PX[1] * 12**0.5 / 2) + 1


def _draw_mosaic(draw: random.Random) -> Linear:
    block = draw.randint(*BLOCKS_PX)
    kind = Sample if draw.random() < 0.1 else Pixelate
    return kind(block, draw.randrange(block), draw.randrange(block))


def _draw_storage(draw: random.Random) -> Storage:
    if draw.random() < 0.5:
        return Storage("8bit")
    return Storage("jpeg", draw.randint(*JPEG_QUALITIES))


def _covers_storage(storage: Storage) -> bool:
    # What is exact is covered too: rounding it to 8 bits changes little.
    return storage.kind != "jpeg" or (storage.quality or 0) >= JPEG_QUALITIES[0]
