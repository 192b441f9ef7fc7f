"""What the shipped networks read, to four digits, as it was when they were trained.

A network that was trained on features is right about those features only: another width of a
window, another ring, another clipping, and it answers with the same assurance and is wrong. Where
a feature is to change, its network is to be trained anew; then
``python -m tests.estimation.test_pinned`` writes the numbers.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from tests.pins import Numbers, check, pin
from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Disk,
    GaussianBlur,
    Pixelate,
    Sample,
    Storage,
    Unchanged,
    UnevenPixelate,
)
from unveil.degradation.operators import obfuscate
from unveil.estimation.anisotropic import turned
from unveil.estimation.blur import _fit, first_guesses, taper
from unveil.estimation.blur_kinds import (
    KindFits,
    _boxes,
    _cut,
    _motions,
    _recursive,
    _round,
    _separable,
    fit_kinds,
)
from unveil.estimation.classifier import classify
from unveil.estimation.codec_features import codec_features
from unveil.estimation.codec_history import codec_chances
from unveil.estimation.comb import Comb, _profile, _scores, _teeth, find_comb
from unveil.estimation.confidence import chance_clean, chance_right, evidence, with_prior
from unveil.estimation.features import features
from unveil.estimation.inspection import inspect
from unveil.estimation.jpeg_history import JpegHistory, _histograms, _log_odds, log_odds_of_part
from unveil.estimation.likelihood import of_cosines, of_waves
from unveil.estimation.mosaic import (
    _best_phase,
    _most_inside,
    _on_and_off,
    _sampled_odds,
    estimate_mosaic,
    jumps,
)
from unveil.estimation.motion import fit_motion
from unveil.estimation.noise import find_noise
from unveil.estimation.outlining import chances, described
from unveil.estimation.part import _cells, _on_lines, _summed, find_mosaic, snap
from unveil.estimation.polar import PolarSpectrum, frequencies, polar_spectrum
from unveil.estimation.regions import Region, box_of
from unveil.estimation.scaling import _lines, _scaled_grid, _step
from unveil.estimation.segmenter import Segmentation
from unveil.estimation.spectra import spectrum
from unveil.images.box import Box
from unveil.images.pixels import brightness
from unveil.linear.prior import read_prior

PINNED = Path(__file__).with_name("pinned.json")
JPEG = JpegHistory(75, 3, 5, 500.0)


def photo(height: int, width: int, top: int = 20, left: int = 150) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[top : top + height, left : left + width])


def hidden(pixels: np.ndarray, operator, box: Box) -> np.ndarray:
    done = pixels.copy()
    part = pixels[box.place].transpose(2, 0, 1)[None] / np.float32(255)
    made = np.round(255 * np.asarray(obfuscate(part, operator)))[0].transpose(1, 2, 0)
    done[box.place] = made.astype(np.uint8)
    return done


def mask_of(box: Box, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[box.place] = True
    return mask


PART = Box(40, 60, 64, 56)


@cache
def pictures() -> dict[str, tuple[np.ndarray, np.ndarray, JpegHistory | None]]:
    """Pictures, what of them is looked at, and their compression."""
    whole, slanted = photo(150, 170), mask_of(PART, 150, 170)
    slanted[60:80, 40:60] &= ~np.tri(20, dtype=bool)
    return {
        "clean": (whole, np.ones((150, 170), bool), None),
        "mosaic": (hidden(whole, Pixelate(8), PART), mask_of(PART, 150, 170), None),
        "blurred": (hidden(whole, GaussianBlur(13, 2.0), PART), slanted, JPEG),
        "a strip": (hidden(whole, BoxBlur(5), PART), mask_of(Box(40, 60, 64, 12), 150, 170), JPEG),
        "large": (photo(230, 260), np.ones((230, 260), bool), JPEG),
    }


def of_fits(fits: KindFits) -> list[float]:
    each = [
        (fit.gain_nats, fit.log_width, fit.spread) for fit in (*fits.kinds.values(), fits.gaussian)
    ]
    return [*np.ravel(each), fits.noise, fits.held]


def of_comb(comb: Comb | None) -> list[float]:
    axes = (comb.across, comb.down) if comb else ()
    return [v for a in axes for v in (a.pitch_px, a.border_px, a.score, a.flatness)]


def of_polar(one: PolarSpectrum) -> list[np.ndarray]:
    return [np.log(one.power + 1e-3), one.floor, one.held]


def of_regions() -> Numbers:
    found: Numbers = {}
    for name, (pixels, mask, jpeg) in pictures().items():
        seen = features(pixels, mask, jpeg)
        opinion = classify(seen.values)
        region = Region(mask, box_of(mask), 0.7, 0.6, 0.8)
        found |= {
            f"{name}: features": seen.values,
            f"{name}: box": np.array(
                [seen.box.left, seen.box.top, seen.box.width, seen.box.height]
            ),
            f"{name}: comb": np.array(of_comb(seen.comb)),
            f"{name}: fits": np.array(of_fits(seen.fits)),
            f"{name}: flat": np.array([seen.flat_share, seen.history is not None]),
            f"{name}: chances": opinion.chances,
            f"{name}: widths": np.concatenate([opinion.log_width, opinion.log_spread]),
            f"{name}: evidence": np.array(evidence(region, seen, opinion, is_told=False)),
        }
    return found


def of_pictures() -> Numbers:
    found: Numbers = {}
    for name in ("clean", "mosaic", "large"):
        pixels, _, jpeg = pictures()[name]
        values, luma = codec_features(pixels, jpeg), brightness(pixels)
        noise, lines = find_noise(luma), _lines(luma)
        sharp = polar_spectrum(luma, jpeg)
        part = spectrum(luma[:64, :64], jpeg)
        motion = fit_motion(part, 4, 12)
        found |= {
            f"{name}: codec": values,
            f"{name}: codec chances": codec_chances(values),
            f"{name}: noise": np.array([noise.levels, *noise.rings]),
            f"{name}: lines": lines,
            f"{name}: grid": np.array([*_scaled_grid(4 * lines), _step(luma, 0.3)]),
            f"{name}: polar": np.concatenate([np.ravel(one) for one in of_polar(sharp)]),
            f"{name}: merged": np.concatenate([np.ravel(one) for one in of_polar(sharp.merged(4))]),
            f"{name}: kinds": np.array(of_fits(fit_kinds(sharp))),
            f"{name}: motion": np.array([motion.length_px, motion.angle_deg, motion.cost]),
            f"{name}: jpeg": (_histograms(luma[:96, :96] - 128) @ _log_odds().T).ravel(),
            f"{name}: part": np.array(
                [log_odds_of_part(luma[5:90, 3:99], Box(3, 5, 96, 85), JPEG)]
            ),
        }
    return found


def of_outlines() -> Numbers:
    """Of cells that are likelier hidden in the middle of a mosaic."""
    pixels, _, _ = pictures()["mosaic"]
    rows, columns = np.mgrid[:38, :43]
    near = np.exp(-(((rows - 21) / 9.0) ** 4 + ((columns - 18) / 10.0) ** 4))
    kinds = np.stack(
        [1 - 0.98 * near, *(0.98 * near * share for share in (0.1, 0.1, 0, 0, 0, 0.6, 0, 0.2))]
    )
    candidates, values = described(Segmentation(kinds.astype(np.float32), 0.9), pixels)
    return {
        "outlines": values,
        "outline chances": chances(values),
        "candidates": np.array([len(candidates)]),
    }


BLURS = (
    Unchanged(), GaussianBlur(9, 2.0), GaussianBlur(5, 1.0), BoxBlur(5), Disk(3.0),
    AnisotropicGaussian(3.0, 1.0, 30.0),
)  # fmt: skip


def of_blurs() -> Numbers:
    prior, found = read_prior(), Numbers()
    image = photo(96, 88).transpose(2, 0, 1)[None] / np.float32(255)
    blurred = np.asarray(obfuscate(image, GaussianBlur(9, 1.5)))
    for storage in (Storage("8bit"), Storage("jpeg", 80)):
        for name, seen in (
            ("as it is", of_cosines(blurred, storage, prior)),
            ("waves", of_waves(taper(blurred), storage, prior)),
        ):
            for share in (0.3, 1.0):
                told = seen.log_likelihoods(BLURS, share)
                found[f"{name}, {storage}, {share}"] = np.array([told[blur] for blur in BLURS])
        guesses = first_guesses()
        fit = _fit(of_cosines(blurred, storage, prior), guesses)
        found[f"fit, {storage}"] = np.array(
            [fit.operator.sigma, fit.sigma_error_px or 0, fit.log_odds]
        )
    found["guesses"] = np.array([len(guesses)])
    turning = AnisotropicGaussian(3.0, 1.0, 30.0)
    streaked = np.round(255 * np.asarray(obfuscate(image, turning))) / np.float32(255)
    seen = of_waves(taper(streaked), Storage("8bit"), prior)
    one = turned(seen, GaussianBlur(11, 1.7))
    shape = one.operator
    values = [shape.sigma_x, shape.sigma_y, shape.angle_degrees, one.log_odds]
    found["turned"] = np.array(values)
    return found


def of_chances() -> Numbers:
    """Of the calibration that turns evidence into chances."""
    steps = (0.02, 0.3, 0.5, 0.8, 0.99)
    return {
        "clean": np.array([chance_clean(one, other) for one in steps for other in steps]),
        "right": np.array([chance_right(one) for one in steps]),
        "with prior": np.array([with_prior(one, other) for one in steps for other in (0.5, 0.8)]),
    }


def of_grids() -> Numbers:
    """Of mosaics on whole pixels and between them, of blocks and of samples."""
    prior, found = read_prior(), {}
    large = photo(190, 200)
    for name, operator, box in (
        ("whole", Pixelate(7, 3, 2), Box(0, 0, 200, 190)),
        ("uneven", UnevenPixelate(9.4, 10.3, 1.5, 2.5), Box(30, 20, 150, 140)),
        ("sampled", Sample(6), Box(30, 24, 120, 132)),
    ):
        pixels = hidden(large, operator, box)
        image = pixels.transpose(2, 0, 1)[None] / np.float32(255)
        columns, rows = jumps(image, -1).mean(axis=0), jumps(image, -2).mean(axis=1)
        phases = [_best_phase(columns, block) for block in range(3, 30)]
        fit, part = estimate_mosaic(image[..., *box.place], prior), find_mosaic(image)
        comb = find_comb(pixels, mask_of(box, 190, 200))
        profile, start = _profile(brightness(pixels), mask_of(box, 190, 200), 4)
        inside = [_most_inside(columns, block, 2) for block in (4, 7, 9)]
        found |= {
            f"{name}: columns": columns,
            f"{name}: phases": np.array(phases),
            f"{name}: lines": np.array([_on_and_off([(columns, 1), (rows, 2)], 7), inside]),
            f"{name}: odds": np.array(
                [_sampled_odds(image, block, 1, 2, prior) for block in (6, 9)]
            ),
            f"{name}: comb": np.array(of_comb(comb)),
            f"{name}: profile": np.append(profile, start),
            f"{name}: teeth": np.concatenate([_teeth(profile, 9.4, at) for at in (0.3, 5.0)]),
            f"{name}: scores": _scores(profile, np.geomspace(3.5, 40, 60)),
            f"{name}: cells": _on_lines(_summed(jumps(image, -1)), 6),
            f"{name}: inside": np.concatenate([np.ravel(one) for one in _cells(image, 9)]),
            f"{name}: fit": np.array([fit.jump, fit.flatness] if fit else []),
            f"{name}: part": of_box(part),
        }
        snapped = None if part is None or fit is None else snap(image, part, fit.operator)
        found[f"{name}: snapped"] = of_box(snapped)
    return found


def of_box(box: Box | None) -> np.ndarray:
    return np.array([box.left, box.top, box.width, box.height] if box else [])


def of_kernels() -> Numbers:
    """Of what each kind of blur passes."""
    sizes = (0.9, 1.7, 4.2)
    return {
        "cut": np.stack([_cut(size)[::32] for size in sizes]),
        "boxes": np.stack([_boxes(size, times)[::32] for size in sizes for times in (2, 3)]),
        "recursive": np.stack([_recursive(size)[::32] for size in sizes]),
        "round": np.log(_round()),
        "separable": np.log(_separable()),
        "motions": np.log(_motions()),
        "frequencies": np.concatenate([np.ravel(frequencies(count)) for count in (1, 4, 12)]),
    }


def of_inspections() -> Numbers:
    """What is found from end to end where a place is told, or too little is there."""
    large, part, whole = photo(190, 200), Box(40, 60, 80, 72), Box(0, 0, 200, 190)
    cases = {
        "clean": (large, part),
        "blurred": (hidden(large, GaussianBlur(19, 3.0), part), part),
        "mosaic in all of it": (hidden(large, Pixelate(8), whole), whole),
        "mosaic in a box": (hidden(large, Pixelate(8), part), part),
        "uneven": (hidden(large, UnevenPixelate(9.4), part), part),
        "tiny": (large[:12, :40], None),
        "too small a box": (large, Box(50, 50, 9, 9)),
    }
    found = {}
    for name, (pixels, box) in cases.items():
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None] / np.float32(255))
        one = inspect(image, Storage("8bit"), read_prior(), box)
        said = (one.reason, str(one.operator), str(one.storage), one.kind)
        strengths = (one.strength_px or 0, one.low_px or 0, one.high_px or 0)
        places = (*of_box(one.box), *(one.phase_px or ()))
        lengths = (len(text or "") for text in said)
        values = (one.confidence, *strengths, one.is_exact, *places, *lengths, len(one.others))
        found[name] = np.array([*values, one.history.scaled or 0, one.history.jpeg is None])
    return found


GROUPS = (
    of_regions, of_pictures, of_outlines, of_blurs, of_chances, of_grids, of_kernels,
    of_inspections,
)  # fmt: skip


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_numbers_are_those_of_the_training(group):
    check(PINNED, group)


if __name__ == "__main__":
    pin(PINNED, GROUPS)
