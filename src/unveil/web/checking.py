"""The answers of inspect and audit about photos."""

from collections.abc import Sequence

from unveil.auditing import brief
from unveil.auditing.measured import shipped_curves
from unveil.auditing.photo import Verdict, audit_photo
from unveil.degradation import Operator
from unveil.estimation.drawing import outlines
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.faces.finder import NoFaceError
from unveil.images.arrays import to_array
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.report.rows import Row
from unveil.web.jobs import Answered, Job, finder, numbers, only, part_row, unseen

LEVELS = ((brief.AT_RISK, "at risk"), (brief.HIDDEN, "well hidden"), (brief.UNKNOWN, "not known"))
"""Levels of verdicts, in words."""


def find(job: Job, box: Sequence[Box]) -> Answered:
    """Return what hides a photo."""
    photo = job.read()
    job.tell("Looking for what is hidden.")
    whole = inspect(to_array(photo), photo.storage, read_prior(), only(box))
    height, width = photo.rgb.shape[:2]
    parts = [{**part_row(part), "outline": _outline(part, height, width)} for part in whole.parts]
    return {"width": width, "height": height, "parts": parts, "words": [f"{whole}."]}, ()


def judge(job: Job, box: Sequence[Box], operator: Operator | None, find: bool) -> Answered:
    """Return the verdicts on the faces and the hidden parts of a photo."""
    photo = job.read()
    height, width = photo.rgb.shape[:2]
    told: Row = {"width": width, "height": height}
    job.tell("Looking for faces and for what is hidden.")
    try:
        verdicts = audit_photo(
            photo, box, finder(), shipped_curves(), operator, only=not find and bool(box)
        )
    except NoFaceError as error:
        said = str(error).partition(";")[0]
        return {**told, "regions": [], "words": [f"{said[:1].upper()}{said[1:]}."]}, ()
    regions = [_region(one, box, height, width) for one in verdicts]
    return {**told, "regions": regions, "words": [_counted(regions), unseen(height, width)]}, ()


def _region(verdict: Verdict, told: Sequence[Box], height: int, width: int) -> Row:
    """Return a verdict as a page shows it."""
    curves, risk, box = shipped_curves(), verdict.risk, verdict.box
    return {
        **verdict.as_row(),
        "box": numbers(box),
        "is_face": verdict.is_face,
        "is_told": box in told,
        "is_clean": verdict.finding.is_clean,
        "level": brief.level(verdict),
        "percent": None if risk is None else round(100 * risk.share),
        "headline": brief.headline(verdict),
        "how": brief.how_hidden(verdict),
        "advice": brief.what_would_hide(verdict, curves),
        "curve": brief.on_its_curve(verdict, curves),
        "outline": _outline(verdict.finding, height, width),
    }


def _outline(part: Finding, height: int, width: int) -> list[list[list[int]]]:
    """Return the closed lines around a hidden part, each as points (x, y); none for a clean one."""
    if part.is_clean or part.mask is None:
        return []
    return [line[:, 0].tolist() for line in outlines(part, height, width)]


def _counted(regions: Sequence[Row]) -> str:
    """Return how many faces and parts were found and told, and how many are at which level."""
    kinds = [
        "place told" if one["is_told"] else "face found" if one["is_face"] else "hidden part found"
        for one in regions
    ]
    said = [_times(kinds.count(kind), kind) for kind in dict.fromkeys(sorted(kinds))]
    levels = [one["level"] for one in regions]
    risks = [f"{levels.count(one)} {words}" for one, words in LEVELS if one in levels]
    return f"{', '.join(said)}; {', '.join(risks)}."


def _times(count: int, kind: str) -> str:
    """Return a count of something, its noun in the plural where there are several."""
    noun, _, verb = kind.rpartition(" ")
    return f"{count} {noun}{'' if count == 1 else 's'} {verb}"
