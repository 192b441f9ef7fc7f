"""Which blur a photo went through, by maximum likelihood over its frequencies.

A photo's coefficients are close to independent, with variances that the prior knows but for the
photo's own contrast and sharpness. A blur multiplies those variances by its squared transfer, the
storage adds its noise; where the blur passes nothing, only the noise is left, and that is what
betrays window and sigma. Nothing is trained.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.specs import Blur, BoxBlur, GaussianBlur, Storage
from unveil.spectral import analyse, frequencies, transfer

SLOPES = (-1.2, -0.9, -0.6, -0.3, 0.0, 0.3, 0.6)
"""How much steeper than the prior's a photo's spectrum may fall: exponents of the frequency."""

FINER_SLOPES = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""What closer looks try, from the slope that was likeliest at the first."""

LEAST_FREQUENCY = 0.15
"""In radians a pixel; below it a photo's few coefficients say what it shows, not how sharp."""

SIGMAS_PX = tuple(0.5 * 20 ** (step / 39) for step in range(40))
CUTS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Where Gaussian windows end, in sigmas."""

BOXES_PX = tuple(range(3, 34, 2))
THINNED = (0.15, 0.3, 1.0)
"""Share of the coefficients that a first overview and each closer look take."""

CONTRAST_ROUNDS = 3
TAIL = 8.0
"""Degrees of freedom of the coefficients' distribution: heavier tails than a Gaussian's."""


@dataclass(frozen=True)
class BlurFit:
    """What was found.

    Attributes:
        operator: the likeliest blur; None for none.
        sigma_error_px: standard error of a Gaussian's sigma.
        log_odds: log-likelihood above the best hypothesis of another kind (none, Gaussian, box),
            in nats for each coefficient that counts.
    """

    operator: Blur | None
    sigma_error_px: float | None
    log_odds: float


def estimate_blur(image: Tensor, storage: Storage, prior: Prior, *, is_cut: bool) -> BlurFit:
    """Find the blur of ``image``.

    Args:
        image: ``1 x 3 x H x W`` in [0,1]; of a large one, the busiest part is looked at.
        storage: how it was kept.
        prior: power spectrum of clean photos.
        is_cut: whether the image is a piece of a larger one, whose borders were not mirrored.
    """
    part = _busiest(image)
    faded = _fit(_Evidence(_taper(part), storage, prior))
    if is_cut or part.shape != image.shape:
        return faded
    # Mirrored borders make the whole image exact evidence. Other programs have other borders:
    # then both disagree, and the faded one, which sees no borders, is right.
    whole = _fit(_Evidence(image, storage, prior))
    return whole if _alike(whole.operator, faded.operator) else faded


def _fit(evidence: "_Evidence") -> BlurFit:
    found = evidence.log_likelihoods(_hypotheses(), THINNED[0])
    for share in THINNED[1:]:
        # The noise of a JPEG depends on what was stored, and so on the blur.
        evidence.expect(max(found, key=lambda blur: found[blur]))
        near = [blur for kind in (GaussianBlur, BoxBlur) for blur in _near(found, kind)]
        found = evidence.log_likelihoods([None, *near], share)
    best = _cautious(found)
    rivals = [value for blur, value in found.items() if type(blur) is not type(best)]
    error = _sigma_error(found, best) if isinstance(best, GaussianBlur) else None
    return BlurFit(best, error, found[best] - max(rivals))


def _cautious(found: dict[Blur | None, float]) -> Blur | None:
    """Return the likeliest blur; of Gaussians nearly as likely a round one, or that of least sigma.

    People choose round numbers, and undoing more than there was costs more than undoing less.
    """
    best = max(found, key=lambda blur: found[blur])
    if not isinstance(best, GaussianBlur):
        return best
    close = [
        blur
        for blur, value in found.items()
        if isinstance(blur, GaussianBlur) and value >= found[best] - NEARLY
    ]
    least = min(close, key=lambda blur: (blur.sigma, -found[blur]))
    rounded = [blur for blur in close if blur.sigma % ROUND_PX == 0]
    near = [blur for blur in rounded if blur.sigma <= least.sigma * (1 + ROUNDED)]
    return max(near, key=lambda blur: found[blur], default=least)


NEARLY = 2e-4
"""In nats a coefficient; found on training photos (docs/log.md)."""

ROUND_PX = 0.5
"""What round sigmas are multiples of."""

ROUNDED = 0.03
"""Share of sigma by which it may be rounded."""


def _alike(one: Blur | None, other: Blur | None) -> bool:
    if isinstance(one, GaussianBlur) and isinstance(other, GaussianBlur):
        return abs(one.sigma / other.sigma - 1) < ALIKE and abs(one.kernel - other.kernel) <= max(
            4, other.kernel // 3
        )
    if isinstance(one, BoxBlur) and isinstance(other, BoxBlur):
        return one.kernel == other.kernel
    return one is other


ALIKE = 0.15
"""Two estimates of sigma this close are one."""

LARGEST_PX = 256


def _busiest(image: Tensor) -> Tensor:
    """Return the part of at most 256 x 256 pixels that varies most."""
    height, width = (min(size, LARGEST_PX) for size in image.shape[-2:])
    mean, square = (
        F.avg_pool2d(power, (height, width), max(min(height, width) // 2, 1))
        for power in (image.mean(dim=1, keepdim=True), image.square().mean(dim=1, keepdim=True))
    )
    step, variance = max(min(height, width) // 2, 1), (square - mean.square())[0, 0]
    row, column = divmod(int(variance.argmax()), variance.shape[1])
    return image[..., row * step : row * step + height, column * step : column * step + width]


class _Evidence:
    """The brightness coefficients of one photo, and how likely a blur makes them."""

    def __init__(self, image: Tensor, storage: Storage, prior: Prior) -> None:
        self.height, self.width = image.shape[-2:]
        self.storage = storage
        self.power = prior.at(self.height, self.width)
        self.squares = analyse(image)[0, 0].square()
        rows, columns = (frequencies(size) for size in (self.height, self.width))
        self.frequency = (rows[:, None].square() + columns.square()).sqrt().float()
        self.counts = self.frequency > LEAST_FREQUENCY
        generator = torch.Generator().manual_seed(0)
        self.lot = torch.rand(self.counts.shape, generator=generator)
        self.slopes = list(SLOPES)
        self.expect(GaussianBlur(9, 2.0))

    def expect(self, blur: Blur | None) -> None:
        """Take the storage's noise to be what it is after ``blur``."""
        self.noise = storage_noise(self.storage, self.power * self._passed(blur))[0]

    def log_likelihoods(self, blurs: list[Blur | None], share: float) -> dict[Blur | None, float]:
        """Return the mean log-likelihood a coefficient of each blur, contrast and slope at best.

        Only a ``share`` of the coefficients, drawn once, is looked at. The next call tries slopes
        near the likeliest of this one only.
        """
        counts = self.counts & (self.lot < share)
        tables = []
        for start in range(0, len(blurs), 64):
            part = blurs[start : start + 64]
            passed = torch.stack([self._passed(blur) for blur in part])
            tables.append(
                torch.stack(
                    [self._log_likelihood(passed[:, counts], counts, s) for s in self.slopes]
                )
            )
        table = torch.cat(tables, dim=1)
        # Closer looks need no slopes far from that of the likeliest.
        likeliest = self.slopes[int(table.max(dim=1).values.argmax())]
        self.slopes = [likeliest + change for change in FINER_SLOPES]
        return dict(zip(blurs, table.max(dim=0).values.tolist(), strict=True))

    def _passed(self, blur: Blur | None) -> Tensor:
        if blur is None:
            return torch.ones(self.height, self.width)
        return transfer(blur, self.height, self.width).square()

    def _log_likelihood(self, passed: Tensor, counts: Tensor, slope: float) -> Tensor:
        steeper = self.frequency[counts].clamp(min=0.05).pow(-slope)
        signal = passed * self.power[0][counts] * steeper
        noise, squares = self.noise[counts], self.squares[counts]
        contrast = torch.ones(len(passed), 1)
        for _ in range(CONTRAST_ROUNDS):
            # The contrast of least error, each coefficient weighed by how much it can tell.
            share = (contrast * signal / (contrast * signal + noise)).square()
            ratio = (squares - noise) / signal.clamp(min=1e-20)
            contrast = ((share * ratio).sum(1) / share.sum(1))[:, None].clamp(0.02, 50)
        variance = contrast * signal + noise
        tail = (TAIL + 1) * torch.log1p(squares / variance / TAIL)
        return -0.5 * (variance.log() + tail).mean(dim=1)


def _taper(image: Tensor) -> Tensor:
    """Fade the image out to its mean at the borders, keeping its energy."""
    rows, columns = (torch.hann_window(size, periodic=False) for size in image.shape[-2:])
    window = torch.outer(rows, columns).to(image)
    mean = (image * window).sum(dim=(-2, -1), keepdim=True) / window.sum()
    return (image - mean) * window / window.square().mean().sqrt()


def _hypotheses() -> list[Blur | None]:
    gaussians = {_gaussian(sigma, cut * sigma) for sigma in SIGMAS_PX for cut in CUTS}
    return [None, *sorted(gaussians, key=str), *(BoxBlur(kernel) for kernel in BOXES_PX)]


def _gaussian(sigma: float, radius: float) -> GaussianBlur:
    return GaussianBlur(2 * max(round(radius), 1) + 1, sigma)


def _near(found: dict[Blur | None, float], kind: type[Blur]) -> list[Blur]:
    """Return blurs close to the likeliest of a kind, to look at next."""
    ranked = sorted(
        (blur for blur in found if isinstance(blur, kind)), key=lambda b: found[b], reverse=True
    )
    if kind is BoxBlur:
        return list(ranked[:3])
    near = {
        GaussianBlur(max(best.kernel + change, 3), sigma)
        for best in ranked[:2]
        if isinstance(best, GaussianBlur)
        for change in (-4, -2, 0, 2, 4)
        for sigma in _sigmas_near(best.sigma)
    }
    return sorted(near, key=str)


def _sigmas_near(sigma: float) -> list[float]:
    """Return values within 10 % of ``sigma``, the nearest round one among them."""
    nearest = max(round(sigma / ROUND_PX), 1) * ROUND_PX
    return [nearest, *(round(sigma * (1 + step / 50), 4) for step in range(-5, 6))]


def _sigma_error(found: dict[Blur | None, float], best: GaussianBlur) -> float | None:
    """Return the standard error of sigma, from how fast the likelihood falls around it.

    With as many independent coefficients as experience shows (docs/log.md), not as there are.
    None where it does not fall.
    """
    same = [
        ((blur.sigma - best.sigma) ** 2, found[best] - value)
        for blur, value in found.items()
        if isinstance(blur, GaussianBlur) and blur.kernel == best.kernel and blur != best
    ]
    curvature = sum(fall * square for square, fall in same) / sum(square**2 for square, _ in same)
    if curvature <= 0:
        return None
    return math.sqrt(1 / (2 * curvature * EFFECTIVE_COEFFICIENTS))


EFFECTIVE_COEFFICIENTS = 2000.0
