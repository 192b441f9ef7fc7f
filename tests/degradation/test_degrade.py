"""Storage is what a real file does to the obfuscated image."""

import io

import numpy as np
import pytest
from PIL import Image

from unveil.degradation import Storage, parse_operator, parse_storage
from unveil.degradation.codecs import nearest_quality, quantisation_tables
from unveil.degradation.degrade import changes_nothing, store, to_uint8
from unveil.degradation.operators import gaussian_blur
from unveil.metrics.quality import psnr


@pytest.fixture
def images() -> np.ndarray:
    noise = np.random.default_rng(0).random((2, 3, 40, 56), dtype=np.float32)
    return gaussian_blur(noise, 5, 2.0)


@pytest.fixture
def kept(library):
    """Return a function that stores numpy's images in each library."""

    def kept(x: np.ndarray, storage: Storage) -> np.ndarray:
        return library.compute(lambda images: store(images, storage), x)

    return kept


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("storage", ["float", "8bit", "jpeg:75"])
def test_shape_and_type_are_kept(storage, dtype, images, kept):
    stored = kept(images.astype(dtype), parse_storage(storage))
    assert (stored.shape, stored.dtype) == (images.shape, dtype)


def test_float_keeps_every_bit(images, library):
    x = library(images)
    assert store(x, Storage("float")) is x


def test_8bit_is_the_nearest_of_256_levels(images, kept):
    stored = kept(images, Storage("8bit"))
    levels = stored.astype(np.float64) * 255
    np.testing.assert_allclose(levels, levels.round(), atol=1e-4)
    assert np.abs(stored - images).max() <= 0.5 / 255 + 1e-6
    np.testing.assert_array_equal(kept(stored, Storage("8bit")), stored)


def test_8bit_stays_in_range_and_does_not_change_its_input(library):
    values = np.broadcast_to(np.array([-0.2, 0.0, 1.0, 1.3]).reshape(2, 2), (1, 3, 2, 2))
    images = library(values)
    assert np.asarray(store(images, Storage("8bit")))[0, 0].flatten().tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(images, values)


def test_levels_of_any_shape_are_uint8(library):
    levels = library.compute(to_uint8, np.array([-0.1, 0.4 / 255, 0.6 / 255, 1.2]))
    assert levels.dtype == np.uint8
    assert levels.tolist() == [0, 0, 1, 255]


def test_jpeg_is_pillows_own_file(images, kept):
    stored = kept(images, Storage("jpeg", 75))
    levels = (kept(images, Storage("8bit"))[1] * 255).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels.transpose(1, 2, 0)).save(buffer, "JPEG", quality=75, subsampling=2)
    expected = np.asarray(Image.open(buffer), dtype=np.float32) / 255
    np.testing.assert_array_equal(stored[1].transpose(1, 2, 0), expected)


def test_a_lower_jpeg_quality_loses_more(images, kept):
    scores = [psnr(kept(images, Storage("jpeg", q)), images).mean() for q in (95, 75, 50, 10)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("quality", [1, 30, 50, 75, 90, 100])
def test_quality_is_read_from_a_files_tables(quality, tmp_path):
    Image.effect_noise((40, 40), 40).convert("RGB").save(tmp_path / "a.jpg", quality=quality)
    with Image.open(tmp_path / "a.jpg") as image:
        found = nearest_quality(image.quantization)
    # At the ends several qualities have the same table.
    assert (quantisation_tables(found) == quantisation_tables(quality)).all()


def test_strange_tables_have_a_nearest_quality():
    tables = {0: [int(step * 1.1) + 1 for step in quantisation_tables(80)[0].flatten()]}
    assert 70 <= nearest_quality(tables) <= 80


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("gaussian:kernel=1023,sigma=0.001", False), ("box:kernel=1", False),
        ("disk:radius=0.5", False), ("pixelate:block=1", False), ("window:across=3", False),
        ("noise:std=0.001,seed=1", False), ("gaussian:kernel=3,sigma=0.5", True),
        ("pixelate:block=4096", True), ("solid:level=0", True), ("motion:length=2", True),
    ],
)  # fmt: skip
def test_what_changes_nothing_is_known(text, changes):
    assert changes_nothing(parse_operator(text)) != changes
