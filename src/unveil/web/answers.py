"""The answers of the page: functions of a photo file and plain values, run in the worker."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from unveil.auditing.charts import setting_chart
from unveil.auditing.measured import shipped_curves
from unveil.auditing.photo import (
    Verdict,
    audit_photo,
)
from unveil.auditing.safe import How, hide, opaque_over
from unveil.auditing.verdict import SAFE_RISK
from unveil.console import Remark
from unveil.degradation import Degradation, GaussianBlur, Linear, Operator, Pixelate
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import KNOWN_SEED, is_secret
from unveil.errors import UsageError
from unveil.estimation.drawing import draw_finding
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import inspect
from unveil.faces.finder import FaceFinder, NoFaceError
from unveil.faces.places import UNSEEN, find_in_alpha
from unveil.faces.sights import smallest_px
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.masks import paint_mask, read_mask
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.images.pixels import to_8bit
from unveil.linear.prior import read_prior
from unveil.restoration.choice import model_for
from unveil.restoration.pipeline import restore
from unveil.restoration.restorers import Restorer, load
from unveil.restoration.steps import Request
from unveil.runtime import keep_freed_memory

SHOWN_PX = 1600
"""Longer side of the images that the page displays; the download has full resolution."""

FLAG, FIELD = "--box X,Y,W,H", "the field Box"
"""Where a place is told: in commands, and on the page."""


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    Attributes:
        words: sentences.
        before: data URI of the input as displayed; None for no image.
        after: data URI of the result as displayed; None for no image.
        download: data URI of the result in full resolution, as PNG.
        charts: SVG documents.
        width_px: width of the photo, if a box can be drawn on it.
        label: what the result must say of itself; None for nothing.
    """

    words: Sequence[str]
    before: str | None = None
    after: str | None = None
    download: str | None = None
    charts: Sequence[str] = ()
    width_px: int | None = None
    label: str | None = None


def prepare() -> None:
    """Load models and run them once, so that the first answer is as fast as later ones."""
    keep_freed_memory()  # each answer reuses the memory of the last one
    photo = Photo(np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8))
    for known in (Degradation(GaussianBlur(13, 2.0)), Degradation(Pixelate(8))):
        _load(model_for(known)).restore(to_array(photo), known)
    inspect(to_array(photo), photo.storage, read_prior())
    _finder().find(photo.rgb)
    shipped_curves()


def look(path: Path, max_pixels: int) -> Answer:
    """Check a photo and return it for display."""
    return _sized(read_photo(path, max_pixels))


def _sized(photo: Photo) -> Answer:
    height, width = photo.rgb.shape[:2]
    return Answer([f"{width} x {height} pixels."], before=shown(photo), width_px=width)


def find_hidden(path: Path, max_pixels: int) -> tuple[Answer, Answer]:
    """Return a photo for display with its hidden parts outlined, and what was found in words."""
    photo = read_photo(path, max_pixels)
    finding = inspect(to_array(photo), photo.storage, read_prior())
    drawn = _sized(draw_finding(photo, finding))
    return drawn, Answer([_told(part) for part in finding.parts])


def _told(part: Finding) -> str:
    """Return what was found as a sentence; in doubt, what is in doubt."""
    if part.is_clean and part.reason:
        return f"Nothing hidden was found, but it cannot be ruled out: {part.reason}."
    return f"Found: {part}."


def find_face(path: Path, max_pixels: int) -> Box:
    """Return the box of the widest face.

    Raises:
        NoFaceError: there is none.
    """
    faces = _faces_beside(read_photo(path, max_pixels), [])
    return max(faces, key=lambda face: face.width)


def _faces_beside(photo: Photo, told: Sequence[Box]) -> list[Box]:
    """Return the boxes of the faces that are found, but for those in boxes that are told.

    Raises:
        NoFaceError: there is none, and none is told.
    """
    found = _finder().find_boxes(photo.rgb)
    if not (found or told):
        raise NoFaceError(f"no face found; enter its place in {FIELD}.")
    return [face for face in found if not any(box.has_middle_of(face) for box in told)]


def hide_part(path: Path, max_pixels: int, operator: Operator | None, box: Box | None) -> Answer:
    """Obfuscate a photo or the part in ``box``; by default under a mosaic that is drawn."""
    photo = read_photo(path, max_pixels)
    images = to_array(photo)
    if operator is None:
        told = [] if box is None else [box]
        told += find_in_alpha(photo.alpha, _finder())
        places = [*told, *_faces_beside(photo, told)]
        hidden, done = hide(
            images, places, How("pixelate", SAFE_RISK, style="mosaic"), shipped_curves()
        )
        if photo.alpha is not None:
            photo = replace(photo, alpha=opaque_over(photo.alpha, places, done, "box"))
        words = [f"Hidden with {one.cover} in {one.box}." for one in done]
        unseen = UNSEEN.format(px=smallest_px(*images.shape[-2:])).replace(FLAG, FIELD)
        words.append(f"{len(done)} hidden; {unseen}.")
    elif box is None:
        hidden, words = obfuscate(images, operator), [f"Hidden with {operator}."]
    else:
        box.check_inside(images.shape[-1], images.shape[-2])
        hidden, words = images.copy(), [f"Hidden with {operator} in {box}."]
        hidden[..., *box.place] = obfuscate(images[..., *box.place], operator)
    if operator is not None and not is_secret(operator):
        words.append(f"It can be undone: {KNOWN_SEED}.")
    return _beside(photo, hidden, words)


def undo(
    path: Path, max_pixels: int, operator: Linear | None, box: Box | None, strokes: str = "",
    mask: Path | None = None, realism: float = 0.0,
) -> Answer:  # fmt: skip
    """Restore a photo, or a part of it; the operator is estimated if not stated.

    Args:
        path: the photo.
        max_pixels: limit on its size and the mask's.
        operator: what hides it; None to find out.
        box: the part that is hidden.
        strokes: of the brush that painted the part, as text; empty for none.
        mask: photo that is white where it is hidden.
        realism: from 0, least error, to 1, as detailed as a photo.

    Raises:
        UnveilError: the photo or the mask cannot be read.
        UsageError: two masks, or one that does not go with the rest.
    """
    photo = read_photo(path, max_pixels)
    shown_in = _mask(strokes, mask, photo, max_pixels)
    request = Request(operator, box, mask=shown_in, realism=realism)
    done = restore(to_array(photo), photo.storage, request, _load)
    words = [_sentence(remark) for remark in done.remarks]
    if done.restorer is None:
        return Answer(words, before=shown(photo))
    words.append("A restored face is an estimate, not evidence.")
    return _beside(photo, done.images, words, done.label)


def _mask(strokes: str, path: Path | None, photo: Photo, max_pixels: int) -> np.ndarray | None:
    """Return the mask that a visitor painted or chose, ``H x W``; None for neither."""
    if strokes and path is not None:
        raise UsageError("a mask is painted and another chosen; clear one of them.")
    if path is not None:
        return read_mask(path, max_pixels)
    return paint_mask(strokes, *photo.rgb.shape[:2]) if strokes else None


def _sentence(remark: Remark) -> str:
    text = f"Warning: {remark.text}" if remark.is_warning else remark.text
    return f"{text[0].upper()}{text[1:]}."


def judge(path: Path, max_pixels: int, box: Box | None) -> Answer:
    """Return the verdicts on faces and hidden parts, and charts that mark them on the curve."""
    photo = read_photo(path, max_pixels)
    boxes = [box] if box is not None else []
    try:
        verdicts = audit_photo(photo, boxes, _finder(), shipped_curves())
    except NoFaceError as error:
        raise NoFaceError(str(error).replace(FLAG, FIELD)) from None
    return Answer([str(verdict) for verdict in verdicts], charts=_charts(verdicts))


def _charts(verdicts: Sequence[Verdict]) -> list[str]:
    drawn = (setting_chart(v.operator, v.box.width, v.risk, shipped_curves()) for v in verdicts)
    return [chart for chart in drawn if chart is not None]


def shown(photo: Photo) -> str:
    """Return a photo as displayed: the data URI of a JPEG without metadata."""
    image = Image.fromarray(to_8bit(photo.rgb))
    image.thumbnail((SHOWN_PX, SHOWN_PX))
    image.save(encoded := io.BytesIO(), "JPEG", quality=92, subsampling="4:4:4")
    return _uri("jpeg", encoded.getvalue())


def _beside(
    photo: Photo, images: np.ndarray, words: Sequence[str], label: str | None = None
) -> Answer:
    result = to_photo(images, replace(photo, label=label))
    return Answer(words, shown(photo), shown(result), _png(result), label=label)


def _png(photo: Photo) -> str:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, "result.png")
        write_photo(photo, path)
        return _uri("png", path.read_bytes())


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _load(name: str) -> Restorer:
    return load(name)


@cache
def _finder() -> FaceFinder:
    return FaceFinder()
