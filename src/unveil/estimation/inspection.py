"""What hides a photo, told from the photo alone.

A mosaic on whole pixels is found exactly, by its steps. For everything else the segmenter says
where, the classifier what and how strong; likelihood then sharpens what it can, and says whether
the operator describes the picture so well that it can be undone.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import EvenMosaic, Storage, Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.blur import MAX_PART_PX, estimate_blur
from unveil.estimation.classifier import Opinion, classify
from unveil.estimation.comb import find_comb
from unveil.estimation.confidence import (
    UNKNOWN_CHANCE,
    as_likely_as_not,
    chance_clean,
    chance_hidden,
    chance_right,
    is_clear,
    is_whole,
    least_chance,
    likeliest_kind,
)
from unveil.estimation.doubts import has_other_rim, too_little
from unveil.estimation.features import Features, features
from unveil.estimation.finding import Finding
from unveil.estimation.history import look_back
from unveil.estimation.jpeg_history import JpegHistory, find_jpeg
from unveil.estimation.kinds import KINDS
from unveil.estimation.mosaic import estimate_mosaic
from unveil.estimation.outlining import regions, whole_region
from unveil.estimation.part import find_part, of_mosaic
from unveil.estimation.regions import MAX_SHARED, MIN_CHANCE, WHOLE_SHARE, Region, mask_of
from unveil.estimation.scaling import middle, middle_box
from unveil.estimation.segmenter import Segmentation, segment
from unveil.estimation.strengths import sized, strength_of, with_path
from unveil.images.box import Box
from unveil.images.pixels import brightness
from unveil.linear.prior import Prior

SAME_PITCH = 0.03
MIN_SEEN_SHARE = 0.3
"""Share of a told box from which the hidden pixels in it are taken to be all that are."""

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

MAX_TRIED_PX = 1024
"""Of a larger picture the middle is first tried for a mosaic."""

MAX_FLAT_SHARE = 0.5
"""Of drawings more is flat; of 320 clean pictures, no other came this far."""

MIN_LOG_ODDS = 2e-4
"""Nats a coefficient by which one blur must be likelier than the others."""

Z_90 = 1.645


@dataclass(frozen=True)
class Subject:
    """A picture that is inspected, and what is known of it.

    Attributes:
        image: ``1 x 3 x H x W`` in [0,1].
        pixels: the same, ``H x W x 3`` uint8.
        jpeg: its last JPEG compression.
        storage: how it was kept, as its pixels tell, or else its file.
        prior: power spectrum of clean photos.
    """

    image: np.ndarray
    pixels: np.ndarray
    jpeg: JpegHistory | None
    storage: Storage
    prior: Prior


def inspect(
    image: Array,
    storage: Storage,
    prior: Prior,
    box: Box | None = None,
    *,
    expects_hidden: bool = True,
) -> Finding:
    """Find what hides ``image``, or the part of it in ``box``.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        storage: how its file says that it was kept.
        prior: power spectrum of clean photos.
        box: where to look (default: everywhere; hidden parts are found).
        expects_hidden: whether the box is said to be hidden; False for a face that was found, say.

    Raises:
        UsageError: the box is not inside the picture.
    """
    if box is not None:
        box.check_inside(image.shape[-1], image.shape[-2])
    image = to_numpy(image)
    pixels = _as_bytes(image)
    reason = too_little(brightness(pixels if box is None else pixels[box.place]))
    # The steps of a smooth slope look like those of a JPEG.
    jpeg = None if reason else find_jpeg(pixels)
    subject = Subject(image, pixels, jpeg, _kept(storage, jpeg), prior)
    found = _on_pixels(subject, box)
    if found is None and reason:
        found = Finding(Unchanged(), storage, UNKNOWN_CHANCE, box=box, kind="none", reason=reason)
    found = found or _find(subject, box, expects_hidden=expects_hidden)
    has_blocks = any(finding.kind == "mosaic" for finding in (found, *found.others))
    return replace(found, history=look_back(pixels, jpeg, has_blocks=has_blocks))


def _on_pixels(subject: Subject, box: Box | None) -> Finding | None:
    """Return the finding of a mosaic on whole pixels in all of a picture or a box."""
    part = subject.image if box is None else subject.image[..., *box.place]
    inner = middle_box(part.shape[-2:], MAX_TRIED_PX)
    # A grid that covers all of a large picture shows in its middle.
    is_large = part.shape[-2:] != (inner.height, inner.width)
    if is_large and estimate_mosaic(part[..., *inner.place], subject.prior) is None:
        return None
    mosaic = estimate_mosaic(part, subject.prior)
    if mosaic is None or not _has_no_other_pitch(mosaic.operator, subject.pixels, box):
        return None
    return of_mosaic(mosaic, subject.storage, box)


def _find(subject: Subject, box: Box | None, *, expects_hidden: bool) -> Finding:
    """Return what hides a picture or a box of it, without what it went through."""
    answer, exact = _looked_at(subject, box)
    if box is None and exact is None and (whole := _whole_blur(subject, answer)):
        return whole
    seen = look(answer, subject.pixels, box)
    places = [place for place in seen if exact is None or not _is_over(place, exact)]
    judged = [_judge(subject, region, box, expects_hidden) for region in places]
    hidden = [finding for finding in (exact, *judged) if finding and not finding.is_clean]
    if hidden:
        return replace(hidden[0], others=tuple(hidden[1:]))
    clean = min(judged, key=lambda finding: finding.confidence or 0.0)
    if box is not None:
        return clean
    most = 1 - (clean.confidence or 0.0)
    return replace(clean, confidence=chance_clean(most, places[0].picture))


def _looked_at(subject: Subject, box: Box | None) -> tuple[Segmentation, Finding | None]:
    """Return what the segmenter says, and meanwhile the exact finding of a part."""
    if box is not None:
        return segment(subject.pixels), None
    with ThreadPoolExecutor(1) as pool:
        part = pool.submit(_part_on_pixels, subject)
        return segment(subject.pixels), part.result()


def _part_on_pixels(subject: Subject) -> Finding | None:
    """Return the finding of a mosaic on whole pixels in a part of the picture, if there is one."""
    found = find_part(subject.image, subject.storage, subject.prior)
    if found is None or not isinstance(found.operator, EvenMosaic):
        return None
    return found if _has_no_other_pitch(found.operator, subject.pixels, found.box) else None


def _is_over(region: Region, found: Finding) -> bool:
    """Return whether a region is about the part that was found, or holds it."""
    if found.box is None:
        return True
    inside = float(region.mask[found.box.place].sum())
    return inside > MAX_SHARED * min(region.mask.sum(), found.box.width * found.box.height)


def _as_bytes(image: np.ndarray) -> np.ndarray:
    """Return ``1 x 3 x H x W`` in [0,1] as ``H x W x 3`` uint8."""
    planes = [cv2.convertScaleAbs(np.ascontiguousarray(p), alpha=255) for p in image[0]]
    pixels: np.ndarray = cv2.merge(planes)
    return pixels


def _has_no_other_pitch(mosaic: EvenMosaic, pixels: np.ndarray, box: Box | None) -> bool:
    """Return whether no grid of another pitch is clear: the exact search takes multiples, too."""
    part = pixels if box is None else pixels[box.place]
    comb = find_comb(part, np.ones(part.shape[:2], bool))
    if comb is None or not is_clear(comb):
        return True
    axes = comb.across, comb.down
    return all(abs(axis.pitch_px / mosaic.block - 1) < SAME_PITCH for axis in axes)


def look(answer: Segmentation, pixels: np.ndarray, box: Box | None) -> Sequence[Region]:
    """Return the regions of a picture to be judged, at least one.

    Args:
        answer: of the segmenter about the picture.
        pixels: ``H x W x 3`` uint8.
        box: where the user says that something is hidden.
    """
    return _seen(answer, pixels) if box is None else [_told(answer, pixels, box)]


def _kept(storage: Storage, history: JpegHistory | None) -> Storage:
    """Return the storage that the pixels show: a JPEG may lie in a PNG, or in a better JPEG."""
    if history is None:
        return storage
    if storage.kind == "jpeg" and storage.quality is not None:
        return Storage("jpeg", min(storage.quality, history.quality))
    return Storage("jpeg", history.quality) if storage.kind == "8bit" else storage


def _told(answer: Segmentation, pixels: np.ndarray, box: Box) -> Region:
    """Return the hidden pixels in a box: those that the segmenter sees there, or all of it."""
    seen = mask_of(answer.chances[0] < MIN_CHANCE, *pixels.shape[:2])
    mask = np.zeros(pixels.shape[:2], bool)
    mask[box.place] = True
    both = mask & seen
    is_part = MIN_SEEN_SHARE < both.sum() / mask.sum() < WHOLE_SHARE
    return Region(both if is_part else mask, box, 1.0, 1.0, 1.0)


def _seen(answer: Segmentation, pixels: np.ndarray) -> Sequence[Region]:
    """Return the regions that the segmenter sees; the whole picture, clean, where it sees none."""
    if found := regions(answer, pixels):
        return found
    whole = np.ones(pixels.shape[:2], bool)
    box = Box(0, 0, pixels.shape[1], pixels.shape[0])
    return [Region(whole, box, 1 - float(answer.chances[0].mean()), answer.hidden, 0.0)]


def _judge(subject: Subject, region: Region, told: Box | None, expects_hidden: bool) -> Finding:
    """Return what hides a region."""
    covers_all = told is None and is_whole(region)
    box, storage = None if covers_all else told or region.box, subject.storage
    seen = features(subject.pixels, region.mask, subject.jpeg)
    if seen is None:
        reason = "the hidden part is too small to tell how it was hidden"
        unknown = Finding(Unchanged(), storage, UNKNOWN_CHANCE, None, box, "other", reason=reason)
        clean = Finding(Unchanged(), storage, UNKNOWN_CHANCE, kind="none")
        return unknown if told else clean
    opinion = classify(seen.values)
    hidden = chance_hidden(region, seen, opinion, is_told=told is not None)
    if told and not expects_hidden:
        hidden = as_likely_as_not(hidden)
    if hidden < (0.5 if told else least_chance(region)):
        doubt = f"in doubt about {region.box}" if hidden >= 0.5 else None
        return Finding(Unchanged(), storage, 1 - hidden, None, told, "none", reason=doubt)
    kind, share = likeliest_kind(opinion)
    finding = sized(kind, opinion, seen, storage, hidden * chance_right(share), box)
    mask = None if covers_all or told else region.mask
    finding = replace(finding, mask=mask)
    if kind == "motion":
        return with_path(finding, subject.pixels, seen)
    return finding


def _whole_blur(subject: Subject, answer: Segmentation) -> Finding | None:
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
    if is_large and has_other_rim(brightness(subject.pixels)):
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
