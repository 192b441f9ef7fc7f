"""What to say of a restoration, and how the commands say it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unveil import console
from unveil.report.rows import Row

if TYPE_CHECKING:
    from unveil.restoration.restorers import Restorer


@dataclass(frozen=True)
class Remark:
    """A sentence about a restoration, without a full stop.

    Attributes:
        text: what to say.
        is_warning: whether the result may be wrong because of it.
    """

    text: str
    is_warning: bool = False


def show(remarks: Iterable[Remark], finding: Row | None, restorer: "Restorer | None") -> None:
    """Print remarks and warnings; put what was found and used into the row of the next result.

    Args:
        remarks: what to say, in order.
        finding: what obfuscated the input, as a row; None where the restorer is not told.
        restorer: what was used; None for nothing.
    """
    for remark in remarks:
        (console.warn if remark.is_warning else console.note)(remark.text)
    used = None if restorer is None else restorer.name
    console.add(**(finding or {}), model=used)
    if restorer is not None:
        console.add(runtime=str(restorer.runtime))
