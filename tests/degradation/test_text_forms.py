"""The text forms: what str gives, parse takes; anything else is refused with the nearest."""

import copy
import dataclasses
import pickle

import pytest

from unveil.degradation import (
    OPERATORS,
    AnisotropicGaussian,
    Disk,
    DpPix,
    GaussianBlur,
    Motion,
    Pixelate,
    Storage,
    UnevenPixelate,
    Window,
    parse_operator,
    parse_storage,
)
from unveil.errors import UsageError

DEFAULTS = """
    gaussian:kernel=9,sigma=4    box:kernel=9    window:across=2/1    disk:radius=4
    aniso:sigma_x=4,sigma_y=1.5,angle_degrees=0    motion:length=15,angle=0
    pixelate:block=8    sample:block=8    blocks:across=7.5,down=7.5,left=0,top=0
    median:kernel=9    downscale:factor=8    solid:level=0    noise:std=40    poisson:photons=30
    dppix:block=16,epsilon=0.5    none
"""
"""Of the paper where it has the operator; without a seed where noise is drawn."""


def test_what_is_left_out_is_the_default():
    texts = DEFAULTS.split()
    assert [text.partition(":")[0] for text in texts] == list(OPERATORS)
    assert [str(parse_operator(name)) for name in OPERATORS] == texts
    assert DpPix() == DpPix(16, 0.5, 16, None)


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("gaussian:kernel=9,sigma=4", GaussianBlur(9, 4.0)),
        ("gaussian:kernel=13,sigma=0.1234567891", GaussianBlur(13, 0.1234567891)),
        ("window:across=4/3/1", Window((4, 3, 1))),
        ("window:across=1/0.12345678,down=2/1e-05", Window((1, 0.12345678), (2, 1e-5))),
        ("disk:radius=3.25", Disk(3.25)),
        ("aniso:sigma_x=4,sigma_y=1.5,angle_degrees=-30", AnisotropicGaussian(4, 1.5, -30)),
        ("motion:length=15,angle=30", Motion(15, 30)),
        ("motion:length=7.25,angle=179.5", Motion(7.25, 179.5)),
        ("pixelate:block=8", Pixelate(8)),
        ("blocks:across=7.47,down=7.5,left=0.3,top=2.1", UnevenPixelate(7.47, 7.5, 0.3, 2.1)),
    ],
)
def test_text_and_operator_are_each_others_inverse(text, operator):
    assert parse_operator(text) == operator
    assert str(operator) == text


@pytest.mark.parametrize("text", ["float", "8bit", "jpeg:75", "h264:crf=0", "h264:crf=51"])
def test_text_and_storage_are_each_others_inverse(text):
    assert str(parse_storage(text)) == text


def test_parameters_left_out_keep_the_studys_values():
    assert parse_operator("gaussian") == GaussianBlur(kernel=9, sigma=4.0)
    assert parse_operator("gaussian:kernel=13") == GaussianBlur(kernel=13, sigma=4.0)
    assert parse_operator("pixelate") == Pixelate(block=8)


def test_blocks_are_square_unless_their_height_is_stated():
    assert parse_operator("blocks:across=7.47") == UnevenPixelate(7.47, 7.47)
    assert parse_operator("blocks") == UnevenPixelate(7.5)
    assert str(UnevenPixelate(7.5)) == "blocks:across=7.5,down=7.5,left=0,top=0"


@pytest.mark.parametrize("sigma", [0.1, 0.3, 1, 1.12, 2.7, 10, 127.87])
def test_a_gaussian_without_a_kernel_is_whole_and_says_so(sigma):
    whole = parse_operator(f"gaussian:sigma={sigma}")
    assert whole == GaussianBlur(sigma=sigma)
    assert whole.kernel // 2 + 0.5 >= 4 * sigma  # further than 4 sigma, in whole pixels
    assert str(whole) == f"gaussian:kernel={whole.kernel},sigma={sigma:g}"
    assert parse_operator(str(whole)) == whole
    assert parse_operator(f"gaussian:kernel=9,sigma={sigma}") == GaussianBlur(9, sigma)


def test_a_gaussian_is_copied_pickled_and_taken_apart_like_other_operators():
    blur = GaussianBlur(9, 2.5)
    assert dataclasses.replace(blur, sigma=3.0) == GaussianBlur(9, 3.0)
    assert pickle.loads(pickle.dumps(blur)) == copy.deepcopy(blur) == blur  # noqa: S301  # our own
    match blur:
        case GaussianBlur(kernel, sigma):
            assert (kernel, sigma) == (9, 2.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        blur.sigma = 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gausian:sigma=4", "did you mean 'gaussian'"),
        ("pixelize", "did you mean 'pixelate'"),
        ("", "Choices: gaussian, box, window, disk, aniso, motion, pixelate, sample, blocks"),
        ("gaussian:sigm=4", "did you mean 'sigma'"),
        ("gaussian:sigma=-1", "sigma=-1 must be from 0.001 to 10,000 pixels"),
        ("gaussian:sigma=nan", "sigma=nan must be from"),
        ("gaussian:sigma=inf", "sigma=inf must be from"),
        ("gaussian:sigma=128", "a kernel of 1025 pixels, above 1023; add kernel=1023"),
        ("gaussian:sigma=x", "must be a number"),
        ("gaussian:kernel=8", "kernel=8 must be an odd number"),
        ("gaussian:kernel=9.5", "must be a whole number"),
        ("gaussian:kernel=99999", "from 1 to"),
        ("window:across=", "must be a number"),
        ("window:across=1/x", "must be a number"),
        ("window:across=1/-1", "none below 0"),
        ("window:across=0/0", "largest weight=0 must be from 1e-09 to 1e.18"),
        ("window:across=1/nan", "must be finite"),
        ("window:across=1,down=inf", "largest weight=inf"),
        ("window:across=" + "/".join(513 * "1"), "needs 1 to 512 weights"),
        ("disk:radius=0", "radius=0 must be from 0.001 to 511.5 pixels"),
        ("disk:radius=nan", "radius=nan must be from"),
        ("disk:radius=512", "to 511.5 pixels"),
        ("disk:radius=inf", "to 511.5 pixels"),
        ("disk:radus=3", "did you mean 'radius'"),
        ("aniso:sigma_x=-1", "sigma_x=-1 must be from 0.001 to 127.75"),
        ("aniso:sigma_y=nan", "sigma_y=nan must be from"),
        ("aniso:sigma_y=128", "to 127.75 pixels"),
        ("aniso:angle_degrees=181", "-180 to 180"),
        ("aniso:angle_degrees=nan", "-180 to 180"),
        ("motion:length=0.9", "length=0.9 must be from 1 to 1022 pixels"),
        ("motion:length=nan", "length=nan must be from 1"),
        ("motion:length=1022.5", "from 1 to 1022 pixels"),
        ("motion:angle=-1", "angle=-1 must be from 0 to below 180 degrees"),
        ("motion:angle=180", "to below 180 degrees"),
        ("motion:angle=nan", "to below 180 degrees"),
        ("motion:angel=3", "did you mean 'angle'"),
        ("blocks:across=0.9", "across=0.9 must be from 1 to 4096 pixels"),
        ("blocks:across=8,down=inf", "down=inf must be from 1"),
        ("blocks:across=nan", "across=nan must be from 1"),
        ("blocks:across=8,left=8", "left=8 must be from 0 to below across"),
        ("blocks:down=8.5,top=-1", "top=-1 must be from 0 to below down"),
        ("blocks:top=nan", "top=nan must be from 0"),
        ("pixelate:block=0", "block=0 must be from 1"),
        ("pixelate:block=1_0", "block='1_0' must be a whole number"),
        ("pixelate:block=٦", "must be a whole number"),
        ("pixelate:block=" + "9" * 5000, "must be a whole number"),
        ("gaussian:sigma=1_0", "sigma='1_0' must be a number"),
        ("gaussian:kernel=9,kernel=11", "kernel is given twice"),
        ("gaussian:sigma=1e308", "sigma=1e.308 must be from 0.001 to 10,000 pixels"),
        ("gaussian:kernel=9,sigma=1e-320", "must be from 0.001"),
        ("disk:radius=1e-320", "must be from 0.001"),
        ("window:across=1e308/1e308", "largest weight=1e.308 must be from 1e-09"),
        ("window:across=1e-320", "must be from 1e-09"),
        ("noise:std=1e308", "must be from 0.001 to 10,000 levels"),
        ("noise:std=0", "must be from 0.001 to 10,000 levels"),
        ("poisson:photons=1e-320", "must be from 0.001 to 1,000,000"),
        ("dppix:epsilon=1e-320", "must be from 1e-06 to 1,000,000"),
        ("dppix:pixels=9999999", "must be from 1 to 1,000,000"),
    ],
)
def test_bad_operators_are_refused_with_the_reason(text, said):
    with pytest.raises(UsageError, match=said):
        parse_operator(text)


@pytest.mark.parametrize(
    "text",
    [
        *("16bit", "jpeg", "jpeg:0", "jpeg:101", "jpeg:x", "png:3", ""),
        *("h264", "h264:23", "h264:crf=", "h264:crf=52", "h264:crf=-1", "h264:crf=1.5"),
    ],
)
def test_bad_storages_are_refused(text):
    with pytest.raises(UsageError):
        parse_storage(text)


def test_a_storage_built_by_hand_is_checked_too():
    with pytest.raises(UsageError, match="quality"):
        Storage("jpeg")
    with pytest.raises(UsageError, match="crf"):
        Storage("h264")
