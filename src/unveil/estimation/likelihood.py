"""How likely a blur makes the frequencies of one photo.

A photo's coefficients are close to independent, with variances that the prior knows but for the
photo's own contrast and sharpness. A blur multiplies those variances by its squared transfer, the
storage adds its noise; where the blur passes nothing, only the noise is left, and that is what
betrays it. Nothing is trained.
"""

import math
from collections.abc import Sequence

import numpy as np

from unveil.arrays import twister_bits
from unveil.degradation import Blur, GaussianBlur, Storage, Unchanged
from unveil.degradation.filters import rfft2
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import analyse, frequencies, to_opponent, transfer

Candidate = Blur | Unchanged
"""What a photo may have gone through."""

SLOPES = (-1.2, -0.9, -0.6, -0.3, 0.0, 0.3, 0.6)
"""How much steeper than the prior's a photo's spectrum may fall: exponents of the frequency."""

FINER_SLOPES = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""What closer looks try, from the slope that was likeliest at the first."""

MIN_FREQUENCY = 0.15
"""In radians a pixel; below it a photo's few coefficients say what it shows, not how sharp."""

BATCH = 16
"""Blurs that are looked at together: as many as the processor's cache holds."""

CONTRAST_ROUNDS = 3
TAIL_DOF = 8.0
"""Degrees of freedom of the coefficients' distribution: heavier tails than a Gaussian's."""

SECTORS = 8
"""Directions that a photo may have a contrast of its own in, where directions are looked at."""


class Evidence:
    """The brightness coefficients of one photo.

    Args:
        squares: their squares, ``D x H x W`` at frequencies from 0 to pi; of two (see
            :func:`unveil.linear.spectral.transfer`) the direction of a blur shows.
        storage: how the photo was kept.
        prior: power spectrum of clean photos.
    """

    def __init__(self, squares: np.ndarray, storage: Storage, prior: Prior) -> None:
        self.planes, self.height, self.width = squares.shape
        self.squares = squares
        self.storage = storage
        self.power = prior.at(self.height, self.width)
        rows, columns = (frequencies(size) for size in (self.height, self.width))
        self.frequency = self._each(np.hypot(rows[:, None], columns).astype(np.float32))
        self.sector = self._each(np.zeros((self.height, self.width), np.int64))
        if self.planes > 1:
            angle = np.arctan2(rows[:, None], columns) / np.pi  # 0 to a half
            both = np.stack([angle, 1 - angle]) * SECTORS
            self.sector = both.astype(np.int64).clip(max=SECTORS - 1)
        self.lot = _lots(squares.shape)
        self.slopes = list(SLOPES)
        self.expect(GaussianBlur(9, 2.0))

    def expect(self, blur: Candidate) -> None:
        """Take the storage's noise to be what it is after ``blur``."""
        passed = self._passed(blur).mean(axis=0)
        self.noise = self._each(storage_noise(self.storage, self.power * passed)[0])

    def log_likelihoods(self, blurs: Sequence[Candidate], share: float) -> dict[Candidate, float]:
        """Return the mean log-likelihood a coefficient of each blur, contrast and slope at best.

        Only a ``share`` of the coefficients, drawn once, is looked at. The next call tries slopes
        near the likeliest of this one only.
        """
        counts = (self.frequency > MIN_FREQUENCY) & (self.lot < share)
        tables = []
        for start in range(0, len(blurs), BATCH):
            part = blurs[start : start + BATCH]
            passed = np.stack([self._passed(blur)[counts] for blur in part])
            tables.append(np.stack([self._log_likelihood(passed, counts, s) for s in self.slopes]))
        table = np.concatenate(tables, axis=1)
        # Closer looks need no slopes far from that of the likeliest.
        likeliest = self.slopes[int(table.max(axis=1).argmax())]
        self.slopes = [likeliest + change for change in FINER_SLOPES]
        return dict(zip(blurs, table.max(axis=0).tolist(), strict=True))

    def _each(self, plane: np.ndarray) -> np.ndarray:
        return np.broadcast_to(plane, (self.planes, self.height, self.width))

    def _passed(self, blur: Candidate) -> np.ndarray:
        if isinstance(blur, Unchanged):
            return np.ones((self.planes, self.height, self.width), np.float32)
        passed = transfer(blur, self.height, self.width) ** 2
        if self.planes == 1:  # cosines run in both diagonal directions at once
            passed = passed.mean(axis=0)
        return self._each(passed)

    def _log_likelihood(self, passed: np.ndarray, counts: np.ndarray, slope: float) -> np.ndarray:
        steeper = self.frequency[counts].clip(min=0.05) ** np.float32(-slope)
        signal = passed * (self._each(self.power[0])[counts] * steeper)
        noise, squares, sector = self.noise[counts], self.squares[counts], self.sector[counts]
        members = np.equal.outer(sector, np.arange(sector.max() + 1)).astype(np.float32)
        ratio = (squares - noise) / signal.clip(min=1e-20)
        contrast = np.ones((len(passed), 1), np.float32)
        for _ in range(CONTRAST_ROUNDS):
            # The contrast of least error, each coefficient weighed by how much it can tell.
            scaled = contrast * signal
            share = (scaled / (scaled + noise)) ** 2
            found = ((share * ratio) @ members) / (share @ members).clip(min=1e-20)
            contrast = found.clip(0.02, 50)
            if self.planes > 1:
                contrast = contrast[:, sector]
        variance = contrast * signal + noise
        tail = (TAIL_DOF + 1) * np.log1p(squares / variance / TAIL_DOF)
        return -0.5 * (np.log(variance) + tail).mean(axis=1)


def _lots(shape: tuple[int, ...]) -> np.ndarray:
    """Return random values in [0,1), always the same: by them a share of coefficients is drawn.

    They are those of ``torch.rand`` with seed 0, on which the thresholds of this room were set:
    another draw moves a width of a slanted blur by up to a pixel.
    """
    bits = twister_bits(math.prod(shape), 0) & 0xFFFFFF
    return (bits * np.float32(2**-24)).astype(np.float32).reshape(shape)


def of_cosines(image: np.ndarray, storage: Storage, prior: Prior) -> Evidence:
    """Return the evidence of ``1 x 3 x H x W`` images on the basis of cosines."""
    return Evidence(analyse(image)[:1, 0] ** 2, storage, prior)


def of_waves(image: np.ndarray, storage: Storage, prior: Prior) -> Evidence:
    """Return the evidence of ``1 x 3 x H x W`` images by Fourier transform, faded at the borders.

    One row or column is left out where their number is odd.
    """
    height, width = (side // 2 for side in image.shape[-2:])
    gray = to_opponent(image)[0, 0, : 2 * height, : 2 * width]
    squares = np.abs(rfft2(gray)) ** 2 / gray.size
    other_sign = np.roll(squares, -1, 0)[::-1]
    return Evidence(np.stack([squares, other_sign])[:, : height + 1], storage, prior)
