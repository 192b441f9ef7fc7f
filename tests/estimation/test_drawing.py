"""The picture of a finding: outlines where the parts are, labels that can be read, files kept."""

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.draw import disk
from skimage.morphology import dilation, erosion
from skimage.morphology import disk as circle

from tests.conftest import assert_told
from unveil.degradation import GaussianBlur, Solid, Storage, Unchanged
from unveil.estimation.drawing import INNER, OUTER, draw_finding, label, outlined
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.images.photos import Photo

EIGHT_BIT = Storage("8bit")
SHAPE = 300, 420
REACH_PX = 4
"""Half of a line, rims included, in a picture of ``SHAPE``, and its distance from the border."""


def plain(level: int, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    return np.full((*shape, 3), level, np.uint8)


def blurred(box: Box | None = None, mask: np.ndarray | None = None, others=()) -> Finding:
    return Finding(
        GaussianBlur(49, 8.0), EIGHT_BIT, 0.9, None, box, "gaussian", 8.04, 7.0, 9.0,
        mask=mask, others=others,
    )  # fmt: skip


def round_mask(row: int = 150, column: int = 250, radius: int = 60) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[disk((row, column), radius, shape=SHAPE)] = True
    return mask


def box_mask(box: Box) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[box.place] = True
    return mask


BOX = Box(60, 90, 200, 120)
PARTS = {
    "mask": (blurred(Box(190, 90, 121, 121), round_mask()), round_mask()),
    "mask at the border": (blurred(mask=round_mask(290, 10)), round_mask(290, 10)),
    "box": (blurred(BOX), box_mask(BOX)),
    "whole": (blurred(), np.ones(SHAPE, bool)),
}


def are(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (pixels == colour).all(axis=2)


def yellow(pixels: np.ndarray) -> np.ndarray:
    """Where the inner colour is mixed with its rim, as in text with smooth edges."""
    levels = pixels.astype(int)
    return levels[..., 0] - levels[..., 2] > 60


def rim(mask: np.ndarray) -> np.ndarray:
    """The last pixels inside a region, by its definition in morphology."""
    return mask & ~erosion(np.pad(mask, 1), circle(1))[1:-1, 1:-1]


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("part", PARTS)
def test_the_outline_follows_the_part_in_two_colours(part, level):
    finding, mask = PARTS[part]
    drawn = outlined(plain(level), finding)
    near = dilation(rim(mask), circle(2 * REACH_PX))
    for colour in (INNER, OUTER):
        assert not (rim(mask) & ~dilation(are(drawn, colour), circle(2 * REACH_PX))).any()
    changed = (drawn != level).any(axis=2)
    label_only = changed & ~near
    assert yellow(drawn)[label_only].sum() > 50
    assert are(drawn, OUTER)[label_only].sum() > 200 or level == 0
    rows, columns = label_only.nonzero()
    assert np.ptp(rows) < 30
    assert np.ptp(columns) < 150


def test_the_part_stays_to_be_seen():
    drawn = outlined(plain(128), blurred(BOX))
    inside = Box(BOX.left + 5, BOX.top + 5, BOX.width - 10, BOX.height - 10)
    assert (drawn[inside.place] == 128).all()


def test_every_part_is_outlined_and_the_input_left_alone():
    apart = Finding(Solid(), EIGHT_BIT, 0.9, None, Box(300, 200, 60, 60), "solid")
    pixels = plain(128)
    drawn = outlined(pixels, blurred(Box(30, 60, 60, 60), others=(apart,)))
    assert (pixels == 128).all()
    assert are(drawn, INNER)[230, 300]
    assert are(drawn, INNER)[90, 30]


@pytest.mark.parametrize("kind", ["", "none"])
def test_nothing_is_drawn_where_nothing_is_hidden(kind):
    clean = Finding(Unchanged(), EIGHT_BIT, 0.9, None, BOX, kind, reason="in doubt about 1,2,3,4")
    pixels = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), np.uint8)
    np.testing.assert_array_equal(outlined(pixels, clean), pixels)


def test_lines_grow_with_the_picture():
    def thickness(factor: int) -> int:
        box = Box(60 * factor, 90 * factor, 200 * factor, 120 * factor)
        drawn = outlined(plain(128, (300 * factor, 420 * factor)), blurred(box))
        return int((drawn[150 * factor, : 160 * factor] != 128).any(axis=1).sum())

    assert thickness(10) == pytest.approx(10 * thickness(1), rel=0.5)


@pytest.mark.parametrize("shape", [(2, 2), (2, 50), (50, 2), (16, 16)])
def test_the_smallest_pictures_are_drawn(shape):
    drawn = outlined(plain(128, shape), blurred())
    assert drawn.shape == (*shape, 3)
    assert (drawn != 128).any()


def test_lines_stay_inside_narrow_pictures():
    assert are(outlined(plain(128, (2, 3000)), blurred()), INNER)[:, 1500].any()


def test_labels_are_kind_and_strength():
    assert label(blurred()) == "gaussian 8.0 px"
    assert label(Finding(Solid(), EIGHT_BIT, 0.9, kind="solid")) == "one colour"
    assert "not known" in label(Finding(Unchanged(), EIGHT_BIT, 0.5, kind="other"))


@pytest.mark.parametrize("top", [0, 270])
def test_labels_stay_inside_the_picture(top):
    """The same text shows in the middle of the picture and in its corners."""
    there = Box(390, top, 30, 30)
    middle = outlined(plain(128), blurred(Box(195, 135, 30, 30)))
    corner = outlined(plain(128), blurred(there))
    assert yellow(corner).sum() == pytest.approx(yellow(middle).sum(), rel=0.05)


def test_depth_and_alpha_become_what_a_screen_shows():
    alpha = np.full(SHAPE, 65535, np.uint16)
    alpha[:, :10] = 0
    deep = Photo(np.full((*SHAPE, 3), 30 * 257, np.uint16), alpha, grayscale=True)
    drawn = draw_finding(deep, blurred(BOX))
    assert drawn.rgb.dtype == np.uint8
    assert drawn.alpha is None
    assert not drawn.grayscale
    assert (drawn.rgb[:, :10] == 255).all()
    assert (drawn.rgb[:20, 10:] == 30).all()


# --- unveil inspect --picture --------------------------------------------------------------


@pytest.fixture
def mosaic(tmp_path):
    """A photo with a mosaic on its face, and metadata that must not survive."""
    pixels, face = data.astronaut(), Box(160, 64, 128, 128)
    blocks = pixels[face.place].reshape(8, 16, 8, 16, 3).mean(axis=(1, 3)).round()
    pixels[face.place] = blocks.repeat(16, axis=0).repeat(16, axis=1)
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    path = tmp_path / "mosaic.png"
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["png", "webp", "jpg"])
def test_the_command_draws_what_it_prints(mosaic, tmp_path, suffix, cli):
    picture = tmp_path / "new" / f"found.{suffix}"
    done = cli("inspect", mosaic, "--picture", picture)
    assert (done.status, done.err) == (0, "")
    assert "pixelate:block=16, in 160,64,128,128" in done.out
    with Image.open(picture) as image:
        assert not image.getexif()
        drawn = np.asarray(image.convert("RGB")).astype(int)
    change = np.abs(drawn - np.asarray(Image.open(mosaic)))
    assert change[64:192, 160].max(axis=1).min() > 60
    assert change[70:186, 166:282].mean() < change[64:192, 160].mean() / 20
    assert list(picture.parent.iterdir()) == [picture]


def test_a_clean_photo_is_drawn_without_outlines(tmp_path, cli):
    Image.fromarray(data.astronaut()).save(tmp_path / "clean.png")
    done = cli("inspect", tmp_path / "clean.png", "--picture", tmp_path / "found.png")
    assert "no blur and no mosaic" in done.out
    drawn = np.asarray(Image.open(tmp_path / "found.png"))
    np.testing.assert_array_equal(drawn, data.astronaut())


def test_a_picture_replaces_nothing(mosaic, tmp_path, cli):
    picture, before = tmp_path / "found.png", mosaic.read_bytes()
    picture.write_text("precious")
    assert_told(cli("inspect", mosaic, "--picture", picture), 1, f"{picture}: exists already")
    again = cli("inspect", mosaic, "--picture", mosaic, "--overwrite")
    assert_told(again, 2, f"{mosaic}: is the input")
    assert picture.read_text() == "precious"
    assert mosaic.read_bytes() == before
    done = cli("inspect", mosaic, "--picture", picture, "--overwrite", "--dry-run")
    assert done.out == f"would replace {picture}\n"
    assert picture.read_text() == "precious"
    assert cli("inspect", mosaic, "--picture", picture, "--overwrite").status == 0
    with Image.open(picture) as image:
        assert image.size == (512, 512)


def test_a_picture_is_of_one_photo_in_a_format_that_can_be_written(mosaic, tmp_path, cli):
    picture, clip = tmp_path / "found.png", tmp_path / "clip.mp4"
    clip.touch()
    assert_told(cli("inspect", clip, "--picture", picture), 2, "--picture is for one photo")
    both = cli("inspect", tmp_path, "--picture", picture)
    assert_told(both, 2, "--picture is for one photo")
    assert_told(cli("inspect", mosaic, "--picture", "found.gif"), 2, "cannot write this format")
    assert_told(cli("inspect", mosaic, "--dry-run"), 2, "--dry-run goes with --picture")
    assert not picture.exists()
