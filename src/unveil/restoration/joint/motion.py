"""How frames lie to each other, seen through the operator that hides them."""

import numpy as np

from unveil.degradation import Linear
from unveil.degradation.operators import obfuscate
from unveil.restoration.joint.warp import points, sources, warp

STEPS = 10
"""Gauss-Newton steps; most frames need four."""

MIN_STEP_PX = 0.02
MAX_STEP_PX = 6.0

ROBUST = 0.02
"""Differences above this, of [0,1], are taken for something else than motion, and count less."""


def covered(motions: np.ndarray, operator: Linear, height: int, width: int) -> np.ndarray:
    """Return where frames show the reference only, float32 ``T x 1 x H x W`` of 0 and 1.

    A block or a window that reaches beyond it is not covered.
    """
    edge = np.array([max(width - 1, 1), max(height - 1, 1)]) / 2
    distance = np.abs(sources(motions, height, width) / edge).max(axis=-1)
    inside = (distance <= 1 + 1e-6).astype(np.float32)[:, None]
    return (obfuscate(inside, operator) > 1 - 1e-4).astype(np.float32)


def register(
    reference: np.ndarray, frame: np.ndarray, operator: Linear, start: np.ndarray
) -> np.ndarray:
    """Return the motion, ``2 x 3``, that makes the obfuscated reference most like a frame.

    Args:
        reference: estimate of the clean reference frame, ``1 x 3 x H x W``.
        frame: obfuscated, same shape.
        operator: what hides it.
        start: motion to begin with, ``2 x 3``, right to about a block.

    Gauss and Newton's steps on the differences, large ones weighted down: the eyes may close while
    the head moves. Two rounds: translations first, which cannot go astray.
    """
    motion = start
    slopes = np.concatenate([reference, *np.gradient(reference, axis=(-1, -2))], axis=1)
    for moves in (_moves(*reference.shape[-2:])[:2], _moves(*reference.shape[-2:])):
        for _ in range(STEPS):
            step = _step(slopes, frame, operator, motion, moves)
            motion = motion + (step[:, None, None] * moves).sum(axis=0)
            if np.abs(step).max() < MIN_STEP_PX:
                break
    return motion


def _step(
    slopes: np.ndarray, frame: np.ndarray, operator: Linear, motion: np.ndarray, moves: np.ndarray
) -> np.ndarray:
    """Return how far to go along each of ``moves``, in pixels.

    ``slopes``: the reference and how it changes along x and y, ``1 x 9 x H x W``.
    """
    picture, across, down = np.split(warp(slopes, motion[None]), 3, axis=1)
    # Where a move takes each pixel, M x H x W x 2.
    ways = (points(*frame.shape[-2:]) @ moves[:, None].mT).astype(frame.dtype)
    change = ways[:, None, ..., 0] * across + ways[:, None, ..., 1] * down
    jacobian = obfuscate(change, operator).reshape(len(moves), -1)
    missing = (frame - obfuscate(picture, operator)).ravel()
    weights = 1 / (np.abs(missing) + ROBUST)
    normal = (weights * jacobian) @ jacobian.T
    normal += 1e-4 * normal.diagonal().mean() * np.eye(len(moves), dtype=normal.dtype)
    step = np.linalg.solve(normal, jacobian @ (weights * missing))
    return step.clip(-MAX_STEP_PX, MAX_STEP_PX)


def _moves(height: int, width: int) -> np.ndarray:
    """Return the six directions of affine maps, each a pixel long where it moves most."""
    moves = np.zeros((6, 2, 3))
    moves[0, 0, 2] = moves[1, 1, 2] = 1
    for number, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), start=2):
        moves[number, row, column] = 2 / max(height, width)
    return moves
