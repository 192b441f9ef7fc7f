"""Real answers to a mosaic: guesses that a network moves to where photos are.

A guess is the answer of least error plus drawn detail, of which there is as much as the answer is
expected to miss. The network (``networks/flow.py``) is followed in a few steps.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from unveil.arrays import Array, constant, to_numpy
from unveil.config import TILE_PX
from unveil.degradation import Pixelate
from unveil.estimation.weight_files import read_weights
from unveil.linear.prior import Prior
from unveil.networks.interface import conditions
from unveil.networks.onnx_engine import open_session
from unveil.restoration.realism import Answer, add_detail, amplified, drawn_detail
from unveil.restoration.restorers import apply_tiled

FOLDER, WEIGHTS = Path(__file__).parent / "weights", "flow.onnx"
STRIDE_PX, REACH_PX = 16, 186
"""The grid that the network is tied to, and the largest distance of a pixel that it changes."""

STEPS = 3
"""Euler steps from a guess to the end. More draw more detail, and err more (docs/log.md)."""

MAX_GAIN = 1.5
"""By how much the end is amplified at most: few steps end a little smoother than photos are."""

BLOCKS_PX = (4, 16)
"""Blocks of the mosaics that it was trained on."""

Velocity = Callable[[np.ndarray], np.ndarray]
"""Maps the planes that the network reads, ``B x 13 x H x W``, to a velocity, ``B x 3 x H x W``."""


def make_real(answer: Answer, prior: Prior, amount: float, seed: int | None = None) -> Array:
    """Return images between an answer and one as detailed as a photo: by the flow, or without.

    Args:
        answer: the faithful one.
        prior: power spectrum of clean photos.
        amount: from 0, the faithful answer itself, to 1, all detail.
        seed: of one of several answers; None for the first.

    Raises:
        UsageError: the degradation is neither a blur nor a mosaic.
    """
    detail = flowed_detail(answer, prior, seed) if amount and covers(answer) else None
    return add_detail(answer, prior, amount, seed, detail)


def covers(answer: Answer) -> bool:
    """Return whether the network was trained on mosaics like this, and the error is known."""
    operator, (least, most) = answer.degradation.operator, BLOCKS_PX
    is_known = isinstance(operator, Pixelate) and least <= operator.block <= most
    return is_known and answer.error is not None


def flowed_detail(answer: Answer, prior: Prior, seed: int | None = None) -> Array:
    """Return what makes an answer one of the pictures that it may have been, ``B x 3 x H x W``.

    Args:
        answer: the faithful one.
        prior: power spectrum of clean photos.
        seed: of the guess; the same seed gives the same detail. None for the first guess.
    """
    restored = to_numpy(answer.restored)
    start = restored + to_numpy(drawn_detail(answer, prior, seed, most=1.0))
    end = flowed(partial(_tiled, velocity), known_planes(answer), start)
    return constant(amplified(answer, end, prior, MAX_GAIN) - restored, answer.restored)


def known_planes(answer: Answer) -> np.ndarray:
    """Return the answer, its expected error, and the conditions, ``B x 9 x H x W`` float32."""
    restored = to_numpy(answer.restored)
    told = conditions(answer.degradation, *restored.shape[-2:])
    repeated = np.repeat(told[None], len(restored), axis=0)
    return np.concatenate([restored, to_numpy(answer.error), repeated], axis=1, dtype=np.float32)


def flowed(move: Velocity, known: np.ndarray, start: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """Return where a guess ends that follows a velocity, by Euler's method.

    Args:
        move: the velocity.
        known: of :func:`known_planes`.
        start: the guess, ``B x 3 x H x W``.
        steps: of equal length.
    """
    guess: np.ndarray = start.astype(np.float32)
    for step in range(steps):
        time = np.full_like(known[:, :1], step / steps)
        planes = np.concatenate([known[:, :3], guess, known[:, 3:], time], axis=1)
        guess = guess + move(planes) / steps
    return guess


def velocity(planes: np.ndarray) -> np.ndarray:
    """Return the velocity of a guess, by the shipped network."""
    found: np.ndarray = _session().run(["velocity"], {"planes": planes})[0]
    return found


def _tiled(move: Velocity, planes: np.ndarray) -> np.ndarray:
    return apply_tiled(move, planes, stride_px=STRIDE_PX, reach_px=REACH_PX, tile_px=TILE_PX)


@cache
def _session() -> Any:
    return open_session(read_weights(WEIGHTS, FOLDER), WEIGHTS)
