"""Answers that agree with the data: obfuscated again, they give the input."""

from collections.abc import Callable

from unveil.arrays import Array, array_namespace, constant
from unveil.degradation import Blur, Degradation, Pixelate, Sample, UnevenPixelate
from unveil.degradation.operators import block_means, is_sampled, obfuscate, paint
from unveil.linear.blur import lmmse_filter
from unveil.linear.prior import Prior

ROUNDS = 20
"""Each undoes what clipping to [0,1] broke in the last; most photos need two or three."""

HALVINGS = 24
"""Steps in which the shift of every block is found, to a millionth."""


def make_consistent(
    restored: Array, obfuscated: Array, degradation: Degradation, prior: Prior
) -> Array:
    """Return the images next to ``restored`` that ``degradation`` turns into ``obfuscated``.

    Args:
        restored: ``B x 3 x H x W`` in [0,1].
        obfuscated: the input that it was restored from, same shape.
        degradation: what happened to the clean images.
        prior: power spectrum of clean photos.

    Returns:
        Images in [0,1]. Of a mosaic: the orthogonal projection onto those with the same block
        means (or samples), as far as [0,1] allows. Of a blur: what the blur passes is taken
        from the input, up to the storage's noise; what it removes, from ``restored``.
    """
    operator, (height, width) = degradation.linear, restored.shape[-2:]
    if isinstance(operator, Blur):
        undo = lmmse_filter(operator, degradation.storage, prior, height, width)
        return _keep_passed(restored, obfuscated, operator, undo)
    match operator:
        case Pixelate() | UnevenPixelate():
            return _keep_means(restored, obfuscated, operator)
        case Sample():
            kept = constant(is_sampled(height, width, operator), restored, keep_dtype=True)
            return array_namespace(restored).where(kept, obfuscated, restored)


def _keep_passed(
    restored: Array, obfuscated: Array, operator: Blur, undo: Callable[[Array], Array]
) -> Array:
    xp = array_namespace(restored)
    for _ in range(ROUNDS):
        missing = undo(obfuscated - obfuscate(restored, operator))
        restored = xp.clip(restored + missing, 0, 1)
    return restored


def _keep_means(restored: Array, obfuscated: Array, operator: Pixelate | UnevenPixelate) -> Array:
    """Shift every block until, clipped to [0,1], its mean is right: by bisection."""
    xp = array_namespace(restored)
    means = block_means(obfuscated, operator)
    low, high = xp.full_like(means, -1), xp.full_like(means, 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        shifted = xp.clip(restored + paint(middle, restored, operator), 0, 1)
        is_low = block_means(shifted, operator) < means
        low, high = xp.where(is_low, middle, low), xp.where(is_low, high, middle)
    return xp.clip(restored + paint((low + high) / 2, restored, operator), 0, 1)
