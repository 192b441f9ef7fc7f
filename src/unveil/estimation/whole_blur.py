"""The blur of a whole picture with mirrored borders, which can be undone exactly."""

import math

import numpy as np

from unveil.degradation import Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.blur import MAX_PART_PX, estimate_blur
from unveil.estimation.classifier import Opinion, classify
from unveil.estimation.confidence import chance_hidden, likeliest_kind
from unveil.estimation.doubts import is_sharp_somewhere
from unveil.estimation.features import Features, features
from unveil.estimation.finding import Finding
from unveil.estimation.kinds import KINDS
from unveil.estimation.outlining import whole_region
from unveil.estimation.scaling import middle
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.strengths import strength_of
from unveil.estimation.subject import Subject
from unveil.images.pixels import brightness

EXACT_ERROR = 0.02
"""Relative error of strengths that likelihood has sharpened."""

EXACT_DOUBT = 0.1
"""Share of the doubt that is left when both likelihoods agree."""

WIDTH_RANGE, MAX_WIDTH_PX = 2.0, 10.0
MIN_WIDTH_PX = 1.0
"""Lenses and scaling blur any photo by as much."""

MAX_CLEAN, MAX_CLEAN_LARGE = 0.1, 0.02
"""Chances of being clean up to which likelihood may say that a whole picture is blurred.

Of 691 clean pictures one is called so (docs/log.md): soft ones that were scaled up are like it.
"""

MAX_WHOLE_PX = 512
"""Of a larger picture the middle tells what kind of blur it has."""

MAX_FLAT_SHARE = 0.5
"""Of drawings more is flat; of 320 clean pictures, no other came this far."""

MIN_LOG_ODDS = 2e-4
"""Nats a coefficient by which one blur must be likelier than the others."""

Z_90 = 1.645


def find_whole_blur(subject: Subject, answer: Segmentation) -> Finding | None:
    """Return the blur of a whole picture with mirrored borders; None where it is no such blur.

    Where the classifier takes it for hidden, two likelihoods must agree: of the picture as it is,
    and of its middle, borders faded. Of a large picture only the middle is looked at.
    """
    region = whole_region(answer, subject.pixels)
    part = middle(subject.pixels, MAX_WHOLE_PX)
    seen = features(part, np.ones(part.shape[:2], bool), subject.jpeg)
    if seen is None:
        return None
    opinion = classify(seen.values)
    is_large = max(subject.pixels.shape[:2]) > MAX_PART_PX
    if opinion.chances[0] > (MAX_CLEAN_LARGE if is_large else MAX_CLEAN):
        return None
    if is_sharp_somewhere(brightness(subject.pixels)):
        return None
    hidden = chance_hidden(region, seen, opinion, is_told=False)
    return _exact(subject, seen, opinion, hidden)


def _exact(subject: Subject, seen: Features, opinion: Opinion, hidden: float) -> Finding | None:
    """Return the blur of a whole picture, as far as likelihood bears it out."""
    kind, _ = likeliest_kind(opinion)
    if kind not in ("gaussian", "box", "disk") or seen.flat_share > MAX_FLAT_SHARE:
        return None
    width = math.exp(float(opinion.log_width[KINDS.index(kind)]))
    width = min(width, MAX_WIDTH_PX)
    widths = (max(width / WIDTH_RANGE, MIN_WIDTH_PX), width * WIDTH_RANGE)
    fit = estimate_blur(
        subject.image, subject.storage, subject.prior, is_cut=False, widths_px=widths
    )
    if not fit.is_mirrored or isinstance(fit.operator, Unchanged):
        return None
    if fit.log_odds < MIN_LOG_ODDS or spread_px(fit.operator) < MIN_WIDTH_PX:
        return None
    kind, strength = strength_of(fit.operator)
    error = fit.sigma_error_px or EXACT_ERROR * strength
    low, high = (strength + side * Z_90 * error for side in (-1, 1))
    confidence = 1 - (1 - hidden) * EXACT_DOUBT
    return Finding(
        fit.operator, subject.storage, confidence, fit.sigma_error_px, None, kind, strength,
        low, high,
    )  # fmt: skip
