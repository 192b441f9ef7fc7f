"""Weights in 8 bits: what rounding may change, and what it must not. Settings that are gone."""

import pytest
import torch

from unveil.config import ModelConfig, from_dict, to_plain
from unveil.errors import UsageError
from unveil.networks.checkpoint import pack, unpack


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    kernel = (
        torch.randn(6, 4, 3, 3, generator=generator) * torch.logspace(-3, 1, 6)[:, None, None, None]
    )
    return {"conv.weight": kernel, "conv.bias": torch.randn(6, generator=generator)}


def test_each_weight_moves_by_half_a_step_at_most():
    kernel = weights()["conv.weight"]
    steps = kernel.abs().amax(dim=(1, 2, 3), keepdim=True) / 127
    found = unpack(pack(weights()))["conv.weight"]
    assert ((found - kernel).abs() <= steps * 0.5001).all()


def test_kernels_take_a_byte_a_weight_and_the_rest_stays():
    packed = pack(weights())
    assert packed["conv.weight"].dtype == torch.int8
    assert torch.equal(packed["conv.bias"], weights()["conv.bias"])


def test_packing_twice_changes_nothing():
    once = unpack(pack(weights()))
    again = unpack(pack(once))
    assert all(torch.allclose(once[name], again[name], rtol=1e-6) for name in once)


def test_a_kernel_of_zeros_stays_one():
    zeros = {"conv.weight": torch.zeros(2, 3, 1, 1)}
    assert torch.equal(unpack(pack(zeros))["conv.weight"], zeros["conv.weight"])


def test_what_was_not_packed_is_left_alone():
    plain = weights()
    assert all(torch.equal(plain[name], values) for name, values in unpack(plain).items())


def test_a_setting_that_is_gone_is_read_where_it_had_no_use():
    plain = to_plain(ModelConfig())
    assert from_dict(ModelConfig, plain | {"noise_planes": 0}) == ModelConfig()
    with pytest.raises(UsageError, match="noise_planes"):
        from_dict(ModelConfig, plain | {"noise_planes": 4})
