"""Encoded ONNX models: the package onnx reads what was meant, and ONNX Runtime computes it."""

import numpy as np
import pytest

from unveil.networks.onnx_encoding import ModelEncoder
from unveil.networks.onnx_engine import open_session


@pytest.fixture
def model() -> bytes:
    """Padding, a convolution with strides and a bias; the batch varies, the rest is fixed."""
    encoder, rng = ModelEncoder(), np.random.default_rng(0)
    ends = encoder.weight(np.array([0, 0, 0, 0, 0, 0, 2, 300]))
    padded = encoder.node("Pad", "image", ends)
    kernel, bias = (encoder.weight(rng.normal(size=size)) for size in ((2, 3, 5, 5), (2,)))
    output = encoder.node("Conv", padded, kernel, bias, strides=(2, 3), group=1)
    return encoder.encode({"image": ("batch", 3, 7, 200)}, {output: ("batch", 2, 3, 166)})


def test_it_is_a_valid_model(model):
    onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
    read = onnx.load_from_string(model)
    onnx.checker.check_model(read, full_check=True)
    assert [node.op_type for node in read.graph.node] == ["Pad", "Conv"]
    shape = read.graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_param or size.dim_value for size in shape] == ["batch", 3, 7, 200]
    attributes = {
        item.name: onnx.helper.get_attribute_value(item) for item in read.graph.node[1].attribute
    }
    assert attributes == {"strides": [2, 3], "group": 1}
    ends = onnx.numpy_helper.to_array(read.graph.initializer[0])
    assert ends.tolist() == [0, 0, 0, 0, 0, 0, 2, 300]


@pytest.mark.parametrize("batch", [1, 3])
def test_onnx_runtime_computes_it(model, batch):
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(2, 3, 5, 5)), rng.normal(size=2)
    images = np.random.default_rng(1).normal(size=(batch, 3, 7, 200)).astype(np.float32)
    (found,) = open_session(model).run(None, {"image": images})
    padded = np.pad(images, ((0, 0), (0, 0), (0, 2), (0, 300)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(2, 3))[:, :, ::2, ::3]
    expected = np.einsum("bchwij,ocij->bohw", windows, kernel) + bias[:, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-4)
