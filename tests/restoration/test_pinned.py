"""Answers as they were when the figures in the documents were measured, and what networks read.

Laws and other implementations are in the tests beside this one. What none of them can know is here:
how wide a rim fades, how much noise is taken for granted, when rounds end. Where such a choice is
to change, what it gains is measured anew; then ``python -m tests.restoration.test_pinned`` writes
the numbers.
"""

from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from tests.pins import Numbers, check, pin, short
from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Degradation,
    Disk,
    GaussianBlur,
    Linear,
    Motion,
    Pixelate,
    Sample,
    Storage,
    Unchanged,
    UnevenPixelate,
)
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import obfuscate
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import Width, about, plausible, reach_px, width_of
from unveil.images.box import Box
from unveil.images.light import AS_KEPT, LINEAR
from unveil.linear import CLOSED_FORMS
from unveil.linear.closed_forms import expected_error, lost_share, restore_closed_form
from unveil.linear.masked import EXACTLY, ROUGHLY, Seen, estimate_masked
from unveil.linear.noise import mean_error
from unveil.linear.prior import read_prior
from unveil.linear.uncertain import lost_share as share_lost_roughly
from unveil.restoration.blurred import explained, outlined, told
from unveil.restoration.checks import excess_detail, misfit_levels, most_misfit, of_one_colour
from unveil.restoration.consistency import make_consistent
from unveil.restoration.flow import flowed, known_planes
from unveil.restoration.in_context import _near as near_mosaic
from unveil.restoration.joint.motion import covered, register
from unveil.restoration.joint.warp import at_rest, warp
from unveil.restoration.joint.window import restore_window
from unveil.restoration.nearly import blur_nearly, mosaic_nearly, planes
from unveil.restoration.parts import _misfit_levels, _near, _within
from unveil.restoration.paste import paste
from unveil.restoration.real_parts import Granted, add_likely_detail
from unveil.restoration.realism import Answer, add_detail, amplified, contrast, drawn_detail
from unveil.restoration.refining import expected_gain_db
from unveil.restoration.restorers import load
from unveil.restoration.stated import undo_checked
from unveil.restoration.steps import undo_faithfully

PINNED = Path(__file__).with_name("pinned.json")
PRIOR = read_prior()
EIGHT_BIT, JPEG = Storage("8bit"), Storage("jpeg", 80)


@cache
def photo(height: int = 60, width: int = 68) -> np.ndarray:
    face = data.astronaut()[40 : 40 + height, 190 : 190 + width]
    return face.transpose(2, 0, 1)[None] / np.float32(255)


def hidden_by(operator: Linear) -> np.ndarray:
    """Return the photo in 8 bits: codecs differ from version to version."""
    return degrade(photo(), Degradation(operator, EIGHT_BIT))


KNOWN = (
    Degradation(GaussianBlur(9, 2.0), EIGHT_BIT), Degradation(BoxBlur(5), JPEG),
    Degradation(AnisotropicGaussian(2.0, 1.0, 30.0), EIGHT_BIT), Degradation(Motion(7, 20.0), JPEG),
    Degradation(Pixelate(6, 2, 1), JPEG), Degradation(Sample(5), EIGHT_BIT),
    Degradation(UnevenPixelate(4.6, 5.3, 1.2, 0.4), EIGHT_BIT),
)  # fmt: skip


def of_closed_forms() -> Numbers:
    found = {}
    for known in KNOWN:
        seen, blur = hidden_by(known.operator), not hasattr(known.operator, "across")
        names = [
            name
            for name in CLOSED_FORMS
            if (name in ("bicubic", "lanczos")) != blur or name == "lmmse"
        ]
        for name in names:
            found[f"{name}, {known}"] = restore_closed_form(name, PRIOR, seen, known)
        found[f"error, {known}"] = np.array(
            [
                expected_error(known, PRIOR),
                mean_error(known.storage, PRIOR, (60, 68)),
                most_misfit(known.storage, PRIOR, (60, 68)),
            ]
        )
        found[f"lost, {known}"] = lost_share(known, PRIOR, 40, 36)
    return found


def of_parts() -> Numbers:
    """A blur in an ellipse, undone by linear algebra, and what the network reads of it."""
    rows, columns = np.mgrid[:60, :68]
    mask = ((rows - 30) / 24) ** 2 + ((columns - 32) / 26) ** 2 < 1
    blurred = hidden_by(GaussianBlur(13, 2.0))
    images = np.where(mask, blurred, photo())
    roughly, exactly = about(GaussianBlur(13, 2.0)), [(1.0, GaussianBlur(13, 2.0))]
    found = {}
    for name, part, blurs, trust, storage in (
        ("outlined", outlined(mask), roughly, ROUGHLY, JPEG),
        ("told", told(mask * 0.8), exactly, EXACTLY, EIGHT_BIT),
    ):
        seen = Seen(images, part.mask, part.known, storage)
        done = estimate_masked(seen, blurs, reach_px(blurs), PRIOR, trust)
        width = Width(2.0, 0.1)
        nearly = blur_nearly(images, part, storage, blurs, width, reach_px(blurs), PRIOR, trust)
        found |= {
            f"{name}: part": np.stack([part.mask, part.known, part.weight]),
            f"{name}: estimate": done.images,
            f"{name}: errors": np.array([*done.errors, done.misfit_levels, done.gain_db]),
            f"{name}: misfit": done.misfit,
            f"{name}: planes": planes(images, nearly),
            f"{name}: left": np.array([_misfit_levels(nearly), nearly.misfit_levels]),
            f"{name}: explained": explained(nearly.misfit),
        }
    found["lost"] = share_lost_roughly([*roughly, (0.2, Unchanged())], JPEG, 2.0, PRIOR, 30, 34)
    return found


def of_mosaics() -> Numbers:
    box, grid = Box(10, 8, 48, 44), UnevenPixelate(5.5, 6.25, 1.5, 0.25)
    images = photo().copy()
    images[..., *box.place] = obfuscate(images[..., *box.place], grid)
    mask = np.zeros((60, 68), np.float32)
    mask[box.place] = 1
    known = Degradation(grid, JPEG)
    nearly = mosaic_nearly(images, told(mask), box, known, PRIOR)
    near = near_mosaic(Box(300, 400, 50, 60), Pixelate(20), 1000, 900)
    whole = Degradation(Pixelate(6, 2, 1))
    return {
        "planes": planes(images, nearly),
        "near": np.array([near.left, near.top, near.width, near.height]),
        "one colour": of_one_colour(degrade(images, whole), whole, PRIOR),
        "one colour here": of_one_colour(images, whole, PRIOR),
        "of another": of_one_colour(hidden_by(Pixelate(5)), known, PRIOR),
    }


def of_details() -> Numbers:
    """Detail drawn for a blur and a mosaic, in all and in a part, with and without errors."""
    found = {}
    shown = np.outer(np.hanning(60), np.hanning(68)).astype(np.float32)
    error = (0.02 + 0.05 * np.abs(photo() - photo().mean()).mean(axis=1, keepdims=True)).astype(
        np.float32
    )
    for known in (KNOWN[0], KNOWN[4]):
        seen = hidden_by(known.operator)
        plain = Answer(restore_closed_form("lmmse", PRIOR, seen, known), None, seen, known)
        told_more = Answer(plain.restored, error, seen, known, is_part=True, shown=shown)
        for name, answer in (("plain", plain), ("told", told_more)):
            found |= {
                f"{name}, {known}": add_detail(answer, PRIOR, 0.7),
                f"{name}, {known}, seed": add_detail(answer, PRIOR, 1.0, 5),
                f"{name}, {known}, drawn": drawn_detail(answer, PRIOR, 3, 1.5),
                f"{name}, {known}, amplified": amplified(answer, plain.restored, PRIOR, 1.5),
                f"{name}, {known}, contrast": np.array([contrast(answer, PRIOR)]),
            }
    answer = Answer(plain.restored, error, seen, Degradation(Pixelate(6)))
    found["known"] = known_planes(answer)
    found["flowed"] = flowed(
        lambda p: p[:, 3:6] * p[:, -1:] - p[:, :3] ** 2, known_planes(answer), seen
    )
    return found


def of_likely_details() -> Numbers:
    found, (rows, columns) = {}, np.mgrid[:60, :68]
    mask = np.clip(1.5 - np.hypot((rows - 30) / 20, (columns - 32) / 22), 0, 1).astype(np.float32)
    blurs = about(GaussianBlur(13, 2.0))
    images = mask * hidden_by(GaussianBlur(13, 2.0)) + (1 - mask) * photo()
    for light in (AS_KEPT, LINEAR):
        granted = Granted(blurs, 3.0, EIGHT_BIT, light, mask, (mask > 0.2).astype(np.float32))
        done = add_likely_detail(images, images, granted, PRIOR, 1.0, 2)
        found[f"in {light.name}"] = np.zeros(1) if done is None else done - images
    return found


def of_agreement() -> Numbers:
    found = {}
    bright = (1.3 * photo() - 0.1).clip(0, 1)
    for known in (KNOWN[0], *KNOWN[4:]):
        found[f"consistent, {known}"] = make_consistent(
            bright, hidden_by(known.operator), known, PRIOR
        )
    other = (photo() * 0.8 + 0.1).astype(np.float32)
    for reach in (1, 6):
        found[f"pasted, {reach}"] = paste(photo(), other, Box(14, 10, 30, 26), reach)
    blurred = hidden_by(KNOWN[0].operator)
    found["misfit"] = np.array([misfit_levels(other, blurred, KNOWN[0].operator, LINEAR)])
    noise = np.random.default_rng(0).normal(0, 1, photo().shape).astype(np.float32)
    inside = np.zeros((60, 68), bool)
    inside[10:50, 8:60] = True
    found["detail"] = np.array(
        [
            excess_detail(photo() + level * noise, inside, PRIOR) is not None
            for level in np.geomspace(0.01, 0.2, 40)
        ]
    )
    change, changes = (other - photo()), inside
    found["gain"] = np.array([expected_gain_db(change, np.full((1, 1, 60, 68), 0.05), changes)])
    return found


def of_frames() -> Numbers:
    """Three frames of a face that moves, hidden and restored together."""
    moves = at_rest(3)
    moves[0, :, 2], moves[2, :, 2] = (1.4, -0.8), (-2.3, 0.6)
    clip = (warp(photo(), moves)[..., 6:54, 8:56].clip(0, 1) * 255).round() / 255
    found = {}
    for operator in (Pixelate(6), GaussianBlur(9, 2.0)):
        known = Degradation(operator)
        hidden = degrade(clip, known)
        alone = lambda frames, known=known: restore_closed_form("lmmse", PRIOR, frames, known)  # noqa: E731
        found[f"together, {operator}"] = restore_window(hidden, known, PRIOR, alone)
        found[f"motion, {operator}"] = register(clip[1:2], hidden[2:3], operator, at_rest(1)[0])
        found[f"covered, {operator}"] = covered(moves, operator, 48, 48)
    return found


def of_findings() -> Numbers:
    """What may have blurred a part by its finding, and how much of the picture that concerns."""
    found = {}
    operators = (("gaussian", GaussianBlur(13, 2.0)), ("box", BoxBlur(9)), ("median", Unchanged()))
    for (kind, operator), size in zip(operators, (2.0, 9.0, 7.0), strict=True):
        finding = Finding(
            operator, EIGHT_BIT, 0.8, None, Box(230, 240, 50, 44), kind, size, 0.8 * size,
            1.3 * size, is_exact=False, phase_px=(3.0, 4.0),
        )  # fmt: skip
        blurs = plausible(finding)
        found[f"{kind}: width"] = np.array(width_of(finding))
        found[f"{kind}: shares"] = np.array([share for share, _ in blurs])
        kernels = [getattr(blur, "kernel", 0) for _, blur in blurs]
        found[f"{kind}: kernels"] = np.array([*kernels, reach_px(blurs)])
        mask = np.zeros((600, 620), bool)
        mask[235:290, 225:270] = True
        for hidden in ("blur", "mosaic"):
            near = _near(finding, hidden, mask)
            moved = _within(finding, near)
            found[f"{kind}: near, {hidden}"] = np.array(
                [
                    near.left,
                    near.top,
                    near.width,
                    near.height,
                    *moved.phase_px,
                    moved.box.left,
                ]
            )
    return found


def of_statements() -> Numbers:
    """What comes of a statement: undone as it is, in some light, nearly, or not at all."""
    rows, columns = np.mgrid[:60, :68]
    soft = np.clip(1.4 - np.hypot((rows - 30) / 22, (columns - 33) / 25), 0, 1).astype(np.float32)
    gaussian, disk, box = GaussianBlur(11, 1.8), Disk(5.0), Box(8, 10, 48, 40)
    part, ellipse, bright = photo().copy(), photo().copy(), LINEAR.of(photo())
    part[..., *box.place] = hidden_by(gaussian)[..., *box.place]
    ellipse = soft * hidden_by(gaussian) + (1 - soft) * photo()
    blocks = np.where(soft > 0.5, hidden_by(Pixelate(6)), photo())
    light = (LINEAR.back(obfuscate(bright, disk)) * 255).round() / np.float32(255)
    uneven = UnevenPixelate(5.5, 6.25, 1.5, 0.25)
    cases = {
        "exact": (hidden_by(gaussian), gaussian, None, None),
        "in a box": (part, gaussian, box, None),
        "in a mask": (ellipse, gaussian, None, soft),
        "in light": (light, disk, None, None),
        "another": (hidden_by(gaussian), GaussianBlur(25, 5.0), None, None),
        "nothing": (photo(), gaussian, None, None),
        "mosaic": (hidden_by(Pixelate(6)), Pixelate(6), None, None),
        "some blocks": (blocks, Pixelate(6), None, (soft > 0.5).astype(np.float32)),
        "no blocks": (photo(), Pixelate(6), None, None),
        "uneven": (hidden_by(uneven), uneven, None, None),
    }
    found = {}
    for name, (images, operator, place, mask) in cases.items():
        images = images.astype(np.float32)
        for sure in (None, 0.9):
            if mask is not None and sure:
                continue
            known = Degradation(operator, EIGHT_BIT)
            finding = Finding(operator, EIGHT_BIT, sure, None, place)
            exact = partial(undo_faithfully, known, load("lmmse"), 512)
            done = undo_checked(images, finding, known, mask, exact, PRIOR)
            key = f"{name}, {'stated' if sure is None else 'found'}"
            found[key] = done.images - images
            found[f"{key}: said"] = np.array(
                [
                    *(len(text or "") for text in (done.note, done.reason, done.refiner)),
                    done.gain_db or 0,
                    done.misfit_levels,
                    done.is_plain,
                    done.again is not None,
                    done.granted is not None,
                ]
            )
            if done.error is not None:
                found[f"{key}: error"] = done.error
            if done.again is not None:
                again, agrees = done.again(images[..., ::-1].copy())
                found[f"{key}: again"] = np.append(short(again - images[..., ::-1]), agrees)
    return found


GROUPS = (
    of_closed_forms, of_parts, of_mosaics, of_details, of_likely_details, of_agreement, of_frames,
    of_findings, of_statements,
)  # fmt: skip


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_answers_are_those_that_were_measured(group):
    check(PINNED, group)


if __name__ == "__main__":
    pin(PINNED, GROUPS)
