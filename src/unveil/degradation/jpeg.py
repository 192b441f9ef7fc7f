"""JPEG's quantisation tables: from quality to tables, and from a file's tables to quality."""

import functools
import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image


@functools.cache
def quantisation_tables(quality: int) -> np.ndarray:
    """Return libjpeg's steps for luma and chroma at ``quality``, ``2 x 8 x 8``, in 8-bit levels."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    tables = Image.open(buffer).quantization  # type: ignore[attr-defined]
    return np.array([tables[0], tables[1]], dtype=np.float64).reshape(2, 8, 8)


def nearest_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """Return the quality whose luma steps are most like those of a file.

    Exact for files of libjpeg and its kin, a likeness for cameras with tables of their own.

    Args:
        tables: as Pillow's ``quantization`` gives them, luma first, 64 steps each.
    """
    steps = np.array(tables[min(tables)], dtype=np.float64).reshape(8, 8)

    def unlikeness(quality: int) -> float:
        return float(np.abs(np.log(steps / quantisation_tables(quality)[0])).mean())

    return min(range(1, 101), key=unlikeness)
