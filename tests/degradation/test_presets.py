"""Presets against the programs they stand for; those that are not installed are skipped."""

import numpy as np
import pytest

from compare_presets import CASES, DOCUMENT, difference, photo, program_result, to_array
from real_programs import PROGRAMS, AbsentError, Pixels
from unveil.degradation import (
    BoxBlur,
    Degradation,
    GaussianBlur,
    Pixelate,
    Sample,
    Storage,
    Window,
    parse_operator,
)
from unveil.degradation.operators import obfuscate
from unveil.degradation.presets import PRESETS, parse_call, parse_preset, read_preset
from unveil.errors import UsageError
from unveil.estimation.check import contradiction
from unveil.linear.closed_forms import lmmse
from unveil.linear.prior import read_prior

SAID = {
    line.split("`")[1]: [cell.strip() for cell in line.split("|")]
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
}
"""The cells of the document's table, by preset."""


@pytest.fixture(params=CASES)
def text(request: pytest.FixtureRequest) -> str:
    """Return a preset whose program has run."""
    result(request.param)
    return request.param


def result(text: str) -> Pixels:
    """Return what the program makes of the photo; skip where it is not installed."""
    try:
        return program_result(text)
    except AbsentError as absent:
        pytest.skip(str(absent))


def test_a_preset_equals_its_program(text):
    preset, found = PRESETS[read_preset(text)[0]], difference(text)
    assert found.greatest <= preset.greatest
    assert found.mean <= preset.mean


def test_a_preset_that_is_nearly_right_is_seen(text):
    assert difference(text, CASES[text]).greatest > PRESETS[read_preset(text)[0]].greatest


def test_the_document_promises_no_more(text):
    *_, greatest, mean, _ = SAID[text]
    found = difference(text)
    assert (found.greatest, found.mean) <= (int(greatest), float(mean) + 0.05)


def test_what_differs_says_why():
    assert all(bool(preset.differs) == (preset.greatest > 1) for preset in PRESETS.values())


def test_every_preset_is_compared():
    assert {read_preset(text)[0] for text in CASES} == PRESETS.keys() == PROGRAMS.keys()
    assert list(SAID) == list(CASES)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("pillow-box:radius=4", "edge"),
        ("imagemagick-blur:sigma=4", "edge"),
        ("ffmpeg-boxblur:radius=4,power=2", "symmetric"),
    ],
)
def test_the_border_is_the_one_said(text, mode):
    """With those pixels put around the photo, the operator agrees up to its edge."""
    theirs, operator, around = result(text), parse_preset(text), 40
    padded = np.pad(photo(text), ((around, around), (around, around), (0, 0)), mode)
    ours = obfuscate(to_array(padded), operator)[..., around:-around, around:-around]
    assert np.abs(ours - to_array(theirs)).max() <= 1.01 / 255


@pytest.mark.parametrize(
    ("text", "name_says", "gain_db"),
    [
        ("pillow-gaussian:radius=3", GaussianBlur(19, 3.0), 0.3),
        ("ffmpeg-gblur:sigma=2", GaussianBlur(13, 2.0), 10),
    ],
)
def test_a_photo_is_restored_better_than_by_what_the_programs_name_says(text, name_says, gain_db):
    theirs, inner = result(text), (..., slice(40, -40), slice(40, -40))
    right, wrong = (
        lmmse(to_array(theirs), Degradation(operator), read_prior()).clip(0, 1)[inner]
        for operator in (parse_preset(text), name_says)
    )
    clean = to_array(photo(text))[inner]
    errors = [10 * np.log10(np.square(found - clean).mean()) for found in (wrong, right)]
    assert errors[0] - errors[1] > gain_db


@pytest.mark.slow
def test_a_stated_window_is_contradicted_only_by_a_photo_without_it():
    blurred = to_array(result("pillow-gaussian:radius=2"))
    told = parse_preset("pillow-gaussian:radius=2")
    assert contradiction(blurred, told, Storage("8bit"), read_prior()) is None
    clean = to_array(photo("pillow-gaussian"))
    assert contradiction(clean, told, Storage("8bit"), read_prior()) is not None


@pytest.mark.parametrize("name", PRESETS)
def test_the_defaults_make_an_operator_with_a_text_form(name):
    operator = parse_preset(name)
    assert parse_operator(str(operator)) == operator


DEFAULTS = """
    opencv-gaussian:kernel=21,sigma=0    opencv-blur:kernel=9
    pillow-gaussian:radius=2             pillow-box:radius=4
    deface-blur:width=100,height=120     deface-mosaic:size=20
    imagemagick-blur:sigma=1             imagemagick-scale:percent=10
    ffmpeg-boxblur:radius=2,power=2      ffmpeg-gblur:sigma=0.5,steps=1
    ffmpeg-pixelize:width=16             gimp-pixelize:size=16
    css-blur:px=8                        css-blur-software:px=8
"""
"""Copied from the programs' documentation where they have defaults, by hand."""


def test_what_is_not_said_is_as_in_the_program():
    assert {text.partition(":")[0] for text in DEFAULTS.split()} == PRESETS.keys()
    for text in DEFAULTS.split():
        name, parameters = read_preset(text)
        assert read_preset(name)[1] == parameters == PRESETS[name].defaults


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("opencv-gaussian", GaussianBlur(21, 3.5)),
        ("opencv-gaussian:kernel=21,sigma=0", GaussianBlur(21, 3.5)),
        ("opencv-gaussian:kernel=3", Window((2, 1))),
        ("opencv-gaussian:kernel=0,sigma=2", GaussianBlur(13, 2.0)),
        ("opencv-blur:kernel=7", BoxBlur(7)),
        ("pillow-gaussian:radius=0", Window((1,))),
        ("pillow-box:radius=1.5", Window((1, 1, 0.5))),
        ("deface-blur:width=6,height=10", Window((1, 1), (1, 1, 1))),
        ("deface-mosaic", Sample(20)),
        ("imagemagick-scale:percent=12.5", Pixelate(8)),
        ("ffmpeg-boxblur:radius=1,power=2", Window((3, 2, 1))),
        ("ffmpeg-boxblur:power=0", Window((1,))),
        ("css-blur:px=1.5", GaussianBlur(11, 1.5)),
        ("css-blur-software:px=1", Window((4, 3, 1))),
        ("gimp-pixelize:size=10", Pixelate(10)),
    ],
)
def test_a_preset_is_this_operator(text, operator):
    assert parse_preset(text) == operator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("opencv-gausian", "did you mean 'opencv-gaussian'"),
        ("opencv-blur:kernl=9", "did you mean 'kernel'"),
        ("opencv-blur:kernel=x", "must be a whole number"),
        ("opencv-blur:kernel=8", "must be an odd number"),
        ("opencv-gaussian:kernel=0", "kernel or sigma must be above 0"),
        ("opencv-gaussian:kernel=4", "must be an odd number"),
        ("pillow-gaussian:radius=-1", "radius=-1 must be from 0 to 10,000"),
        ("pillow-box:radius=nan", "radius=nan must be from 0"),
        ("pillow-box:radius=600", "needs 1 to 512 weights"),
        ("deface-blur:width=1", "side=1 must be from 2"),
        ("imagemagick-scale:percent=30", "percent=30 must divide 100"),
        ("imagemagick-blur:sigma=0", "sigma=0 must be from"),
        ("ffmpeg-gblur:steps=7", "steps=7 must be from 1 to 6"),
        ("ffmpeg-gblur:sigma=inf", "sigma=inf must be from"),
        ("ffmpeg-gblur:sigma=1000", "a kernel of [0-9,]+ pixels is too wide"),
        ("ffmpeg-boxblur:radius=500,power=9", "a kernel of 9,001 pixels is too wide"),
        ("ffmpeg-boxblur:radius=0,power=9999999", "power=1e.07 must be from 0 to 10,000"),
        ("opencv-gaussian:kernel=0,sigma=20000", "sigma=20000 must be from 0.001 to 10,000"),
        ("opencv-blur:kernel=9,kernel=11", "kernel is given twice"),
        ("css-blur:px=0", "px=0 must be from"),
    ],
)
def test_what_no_operator_equals_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        parse_preset(text)


def test_a_call_is_an_operator_or_a_preset():
    assert parse_call("pixelate:block=5") == Pixelate(5)
    assert parse_call("ffmpeg-pixelize:width=5") == Pixelate(5)
    with pytest.raises(UsageError, match="did you mean 'pillow-box'"):
        parse_call("pilow-box:radius=3")
