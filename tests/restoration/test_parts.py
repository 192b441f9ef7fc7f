"""Parts that other programs blurred: restored inside, untouched outside, left alone in doubt."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from unveil.degradation import GaussianBlur, Storage, Unchanged
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import BAND_PX
from unveil.restoration.parts import restore_part, restore_parts

STORAGE, WIDE = Storage("8bit"), GaussianBlur(121, 20.0)


def as_images(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255


def found(**details: object) -> Finding:
    """Return the finding of a Gaussian of about 4 pixels."""
    about = {"kind": "gaussian", "strength_px": 4.0, "low_px": 3.5, "high_px": 4.6}
    more = {"box": Box(170, 30, 110, 130), "is_exact": False, "confidence": 0.95, **about}
    return Finding(**{"operator": GaussianBlur(25, 4.0), "storage": STORAGE, **more, **details})


def blurred_face() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the astronaut, the same with an ellipse blurred by Pillow, and the ellipse."""
    clean = data.astronaut()
    blurred = np.asarray(Image.fromarray(clean).filter(ImageFilter.GaussianBlur(4)))
    mask = np.zeros(clean.shape[:2], np.uint8)
    cv2.ellipse(mask, (225, 95), (55, 65), 0, 0, 360, 1, -1)
    return clean, np.where(mask[..., None], blurred, clean), mask.astype(bool)


def test_an_ellipse_by_pillow_comes_nearer_and_the_rest_stays():
    clean, file, mask = blurred_face()
    done = restore_part(as_images(file), found(mask=mask), read_prior())
    assert done.reason is None
    before, after = (
        np.square(x - as_images(clean))[..., mask].mean() for x in (as_images(file), done.images)
    )
    assert after < before / 1.3
    beside = cv2.dilate(mask.astype(np.uint8), np.ones((2 * BAND_PX + 1,) * 2)) == 0
    np.testing.assert_array_equal(done.images[..., beside], as_images(file)[..., beside])


def test_the_command_restores_what_it_finds(tmp_path, cli):
    """It left such a face as it was."""
    clean, file, _ = blurred_face()
    Image.fromarray(file).save(tmp_path / "face.png")
    done = cli("restore", tmp_path / "face.png", "-o", tmp_path / "out.png")
    assert done.status == 0, done.err
    assert "restored as nearly as it is known" in done.err
    out = np.asarray(Image.open(tmp_path / "out.png")).astype(float)
    assert np.square(out - clean).mean() < np.square(file.astype(float) - clean).mean() / 1.2


def test_the_command_says_what_corrected_it_and_how_sure_it_is(tmp_path, cli):
    """The map is white in the part only; before, no error was known of parts."""
    _, file, mask = blurred_face()
    Image.fromarray(file).save(tmp_path / "face.png")
    words = ["restore", tmp_path / "face.png", "-o", tmp_path / "out.png", "--json"]
    done = cli(*words, "--uncertainty", tmp_path / "map.png")
    assert done.status == 0, done.err
    assert json.loads(done.out)["model"] == "lmmse, parts-blur"
    expected = np.asarray(Image.open(tmp_path / "map.png"))[..., 0]
    assert expected[mask].mean() > 20
    beside = cv2.dilate(mask.astype(np.uint8), np.ones((61, 61))) == 0
    assert not expected[beside].any()


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"kind": "other", "reason": "no known operator"}, "no known operator"),
        ({"kind": "motion"}, "where the lines of a motion begin does not show"),
        ({"kind": "median"}, "a median filter has no inverse"),
        ({"box": Box(170, 30, 15, 15)}, "too small"),
        (
            {"operator": WIDE, "strength_px": 20, "low_px": 12, "high_px": 33, "confidence": 0.5},
            "blurred again, it would not be the input",
        ),
        ({"confidence": 0.35}, "how it was hidden is in doubt"),
    ],
)
def test_what_cannot_be_bettered_is_left_as_it_is(details, reason):
    images = as_images(data.astronaut())
    done = restore_part(images, found(**details), read_prior())
    assert done.images is images
    assert done.reason == reason


def test_clean_and_exact_parts_are_passed_over():
    images = as_images(data.astronaut())
    clean = Finding(Unchanged(), STORAGE, 0.9, kind="none")
    assert restore_parts(images, clean, read_prior()) == (images, (), ())
    exact = found(is_exact=True)
    assert restore_parts(images, exact, read_prior()) == (images, (), ())


def test_each_part_is_said():
    images = as_images(blurred_face()[1])
    both = found(others=(found(kind="other", box=Box(10, 400, 60, 60), reason="no operator"),))
    restored, remarks, undone = restore_parts(images, both, read_prior())
    assert restored is not images
    assert [one.granted.weight.any() for one in undone if one.granted] == [True]
    assert [str(remark.text) for remark in remarks] == [
        remarks[0].text,
        "10,400,60,60: left as it is (no operator)",
    ]
    assert remarks[0].text.startswith("170,30,110,130: restored as nearly as it is known, about")


def test_blocks_of_fractions_are_undone_by_their_means():
    """Scaled to a fifth and back by Pillow, then to 1.1 of that: blocks of 5.5 pixels."""
    clean = data.astronaut()[:200, 100:340]
    small = Image.fromarray(clean).resize((48, 40), Image.Resampling.BOX)
    size = (264, 220)
    mosaic = small.resize((240, 200), Image.Resampling.NEAREST).resize(
        size, Image.Resampling.BICUBIC
    )
    after = np.asarray(Image.fromarray(clean).resize(size, Image.Resampling.BICUBIC))
    images = as_images(np.asarray(mosaic))
    part = found(kind="mosaic", box=None, pitch_px=(5.5, 5.5), phase_px=(0.0, 0.0))
    done = restore_part(images, part, read_prior())
    assert done.reason is None
    before, now = (np.square(x - as_images(after)).mean() for x in (images, done.images))
    assert now < before / 1.3
