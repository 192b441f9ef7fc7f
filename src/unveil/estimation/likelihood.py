"""How likely a blur makes the frequencies of one photo.

A photo's coefficients are close to independent, with variances that the prior knows but for the
photo's own contrast and sharpness. A blur multiplies those variances by its squared transfer, the
storage adds its noise; where the blur passes nothing, only the noise is left, and that is what
betrays it. Nothing is trained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from unveil.degradation import Blur, GaussianBlur, Storage, Unchanged
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

    def __init__(self, squares: Tensor, storage: Storage, prior: Prior) -> None:
        self.planes, self.height, self.width = squares.shape
        self.squares = squares
        self.storage = storage
        self.power = prior.at(self.height, self.width)
        rows, columns = (frequencies(size) for size in (self.height, self.width))
        self.frequency = self._each((rows[:, None].square() + columns.square()).sqrt().float())
        self.sector = self._each(torch.zeros(self.height, self.width, dtype=torch.long))
        if self.planes > 1:
            angle = torch.atan2(rows[:, None], columns) / torch.pi  # 0 to a half
            both = torch.stack([angle, 1 - angle]) * SECTORS
            self.sector = both.long().clamp(max=SECTORS - 1)
        generator = torch.Generator().manual_seed(0)
        self.lot = torch.rand(squares.shape, generator=generator)
        self.slopes = list(SLOPES)
        self.expect(GaussianBlur(9, 2.0))

    def expect(self, blur: Candidate) -> None:
        """Take the storage's noise to be what it is after ``blur``."""
        passed = self._passed(blur).mean(dim=0)
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
            passed = torch.stack([self._passed(blur)[counts] for blur in part])
            tables.append(
                torch.stack([self._log_likelihood(passed, counts, s) for s in self.slopes])
            )
        table = torch.cat(tables, dim=1)
        # Closer looks need no slopes far from that of the likeliest.
        likeliest = self.slopes[int(table.max(dim=1).values.argmax())]
        self.slopes = [likeliest + change for change in FINER_SLOPES]
        return dict(zip(blurs, table.max(dim=0).values.tolist(), strict=True))

    def _each(self, plane: Tensor) -> Tensor:
        return plane.expand(self.planes, -1, -1)

    def _passed(self, blur: Candidate) -> Tensor:
        if isinstance(blur, Unchanged):
            return torch.ones(self.planes, self.height, self.width)
        passed = transfer(blur, self.height, self.width).square()
        if self.planes == 1:  # cosines run in both diagonal directions at once
            passed = passed.mean(dim=0)
        return self._each(passed)

    def _log_likelihood(self, passed: Tensor, counts: Tensor, slope: float) -> Tensor:
        steeper = self.frequency[counts].clamp(min=0.05).pow(-slope)
        signal = passed * self._each(self.power[0])[counts] * steeper
        noise, squares, sector = self.noise[counts], self.squares[counts], self.sector[counts]
        members = torch.nn.functional.one_hot(sector).float()
        ratio = (squares - noise) / signal.clamp(min=1e-20)
        contrast = torch.ones(len(passed), 1)
        for _ in range(CONTRAST_ROUNDS):
            # The contrast of least error, each coefficient weighed by how much it can tell.
            scaled = contrast * signal
            share = scaled.div_(scaled + noise).square_()
            found = ((share * ratio) @ members) / (share @ members).clamp(min=1e-20)
            contrast = found.clamp(0.02, 50)
            if self.planes > 1:
                contrast = contrast[:, sector]
        variance = contrast * signal + noise
        tail = (TAIL_DOF + 1) * torch.log1p(squares / variance / TAIL_DOF)
        return -0.5 * (variance.log() + tail).mean(dim=1)


def of_cosines(image: Tensor, storage: Storage, prior: Prior) -> Evidence:
    """Return the evidence of ``1 x 3 x H x W`` images on the basis of cosines."""
    return Evidence(analyse(image)[:1, 0].square(), storage, prior)


def of_waves(image: Tensor, storage: Storage, prior: Prior) -> Evidence:
    """Return the evidence of ``1 x 3 x H x W`` images by Fourier transform, faded at the borders.

    One row or column is left out where their number is odd.
    """
    height, width = (side // 2 for side in image.shape[-2:])
    gray = to_opponent(image)[0, 0, : 2 * height, : 2 * width]
    squares = torch.fft.rfft2(gray).abs().square() / gray.numel()
    other_sign = squares.roll(-1, 0).flip(0)
    return Evidence(torch.stack([squares, other_sign])[:, : height + 1], storage, prior)
