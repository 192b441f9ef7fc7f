"""A drawn picture with a hidden part that linear algebra undid nearly: for a network to correct."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from unveil.degradation import Blur, Degradation, Motion, Storage, Unchanged
from unveil.degradation.mosaics import uneven
from unveil.estimation.finding import Finding
from unveil.estimation.inspection import storage_seen
from unveil.estimation.plausible import (
    KINDS,
    STATED_ERROR,
    Z_90,
    Width,
    about,
    blur_of,
    plausible,
    reach_px,
    width_of,
)
from unveil.estimation.strengths import SIZE_OF_WIDTH
from unveil.images.light import AS_KEPT, LINEAR, Light
from unveil.linear.masked import CLOSELY, ROUGHLY
from unveil.linear.prior import Prior
from unveil.linear.uncertain import Plausible
from unveil.restoration.blurred import Part, around, outlined, told
from unveil.restoration.nearly import Nearly, blur_nearly, mosaic_nearly, planes
from unveil.training.journeys import travels
from unveil.training.journeys.directed import DIRECTED, TOLD_ERROR, as_told, widest_px
from unveil.training.journeys.draws import between, chance, log_between
from unveil.training.journeys.hidings import HIDINGS, convolve
from unveil.training.journeys.masks import draw_box, draw_mask
from unveil.training.journeys.pieces import MIN_CHANGE_LEVELS, draw_subject

SIDE_PX = 128
ODDS = {
    "gaussian": 0.38, "box": 0.14, "disk": 0.12, "motion": 0.15, "aniso": 0.08, "shake": 0.06,
    "median": 0.07,
}  # fmt: skip
"""Of what blurs; a median is told as the Gaussian of its width."""

WIDTH_ERRORS = (0.02, 0.2)
"""Of a width that was found, relative."""

MAX_OFF_PX = 4
"""By so much an outline may be off."""

TOLD_SHARE = 0.3
"""How often the place and the width are told, not found."""

LIGHT_SHARE, LIGHT_SEEN_SHARE = 0.3, 0.8
"""How often a blur with a direction mixes light, and how often that is known."""

LINE_SHARE, LINE_ERRORS = 0.7, (0.02, 0.05)
"""How often the line of a whole picture is found, and by how much its length is off, relative."""

WRONG_SHARE = 0.15
"""How often the kind that was found may be any of ``plausible.KINDS``."""

PITCH_ERROR, PHASE_ERROR_PX = 0.002, 0.15
BLOCKS_PX = (3.5, 26.0)
MIN_SPREAD_PX = 0.8
MIN_PART_PX, MIN_SHOWN = 200, 0.02
NO_MASK = np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Undone:
    """A drawn picture, nearly undone.

    Attributes:
        planes: what a network reads, float32 ``12 x S x S``.
        clean: what it is to answer, ``3 x S x S`` uint8.
        changes: where, ``S x S`` bool.
        kind: of what hid it.
    """

    planes: np.ndarray
    clean: np.ndarray
    changes: np.ndarray
    kind: str


@dataclass(frozen=True)
class Hidden:
    """A picture with a hidden part.

    Attributes:
        pixels: ``S x S x 3`` uint8.
        mask: how much of each pixel is hidden, float32 ``S x S``.
        width_px: standard deviation of the blur's kernel; of a mosaic the side of its blocks.
        blur: as it would be told; None where it is found.
        light: in which it was blurred.
        pitch_px: width and height of a mosaic's blocks.
        start_px: column and row where one of them begins.
    """

    pixels: np.ndarray
    mask: np.ndarray
    width_px: float
    blur: Blur | None = None
    light: Light = AS_KEPT
    pitch_px: tuple[float, float] = (1.0, 1.0)
    start_px: tuple[int, int] = (0, 0)


Hide = Callable[[np.ndarray, np.random.Generator], Hidden]
"""Hides all of a picture; the mask is drawn elsewhere."""


@dataclass(frozen=True)
class Sent:
    """A picture after its journey.

    Attributes:
        pixels: ``S x S x 3`` uint8.
        clean: the same, had nothing been hidden, compressed or made noisy.
        mask: how much of each pixel was hidden, float32 ``S x S``.
        origin: where its corner came from, in pixels of the hidden picture times ``factor``.
        factor: by which it was scaled after it was hidden.
    """

    pixels: np.ndarray
    clean: np.ndarray
    mask: np.ndarray
    origin: tuple[int, int]
    factor: float

    @property
    def images(self) -> np.ndarray:
        """The pixels as ``1 x 3 x S x S`` in [0,1]."""
        return self.pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255


def draw_blur(photos: Sequence[Path], rng: np.random.Generator, prior: Prior) -> Undone:
    """Draw a picture with a blurred part, nearly undone."""
    while True:
        clean, factor = _subject(photos, rng)
        kind = str(rng.choice(list(ODDS), p=list(ODDS.values())))
        hidden = _hidden(clean, partial(_blurred, kind), rng)
        sent = _send(clean, hidden, factor, rng)
        if sent is None or hidden.width_px * factor < MIN_SPREAD_PX:
            continue
        nearly = _undo_blur(sent, kind, hidden, rng, prior)
        inputs = planes(sent.images, nearly)[0]
        return Undone(inputs, sent.clean.transpose(2, 0, 1), nearly.changes, kind)


def draw_blocks(photos: Sequence[Path], rng: np.random.Generator, prior: Prior) -> Undone:
    """Draw a picture with a mosaic in a part, nearly undone."""
    while True:
        clean, factor = _subject(photos, rng)
        hidden = _hidden(clean, _blocks, rng)
        sent = _send(clean, hidden, factor, rng)
        if sent is None or (nearly := _undo_blocks(sent, hidden, rng, prior)) is None:
            continue
        inputs = planes(sent.images, nearly)[0]
        return Undone(inputs, sent.clean.transpose(2, 0, 1), nearly.changes, "mosaic")


def _subject(photos: Sequence[Path], rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return a clean picture and by how much it is scaled after it was hidden."""
    factor = 1.0 if chance(rng, 0.6) else log_between(rng, 0.65, 1.6)
    side = round((SIDE_PX + travels.MAX_SHIFT_PX) / factor)
    pixels, _ = draw_subject(photos, side, rng)
    pixels = travels.photograph(pixels, min(0.7, 1 / factor), rng)
    if chance(rng, 0.2):
        pixels = travels.jpeg(pixels, rng)
    return pixels, (SIDE_PX + travels.MAX_SHIFT_PX) / side


def _hidden(pixels: np.ndarray, hide: Hide, rng: np.random.Generator) -> Hidden:
    """Return a picture with a hidden part; half of the time that was cut out and put back."""
    mask = _draw_mask(pixels.shape[:2], rng)
    box = around(mask > 0)
    is_whole = not chance(rng, 0.5)
    part = hide(pixels if is_whole else np.ascontiguousarray(pixels[box.place]), rng)
    changed, (x, y) = part.pixels, part.start_px
    if not is_whole:
        changed = pixels.copy()
        changed[box.place] = part.pixels
        x, y = x + box.left, y + box.top
    mixed = travels.mix(pixels, changed, mask[..., None])
    return replace(part, pixels=mixed, mask=mask, start_px=(x, y))


def _draw_mask(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    drawn = rng.random()
    mask = np.ones(size, np.float32)
    if drawn >= 0.55:
        mask = draw_mask(size, rng)
    elif drawn >= 0.3:
        mask[:] = 0
        mask[draw_box(size, rng)] = 1
    return mask if (mask > 0.5).any() else np.ones(size, np.float32)


def _blurred(kind: str, pixels: np.ndarray, rng: np.random.Generator) -> Hidden:
    if kind not in DIRECTED:
        blurred, width_px = HIDINGS[kind](pixels, rng)
        return Hidden(blurred, NO_MASK, width_px)
    kernel, blur = DIRECTED[kind](rng)
    light = LINEAR if chance(rng, LIGHT_SHARE) else AS_KEPT
    blurred = convolve(pixels, kernel, in_light=light == LINEAR)
    return Hidden(blurred, NO_MASK, widest_px(blur), blur, light)


def _blocks(pixels: np.ndarray, rng: np.random.Generator) -> Hidden:
    """Divide into blocks of whole pixels, or as scripts do that scale to a few pixels and back."""
    height, width = pixels.shape[:2]
    block = log_between(rng, *BLOCKS_PX)
    if chance(rng, 0.5):
        return _whole_blocks(pixels, max(round(block), 3), rng)
    stretch = log_between(rng, 0.8, 1.25) if chance(rng, 0.3) else 1.0
    cells = max(round(width / block / stretch), 2), max(round(height / block * stretch), 2)
    down = cv2.INTER_AREA if chance(rng, 0.6) else cv2.INTER_LINEAR
    small = cv2.resize(pixels, cells, interpolation=down)
    blocks = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    pitch = width / cells[0], height / cells[1]
    return Hidden(blocks, NO_MASK, (pitch[0] * pitch[1]) ** 0.5, pitch_px=pitch)


def _whole_blocks(pixels: np.ndarray, block: int, rng: np.random.Generator) -> Hidden:
    height, width = pixels.shape[:2]
    above, before = (int(v) for v in rng.integers(0, block, 2))
    below, after = (
        -(-size // block) * block - size + block - first
        for size, first in ((height, above), (width, before))
    )
    padded = cv2.copyMakeBorder(pixels, above, below, before, after, cv2.BORDER_REFLECT)
    cells = padded.shape[1] // block, padded.shape[0] // block
    small = cv2.resize(padded, cells, interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(small, padded.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    blocks = blocks[above : above + height, before : before + width]
    return Hidden(blocks, NO_MASK, block, pitch_px=(block, block), start_px=(-before, -above))


def _send(
    clean: np.ndarray, hidden: Hidden, factor: float, rng: np.random.Generator
) -> Sent | None:
    """Return a picture after its journey; None where hardly anything is hidden in it."""
    pixels, mask = hidden.pixels, hidden.mask
    if chance(rng, 0.15):
        pixels = travels.store(pixels, rng)
    side = SIDE_PX + travels.MAX_SHIFT_PX
    if factor != 1:
        seed = int(rng.integers(2**31))
        pixels, clean = (
            travels.resize(one, side, np.random.default_rng(seed)) for one in (pixels, clean)
        )
        mask = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA)
    seed = int(rng.integers(2**31))
    pixels = travels.edit(pixels, np.random.default_rng(seed))
    clean = travels.edit(clean, np.random.default_rng(seed), adds_noise=False)
    pixels = travels.store(pixels, rng)
    top, left = (int(v) for v in rng.integers(0, travels.MAX_SHIFT_PX + 1, 2))
    place = np.s_[top : top + SIDE_PX, left : left + SIDE_PX]
    pixels, clean, mask = (np.ascontiguousarray(one[place]) for one in (pixels, clean, mask))
    inside = mask > 0.5
    if inside.sum() < MIN_PART_PX:
        return None
    if np.abs(pixels.astype(np.int16) - clean)[inside].mean() < MIN_CHANGE_LEVELS:
        return None
    return Sent(pixels, clean, mask, (left, top), factor)


def _outline(mask: np.ndarray, rng: np.random.Generator) -> Part:
    """Return the part as it is told, or as it would be outlined."""
    if mask.min() == 1 or chance(rng, TOLD_SHARE):
        return told(np.where(mask > MIN_SHOWN, mask, 0).astype(np.float32))
    inside = (mask > 0.5).astype(np.uint8)
    off = int(rng.integers(-MAX_OFF_PX, MAX_OFF_PX + 1))
    if not off:
        return outlined(inside > 0)
    change = cv2.dilate if off > 0 else cv2.erode
    framed = np.pad(inside, MAX_OFF_PX, mode="edge")
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(off) + 1,) * 2)
    return outlined(change(framed, disk)[MAX_OFF_PX:-MAX_OFF_PX, MAX_OFF_PX:-MAX_OFF_PX] > 0)


def _undo_blur(
    sent: Sent, kind: str, drawn: Hidden, rng: np.random.Generator, prior: Prior
) -> Nearly:
    """Return the blur of a kind undone, its width as far off as an estimate is."""
    storage = storage_seen(sent.images, Storage("8bit"))
    hidden, spread_px = _outline(sent.mask, rng), drawn.width_px * sent.factor
    trust, light = ROUGHLY, AS_KEPT
    if drawn.blur is not None:
        light = drawn.light if chance(rng, LIGHT_SEEN_SHARE) else AS_KEPT
        told_blur = as_told(drawn.blur, sent.factor, rng)
        blurs, width = about(told_blur), Width(spread_px, TOLD_ERROR)
        if kind == "motion" and hidden.mask.min() == 1 and chance(rng, LINE_SHARE):
            trust = CLOSELY
            blurs, width = _line_found(told_blur, storage, light, rng)
    elif hidden.is_sure:
        blurs = about(blur_of("gaussian" if kind == "median" else kind, spread_px))
        width = Width(spread_px, STATED_ERROR)
    else:
        finding = _as_found(kind, spread_px, storage, rng)
        found, seen = plausible(finding), width_of(finding)
        if found is None or seen is None:
            raise ValueError(finding)
        blurs, width = found, seen
    view = light.of(sent.images)
    nearly = blur_nearly(view, hidden, storage, blurs, width, reach_px(blurs), prior, trust)
    return nearly if light == AS_KEPT else replace(nearly, images=light.back(nearly.images))


def _line_found(
    line: Blur, storage: Storage, light: Light, rng: np.random.Generator
) -> tuple[Plausible, Width]:
    """Return what an even line of all of a picture is found to be, and how wide."""
    if not isinstance(line, Motion):
        raise TypeError(line)
    error = log_between(rng, *LINE_ERRORS)
    size = line.length * float(np.exp(error * rng.normal()))
    low, high = (size * float(np.exp(side * Z_90 * error)) for side in (-1, 1))
    finding = Finding(
        Unchanged(), storage, between(rng, 0.9, 1.0), None, None, "motion", size, low, high,
        line.angle, light=light,
    )  # fmt: skip
    blurs, width = plausible(finding), width_of(finding)
    if blurs is None or width is None:
        raise ValueError(finding)
    return blurs, width


def _as_found(kind: str, spread_px: float, storage: Storage, rng: np.random.Generator) -> Finding:
    """Return a blur as it would be found: its width off by an error that is known."""
    error = log_between(rng, *WIDTH_ERRORS)
    off = spread_px * float(np.exp(error * rng.normal()))
    if chance(rng, WRONG_SHARE):
        kind = str(rng.choice(KINDS))
    size = off * SIZE_OF_WIDTH[kind]
    low, high = (size * float(np.exp(side * Z_90 * error)) for side in (-1, 1))
    sure = between(rng, 0.6, 1.0)
    return Finding(Unchanged(), storage, sure, None, None, kind, size, low, high)


def _undo_blocks(
    sent: Sent, drawn: Hidden, rng: np.random.Generator, prior: Prior
) -> Nearly | None:
    """Return the mosaic undone, its grid as far off as an estimate is; None if none is outlined."""
    hidden = _outline(sent.mask, rng)
    if not (hidden.mask > 0).any():
        return None
    box = around(hidden.mask > 0)
    across, down = (
        side * sent.factor * float(np.exp(rng.normal(0, PITCH_ERROR))) for side in drawn.pitch_px
    )
    x, y = (
        start * sent.factor - shift + rng.normal(0, PHASE_ERROR_PX)
        for start, shift in zip(drawn.start_px, sent.origin, strict=True)
    )
    grid = uneven(across, down, x - box.left, y - box.top)
    storage = storage_seen(sent.images[..., *box.place], Storage("8bit"))
    return mosaic_nearly(sent.images, hidden, box, Degradation(grid, storage), prior)
