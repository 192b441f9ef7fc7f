"""`unveil obfuscate` on videos."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from unveil.degradation import DpPix, Noise, Operator, Poisson, Unchanged
from unveil.degradation.operators import obfuscate
from unveil.video.stream.chunks import in_chunks
from unveil.video.stream.info import Info
from unveil.video.stream.painting import Step, paint
from unveil.video.stream.process import Change

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

        def change(images: np.ndarray, first: int) -> np.ndarray:
            if isinstance(operator, Random):
                return obfuscate(images, replace(operator, seed=operator.seed + first))
            return obfuscate(images, operator)

        return partial(paint, info=info, step=Step(in_chunks(change, 1)))
