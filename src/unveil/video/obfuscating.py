"""`unveil obfuscate` on videos."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from unveil.degradation import Operator, Unchanged
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import Random
from unveil.video.stream.chunks import in_chunks
from unveil.video.stream.info import Info
from unveil.video.stream.painting import Step, paint
from unveil.video.stream.process import Change


@dataclass(frozen=True)
class Obfuscating:
    """Obfuscates every frame of clips.

    Attributes:
        operator: the operator; a random operator draws new values for each frame.
    """

    operator: Operator

    def __call__(self, info: Info) -> Change | None:
        """Return the change of a clip's frames; None if the operator is the identity."""
        operator = self.operator
        if isinstance(operator, Unchanged):
            return None

        def change(images: np.ndarray, first: int) -> np.ndarray:
            if isinstance(operator, Random) and operator.seed is not None:
                return obfuscate(images, replace(operator, seed=operator.seed + first))
            return obfuscate(images, operator)

        return partial(paint, info=info, step=Step(in_chunks(change, 1)))
