"""Networks that correct what linear algebra undid nearly."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from unveil.degradation import Storage
from unveil.estimation.plausible import Width, about, blur_of, reach_px
from unveil.linear.prior import read_prior
from unveil.restoration import refining
from unveil.restoration.blurred import outlined
from unveil.restoration.nearly import Nearly, blur_nearly
from unveil.restoration.refining import expected_gain_db, refine


def blurred(quality: int | None) -> tuple[np.ndarray, np.ndarray, Nearly]:
    """Return the astronaut, the same with an ellipse blurred by Pillow, and that undone nearly."""
    clean = np.ascontiguousarray(data.astronaut()[:240, 100:340])
    soft = np.asarray(Image.fromarray(clean).filter(ImageFilter.GaussianBlur(3)))
    mask = np.zeros(clean.shape[:2], np.uint8)
    cv2.ellipse(mask, (120, 100), (60, 70), 0, 0, 360, 1, -1)
    file = np.where(mask[..., None], soft, clean)
    if quality:
        _, content = cv2.imencode(".jpg", file[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        file = cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]
    images, wanted = (
        np.ascontiguousarray(one.transpose(2, 0, 1)[None]).astype(np.float32) / 255
        for one in (file, clean)
    )
    blurs = about(blur_of("gaussian", 3.0))
    storage = Storage("jpeg", quality) if quality else Storage("8bit")
    nearly = blur_nearly(
        images, outlined(mask > 0), storage, blurs, Width(3.0, 0.06), reach_px(blurs), read_prior()
    )
    return wanted, images, nearly


def error_of(images: np.ndarray, clean: np.ndarray, nearly: Nearly) -> float:
    return float(np.square(images - clean)[..., nearly.changes].mean())


@pytest.mark.parametrize("quality", [None, 75])
def test_it_is_nearer_than_linear_algebra_and_the_rest_stays(quality):
    clean, images, nearly = blurred(quality)
    found = refine(images, nearly, "blur")
    assert error_of(found.images, clean, nearly) < error_of(nearly.images, clean, nearly) / 1.03
    np.testing.assert_array_equal(found.images[..., ~nearly.changes], images[..., ~nearly.changes])
    assert not found.error[0, 0][~nearly.changes].any()


def test_what_it_expects_to_gain_is_about_what_it_gains():
    clean, images, nearly = blurred(75)
    found = refine(images, nearly, "blur")
    before, after = (error_of(one, clean, nearly) for one in (images, found.images))
    assert found.gain_db == pytest.approx(10 * np.log10(before / after), abs=1.5)


def test_tiles_do_not_show(monkeypatch):
    """A part is cut out with what reaches it, and large ones into tiles: the same answer."""
    _, images, nearly = blurred(None)
    whole = refine(images, nearly, "blur").images
    monkeypatch.setattr(refining, "TILE_PX", 48)
    np.testing.assert_allclose(refine(images, nearly, "blur").images, whole, atol=2e-5)


def test_the_expected_gain_is_that_of_a_posterior_mean():
    """Photos drawn about an answer: how far they are from the input, and from the answer."""
    rng = np.random.default_rng(0)
    answer, photos = np.full(40_000, 0.4), 0.4 + rng.laplace(0, 0.05, 40_000)
    image = answer + rng.choice([-0.1, 0.1], 40_000)
    wanted = 10 * np.log10(np.square(photos - image).mean() / np.square(photos - answer).mean())
    change = np.broadcast_to((answer - image).reshape(1, 1, 200, 200), (1, 3, 200, 200))
    found = expected_gain_db(change, np.full((1, 1, 200, 200), 0.05), np.ones((200, 200), bool))
    assert found == pytest.approx(wanted, abs=0.1)
