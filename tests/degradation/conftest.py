"""Operators in each library."""

import numpy as np
import pytest

from unveil.degradation import Linear
from unveil.degradation.operators import obfuscate


@pytest.fixture
def apply(library):
    """Return a function that obfuscates numpy's images in each library."""

    def apply(x: np.ndarray, operator: Linear) -> np.ndarray:
        return library.compute(lambda images: obfuscate(images, operator), x)

    return apply
