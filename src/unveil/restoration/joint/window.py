"""A window of frames, restored together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unveil.degradation import Blur, Degradation, Linear
from unveil.degradation.filters import separable
from unveil.degradation.operators import obfuscate
from unveil.linear.closed_forms import expected_error, lmmse
from unveil.linear.noise import ROUNDING_8BIT
from unveil.linear.prior import Prior
from unveil.restoration.joint.motion import covered, register
from unveil.restoration.joint.solve import Frames, explain
from unveil.restoration.joint.warp import Warp, at_rest

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


def restore_window(
    obfuscated: np.ndarray,
    degradation: Degradation,
    prior: Prior,
    restore: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
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
        warp, inside = window.warp(motions), window.covered(motions)
        noise, excess = window.compare(warp.show(picture), inside)
        frames = Frames(obfuscated, warp, window.weigh(noise, excess, inside), window.operator)
        picture = explain(frames, guess, power)
        motions = window.follow(picture, motions)
    together, inside = window.warp(motions).show(picture), window.covered(motions)
    missing = obfuscated - obfuscate(together, window.operator)
    trust = window.trust(missing, inside, expected_error(degradation, prior) ** 2)
    # What is left to find has but a part of a photo's power; more of it would be noise.
    together = together + lmmse(missing, degradation, Prior(LEFT * prior.power))
    return (trust * together + (1 - trust) * alone).clip(0, 1)


@dataclass(frozen=True)
class _Window:
    """The frames and what hides them; the middle one is the reference."""

    obfuscated: np.ndarray
    degradation: Degradation

    @property
    def operator(self) -> Linear:
        return self.degradation.linear

    @property
    def middle(self) -> int:
        return len(self.obfuscated) // 2

    def follow(self, picture: np.ndarray, motions: np.ndarray | None = None) -> np.ndarray:
        """Return the motions of all frames, ``T x 2 x 3``, better than those found before.

        At first each frame is looked for where its neighbour nearer to the middle was.
        """
        found = at_rest(len(self.obfuscated)) if motions is None else motions.copy()
        for away in (1, -1):
            end = len(found) if away > 0 else -1
            for number in range(self.middle + away, end, away):
                start = found[number - away] if motions is None else found[number]
                frame = self.obfuscated[number][None]
                found[number] = register(picture, frame, self.operator, start)
        return found

    def warp(self, motions: np.ndarray) -> Warp:
        """Return what takes the picture to frames with these motions."""
        return Warp.of(motions, *self.obfuscated.shape[-2:])

    def covered(self, motions: np.ndarray) -> np.ndarray:
        """Return where frames with these motions show the picture only, ``T x 1 x H x W``."""
        return covered(motions, self.operator, *self.obfuscated.shape[-2:])

    def compare(self, shown: np.ndarray, inside: np.ndarray) -> tuple[float, np.ndarray]:
        """Return how the frames differ from what the picture would be in them.

        Args:
            shown: the picture as the frames show it, not obfuscated.
            inside: where they show it only, ``T x 1 x H x W``.

        Returns:
            The variance of most differences, and each pixel's squared difference in such variances,
            ``T x 1 x H x W``.
        """
        missing = self.obfuscated - obfuscate(shown, self.operator)
        squares = (missing**2).mean(axis=1, keepdims=True)
        others = np.arange(len(squares)) != self.middle
        known = squares[others][inside[others] > 0]
        typical = float(np.median(known)) / MEDIAN_SQUARE if known.size else 0.0
        noise = ROUNDING_8BIT + INTERPOLATION + typical
        return noise, squares / noise

    def trust(self, missing: np.ndarray, inside: np.ndarray, error: float) -> np.ndarray:
        """Return the share that frames together get, ``T x 1 x H x W``; one by one gets the rest.

        By the variances of both: ``error`` alone; together, what the frames differ by beyond noise.
        The mean over frames, since a share that changes from frame to frame flickers; but frames
        that show something else get none.
        """
        squares = (missing**2).mean(axis=1, keepdims=True)
        beyond = (_near(squares) - ROUNDING_8BIT - INTERPOLATION).clip(min=0)
        share = inside * error / (error + HIDDEN * beyond)
        typical = np.median(share, axis=(1, 2, 3))
        same = typical >= np.quantile(typical, 0.5, method="lower") / 2
        return same[:, None, None, None] * share[same].mean(axis=0, keepdims=True)

    def weigh(self, noise: float, excess: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """Return what each pixel counts, ``T x 1 x H x W``: one over its variance.

        Large differences count less, by Cauchy's distribution (P. J. Huber, "Robust Statistics",
        1981). The reference frame is trusted: the picture is of it.
        """
        weights = inside / (1 + excess)
        weights[self.middle] = 1.0
        # A block is one measurement, however many pixels it is painted on.
        pixels = 1 if isinstance(self.operator, Blur) else self.operator.across * self.operator.down
        return weights / (noise * pixels)


def _near(squares: np.ndarray) -> np.ndarray:
    """Return the mean of each pixel's neighbourhood, of what of it lies inside the picture."""
    weights, pad = np.ones(NEAR_PX), NEAR_PX // 2
    sums, counts = (
        separable(np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad))), weights)
        for images in (squares, np.ones_like(squares[:1]))
    )
    return sums / counts
