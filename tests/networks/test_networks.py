"""What every entry of MODELS promises, and the shape of the study's own network."""

import numpy as np
import pytest
import torch

from unveil.config import LossConfig, ModelConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.errors import UsageError
from unveil.linear.prior import Prior
from unveil.networks.architectures import MODELS, build
from unveil.networks.cae import BLUR_CAE, MOSAIC_CAE
from unveil.networks.vcae import Vcae

SMALL = {
    name: ModelConfig(name, stem_kernel=8, stem_stride=2, widths=(8, 12), blocks=(1, 1))
    for name in ("cae", "vcae", "rescae")
}
"""The study's networks; the refiners have tests of their own."""

BLUR = Degradation(GaussianBlur())


@pytest.fixture(params=SMALL)
def model(request):
    torch.manual_seed(0)
    return build(SMALL[request.param])


@pytest.mark.parametrize("size", [(112, 112), (37, 50), (1, 1), (3, 200)], ids=str)
def test_any_size_comes_back_in_shape_and_range(model, size):
    restored = model(torch.rand(2, 3, *size))
    assert restored.shape == (2, 3, *size)
    assert restored.dtype == torch.float32
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_every_parameter_has_a_finite_gradient(model):
    run = model.sample if isinstance(model, Vcae) else model
    run(torch.rand(2, 3, 32, 32)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@pytest.mark.slow
def test_it_can_learn_four_images_by_heart(model):
    generator = torch.Generator().manual_seed(0)
    images = torch.nn.functional.interpolate(
        torch.rand(4, 3, 4, 4, generator=generator), size=32, mode="bicubic"
    ).clamp(0, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(150):
        error = (model(images) - images).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < errors[0] / 50


def test_no_output_pixel_depends_on_input_beyond_its_reach(model):
    """reach_px is what makes tiles safe: measure it with gradients."""
    images = torch.rand(1, 3, 160, 160, requires_grad=True)
    step = model.stride_px
    for place in range(80, 80 + step):
        (gradient,) = torch.autograd.grad(model(images)[..., place, place].sum(), images)
        rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
        assert place - rows.min() <= model.reach_px
        assert rows.max() - place <= model.reach_px


SHAPES = SMALL | {
    name: ModelConfig(name, 6, 2, widths=(8, 12), blocks=(1, 1)) for name in ("blind", "refiner")
}
"""One configuration of every architecture."""


def test_no_network_goes_untested():
    assert {config.architecture for config in SHAPES.values()} == set(MODELS)


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
class TestContract:
    """What callers rely on instead of asking for the type of a network."""

    def test_what_is_known_without_torch_is_what_the_network_says(self, config):
        network = build(config)
        assert network.needs_degradation == config.needs_degradation

    def test_it_depends_on_the_degradation_only_if_it_says_so(self, config):
        network = drawn_weights(config)
        images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
        first, second = (network(images, Degradation(GaussianBlur(9, s))) for s in (1.0, 4.0))
        assert torch.equal(first, second) != network.needs_degradation

    def test_its_inputs_and_outputs_have_the_channels_that_it_says(self, config):
        network = drawn_weights(config)
        inputs = network.inputs(torch.rand(2, 3, 9, 7), BLUR)
        assert inputs.shape == (2, sum(part.channels for part in network.planes), 9, 7)
        assert network.correct(inputs).shape == (2, 4 if network.estimates_error else 3, 9, 7)

    def test_a_prior_is_kept_where_one_is_needed(self, config):
        network = build(config)
        network.use_prior(Prior(np.full((3, 4, 4), 0.25, np.float32)))
        if network.prior is not None:
            kept = network.prior.power
            np.testing.assert_allclose(kept, 0.25, rtol=1e-5)

    def test_training_restores_and_names_finite_terms(self, config):
        network = drawn_weights(config).train()
        clean = torch.rand(2, 3, 16, 16)
        output = network.training_output(network.inputs(clean, BLUR), clean, LossConfig(), 5)
        assert output.restored.shape == clean.shape
        assert all(term.value.isfinite() and term.weight >= 0 for term in output.terms.values())


def drawn_weights(config):
    """Return a network none of whose layers starts as zero, in evaluation mode."""
    torch.manual_seed(0)
    network = build(config).eval()
    for values in network.parameters():
        torch.nn.init.normal_(values, std=0.15)
    return network


def test_everything_passes_through_the_bottleneck():
    model = build(SMALL["cae"])
    images = torch.rand(2, 3, 32, 32)
    codes = model.encoder(images * 2 - 1)
    assert codes.shape == (2, 12, 8, 8)
    with torch.no_grad():
        for parameter in list(model.encoder.parameters())[-2:]:
            parameter.zero_()
    first, second = model(images)
    torch.testing.assert_close(first, second)


def test_the_studys_network_has_its_sources_layers():
    model = build(ModelConfig())
    kernels = [
        (layer.kernel_size[0], layer.stride[0], layer.out_channels)
        for layer in [*model.encoder, *model.decoder]
        if hasattr(layer, "kernel_size")
    ]
    assert kernels == [
        *[(9, 1, 64), (4, 2, 64), (4, 2, 128), (4, 2, 256)],
        *[(4, 2, 256), (4, 2, 128), (4, 2, 64), (9, 1, 3)],
    ]
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(2.46e6, abs=5e3)
    assert model.encoder(torch.zeros(1, 3, 112, 112)).shape == (1, 256, 14, 14)


@pytest.mark.parametrize(("config", "parameters"), [(BLUR_CAE, 1.82e6), (MOSAIC_CAE, 2.33e6)])
def test_the_shipped_shapes_have_the_documented_size(config, parameters):
    assert sum(p.numel() for p in build(config).parameters()) == pytest.approx(parameters, abs=5e3)


def test_a_network_of_one_scale_is_possible():
    model = build(ModelConfig(widths=(8,), blocks=(1,)))
    assert model(torch.rand(1, 3, 9, 9)).shape == (1, 3, 9, 9)


def test_an_unknown_architecture_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'cae'"):
        build(ModelConfig(architecture="caee"))


@pytest.mark.parametrize(
    "settings",
    [
        {"stem_stride": 3},
        {"stem_kernel": 8},
        {"stem_kernel": 2, "stem_stride": 4},
        {"widths": (8,), "blocks": (1, 1)},
        {"widths": (), "blocks": ()},
        {"widths": (8, 0), "blocks": (0, 0)},
        {"blocks": (0, 0, 0, -1)},
    ],
    ids=str,
)
def test_shapes_that_make_no_network_are_refused(settings):
    with pytest.raises(UsageError):
        ModelConfig(**settings)
