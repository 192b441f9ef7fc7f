"""Storage is what a real file does to the obfuscated image."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from unveil.degradation import Storage
from unveil.degradation.codecs import nearest_quality, quantisation_tables
from unveil.degradation.degrade import store
from unveil.degradation.operators import gaussian_blur
from unveil.metrics.quality import psnr


@pytest.fixture
def images():
    noise = torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(0))
    return gaussian_blur(noise, 5, 2.0)


def test_float_keeps_every_bit(images):
    assert store(images, Storage("float")) is images


def test_8bit_is_the_nearest_of_256_levels(images):
    stored = store(images, Storage("8bit"))
    levels = stored.double() * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-4, rtol=0)
    assert (stored - images).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.equal(store(stored, Storage("8bit")), stored)


def test_8bit_stays_in_range_and_does_not_change_its_input():
    images = torch.tensor([-0.2, 0.0, 1.0, 1.3]).view(1, 1, 2, 2).expand(1, 3, 2, 2).clone()
    before = images.clone()
    assert store(images, Storage("8bit"))[0, 0].flatten().tolist() == [0, 0, 1, 1]
    assert torch.equal(images, before)


def test_jpeg_is_pillows_own_file(images):
    stored = store(images, Storage("jpeg", 75))
    pixels = (store(images, Storage("8bit"))[1] * 255).round().byte().permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=75, subsampling=2)
    expected = np.asarray(Image.open(buffer), dtype=np.float32) / 255
    np.testing.assert_array_equal(stored[1].permute(1, 2, 0), expected)


def test_a_lower_jpeg_quality_loses_more(images):
    scores = [psnr(store(images, Storage("jpeg", q)), images).mean() for q in (95, 75, 50, 10)]
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
