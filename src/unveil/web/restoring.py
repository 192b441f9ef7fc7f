"""The answer of restore about photos."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unveil.auditing.brief import in_words
from unveil.console import Remark
from unveil.degradation import Degradation, Operator
from unveil.errors import UsageError
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.masks import paint_mask, read_mask
from unveil.images.photos import Photo
from unveil.report.rows import Row
from unveil.restoration import pipeline
from unveil.restoration.realism import LABEL
from unveil.restoration.steps import Request
from unveil.web.jobs import Answered, Job, only, part_row, restorer, sentence

PLACE = re.compile(r"^\d+,\d+,\d+,\d+: ")
"""The box that a remark begins with; a page shows it."""

EVIDENCE = "A restored face is an estimate, not evidence."


def undo(
    job: Job, box: Sequence[Box], operator: Operator | None, strokes: str, realism: float,
    samples: int,
) -> Answered:  # fmt: skip
    """Restore a photo, or a part of it; the operator is estimated if not stated."""
    photo = job.read()
    images = to_array(photo)
    linear = None if operator is None else Degradation(operator).linear
    mask = _mask(job, strokes, photo)
    request = Request(linear, only(box), mask=mask, realism=realism)
    job.tell("Finding what hides it, and undoing that.")
    done = pipeline.restore(images, photo.storage, request, restorer)
    told: Row = {
        "found": None if done.finding is None else part_row(done.finding),
        "undone": done.restorer is not None,
        "label": done.label,
        "notes": [sentence(remark) for remark in done.remarks],
        "words": _words(done),
    }
    if done.restorer is None:
        return told, ()
    files = [job.write(to_photo(done.images, replace(photo, label=done.label)), "restored")]
    if done.error is not None:
        files.append(job.write(to_photo(pipeline.uncertainty_map(done.error)), "uncertainty"))
    for seed in range(1, samples + 1):
        job.tell(f"Drawing a plausible answer, {seed} of {samples}.")
        drawn = pipeline.draw(images, done, request, seed)
        files.append(job.write(to_photo(drawn, replace(photo, label=LABEL)), f"sample{seed}"))
    return told, files


def _words(done: pipeline.Restored) -> list[str]:
    """Return what was found and undone, for people; the rest is in the notes."""
    parts = () if done.finding is None else done.finding.parts
    words = [f"{in_words(one) if one.confidence else _as_stated(in_words(one))}." for one in parts]
    if done.restorer is None:
        is_clean = all(one.is_clean for one in parts)
        why = [] if parts and is_clean else done.remarks[-1:]
        return [*words, *(sentence(Remark(PLACE.sub("", one.text))) for one in why)]
    return [*words, *(sentence(one) for one in done.remarks if one.is_warning), EVIDENCE]


def _as_stated(words: str) -> str:
    return f"As stated: {words[:1].lower()}{words[1:]}"


def _mask(job: Job, strokes: str, photo: Photo) -> np.ndarray | None:
    """Return the mask that was painted or sent, ``H x W``; None for neither.

    Raises:
        UsageError: both.
    """
    if strokes and job.mask is not None:
        raise UsageError("a mask is painted and another sent; clear one of them.")
    if job.mask is not None:
        return read_mask(job.mask, job.limits.max_pixels)
    return paint_mask(strokes, *photo.rgb.shape[:2]) if strokes else None
