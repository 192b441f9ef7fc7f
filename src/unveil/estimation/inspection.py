"""What hides a photo, told from the photo alone.

A mosaic on whole pixels is found exactly, by its steps. For everything else the segmenter says
where, the classifier what and how strong; likelihood then sharpens what it can, and says whether
the operator describes the picture so well that it can be undone.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.degradation import EvenMosaic, Storage, Unchanged
from unveil.estimation.classifier import Opinion, classify
from unveil.estimation.comb import find_comb
from unveil.estimation.confidence import (
    UNKNOWN_CHANCE,
    chance_clean,
    chance_hidden,
    chance_right,
    is_clear,
    is_whole,
    least_chance,
    likeliest_kind,
    with_prior,
)
from unveil.estimation.doubts import too_little
from unveil.estimation.features import Features, features
from unveil.estimation.fill import find_fills
from unveil.estimation.finding import Finding
from unveil.estimation.jpeg_history import find_jpeg
from unveil.estimation.light import fit_light, with_edge
from unveil.estimation.mosaic import estimate_mosaic
from unveil.estimation.outlining import regions
from unveil.estimation.part import find_part, of_mosaic
from unveil.estimation.plausible import has_edge
from unveil.estimation.regions import MAX_SHARED, MIN_CHANCE, WHOLE_SHARE, Region, mask_of
from unveil.estimation.scaling import middle_box
from unveil.estimation.segmenter import Segmentation, segment
from unveil.estimation.strengths import SIZE_OF_WIDTH, sized, with_level, with_path
from unveil.estimation.subject import Subject, kept
from unveil.estimation.whole_blur import BLURS, find_whole_blur
from unveil.images.box import Box
from unveil.images.light import Light
from unveil.images.pixels import brightness
from unveil.linear.prior import Prior

SCALED_ERROR = 1.25
"""Factor by which the strength of a blur may be off that was scaled since."""

SAME_PITCH = 0.03
LIKELY = 0.5
"""Chance from which a told place counts as hidden, and a clean picture is in doubt."""

MIN_CLEAN_CHANCE = 0.6
"""Below it, a picture is not called clean without a reason."""

TOLD_PRIOR, FOUND_PRIOR = 0.8, 0.5
"""Share of the boxes that people point at, and of faces that were found, taken to be hidden.

With the bench's 0.97, 44 % of its clean boxes were called hidden; with 0.8, 18 % (docs/log.md).
"""

MIN_SEEN_SHARE = 0.3
"""Share of a told box from which the hidden pixels in it are taken to be all that are."""

MAX_TRIED_PX = 1024
"""Of a larger picture the middle is first tried for a mosaic."""


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
    return inspect_subject(subject_of(image, storage, prior), box, expects_hidden=expects_hidden)


def subject_of(image: Array, storage: Storage, prior: Prior) -> Subject:
    """Return what several looks at one picture share; see :func:`inspect` for the arguments."""
    image = to_numpy(image)
    return Subject(image, _as_bytes(image), storage, prior)


def inspect_subject(
    subject: Subject, box: Box | None = None, *, expects_hidden: bool = True
) -> Finding:
    """Find what hides a picture or a part of it, as :func:`inspect` does.

    Args:
        subject: the picture.
        box: where to look (default: everywhere; hidden parts are found).
        expects_hidden: whether the box is said to be hidden; False for a face that was found, say.

    Raises:
        UsageError: the box is not inside the picture.
    """
    pixels = subject.pixels
    if box is not None:
        box.check_inside(pixels.shape[1], pixels.shape[0])
        if box == Box(0, 0, pixels.shape[1], pixels.shape[0]):
            return inspect_subject(subject)  # all of it: no place was told
    reason = too_little(brightness(pixels if box is None else pixels[box.place]))
    if reason:
        subject = subject.plain
    found = _on_pixels(subject, box)
    if found is None and reason:
        declared = subject.declared
        found = Finding(Unchanged(), declared, UNKNOWN_CHANCE, box=box, kind="none", reason=reason)
    found = found or _find(subject, box, expects_hidden=expects_hidden)
    has_blocks = any(finding.kind == "mosaic" for finding in (found, *found.others))
    history = subject.history(has_blocks=has_blocks)
    found = replace(found, history=history)
    return found if history.scaled is None else roughly(found)


def roughly(found: Finding) -> Finding:
    """Return the finding of a picture that was scaled since: no operator of its grid is exact."""
    if found.is_clean or not found.is_exact or found.strength_px is None:
        return found
    reason = "scaled since: no operator of this grid is exact"
    if has_edge(found):  # which shows on this grid
        return replace(found, is_exact=False, reason=reason)
    low, high = found.strength_px / SCALED_ERROR, found.strength_px * SCALED_ERROR
    return replace(found, is_exact=False, low_px=low, high_px=high, reason=reason)


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
    if box is not None:
        (place,) = look(subject.segmentation, subject.pixels, box)
        return _of_told(subject, place, box, expects_hidden=expects_hidden)
    answer, exact = _looked_at(subject)
    if not exact and (whole := find_whole_blur(subject, answer)):
        return whole
    seen = look(answer, subject.pixels, None)
    places = [place for place in seen if not any(_is_over(place, part) for part in exact)]
    with ThreadPoolExecutor(2) as pool:
        looked = pool.map(lambda place: _judge(subject, place, is_told=False), places)
    judged = [one for one in looked if one]
    hidden = [one for one in judged if one.chance >= least_chance(one.region)]
    found = [*exact, *(_of_hidden(subject, one) for one in hidden)]
    return replace(found[0], others=tuple(found[1:])) if found else _clean(subject, places, judged)


def _looked_at(subject: Subject) -> tuple[Segmentation, list[Finding]]:
    """Return what the segmenter says, and the parts that are found to the pixel."""
    with ThreadPoolExecutor(1) as pool:  # a part takes about as long as all the others
        part = pool.submit(_part_on_pixels, subject)
        answer, fills = subject.segmentation, find_fills(subject.pixels, subject.storage)
        mosaic = part.result()
    return answer, fills if mosaic is None else [mosaic, *fills]


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


def outline(image: Array, box: Box) -> np.ndarray:
    """Return the pixels in a box that look hidden, ``H x W`` bool; all of it where none stand out.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        box: where something is hidden.
    """
    pixels = _as_bytes(to_numpy(image))
    return _told(segment(pixels), pixels, box).mask


def light_of(image: Array, width_px: float) -> Light | None:
    """Return in which light a blur of a whole picture was made; None where it does not show.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        width_px: standard deviation of its kernel.
    """
    pixels = _as_bytes(to_numpy(image))
    return fit_light(pixels, find_jpeg(pixels), 1.0, width_px).light


def storage_seen(image: Array, storage: Storage) -> Storage:
    """Return how a picture was kept, by its pixels: a JPEG may lie in a PNG, or in a better JPEG.

    Args:
        image: ``1 x 3 x H x W`` in [0,1].
        storage: how its file says that it was kept.
    """
    return kept(storage, find_jpeg(_as_bytes(to_numpy(image))))


def look(answer: Segmentation, pixels: np.ndarray, box: Box | None) -> Sequence[Region]:
    """Return the regions of a picture to be judged, at least one.

    Args:
        answer: of the segmenter about the picture.
        pixels: ``H x W x 3`` uint8.
        box: where the user says that something is hidden.
    """
    return _seen(answer, pixels) if box is None else [_told(answer, pixels, box)]


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


@dataclass(frozen=True)
class Judged:
    """What a region looks like.

    Attributes:
        region: which.
        seen: its features.
        opinion: of the classifier on them.
        chance: that it is hidden.
    """

    region: Region
    seen: Features
    opinion: Opinion
    chance: float


def _judge(subject: Subject, region: Region, *, is_told: bool) -> Judged | None:
    """Return how likely a region is hidden, and how; None where it is too small to tell."""
    seen = features(subject.pixels, region.mask, subject.jpeg, subject.surroundings)
    if seen is None:
        return None
    opinion = classify(seen.values)
    return Judged(region, seen, opinion, chance_hidden(region, seen, opinion, is_told=is_told))


def _clean(subject: Subject, places: Sequence[Region], judged: Sequence[Judged]) -> Finding:
    """Return the finding of a picture in which no region counts as hidden.

    Args:
        subject: the picture.
        places: its regions, at least one.
        judged: those that are large enough to tell.
    """
    likeliest = max(judged, key=lambda one: one.chance, default=None)
    unknown = [UNKNOWN_CHANCE] * (len(judged) < len(places))
    most = max([*unknown, *(one.chance for one in judged)])
    chance = chance_clean(most, places[0].picture)
    is_doubted = likeliest and (likeliest.chance >= LIKELY or chance < MIN_CLEAN_CHANCE)
    reason = f"in doubt about {_place(likeliest.region)}" if likeliest and is_doubted else None
    return Finding(Unchanged(), subject.storage, chance, kind="none", reason=reason)


def _place(region: Region) -> str:
    is_all = (region.box.height, region.box.width) == region.mask.shape
    return "the whole picture" if is_all else str(region.box)


def _of_told(subject: Subject, region: Region, box: Box, *, expects_hidden: bool) -> Finding:
    """Return the finding of a place that was told."""
    unknown = Finding(Unchanged(), subject.storage, UNKNOWN_CHANCE, box=box, kind="other")
    judged = _judge(subject, region, is_told=True)
    if judged is None:
        return replace(unknown, reason="the hidden part is too small to tell how it was hidden")
    chance = with_prior(judged.chance, TOLD_PRIOR if expects_hidden else FOUND_PRIOR)
    if chance < LIKELY:
        return replace(unknown, kind="none", confidence=1 - chance)
    return replace(_of_hidden(subject, replace(judged, chance=chance)), box=box, mask=None)


def _of_hidden(subject: Subject, judged: Judged) -> Finding:
    """Return what hides a region that counts as hidden."""
    region, seen = judged.region, judged.seen
    kind, share = likeliest_kind(judged.opinion)
    box, mask = (None, None) if is_whole(region) else (region.box, region.mask)
    confidence = judged.chance * chance_right(share)
    finding = sized(kind, judged.opinion, seen, subject.storage, confidence, box)
    finding = replace(finding, mask=mask)
    if kind == "solid":
        return with_level(finding, subject.pixels, region.mask)
    finding = with_path(finding, subject.pixels, seen) if kind == "motion" else finding
    return _with_edge(finding, subject, seen) if kind in BLURS else finding


def _with_edge(finding: Finding, subject: Subject, seen: Features) -> Finding:
    """Return the finding of a blur with what its edge tells, where one shows."""
    if finding.strength_px is None:
        return finding
    width = finding.strength_px / SIZE_OF_WIDTH[finding.kind]
    part = subject.pixels[seen.box.place]
    light, edged = fit_light(part, seen.history, seen.fits.noise, width)
    return finding if light is None or edged is None else with_edge(finding, edged, light)
