"""From faithful to real: detail that makes a restored image as sharp as a photo.

The answer of least error is smoother than any photo: what cannot be known is left out. Here the
power spectrum of the answer is raised to that of a photo: the detail that the restorer found is
amplified, and what is then missing is drawn. Amplifying is the way that costs the least error, and
the straight line from the faithful answer to the real one is the best trade between both (D.
Freirich, T. Michaeli, R. Meir, "A theory of the distortion-perception tradeoff in Wasserstein
space", 2021).
"""

from dataclasses import dataclass, replace

import numpy as np

from unveil.arrays import Array, array_namespace, constant, full_precision, to_numpy
from unveil.degradation import Degradation, Mosaic, Nonlinear
from unveil.errors import UsageError
from unveil.linear.closed_forms import lost_share
from unveil.linear.prior import MIN_POWER, Prior
from unveil.linear.spectral import analyse, frequencies, synthesise
from unveil.restoration.consistency import make_consistent

LABEL = "a plausible picture, no evidence of what was there"
"""What is said of every result with added detail, and written into its file."""

RING = np.pi / 32
"""Width of the rings of frequencies over which an answer's power is averaged, radians a pixel."""

MAX_GAIN = 5.0
"""Amplified by more, detail shows the restorer's own pattern; the rest is drawn."""

MAX_SAMPLE_GAIN = 2.0
"""The same for one of several answers: they differ in what is drawn."""

FADE_PX = 4
"""Width of the border of a part along which its detail fades."""

MAX_CONTRAST = 64.0
"""Most power of a photo, relative to that of the mean photo."""

HALVINGS = 30
"""Steps in which a photo's contrast is found."""

SQUARES_PER_MEAN = 2.0
"""Mean square of an error over the square of its mean size: Laplacian, as restorers expect it."""


@dataclass(frozen=True)
class Answer:
    """A faithful answer.

    Attributes:
        restored: ``B x 3 x H x W`` in [0,1].
        error: its expected absolute error, ``B x 1 x H x W``; None where the restorer gives none.
        obfuscated: what it was restored from, ``B x 3 x H x W``.
        degradation: what happened to that.
        is_part: whether it is cut out of a picture: detail then fades towards its borders, where
            the answer was blended into what is around it.
        lost: share of each frequency's power that it is expected to miss, ``3 x H x W``; None for
            what linear algebra misses that knows the degradation.
        shown: where its power is that of a photo, ``H x W`` in [0,1]; None for everywhere.
    """

    restored: Array
    error: Array | None
    obfuscated: Array
    degradation: Degradation
    is_part: bool = False
    lost: np.ndarray | None = None
    shown: np.ndarray | None = None


def add_detail(
    answer: Answer,
    prior: Prior,
    amount: float,
    seed: int | None = None,
    detail: Array | None = None,
) -> Array:
    """Return images between the faithful answer and one as detailed as a photo.

    Args:
        answer: the faithful one.
        prior: power spectrum of clean photos.
        amount: from 0, the faithful answer itself, to 1, all detail.
        seed: of one of several answers; None for the one nearest to the faithful one. The same
            seed gives the same images.
        detail: all of it, ``B x 3 x H x W``; None for that of :func:`drawn_detail`.

    Returns:
        ``B x 3 x H x W`` in [0,1], in the library of ``restored``. Of a mosaic, images with the
        same blocks. A blur takes the detail away again: only frequencies that it removed get any.

    Raises:
        UsageError: the degradation is neither a blur nor a mosaic.
    """
    restored, degradation = answer.restored, answer.degradation
    if isinstance(degradation.operator, Nonlinear):
        raise UsageError(f"realism is for blurs and mosaics, not for {degradation.operator}.")
    if amount == 0:
        return restored
    with full_precision(restored):
        if detail is None:
            most = MAX_GAIN if seed is None else MAX_SAMPLE_GAIN
            detail = drawn_detail(answer, prior, seed, most)
        if answer.is_part:
            detail = detail * constant(_fade(*restored.shape[-2:]), detail)
        images = array_namespace(restored).clip(restored + amount * detail, 0, 1)
    if not isinstance(degradation.operator, Mosaic):
        return images
    return make_consistent(images, answer.obfuscated, degradation, prior)


def contrast(answer: Answer, prior: Prior) -> float:
    """Return the power of the photo behind an answer, relative to the mean photo's.

    By the frequencies that are half lost: what the coarser have says least of the lost ones.

    Args:
        answer: the faithful one, with the share that it is expected to miss.
        prior: power spectrum of clean photos.
    """
    size, lost = answer.restored.shape[-2:], answer.lost
    lost = lost_share(answer.degradation, prior, *size) if lost is None else lost
    carried = _power(answer, analyse(answer.restored)) / prior.at(*size)
    weights = lost * (1 - lost)
    expected = float((weights * (1 - lost)).mean())
    found = float((weights * carried).mean()) / max(expected, MIN_POWER)
    return min(max(found, 1 / MAX_CONTRAST), MAX_CONTRAST)


def drawn_detail(answer: Answer, prior: Prior, seed: int | None, most: float) -> Array:
    """Return what makes the faithful answer as detailed as a photo, ``B x 3 x H x W``.

    Args:
        answer: the faithful one.
        prior: power spectrum of clean photos.
        seed: of what is drawn.
        most: by how much detail is amplified at most; what is then missing is drawn.
    """
    found, photo = analyse(answer.restored), prior.at(*answer.restored.shape[-2:])
    carried, lacking = _carried_and_lacking(answer, prior)
    gain = np.minimum(np.sqrt(1 + lacking / carried), most)
    rest = (carried + lacking - gain**2 * carried).clip(min=0) * photo
    generator = np.random.default_rng(seed or 0)
    drawn = np.sqrt(rest) * generator.standard_normal(rest.shape, np.float32)
    amplified = synthesise(constant(gain - 1, found) * found)
    return amplified + _weights(answer) * synthesise(constant(drawn, found))


def amplified(answer: Answer, images: Array, prior: Prior, most: float) -> Array:
    """Return images, ``B x 3 x H x W``, as detailed as the photos behind an answer.

    Args:
        answer: the faithful one.
        images: what is to be amplified, same shape.
        prior: power spectrum of clean photos.
        most: by how much a frequency is amplified at most; none is made fainter.
    """
    found, wanted = analyse(images), sum(_carried_and_lacking(answer, prior))
    have = _in_rings(
        _power(replace(answer, restored=images), found) / prior.at(*answer.restored.shape[-2:])
    )
    gain = np.sqrt(wanted / have).clip(1, most)
    return synthesise(constant(gain, found) * found)


def _carried_and_lacking(answer: Answer, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Return the power of an answer and what it lacks, as shares of the mean photo's."""
    photo = prior.at(*answer.restored.shape[-2:])
    carried = _in_rings(_power(answer, analyse(answer.restored)) / photo)
    return carried, _lacking(carried, answer, prior)


def _power(answer: Answer, found: Array) -> np.ndarray:
    """Return the power of the answer in each frequency, ``B x 3 x H x W``, where it is shown.

    Args:
        answer: the faithful one.
        found: its coefficients.
    """
    if answer.shown is None:
        return to_numpy(found) ** 2
    part, shown = to_numpy(answer.restored), answer.shown
    mean = (part * shown).mean(axis=(-2, -1), keepdims=True) / shown.mean()
    return np.asarray(analyse((part - mean) * shown.astype(part.dtype)) ** 2 / (shown**2).mean())


def _fade(height: int, width: int) -> np.ndarray:
    """Return weights that rise from the borders of a part to 1, ``H x W``."""
    rows, columns = (np.minimum(np.arange(size), np.arange(size)[::-1]) for size in (height, width))
    return np.minimum(np.minimum.outer(rows, columns) / FADE_PX, 1)


def _weights(answer: Answer) -> Array | float:
    """Return where drawn detail belongs: the expected error, relative to its root mean square."""
    if answer.error is None:
        return 1.0
    xp = array_namespace(answer.error)
    squares = xp.mean(answer.error**2, axis=(1, 2, 3), keepdims=True)
    return answer.error / xp.sqrt(squares + MIN_POWER)


def _lacking(carried: np.ndarray, answer: Answer, prior: Prior) -> np.ndarray:
    """Return what each frequency of the answers lacks, as a share of the mean photo's power.

    That is what lies between the answer's power and that of photos of some contrast, but no more
    than linear algebra would miss. The contrast is chosen so that all together amounts to the
    expected error, each frequency weighed by how surely it was lost: the power of the coarsest
    varies most from photo to photo, and says least of the detail.

    Args:
        carried: what the answers have, as such a share, ``B x 3 x H x W``.
        answer: the faithful one.
        prior: power spectrum of clean photos.
    """
    size = carried.shape[-2:]
    photo, lost = prior.at(*size), answer.lost
    lost = lost_share(answer.degradation, prior, *size) if lost is None else lost
    wanted = _relative_error(answer, lost * photo) * (lost**2 * photo).mean()
    low, high = np.zeros_like(wanted), np.full_like(wanted, MAX_CONTRAST)
    for _ in range(HALVINGS):
        contrast = (low + high) / 2
        lacking = np.clip(contrast - carried, 0, lost * contrast)
        is_low = (lost * photo * lacking).mean(axis=(1, 2, 3), keepdims=True) < wanted
        low, high = np.where(is_low, contrast, low), np.where(is_low, high, contrast)
    return np.asarray(np.clip(low - carried, 0, lost * low))


def _relative_error(answer: Answer, missed: np.ndarray) -> np.ndarray:
    """Return each answer's expected squared error, relative to linear algebra's, ``B x 1 x 1 x 1``.

    Args:
        answer: the faithful one; without an expected error, linear algebra's is taken for it.
        missed: power of the mean photo that linear algebra misses, ``3 x H x W``.
    """
    if answer.error is None:
        return np.ones((len(answer.restored), 1, 1, 1))
    squares = SQUARES_PER_MEAN * to_numpy(answer.error).astype(np.float64) ** 2
    return np.asarray(squares.mean(axis=(1, 2, 3), keepdims=True) / missed.mean())


def _in_rings(power: np.ndarray) -> np.ndarray:
    """Return the mean power of each coefficient's ring of frequencies, same shape, above 0."""
    height, width = power.shape[-2:]
    radius = np.hypot(frequencies(height)[:, None], frequencies(width))
    ring = (radius / RING).astype(int).ravel()
    count = np.bincount(ring).clip(min=1)
    planes = power.reshape(-1, height * width)
    means = np.stack([np.bincount(ring, plane) / count for plane in planes])
    return np.asarray(means[:, ring].reshape(power.shape).clip(min=MIN_POWER))
