"""Restoring one picture: what hides it is told or found, and only that part is touched."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unveil.degradation import (
    AnisotropicGaussian,
    Blur,
    Degradation,
    Disk,
    GaussianBlur,
    Linear,
    Mosaic,
    Pixelate,
    Sample,
    Storage,
    Window,
)
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.estimation.finding import Finding, inspect
from unveil.images.box import Box
from unveil.linear.prior import Prior
from unveil.restoration.consistency import make_consistent
from unveil.restoration.paste import paste
from unveil.restoration.restorers import Network, Restorer


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    Attributes:
        restored: ``1 x 3 x H x W`` in [0,1]; the very input where nothing hid it.
        error: expected absolute error, ``1 x 1 x H x W``; None where the restorer knows none.
    """

    restored: Tensor
    error: Tensor | None = None


def find(
    images: Tensor, storage: Storage, operator: Linear | None, box: Box | None, prior: Prior
) -> tuple[Finding, str | None]:
    """Return what hides a picture, and a warning where that is not what the user said.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        storage: how its file kept it.
        operator: what the user says of it; None to find out.
        box: the part that is hidden; None to find out.
        prior: power spectrum of clean photos.

    Raises:
        UsageError: the box is not inside the picture.
    """
    found = inspect(images, storage, prior, box)
    if operator is None:
        return found, None
    told = Finding(operator, storage, 1.0, None, box)
    return told, None if _agree(operator, found) else f"told {operator}, but found {found}"


SIGMA_TOLERANCE = 0.25
"""A found sigma or radius may be this much off, of what was told, before a warning is due."""


def _agree(told: Linear, found: Finding) -> bool:
    operator = found.operator
    if isinstance(told, GaussianBlur) and isinstance(operator, GaussianBlur):
        return abs(operator.sigma - told.sigma) <= SIGMA_TOLERANCE * told.sigma
    if isinstance(told, Disk) and isinstance(operator, Disk):
        return abs(operator.radius - told.radius) <= SIGMA_TOLERANCE * told.radius
    if isinstance(told, Window | AnisotropicGaussian):
        return isinstance(operator, Blur)  # inspection names the nearest blur that it knows
    if isinstance(told, Blur) or operator is None:
        return type(told) is type(operator)
    return getattr(operator, "block", None) == told.block


def restore_finding(
    images: Tensor, finding: Finding, restorer: Restorer, *, consistent: bool, tile_px: int
) -> Outcome:
    """Restore what ``finding`` says is hidden, and leave the rest as it is, bit for bit.

    Args:
        images: ``1 x 3 x H x W`` in [0,1].
        finding: what hides them, and where.
        restorer: what undoes it.
        consistent: whether the answer, obfuscated again, must give the input.
        tile_px: side of the pieces that large images are restored in.
    """
    way = _Way(restorer, consistent, tile_px)
    operator, storage, box = finding.operator, finding.storage, finding.box
    # One colour hides nothing: a network would only add its own bias.
    if operator is None or bool((images == images[..., :1, :1]).all()):
        return Outcome(images)
    if box is None:
        return Outcome(*way.whole(images, Degradation(operator, storage)))
    if isinstance(operator, Pixelate | Sample):
        part, error = way.mosaic_part(images, box, operator, storage)
    else:
        part, error = way.whole(images[..., *box.place], Degradation(operator, storage))
    whole_error = None if error is None else _framed(error, torch.zeros_like(images), box)
    return Outcome(_framed(part, images, box), whole_error)


def draw(
    images: Tensor, finding: Finding, restorer: Restorer, seed: int, *, tile_px: int
) -> Tensor:
    """Draw one of the images that a mosaic may have hidden; made into blocks, it gives ``images``.

    Raises:
        UsageError: what was found is no mosaic of the whole picture.
    """
    known = finding.degradation
    is_mosaic = known is not None and isinstance(known.operator, Pixelate | Sample)
    if known is None or not is_mosaic or finding.box or not isinstance(restorer, Network):
        raise UsageError("--samples is for mosaics that cover the whole picture.")
    drawn = restorer.draw(images, known, seed, tile_px)
    return make_consistent(drawn, images, known, restorer.prior)


@dataclass(frozen=True)
class _Way:
    """How to restore: with what, and how faithful to the input."""

    restorer: Restorer
    consistent: bool
    tile_px: int

    def whole(self, images: Tensor, degradation: Degradation) -> tuple[Tensor, Tensor | None]:
        """Restore images that are hidden everywhere.

        A part that was blurred by itself is one too: its borders were mirrored.
        """
        restored, error = self.restorer.restore_with_error(images, degradation, self.tile_px)
        if self.consistent:
            restored = make_consistent(restored, images, degradation, self.restorer.prior)
        return restored, error

    def mosaic_part(
        self, images: Tensor, box: Box, operator: Mosaic, storage: Storage
    ) -> tuple[Tensor, Tensor | None]:
        """Restore a mosaic inside a clean photo.

        Its surroundings help: put through the same mosaic, they are what the restorer knows.
        """
        block = operator.block
        left, top = (box.left + operator.left) % block, (box.top + operator.top) % block
        grid = replace(operator, left=left, top=top)
        context = _framed(images[..., *box.place], obfuscate(images, grid), box)
        restored, error = self.restorer.restore_with_error(
            context, Degradation(grid, storage), self.tile_px
        )
        part = paste(images, restored, box, block)[..., *box.place]
        if self.consistent:
            known = Degradation(operator, storage)
            part = make_consistent(part, images[..., *box.place], known, self.restorer.prior)
        return part, None if error is None else error[..., *box.place]


def _framed(part: Tensor, whole: Tensor, box: Box) -> Tensor:
    """Return ``whole``, as many channels as ``part`` has, with ``part`` in its place."""
    framed = whole[:, : part.shape[1]].clone()
    framed[..., *box.place] = part
    return framed
