"""The answer of obfuscate about photos."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from unveil.auditing.covers import Shape, Style
from unveil.auditing.gate import Gate
from unveil.auditing.measured import Risk, shipped_curves
from unveil.auditing.safe import Hidden, How, cover_masked, hide, left_open, opaque_over
from unveil.auditing.verdict import SAFE_RISK
from unveil.degradation import Operator, Pixelate, Solid
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import KNOWN_SEED, is_secret
from unveil.faces.finder import NoFaceError
from unveil.faces.places import find_in_alpha
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.masks import paint_mask
from unveil.images.photos import Photo, read_photo
from unveil.report.rows import Row
from unveil.web.jobs import Answered, Job, finder, numbers, unseen


def hide_parts(
    job: Job, box: Sequence[Box], spare: Sequence[Box], strokes: str, find: bool, style: Style,
    across: int | None, operator: Operator | None, shape: Shape, check: bool,
) -> Answered:  # fmt: skip
    """Hide the faces of a photo, or parts of it, and check the result."""
    photo = job.read()
    images, (height, width) = to_array(photo), photo.rgb.shape[:2]
    for one in (*box, *spare):
        one.check_inside(width, height)
    job.tell("Looking for faces.")
    places = [*box, *(_found(photo, box) if find else ())]
    places = [one for one in places if not any(other.has_middle_of(one) for other in spare)]
    done: list[Hidden] = []
    if operator is not None and not (places or strokes):
        hidden = obfuscate(images, operator)
    elif not (places or strokes):
        raise NoFaceError("no face is there to hide; draw a box or paint over what matters.")
    else:
        how = _how(style, across, operator, shape)
        hidden, done = hide(images, places, how, shipped_curves())
    if strokes:
        hidden = cover_masked(hidden, paint_mask(strokes, height, width), style)
    if photo.alpha is not None:
        photo = replace(photo, alpha=opaque_over(photo.alpha, places, done, shape))
    result = to_photo(hidden, photo)
    words = [_hidden_words(done, style if strokes else None, operator)]
    if operator is not None and not is_secret(operator):
        words.append(f"It can be undone: {KNOWN_SEED}.")
    told: Row = {"hidden": [_covered(one) for one in done], "checked": None}
    if check and done:
        job.tell("Checking the result beside the original.")
        told["checked"] = _checked(job, result, done, places, spare)
        words.append(told["checked"]["words"])
    if find or done:
        words.append(unseen(height, width))
    return {**told, "words": words}, [job.write(result, "hidden")]


def _found(photo: Photo, told: Sequence[Box]) -> list[Box]:
    """Return the boxes of faces that are found, but for those in boxes that are told."""
    found = [*find_in_alpha(photo.alpha, finder()), *finder().find_boxes(photo.rgb)]
    return [face for face in found if not any(box.has_middle_of(face) for box in told)]


def _how(style: Style, across: int | None, operator: Operator | None, shape: Shape) -> How:
    at: Callable[[float], Operator] | None = None
    if operator is not None:
        at = partial(_always, operator)
    elif across is not None:
        at = partial(_blocks, across)
    return How("pixelate", SAFE_RISK, shape, None if at else style, at)


def _always(operator: Operator, _: float) -> Operator:
    return operator


def _blocks(across: int, face_px: float) -> Operator:
    return Pixelate(max(round(face_px / across), 1))


def _covered(one: Hidden) -> Row:
    box, risk = one.box, one.risk
    return {
        "box": numbers(box),
        "cover": one.cover,
        "risk": None if risk is None else round(risk.share, 4),
        "risk_high": None if risk is None else round(risk.high, 4),
    }


def _hidden_words(done: Sequence[Hidden], painted: Style | None, operator: Operator | None) -> str:
    """Return in a sentence what was hidden, and with what.

    Args:
        done: places.
        painted: the cover of what was painted; None where nothing was.
        operator: on all of it, where no place is told.
    """
    if not done and operator is not None:
        return f"All of it went through {operator}."
    count = f"{len(done)} place{'' if len(done) == 1 else 's'}" if done else ""
    said = " and ".join(filter(None, [count, "the painted part" if painted else ""]))
    covers = [*_covers(done), *([_style_words(painted)] if painted else ())]
    words = f"{said[:1].upper()}{said[1:]} covered with {' and '.join(dict.fromkeys(covers))}."
    if done and done[0].style is None:
        words += f" {_risk_words([one.risk for one in done])}"
    return words


def _covers(done: Sequence[Hidden]) -> list[str]:
    """Return what places are covered with; blocks by their sizes."""
    sizes = [one.operator.block for one in done if isinstance(one.operator, Pixelate)]
    if sizes:
        ends = dict.fromkeys((min(sizes), max(sizes)))
        return [f"a mosaic of {' to '.join(map(str, ends))} px blocks"]
    return [
        _style_words(one.style or "solid")
        if one.style is not None or one.operator == Solid()
        else str(one.operator)
        for one in done
    ]


def _style_words(style: Style) -> str:
    return "a black box" if style == "solid" else f"a drawn {style}"


def _risk_words(risks: Sequence[Risk | None]) -> str:
    known = [risk for risk in risks if risk is not None]
    if len(known) < len(risks):
        return "How many it leaves named right was not measured."
    worst = max(known, key=lambda risk: risk.high)
    return f"Still named right: up to {worst.share:.0%} (at most {worst.high:.0%})."


def _checked(
    job: Job, result: Photo, done: Sequence[Hidden], faces: Sequence[Box], spare: Sequence[Box]
) -> Row:
    """Return whether every face of the original is hidden in the result.

    A cover shows nothing of what is below it, so of covers the place counts; of an operator, the
    strength, too.
    """
    original = read_photo(job.file, job.limits.max_pixels)
    if all(one.style is not None for one in done):
        seen = [*finder().find_boxes(original.rgb), *finder().find_boxes(result.rgb)]
        wanted = [one for one in seen if not any(box.has_middle_of(one) for box in spare)]
        bare = left_open(wanted, done)
        count, said = len(done) + len(bare), [f"a face in {box} is open" for box in bare]
    else:
        gated = Gate(faces, finder(), shipped_curves(), SAFE_RISK, spare).check(result, original)
        failed = [one for one in gated if not one.passes]
        bare, count, said = [one.box for one in failed], len(gated), [str(one) for one in failed]
    words = f"Checked: {count - len(bare)} of {count} are hidden."
    if bare:
        words += f" Look at: {'; '.join(said[:3])}."
    failed_boxes = [numbers(box) for box in bare]
    return {"count": count, "failed": failed_boxes, "passes": not bare, "words": words}
