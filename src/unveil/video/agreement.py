"""What hides a clip, by what was found in some of its pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from unveil.degradation import (
    Blur,
    Degradation,
    Mosaic,
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
    """A mosaic that is not in the same place in all pictures, or not in all of them.

    Attributes:
        operator: with its grid at the corner of the part that it covers.
        storage: how the clip was kept.
    """

    operator: Mosaic
    storage: Storage

    @property
    def degradation(self) -> Degradation:
        """Operator and storage."""
        return Degradation(self.operator, self.storage)

    def as_row(self) -> Row:
        """Return it as JSON values."""
        return {"operator": str(self.operator), "storage": str(self.storage), "box": "moves"}

    def __str__(self) -> str:
        return f"{self.operator}, in a part that moves, kept as {self.storage}"


def agree(seen: Sequence[Finding]) -> Finding | Moving:
    """Return what hides a clip, by what was found in some of its pictures.

    The kind that most pictures show, where they show it; of that, the median strength. Or a mosaic
    of one size in parts of at least two pictures.

    Raises:
        UsageError: the pictures show different things.
    """

    def kind(finding: Finding) -> tuple[type[Operator], Box | None]:
        return type(finding.operator), finding.box

    usual, count = Counter(map(kind, seen)).most_common(1)[0]
    is_usual = 2 * count > len(seen)
    parts = Counter(f.operator for f in seen if f.box and isinstance(f.operator, Mosaic))
    if parts and not (is_usual and usual[0] is not Unchanged):
        ((operator, sights),) = parts.most_common(1)
        if sights > 1:
            return Moving(operator, seen[0].storage)
    if not is_usual:
        raise UsageError(
            "what hides it differs from picture to picture; say what with --operator SPEC and "
            "where with --box X,Y,W,H."
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
