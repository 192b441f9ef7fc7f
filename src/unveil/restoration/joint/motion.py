"""How frames lie to each other, seen through the operator that hides them.

A motion is an affine map, ``2 x 3``: where the pixels of a frame come from in the reference frame,
both counted from the middle of the picture, x before y, in pixels. The identity is
:func:`at_rest`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.degradation import Linear
from unveil.degradation.operators import obfuscate

STEPS = 10
"""Gauss-Newton steps; most frames need four."""

MIN_STEP_PX = 0.02
MAX_STEP_PX = 6.0

ROBUST = 0.02
"""Differences above this, of [0,1], are taken for something else than motion, and count less."""


def at_rest(count: int) -> Tensor:
    """Return motions that move nothing, ``count x 2 x 3``."""
    return torch.eye(2, 3).repeat(count, 1, 1)


def warp(image: Tensor, motions: Tensor) -> Tensor:
    """Return ``image`` as frames with these motions show it.

    Args:
        image: the reference frame, ``1 x C x H x W``.
        motions: ``T x 2 x 3``.

    Returns:
        ``T x C x H x W``, bicubic; what lies outside is mirrored.
    """
    places = _places(motions, *image.shape[-2:]).to(image)
    frames = image.expand(len(motions), -1, -1, -1)
    return F.grid_sample(frames, places, "bicubic", "reflection", align_corners=True)


def covered(motions: Tensor, operator: Linear, height: int, width: int) -> Tensor:
    """Return where frames show the reference only, ``T x 1 x H x W`` of 0 and 1.

    A block or a window that reaches beyond it is not covered.
    """
    distance = _places(motions, height, width).abs().amax(dim=-1)
    inside = (distance <= 1 + 1e-6).float()[:, None]
    return (obfuscate(inside, operator) > 1 - 1e-4).float()


def register(reference: Tensor, frame: Tensor, operator: Linear, start: Tensor) -> Tensor:
    """Return the motion, ``2 x 3``, that makes the obfuscated reference most like a frame.

    Args:
        reference: estimate of the clean reference frame, ``1 x 3 x H x W``.
        frame: obfuscated, same shape.
        operator: what hides it.
        start: motion to begin with, ``2 x 3``, right to about a block.

    Gauss and Newton's steps on the differences, large ones weighted down: the eyes may close while
    the head moves. Two rounds: translations first, which cannot go astray.
    """
    motion = start.clone()
    for moves in (_moves(*reference.shape[-2:])[:2], _moves(*reference.shape[-2:])):
        for _ in range(STEPS):
            step = _step(reference, frame, operator, motion, moves)
            motion = motion + (step[:, None, None] * moves).sum(dim=0)
            if step.abs().max() < MIN_STEP_PX:
                break
    return motion


def _step(
    reference: Tensor, frame: Tensor, operator: Linear, motion: Tensor, moves: Tensor
) -> Tensor:
    """Return how far to go along each of ``moves``, in pixels."""
    slopes = torch.stack(torch.gradient(reference, dim=(-1, -2)), dim=1).flatten(1, 2)
    shown = warp(torch.cat([reference, slopes], dim=1), motion[None])
    picture, across, down = shown.chunk(3, dim=1)
    ways = (
        _points(*frame.shape[-2:]) @ moves[:, None].mT
    )  # M x H x W x 2: where a move takes each pixel
    change = ways[:, None, ..., 0] * across + ways[:, None, ..., 1] * down
    jacobian = obfuscate(change, operator).flatten(1).T
    missing = (frame - obfuscate(picture, operator)).flatten()
    weights = 1 / (missing.abs() + ROBUST)
    normal = jacobian.T @ (weights[:, None] * jacobian)
    normal = normal + 1e-4 * normal.diagonal().mean() * torch.eye(len(moves))
    step: Tensor = torch.linalg.solve(normal, jacobian.T @ (weights * missing))
    return step.clamp(-MAX_STEP_PX, MAX_STEP_PX)


def _moves(height: int, width: int) -> Tensor:
    """Return the six directions of affine maps, each a pixel long where it moves most."""
    moves = torch.zeros(6, 2, 3)
    moves[0, 0, 2] = moves[1, 1, 2] = 1
    for number, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), start=2):
        moves[number, row, column] = 2 / max(height, width)
    return moves


def _points(height: int, width: int) -> Tensor:
    """Return x, y and 1 of every pixel, ``1 x H x W x 3``, from the middle of the picture."""
    y, x = (torch.arange(size) - (size - 1) / 2 for size in (height, width))
    down, across = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([across, down, torch.ones_like(across)], dim=-1)[None]


def _places(motions: Tensor, height: int, width: int) -> Tensor:
    """Return where pixels come from, ``T x H x W x 2`` in -1 to 1 from edge to edge."""
    sizes = torch.tensor([width, height])
    return _points(height, width) @ motions[:, None].mT * (2 / (sizes - 1).clamp(min=1))
