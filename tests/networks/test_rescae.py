"""The CAE with residual blocks: it is the CAE where the blocks change nothing."""

import pytest
import torch
from torch import nn

from tests.conftest import TINY_DATA, TINY_TRAINING
from unveil.config import ModelConfig
from unveil.networks.architectures import build
from unveil.networks.blocks import ResidualBlock
from unveil.networks.card import read_card

SHAPE = {"stem_kernel": 8, "stem_stride": 2, "widths": (8, 12), "blocks": (1, 1)}


def twins(**shape):
    """Return a CAE and a ResCAE drawn from the same seed."""
    torch.manual_seed(3)
    cae = build(ModelConfig("cae", **shape))
    torch.manual_seed(3)
    return cae, build(ModelConfig("rescae", **shape))


def blocks_of(model):
    return [layer for layer in model.modules() if isinstance(layer, ResidualBlock)]


@pytest.fixture
def images():
    return torch.rand(3, 3, 30, 37, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_with_blocks_that_add_nothing_it_is_the_cae(images):
    cae, rescae = twins(**SHAPE)
    assert not torch.equal(rescae(images), cae(images))
    for block in blocks_of(rescae):
        block.second.weight.zero_()
    assert torch.equal(rescae(images), cae(images))


@torch.no_grad()
def test_a_block_adds_two_convolutions_of_its_codes():
    block = ResidualBlock(5, nn.functional.gelu)
    for parameter in block.parameters():
        nn.init.normal_(parameter)
    codes = torch.randn(2, 5, 7, 6, dtype=torch.float64)
    inner = nn.functional.conv2d(
        codes, block.first.weight.double(), block.first.bias.double(), padding=1
    )
    gelu = inner * torch.distributions.Normal(0.0, 1.0).cdf(inner)  # its definition
    change = nn.functional.conv2d(
        gelu, block.second.weight.double(), block.second.bias.double(), padding=1
    )
    torch.testing.assert_close(block(codes.float()).double(), codes + change, rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_it_starts_near_the_cae():
    """Each block changes the study's codes a little, and all three not by much more."""
    cae, rescae = twins()
    images = torch.rand(2, 3, 112, 112)
    codes, changed = cae.encode(images), rescae.encode(images)
    assert 0.01 < (changed - codes).norm() / codes.norm() < 0.3
    for block in blocks_of(rescae):
        assert (block(codes) - codes).norm() / codes.norm() < 0.2


def test_the_studys_has_three_blocks_of_two_3x3_convolutions_of_256():
    cae, rescae = twins()
    layers = [layer for block in blocks_of(rescae) for layer in block.children()]
    assert [(layer.kernel_size, layer.out_channels) for layer in layers] == [((3, 3), 256)] * 6
    sizes = [sum(p.numel() for p in model.parameters()) for model in (cae, rescae)]
    assert sizes[1] == pytest.approx(6.00e6, abs=5e3)
    assert sizes[1] - sizes[0] == 6 * (256 * 256 * 9 + 256)


@torch.no_grad()
def test_its_bottleneck_has_the_caes_shape():
    images = torch.rand(1, 3, 112, 112)
    cae, rescae = twins()
    assert rescae.encode(images).shape == cae.encode(images).shape == (1, 256, 14, 14)


def test_the_command_line_trains_one_that_restores(photo, photo_folder, tmp_path, cli):
    words = ("--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA, *TINY_TRAINING)
    done = cli("train", *words, "--architecture", "rescae", "--epochs", 3)
    assert done.status == 0, done.err
    history = read_card(tmp_path / "run" / "last").history
    assert history[-1]["loss"] < history[0]["loss"]
    best = tmp_path / "run" / "best"
    done = cli("restore", photo, "-o", tmp_path / "x.png", "--model", best)
    assert done.status == 0, done.err
