"""The degradation of a clip, from the findings on a sample of its frames."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unveil.degradation import (
    Blur,
    Degradation,
    EvenMosaic,
    Operator,
    Pixelate,
    Sample,
    Storage,
    Unchanged,
)
from unveil.degradation.kernels import spread_px
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.report.rows import Row


@dataclass(frozen=True)
class Moving:
    """A mosaic whose position changes during the clip, or that is absent from some frames.

    Attributes:
        operator: the mosaic, with the origin of its grid at the corner of its box.
        storage: how the clip was compressed.
    """

    operator: EvenMosaic
    storage: Storage

    @property
    def degradation(self) -> Degradation:
        """The operator and the storage."""
        return Degradation(self.operator, self.storage)

    def as_row(self) -> Row:
        """Return it as JSON values."""
        return {"operator": str(self.operator), "storage": str(self.storage), "box": "moves"}

    def __str__(self) -> str:
        return f"{self.operator}, in a part that moves, kept as {self.storage}"


def agree(seen: Sequence[Finding]) -> Finding | Moving:
    """Return the finding on a clip, from the findings on a sample of its frames.

    If more than half of the frames agree on the type of the operator and on the box, the finding
    of median strength among them. Otherwise, or if these are unobfuscated, a moving mosaic if at
    least two frames have the same mosaic in a box.

    Raises:
        UsageError: no type and box have a majority, and there is no moving mosaic.
    """

    def kind(finding: Finding) -> tuple[type[Operator], Box | None]:
        return type(finding.operator), finding.box

    usual, count = Counter(map(kind, seen)).most_common(1)[0]
    is_usual = 2 * count > len(seen)
    parts = Counter(f.operator for f in seen if f.box and isinstance(f.operator, EvenMosaic))
    if parts and not (is_usual and usual[0] is not Unchanged):
        ((operator, sights),) = parts.most_common(1)
        if sights > 1:
            return Moving(operator, seen[0].storage)
    if not is_usual:
        raise UsageError(
            "the obfuscation differs from frame to frame; state it with --operator SPEC and its "
            "place with --box X,Y,W,H."
        )
    alike = [finding for finding in seen if kind(finding) == usual]
    return sorted(alike, key=_strength)[len(alike) // 2]


def _strength(finding: Finding) -> float:
    match finding.operator:
        case Pixelate(block) | Sample(block):
            return block
        case operator if isinstance(operator, Blur):
            return spread_px(operator)
        case _:
            return 0.0
