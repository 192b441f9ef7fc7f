"""What linear algebra undid nearly, corrected by a network that was trained on drawn journeys.

The network is a refiner (``networks/refiner.py``): it reads the picture, the linear estimate, how
far off that is expected to be, and what was measured (:mod:`unveil.restoration.nearly`).
"""

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unveil.config import TILE_PX
from unveil.estimation.weight_files import read_weights
from unveil.networks.onnx_engine import open_session
from unveil.restoration.blurred import around
from unveil.restoration.nearly import Nearly, planes
from unveil.restoration.restorers import apply_tiled

FOLDER = Path(__file__).parent / "weights"

Kind = Literal["blur", "mosaic"]
STRIDE_PX: dict[Kind, int] = {"blur": 8, "mosaic": 16}
"""The grid that each network is tied to."""

REACH_PX: dict[Kind, int] = {"blur": 74, "mosaic": 186}
"""Largest distance of a pixel from another that it changes."""


@dataclass(frozen=True)
class Refined:
    """A picture with a part restored.

    Attributes:
        images: ``1 x 3 x H x W`` in [0,1]; beside the part the input, bit for bit.
        error: expected absolute error, ``1 x 1 x H x W``; 0 beside the part.
        gain_db: how much nearer to the photo the part is expected to be.
        name: of the network.
    """

    images: np.ndarray
    error: np.ndarray
    gain_db: float
    name: str


def refine(images: np.ndarray, nearly: Nearly, kind: Kind) -> Refined:
    """Correct a part that was undone nearly.

    Args:
        images: what was restored, ``1 x 3 x H x W`` in [0,1].
        nearly: how.
        kind: what hid the part.
    """
    margin_px, (height, width) = REACH_PX[kind], images.shape[-2:]
    place = around(nearly.changes).grown(margin_px, margin_px, width, height).place
    found = apply_tiled(
        partial(correct, kind),
        planes(images, nearly, place),
        stride_px=STRIDE_PX[kind],
        reach_px=margin_px,
        tile_px=TILE_PX,
    )
    changes = nearly.changes[place]
    done, error = images.copy(), np.zeros_like(images[:, :1])
    done[..., *place] = np.where(changes, found[:, :3], images[..., *place])
    error[..., *place] = np.where(changes, found[:, 3:], 0)
    gain_db = expected_gain_db(done - images, error, nearly.changes)
    return Refined(done, error, gain_db, f"parts-{kind}")


def correct(kind: Kind, inputs: np.ndarray) -> np.ndarray:
    """Return restored images and their expected error, ``B x 4 x H x W``, of what a network reads.

    Args:
        kind: what hid the part.
        inputs: of :func:`unveil.restoration.nearly.planes`.
    """
    found: np.ndarray = _session(kind).run(["restored"], {"planes": inputs})[0]
    return found


def expected_gain_db(change: np.ndarray, error: np.ndarray, changes: np.ndarray) -> float:
    """Return how much nearer to the photo a restored part is than its input, in dB.

    The restored picture is the mean of the photos that it may have been: the squared distance of
    the input from these is that from their mean, and their spread about it.

    Args:
        change: by restoring, ``1 x 3 x H x W``.
        error: expected absolute error, ``1 x 1 x H x W``, of a Laplacian.
        changes: the part, ``H x W`` bool.
    """
    spread = 2 * float(np.square(error[0, 0][changes]).mean())
    moved = float(np.square(change[0][:, changes]).mean())
    return float(10 * np.log10(1 + moved / spread))


@cache
def _session(kind: Kind) -> Any:
    name = f"{kind}.onnx"
    return open_session(read_weights(name, FOLDER), name)
