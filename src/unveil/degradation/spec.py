"""The contract of operators: what each specification states of itself. Needs no torch."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar


class Spec(ABC):
    """An operator as data: a frozen dataclass whose fields are its parameters.

    ``str(spec)`` is its text form, ``name:parameter=value,...``, which
    :func:`unveil.degradation.parse_operator` reads. Parameters are checked on construction.

    Attributes:
        name: first word of the text form.
        is_linear: whether it is a linear map that restorers can be told to undo: a blur or a
            mosaic.
        strength_unit: what :meth:`strength` measures, for axes and tables.
    """

    name: ClassVar[str]
    is_linear: ClassVar[bool]
    strength_unit: ClassVar[str]

    @abstractmethod
    def strength(self, face_px: float) -> float:
        """Return how strong the operator is on a face ``face_px`` pixels wide, at least 0.

        A larger value obfuscates more. Lengths are counted in face widths, because half as wide a
        blur on half as wide a face obfuscates about as much.
        """

    def differs_from(self, other: object) -> float:
        """Return how far ``other`` is from this operator: 0 for none, infinity for another kind.

        Kinds with a continuous size return the relative difference of the sizes. A size in whole
        pixels (a box, a block) has to be equal, because a window or a grid that is off by one
        pixel is another one.
        """
        return 0.0 if self == other else math.inf
