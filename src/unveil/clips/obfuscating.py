"""`unveil obfuscate` on videos."""

from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from unveil.operators import obfuscate
from unveil.specs import DpPix, Noise, Operator, Poisson, Unchanged
from unveil.video.chunks import in_chunks
from unveil.video.info import Info
from unveil.video.painting import Step, paint
from unveil.video.process import Change

Random = Noise | Poisson | DpPix


@dataclass(frozen=True)
class Obfuscating:
    """Obfuscates every picture of clips.

    Attributes:
        operator: with what; what draws at random draws anew for each picture.
    """

    operator: Operator

    def __call__(self, info: Info) -> Change | None:
        """Return what changes the pictures of a clip; None where nothing is to be done."""
        operator = self.operator
        if isinstance(operator, Unchanged):
            return None

        def change(images: Tensor, first: int) -> Tensor:
            if isinstance(operator, Random):
                return obfuscate(images, replace(operator, seed=operator.seed + first))
            return obfuscate(images, operator)

        return partial(paint, info=info, step=Step(in_chunks(change, 1), threads=1))
