"""Tiled equals untiled: the promise behind every large photo."""

import pytest
import torch

from unveil.config import ModelConfig
from unveil.degradation.operators import gaussian_blur, pixelate
from unveil.networks.architectures import build
from unveil.restoration.restorers import apply_tiled


@pytest.fixture
def image():
    return torch.rand(1, 3, 150, 203, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("tile_px", [pytest.param(1, marks=pytest.mark.slow), 32, 50, 128, 1000])
def test_a_network_in_tiles_is_the_network(image, tile_px):
    torch.manual_seed(0)
    model = build(ModelConfig(stem_kernel=8, stem_stride=2, widths=(8, 12), blocks=(1, 2))).eval()
    with torch.inference_mode():
        whole = model(image)
        tiled = apply_tiled(
            model, image, stride_px=model.stride_px, reach_px=model.reach_px, tile_px=tile_px
        )
    assert (tiled - whole).abs().max() < 1e-5 < 1 / 255


def test_the_test_can_fail_without_enough_context(image):
    torch.manual_seed(0)
    model = build(ModelConfig(stem_kernel=8, stem_stride=2, widths=(8, 12), blocks=(1, 2))).eval()
    with torch.inference_mode():
        tiled = apply_tiled(model, image, stride_px=model.stride_px, reach_px=0, tile_px=32)
        assert (tiled - model(image)).abs().max() > 1 / 255


@pytest.mark.parametrize(
    ("function", "stride_px", "reach_px"),
    [(lambda x: gaussian_blur(x, 9, 4.0), 1, 4), (lambda x: pixelate(x, 8), 8, 8)],
    ids=["blur", "mosaic"],
)
def test_an_operator_in_tiles_is_the_operator(image, function, stride_px, reach_px):
    tiled = apply_tiled(function, image, stride_px=stride_px, reach_px=reach_px, tile_px=40)
    torch.testing.assert_close(tiled, function(image), atol=1e-6, rtol=0)


def test_no_tile_is_larger_than_asked(image):
    seen = []

    def watch(tile):
        seen.append(tile.shape[-2:])
        return tile

    apply_tiled(watch, image, stride_px=8, reach_px=10, tile_px=40)
    assert max(max(shape) for shape in seen) <= 40 + 2 * 16
    assert len(seen) == 4 * 6
