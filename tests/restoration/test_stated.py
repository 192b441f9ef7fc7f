"""What is stated is undone where the picture agrees, by other programs' blurs; else left alone."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

import unveil
from unveil.degradation import Degradation, GaussianBlur, Pixelate, Storage
from unveil.images.light import AS_KEPT, LINEAR, from_light, to_light
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import explained
from unveil.restoration.checks import misfit_levels, of_one_colour

pytestmark = pytest.mark.filterwarnings("ignore:stated .* but the image looks like")

BLUR = "gaussian:kernel=25,sigma=4"
BOX = (60, 40, 110, 120)


def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:224, 112:336])


def by_opencv(pixels: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(pixels, (25, 25), 4, borderType=cv2.BORDER_REPLICATE)


def in_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def images_of(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255


def gain_db(pixels: np.ndarray, restored: np.ndarray, clean: np.ndarray) -> float:
    """Return by how much a restored picture is nearer to the clean one than its file."""
    before, after = (np.square(x - images_of(clean)).mean() for x in (images_of(pixels), restored))
    return float(10 * np.log10(before / after))


def shape(name: str) -> np.ndarray:
    """Return a mask, float32 ``H x W``, inside ``BOX``."""
    mask = np.zeros((224, 224), np.float32)
    if name == "box":
        mask[40:160, 60:170] = 1
    else:
        cv2.ellipse(mask, (115, 100), (55, 60), 0, 0, 360, 1, -1)
    return cv2.GaussianBlur(mask, (0, 0), 5) if name == "soft" else mask


@pytest.mark.parametrize("quality", [None, 80], ids=["png", "jpeg"])
@pytest.mark.parametrize("name", ["box", "ellipse", "soft"])
def test_masks_of_any_shape(name, quality):
    """The whole picture was blurred and shown through a mask: its exact inverse explodes."""
    clean, mask = astronaut(), shape(name)
    file = np.rint(clean + mask[..., None] * (by_opencv(clean) - clean.astype(float)))
    file = file.astype(np.uint8) if quality is None else in_jpeg(file.astype(np.uint8), quality)
    restored = unveil.restore(images_of(file), BLUR, mask=mask)
    assert gain_db(file, restored, clean) > (2.5 if quality is None else 2)
    if quality is None:
        untouched = mask == 0
        assert np.array_equal(restored[..., untouched], images_of(file)[..., untouched])


@pytest.mark.parametrize("name", ["box", "ellipse", "soft"])
def test_a_box_about_them_does_too(name):
    clean, mask = astronaut(), shape(name)[..., None]
    file = np.rint(clean + mask * (by_opencv(clean) - clean.astype(float))).astype(np.uint8)
    restored = unveil.restore(images_of(file), BLUR, box=BOX)
    assert gain_db(file, restored, clean) > 1.5


def test_a_box_that_was_blurred_by_itself():
    clean = astronaut()
    file, place = clean.copy(), np.s_[40:160, 60:170]
    file[place] = cv2.GaussianBlur(clean[place], (25, 25), 4)
    restored = unveil.restore(images_of(file), BLUR, box=BOX)
    assert gain_db(file, restored, clean) > 5


def disk(radius_px: int) -> np.ndarray:
    """Return the share of each pixel that a disk covers, by 16 x 16 samples."""
    side = 2 * radius_px + 1
    at = (np.arange(16 * side) + 0.5) / 16 - side / 2
    inside = np.add.outer(at**2, at**2) <= radius_px**2
    shares = inside.reshape(side, 16, side, 16).mean((1, 3))
    return shares / shares.sum()


WAYS = {
    "Pillow": lambda x: np.asarray(Image.fromarray(x).filter(ImageFilter.GaussianBlur(4))),
    "black beyond": lambda x: cv2.GaussianBlur(x, (25, 25), 4, borderType=cv2.BORDER_CONSTANT),
    "JPEG kept as PNG": lambda x: in_jpeg(by_opencv(x), 75),
    "sigma off": lambda x: cv2.GaussianBlur(x, (0, 0), 3.6),
    "noise": lambda x: np.clip(
        by_opencv(x) + np.random.default_rng(0).normal(0, 3, x.shape), 0, 255
    ).astype(np.uint8),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_quite_as_stated_comes_nearer_all_the_same(way):
    clean = astronaut()
    file = WAYS[way](clean)
    assert gain_db(file, unveil.restore(images_of(file), BLUR), clean) > 1


@pytest.mark.parametrize("in_light", [False, True])
def test_the_light_of_a_lens_is_found(in_light):
    clean, kernel = astronaut(), disk(4)
    if in_light:
        light = cv2.filter2D(to_light(clean / 255), -1, kernel)
        file = np.rint(from_light(light) * 255).astype(np.uint8)
    else:
        file = cv2.filter2D(clean, -1, kernel)
    assert gain_db(file, unveil.restore(images_of(file), "disk:radius=4"), clean) > 2


def test_a_motion():
    clean = astronaut()
    file = cv2.filter2D(clean, -1, np.full((1, 9), 1 / 9))
    restored = unveil.restore(images_of(file), "motion:length=9,angle=0")
    assert gain_db(file, restored, clean) > 8


def test_a_mosaic_in_an_ellipse_leaves_its_corners():
    clean, mask = astronaut(), shape("ellipse") > 0
    means = clean.reshape(28, 8, 28, 8, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    blocks = means.repeat(8, 0).repeat(8, 1)
    file = np.where(mask[..., None], blocks, clean)
    restored = unveil.restore(images_of(file), "pixelate:block=8", box=(56, 40, 120, 120))
    assert gain_db(file, restored, clean) > 1.5
    corner = np.s_[..., 40:48, 56:64]
    assert np.array_equal(restored[corner], images_of(file)[corner])


@pytest.mark.parametrize("operator", [BLUR, "pixelate:block=8", "disk:radius=4"])
@pytest.mark.parametrize("quality", [None, 80])
def test_a_clean_photo_comes_back_bit_for_bit(operator, quality):
    file = astronaut() if quality is None else in_jpeg(astronaut(), quality)
    with pytest.warns(UserWarning, match="not undone"):
        restored = unveil.restore(images_of(file), operator)
    assert np.array_equal(restored, images_of(file))


def test_a_misfit_counts_in_the_levels_of_the_file():
    gray = np.full((1, 3, 32, 32), 0.2, np.float32)
    blur = GaussianBlur(5, 1.0)
    assert misfit_levels(gray + 10 / 255, gray, blur, AS_KEPT) == pytest.approx(10, abs=1e-3)
    light = LINEAR.of(gray)
    assert misfit_levels(LINEAR.of(gray + 10 / 255), light, blur, LINEAR) == pytest.approx(10, 1e-3)


def test_blocks_of_one_colour_are_told_from_others():
    images = images_of(astronaut()).copy()
    images[..., 8:16, 16:24] = 0.5
    known = Degradation(Pixelate(8), Storage("8bit"))
    found = of_one_colour(images, known, read_prior())
    assert found[8:16, 16:24].all()
    assert found.mean() < 0.5


def test_masks_that_do_not_fit_are_refused(tmp_path, cli):
    Image.fromarray(astronaut()).save(tmp_path / "photo.png")
    Image.new("L", (100, 50), 255).save(tmp_path / "mask.png")
    words = ("restore", tmp_path / "photo.png", "-o", tmp_path / "out.png")
    words = (*words, "--mask", tmp_path / "mask.png")
    done = cli(*words, "--operator", BLUR)
    assert done.status == 1
    assert "the mask has 100x50 pixels, the picture 224x224" in done.err
    assert "state it, too" in cli(*words).err
    together = cli(*words, "--operator", BLUR, "--box", "1,1,50,50")
    assert together.status == 2
    assert "--mask and --box do not go together" in together.err
    assert not (tmp_path / "out.png").exists()


def test_a_mask_is_read_from_a_file(tmp_path, cli):
    clean, mask = astronaut(), shape("ellipse")
    file = np.where(mask[..., None] > 0, by_opencv(clean), clean)
    Image.fromarray(file).save(tmp_path / "photo.png")
    Image.fromarray((mask * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    words = ("restore", tmp_path / "photo.png", "-o", tmp_path / "out.png", "--operator", BLUR)
    done = cli(*words, "--mask", tmp_path / "mask.png")
    assert done.status == 0, done.err
    out = images_of(np.asarray(Image.open(tmp_path / "out.png")))
    assert gain_db(file, out, clean) > 3.5


def test_nothing_is_taken_where_a_part_was_hardly_blurred():
    misfit = np.full((80, 80), 0.3)
    misfit[:, :20] = 3.0
    weights = explained(misfit)
    assert weights[:, :10].max() == 0
    assert weights[:, 40:].min() == 1


def command(tmp_path, cli, file: np.ndarray, *words: object):
    """Run ``restore`` on a picture; return what it said and the picture that it wrote."""
    Image.fromarray(file).save(tmp_path / "photo.png")
    out = tmp_path / "out.png"
    done = cli("restore", tmp_path / "photo.png", "-o", out, "--json", *words)
    return done, np.asarray(Image.open(out)) if out.exists() else None


def test_what_lies_outside_a_mask_stays_also_where_the_rest_must_be_consistent(tmp_path, cli):
    clean, mask = astronaut(), shape("ellipse")
    file = np.where(mask[..., None] > 0, by_opencv(clean), clean)
    Image.fromarray((mask * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    words = ("--operator", BLUR, "--mask", tmp_path / "mask.png", "--consistent")
    done, out = command(tmp_path, cli, file, *words)
    assert "not made consistent" in done.err
    assert np.array_equal(out[mask == 0], file[mask == 0])


def test_a_wrong_statement_is_not_written_for_being_consistent(tmp_path, cli):
    done, out = command(tmp_path, cli, astronaut(), "--operator", BLUR, "--consistent")
    assert "not undone" in done.err
    assert np.array_equal(out, astronaut())


def test_the_row_names_what_was_used(tmp_path, cli):
    exactly = cv2.GaussianBlur(astronaut(), (25, 25), 4)
    done, _ = command(tmp_path, cli, exactly, "--operator", BLUR)
    assert json.loads(done.out)["model"] == "blur"
    done, _ = command(tmp_path, cli, by_opencv(astronaut()), "--operator", BLUR, "--overwrite")
    assert "nearly, by linear algebra" in done.err
    assert json.loads(done.out)["model"] == "lmmse"


def test_samples_are_drawn_of_what_was_undone_nearly(tmp_path, cli):
    words = ("--operator", BLUR, "--samples", 2)
    done, out = command(tmp_path, cli, by_opencv(astronaut()), *words)
    assert done.status == 0, done.err
    files = [Path(file) for file in json.loads(done.out)["samples"]]
    first, second = (np.asarray(Image.open(file)).astype(int) for file in files)
    assert np.abs(first - second).max() > 1
    assert first.shape == out.shape
