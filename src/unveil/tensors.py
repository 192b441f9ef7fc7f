"""Files of tensors (safetensors), checked when they are opened."""

from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from unveil.errors import UnveilError

Tensors = dict[str, np.ndarray]

SCALES_SUFFIX = ".scales"
"""Ends the name of the scales of weights that are packed in 8 bits."""


def decode(content: bytes, name: object, remedy: str) -> Tensors:
    """Return the tensors that the bytes of a file hold, by name.

    Args:
        content: the bytes.
        name: of the file, for messages.
        remedy: what the user should do if they hold none, as an imperative clause.

    Raises:
        UnveilError: they hold none.
    """
    try:
        found: Tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnveilError(f"{name}: is not a file of tensors ({reason}); {remedy}.") from None
    return found


def check_weights(tensors: Mapping[str, np.ndarray], name: object) -> None:
    """Check that every value is a fraction, or packed, and finite: else all pictures are black.

    Raises:
        UnveilError: one is not; its tensor is named.
    """
    for key, values in tensors.items():
        is_packed = values.dtype == np.int8 and key + SCALES_SUFFIX in tensors
        if not (is_packed or np.issubdtype(values.dtype, np.floating)):
            raise UnveilError(
                f"{name}: {key} holds {values.dtype} where floating-point weights are due; copy "
                "the file again from its source."
            )
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise UnveilError(f"{name}: {key} holds values that are not finite; train it again.")
