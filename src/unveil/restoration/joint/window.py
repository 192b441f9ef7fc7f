"""A window of frames, restored together."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from unveil.degradation import Blur, Degradation, Linear
from unveil.degradation.operators import obfuscate
from unveil.linear.closed_forms import expected_error, lmmse
from unveil.linear.noise import ROUNDING_8BIT
from unveil.linear.prior import Prior
from unveil.restoration.joint.motion import at_rest, covered, register, warp
from unveil.restoration.joint.solve import Frames, explain

ROUNDS = 3
"""Registering and explaining take turns: each makes the other sharper."""

INTERPOLATION = (0.5 / 255) ** 2
"""Variance of what moving a picture by parts of pixels gets wrong."""

MEDIAN_SQUARE = 0.789
"""Median of the mean of three squares of Gaussian errors, in variances."""

LEFT = 0.3
"""Share of a photo's power that the frames together may still miss of one of them."""

HIDDEN = 10.0
"""How many times an error of the picture is larger than what the operator lets through of it."""

NEAR_PX = 9
"""Differences are looked at together over so many pixels: that of one is mostly noise."""


@torch.no_grad()
def restore_window(
    obfuscated: Tensor,
    degradation: Degradation,
    prior: Prior,
    restore: Callable[[Tensor], Tensor],
) -> Tensor:
    """Restore frames that show one moving thing under an operator that stands still.

    Args:
        obfuscated: ``T x 3 x H x W`` in [0,1], in their order; the middle one is the reference.
        degradation: what happened to each.
        prior: power spectrum of clean photos.
        restore: restores frames one by one: the guess that the others improve.

    Returns:
        The restored frames, same shape and range. Where the others say nothing of a frame (its
        border, eyes that close), it is restored alone.
    """
    alone = restore(obfuscated)
    if len(obfuscated) == 1:
        return alone
    window = _Window(obfuscated, degradation)
    guess, power = alone[window.middle][None], prior.at(*obfuscated.shape[-2:])
    picture = lmmse(obfuscated[window.middle][None], degradation, prior)
    motions = window.follow(picture)
    for _ in range(ROUNDS):
        noise, excess, inside = window.compare(picture, motions)
        frames = Frames(obfuscated, motions, window.weigh(noise, excess, inside), window.operator)
        picture = explain(frames, guess, power)
        motions = window.follow(picture, motions)
    together = warp(picture, motions)
    missing = obfuscated - obfuscate(together, window.operator)
    trust = window.trust(missing, motions, expected_error(degradation, prior) ** 2)
    # What is left to find has but a part of a photo's power; more of it would be noise.
    together = together + lmmse(missing, degradation, Prior(LEFT * prior.power))
    return (trust * together + (1 - trust) * alone).clamp(0, 1)


@dataclass(frozen=True)
class _Window:
    """The frames and what hides them; the middle one is the reference."""

    obfuscated: Tensor
    degradation: Degradation

    @property
    def operator(self) -> Linear:
        return self.degradation.linear

    @property
    def middle(self) -> int:
        return len(self.obfuscated) // 2

    def follow(self, picture: Tensor, motions: Tensor | None = None) -> Tensor:
        """Return the motions of all frames, ``T x 2 x 3``, better than those found before.

        At first each frame is looked for where its neighbour nearer to the middle was.
        """
        found = at_rest(len(self.obfuscated)) if motions is None else motions.clone()
        for away in (1, -1):
            end = len(found) if away > 0 else -1
            for number in range(self.middle + away, end, away):
                start = found[number - away] if motions is None else found[number]
                frame = self.obfuscated[number][None]
                found[number] = register(picture, frame, self.operator, start)
        return found

    def compare(self, picture: Tensor, motions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return how the frames differ from what the picture would be in them.

        Returns:
            The variance of most differences, a scalar; each pixel's squared difference in such
            variances, ``T x 1 x H x W``; and where frames show the picture only, the same shape.
        """
        inside = covered(motions, self.operator, *self.obfuscated.shape[-2:])
        missing = self.obfuscated - obfuscate(warp(picture, motions), self.operator)
        squares = missing.square().mean(dim=1, keepdim=True)
        others = torch.arange(len(squares)) != self.middle
        typical = squares[others][inside[others] > 0].median() / MEDIAN_SQUARE
        noise = ROUNDING_8BIT + INTERPOLATION + typical.nan_to_num()
        return noise, squares / noise, inside

    def trust(self, missing: Tensor, motions: Tensor, error: float) -> Tensor:
        """Return the share that frames together get, ``T x 1 x H x W``; one by one gets the rest.

        By the variances of both: ``error`` alone; together, what the frames differ by beyond noise.
        The mean over frames, since a share that changes from frame to frame flickers; but frames
        that show something else get none.
        """
        inside = covered(motions, self.operator, *self.obfuscated.shape[-2:])
        squares = missing.square().mean(dim=1, keepdim=True)
        near = avg_pool2d(squares, NEAR_PX, 1, NEAR_PX // 2, count_include_pad=False)
        beyond = (near - ROUNDING_8BIT - INTERPOLATION).clamp(min=0)
        share = inside * error / (error + HIDDEN * beyond)
        typical = share.flatten(1).median(dim=1).values
        same = typical >= typical.median() / 2
        return same.view(-1, 1, 1, 1) * share[same].mean(dim=0, keepdim=True)

    def weigh(self, noise: Tensor, excess: Tensor, inside: Tensor) -> Tensor:
        """Return what each pixel counts, ``T x 1 x H x W``: one over its variance.

        Large differences count less, by Cauchy's distribution (P. J. Huber, "Robust Statistics",
        1981). The reference frame is trusted: the picture is of it.
        """
        weights = inside / (1 + excess)
        weights[self.middle] = 1.0
        # A block is one measurement, however many pixels it is painted on.
        pixels = 1 if isinstance(self.operator, Blur) else self.operator.block**2
        return weights / (noise * pixels)
