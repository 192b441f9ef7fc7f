"""The blur of a whole picture: one with mirrored borders, or one with an edge."""

import math
from dataclasses import replace

import numpy as np

from unveil.degradation import Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.blur import MAX_PART_PX, estimate_blur
from unveil.estimation.classifier import classify
from unveil.estimation.confidence import chance_hidden, likeliest_kind
from unveil.estimation.doubts import is_sharp_somewhere
from unveil.estimation.features import features
from unveil.estimation.finding import Finding
from unveil.estimation.kinds import KINDS
from unveil.estimation.light import fit_light, with_edge
from unveil.estimation.outlining import whole_region
from unveil.estimation.plausible import Z_90
from unveil.estimation.scaling import middle
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.strengths import strength_of
from unveil.estimation.subject import Subject
from unveil.images.light import AS_KEPT, Light
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

BLURS = ("gaussian", "box", "disk", "motion")
"""Kinds that the classifier may take a blur of a whole picture for."""

MAX_FLAT_SHARE = 0.5
"""Of drawings more is flat; of 320 clean pictures, no other came this far."""

MIN_LOG_ODDS = 2e-4
"""Nats a coefficient by which one blur must be likelier than the others."""


def find_whole_blur(subject: Subject, answer: Segmentation) -> Finding | None:
    """Return the blur of a whole picture with mirrored borders or an edge; None for no such blur.

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
    kind, _ = likeliest_kind(opinion)
    # Along a motion edges stay sharp.
    if kind != "motion" and is_sharp_somewhere(brightness(subject.pixels)):
        return None
    if kind not in BLURS or seen.flat_share > MAX_FLAT_SHARE:
        return None
    hidden = chance_hidden(region, seen, opinion, is_told=False)
    width_px = math.exp(float(opinion.log_width[KINDS.index(kind)]))
    light, edged = fit_light(subject.pixels, subject.jpeg, seen.fits.noise, width_px)
    exact = None if kind == "motion" else _exact(subject, width_px, hidden, light)
    if light is None or edged is None or (exact and exact.kind == edged.kind):
        return exact
    if exact and light == AS_KEPT:  # its likelihood knows the borders, and more kernels
        return replace(exact, light=None)
    confidence = 1 - (1 - hidden) * EXACT_DOUBT
    rough = Finding(Unchanged(), subject.storage, confidence)
    return with_edge(rough, edged, light)


def _exact(subject: Subject, width_px: float, hidden: float, light: Light | None) -> Finding | None:
    """Return the blur of a whole picture, as far as likelihood bears it out."""
    width = min(width_px, MAX_WIDTH_PX)
    widths = (max(width / WIDTH_RANGE, MIN_WIDTH_PX), width * WIDTH_RANGE)
    fit = estimate_blur(
        (light or AS_KEPT).of(subject.image), subject.storage, subject.prior, is_cut=False,
        widths_px=widths,
    )  # fmt: skip
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
        low, high, light=light,
    )  # fmt: skip
