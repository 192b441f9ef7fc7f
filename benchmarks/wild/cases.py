"""Cases: a picture's file, and the truth about it. A pure function of half, role and number.

(And of the programs that are installed: the share of one that is absent goes to the others.)
"""

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

import real_programs
from wild import controls, subjects
from wild.draws import Mask, Pixels, chance, log_between, one_of
from wild.hidden import Hidden, Way
from wild.journeys import JOURNEYS, Journey, Picture, Step, draw_journey, travel
from wild.masks import SIDES_PX, Rectangle, bounds, draw_mask, draw_rectangle, draw_shape
from wild.operators import STRENGTHS_PX, WAYS
from wild.subjects import HALVES, Half, Subject

SEED = 2111
EDITION = 1
"""Raised whenever the same draws would give other pictures: those on disk are not used again."""

Role = Literal["hidden", "clean", "told"]
ROLES: tuple[Role, ...] = ("hidden", "clean", "told")

KINDS: dict[Role, dict[str, float]] = {
    "hidden": {
        "gaussian": 0.24,
        "box": 0.12,
        "disk": 0.08,
        "motion": 0.12,
        "median": 0.08,
        "mosaic": 0.22,
        "solid": 0.06,
        "other": 0.08,
    },
    "told": {
        "gaussian": 0.34,
        "box": 0.08,
        "disk": 0.06,
        "motion": 0.15,
        "median": 0.05,
        "mosaic": 0.24,
        "solid": 0.02,
        "other": 0.03,
        "none": 0.03,
    },
}
"""Odds of each kind in pictures with something hidden, and where a place is told."""

TOLD_JOURNEYS = {
    "png": 0.27,
    "jpeg": 0.32,
    "resized, jpeg": 0.22,
    "resized": 0.05,
    "jpeg twice": 0.05,
    "webp": 0.05,
    "kept as png": 0.04,
}
COUNTS = {"1": 0.7, "2": 0.2, "3": 0.1}
"""Odds of that many regions."""

MIN_CHANGE_LEVELS = 1.0
"""Mean change from which a region counts as hidden: a filter on a flat wall hides nothing."""

MIN_SIDE_PX = 20
"""Least side of a region in the file."""

WIDEST = {"gaussian": 5, "box": 2, "disk": 4, "motion": 2, "median": 2, "mosaic": 4}
"""A region's side is at least this many strengths."""

MAX_TRIES = 200


@dataclass(frozen=True)
class Region:
    """The truth about one region; lengths and places are those of the file.

    Attributes:
        kind: a key of ``STRENGTHS_PX``, or ``none`` for a place without anything hidden.
        program: what made it, and ``way`` what it is called there.
        shape: a key of ``masks.SHAPES``.
        box: left, top, width and height of where half or more of a pixel is hidden.
        strength_px: as ``operators`` counts it; None where it is not one number.
        angle: degrees of a motion.
        pitch_px: width and height of a mosaic's blocks.
        phase_px: column and row of one of its grid's lines.
    """

    kind: str
    program: str
    way: str
    shape: str
    box: tuple[int, int, int, int]
    strength_px: float | None = None
    angle: float | None = None
    pitch_px: tuple[float, float] | None = None
    phase_px: tuple[float, float] | None = None


@dataclass(frozen=True)
class Case:
    """A picture and the truth about it.

    Attributes:
        half: whose people and pictures it is of.
        role: whether something is hidden in it, and whether the place is told.
        number: counts from 0 in each half and role.
        subject: name of the clean picture.
        control: kind of a clean picture; empty for the others.
        journey: name of what the file went through, and ``steps`` all about it.
        suffix: of the file.
        regions: what is hidden; none in clean pictures.
    """

    half: Half
    role: Role
    number: int
    subject: str
    control: str
    journey: str
    steps: tuple[Step, ...]
    suffix: str
    regions: tuple[Region, ...]

    @property
    def name(self) -> str:
        """Return the name of its files."""
        return f"{self.role}-{self.number:04d}"


@dataclass(frozen=True)
class Drawn:
    """A case with its pictures.

    Attributes:
        case: the truth.
        content: of the file.
        masks: of its regions, as large as the file's picture.
        before: the clean picture.
        after: the same with what is hidden, before its journey.
        hidden: masks as large as these two.
    """

    case: Case
    content: bytes
    masks: tuple[Mask, ...]
    before: Pixels
    after: Pixels
    hidden: tuple[Mask, ...]


@dataclass(frozen=True)
class Source:
    """Where cases come from: the folder of LFW, a half, the photos of its people."""

    folder: Path
    half: Half
    photos: tuple[str, ...]


@functools.cache
def open_source(folder: Path, half: Half) -> Source:
    """Return the source of a half."""
    return Source(folder, half, tuple(subjects.people(folder, half)))


@functools.cache
def absent_programs() -> dict[str, str]:
    """Return what to install for each program that is not there."""
    absent = {}
    for name in dict.fromkeys(way.program for way in WAYS):
        try:
            real_programs.VERSIONS.get(name, str)()
            if name == "deface":
                real_programs.deface(np.zeros((8, 8, 3), np.uint8), replacewith="solid")
        except (real_programs.AbsentError, ImportError) as error:
            absent[name] = str(error)
    return absent


def draw_case(source: Source, role: Role, number: int) -> Drawn:
    """Draw a case."""
    seed = [SEED, EDITION, HALVES.index(source.half), ROLES.index(role), number]
    rng = np.random.default_rng(seed)
    if role == "clean":
        return _draw_clean(source, number, rng)
    for _ in range(MAX_TRIES):
        if (drawn := _try(source, role, number, rng)) is not None:
            return drawn
    raise RuntimeError(f"{source.half} {role} {number}: no picture in {MAX_TRIES} draws.")


def _draw_clean(source: Source, number: int, rng: np.random.Generator) -> Drawn:
    control = controls.draw_name(rng)
    subject = controls.draw_control(control, source.folder, source.photos, source.half, rng)
    max_scale = 1.0 if control == "scaled up" else 2.0
    journey = draw_journey(one_of(rng, JOURNEYS), rng, max_scale)
    end, content = travel(Picture(subject.pixels), journey)
    case = _case(source, "clean", number, subject, journey, ())
    case = replace(case, control=control)
    return Drawn(case, content, end.masks, subject.pixels, subject.pixels, ())


def _case(
    source: Source,
    role: Role,
    number: int,
    subject: Subject,
    journey: Journey,
    regions: tuple[Region, ...],
) -> Case:
    about = (subject.name, "", journey.name, journey.steps, journey.suffix)
    return Case(source.half, role, number, *about, regions)


def _try(source: Source, role: Role, number: int, rng: np.random.Generator) -> Drawn | None:
    """Draw a picture with regions; return None where a region hides nothing or is too small."""
    subject = subjects.draw_subject(source.folder, source.photos, source.half, rng)
    journey = draw_journey(one_of(rng, JOURNEYS if role == "hidden" else TOLD_JOURNEYS), rng)
    shapes = _draw_shapes(role, rng)
    places = _draw_places(subject, shapes, rng)
    pixels = subject.pixels
    hidden: list[Mask] = []
    truths: list[Region] = []
    kinds = KINDS[role]
    kind = one_of(rng, kinds)
    for shape, rectangle in zip(shapes, places, strict=True):
        if truths and chance(rng, 0.4):
            kind = one_of(rng, kinds)
        done = _hide(pixels, kind, (shape, rectangle), journey.scale, rng)
        if done is None:
            return None
        pixels, mask, truth = done
        hidden.append(mask)
        truths.append(truth)
    end, content = travel(Picture(pixels, tuple(hidden)), journey)
    boxes = [bounds(mask) for mask in end.masks]
    if any(box is None or min(box.width, box.height) < MIN_SIDE_PX for box in boxes):
        return None
    regions = tuple(
        _in_file(truth, box, end) for truth, box in zip(truths, boxes, strict=True) if box
    )
    case = _case(source, role, number, subject, journey, regions)
    return Drawn(case, content, end.masks, subject.pixels, pixels, tuple(hidden))


def _draw_shapes(role: Role, rng: np.random.Generator) -> list[str]:
    """Draw a shape for each region; a whole picture is one."""
    shape = draw_shape(rng)
    if shape == "whole" or role == "told":
        return [shape]
    return [shape] * int(one_of(rng, COUNTS))


def _draw_places(subject: Subject, shapes: list[str], rng: np.random.Generator) -> list[Rectangle]:
    """Draw as many rectangles, with space between them; half of the first ones over a face."""
    height, width = subject.pixels.shape[:2]
    if shapes == ["whole"]:
        return [Rectangle(0, 0, width, height)]
    greatest = SIDES_PX[1] / (1, 1.3, 1.7)[len(shapes) - 1]
    on_face = chance(rng, 0.5) and subject.is_portrait
    while True:
        places: list[Rectangle] = []
        for number in range(len(shapes)):
            place: Literal["face", "anywhere"] = "face" if on_face and number == 0 else "anywhere"
            places.append(draw_rectangle((height, width), place, greatest, rng))
        if not any(one.is_near(other) for i, one in enumerate(places) for other in places[:i]):
            return places


def _hide(
    pixels: Pixels,
    kind: str,
    where: tuple[str, Rectangle],
    scale: float,
    rng: np.random.Generator,
) -> tuple[Pixels, Mask, Region] | None:
    """Return the pixels with a region hidden, its mask, and the truth about it here.

    Returns None where it would change less than ``MIN_CHANGE_LEVELS``, or would be too small for
    what hides it.
    """
    shape, rectangle = where
    mask = draw_mask(shape, pixels.shape[:2], rectangle, rng)
    if shape == "whole" and STRENGTHS_PX.get(kind) is None:
        return None  # nothing of the photo would be left
    if kind == "none":
        return pixels, mask, Region("none", "", "", shape, (0, 0, 0, 0))
    strength = _draw_strength(kind, min(rectangle.width, rectangle.height), scale, rng)
    if strength is None:
        return None
    way = _draw_way(kind, rng)
    is_cut = shape == "box by itself" or (shape in ("ellipse", "rounded") and chance(rng, 0.3))
    corner = (0, 0)
    if is_cut or kind in ("solid", "other"):
        corner = rectangle.left, rectangle.top
        done = way.hide(np.ascontiguousarray(pixels[rectangle.place]), strength, rng)
        result = pixels.copy()
        result[rectangle.place] = done.pixels
    else:
        done = way.hide(pixels, strength, rng)
        result = done.pixels
    mixed = np.rint(pixels + mask[..., None] * (result.astype(np.float32) - pixels))
    result = mixed.astype(np.uint8)
    inside = mask >= 0.5
    if not inside.any():
        return None
    change = np.abs(result[inside].astype(float) - pixels[inside]).mean()
    if change < MIN_CHANGE_LEVELS:
        return None
    return result, mask, _here(way, shape, done, corner)


def _draw_strength(kind: str, side_px: int, scale: float, rng: np.random.Generator) -> float | None:
    """Draw a strength here for one in the file; None where the region is too small for any."""
    if (range_px := STRENGTHS_PX[kind]) is None:
        return 0.0
    least, greatest = range_px[0] / scale, min(range_px[1] / scale, side_px / WIDEST[kind])
    return log_between(rng, least, greatest) if least < greatest else None


def _draw_way(kind: str, rng: np.random.Generator) -> Way:
    absent = absent_programs()
    ways = [way for way in WAYS if way.kind == kind and way.program not in absent]
    number = one_of(rng, {str(at): way.share for at, way in enumerate(ways)})
    return ways[int(number)]


def _here(way: Way, shape: str, done: Hidden, corner: tuple[int, int]) -> Region:
    phase = done.phase_px and (done.phase_px[0] + corner[0], done.phase_px[1] + corner[1])
    truth = (done.strength_px, done.angle, done.pitch_px, phase)
    return Region(way.kind, way.program, way.name, shape, (0, 0, 0, 0), *truth)


def _in_file(truth: Region, box: Rectangle, end: Picture) -> Region:
    """Return what was true where it was hidden as it is in the file."""
    (across, down), (left, top) = end.scale, end.origin
    pitch, phase = truth.pitch_px, truth.phase_px
    return replace(
        truth,
        box=(box.left, box.top, box.width, box.height),
        strength_px=truth.strength_px and float(truth.strength_px * (across * down) ** 0.5),
        pitch_px=pitch and (pitch[0] * across, pitch[1] * down),
        phase_px=phase and (phase[0] * across + left, phase[1] * down + top),
    )
