"""The refiner: what it starts from, what it is told, and how it is cut into tiles."""

import numpy as np
import pytest
import torch

from tests.linear import test_linear
from tests.linear.test_linear import PRIOR, spectral_noise
from unveil.arrays import to_numpy
from unveil.config import LossConfig, ModelConfig, RunConfig, TrainConfig
from unveil.degradation import (
    BoxBlur,
    Degradation,
    GaussianBlur,
    Pixelate,
    Sample,
    Storage,
    UnevenPixelate,
)
from unveil.degradation.degrade import degrade
from unveil.errors import UsageError
from unveil.linear.closed_forms import lmmse
from unveil.linear.prior import Prior
from unveil.networks.architectures import build
from unveil.networks.interface import CONDITIONS, RefinerInputs, conditions
from unveil.networks.refiner import PRIOR_PX, error_nll
from unveil.training.objectives import Objective

TINY = ModelConfig("refiner", stem_kernel=6, stem_stride=2, widths=(8, 12), blocks=(1, 1))
BLUR = Degradation(GaussianBlur())


def drawn(*size: int) -> torch.Tensor:
    """Return smooth random pictures in [0,1], like those of the tests of linear restoration."""
    return torch.from_numpy(test_linear.drawn(*size)).float()


def psnr(found: torch.Tensor, clean: torch.Tensor) -> float:
    return test_linear.psnr(to_numpy(found), to_numpy(clean))


@pytest.fixture
def model():
    torch.manual_seed(0)
    net = build(TINY)
    net.use_prior(PRIOR)
    return net.eval()


@pytest.mark.parametrize("operator", [GaussianBlur(), Pixelate(5, 2, 1), Sample(4)], ids=str)
@pytest.mark.parametrize("size", [(48, 56), (31, 17), (2, 3), (1, 20)], ids=str)
def test_untrained_it_is_the_linear_estimate(model, operator, size):
    degradation = Degradation(operator)
    obfuscated = degrade(drawn(2, *size), degradation)
    expected = lmmse(obfuscated, degradation, PRIOR).clamp(0, 1)
    torch.testing.assert_close(model(obfuscated, degradation), expected)


def test_bf16_does_not_touch_the_linear_part(model):
    obfuscated = degrade(drawn(), BLUR)
    with torch.autocast("cpu", torch.bfloat16):
        restored = model(obfuscated, BLUR)
    torch.testing.assert_close(restored, model(obfuscated, BLUR))


@pytest.mark.slow
def test_it_learns_what_the_linear_estimate_lacks(model):
    pictures = drawn(4, 32, 32)
    # Edges, which no spectrum foresees.
    clean = (pictures > pictures.mean(dim=(-2, -1), keepdim=True)).float()
    obfuscated = degrade(clean, BLUR)
    before = psnr(model(obfuscated, BLUR), clean)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(120):
        loss = (model(obfuscated, BLUR) - clean).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert psnr(model.eval()(obfuscated, BLUR), clean) > before + 3


def test_an_untrained_refiner_expects_the_error_that_it_makes(model):
    """The linear estimate's error, foretold from the spectrum alone, for blurs of any strength."""
    clean = torch.from_numpy(0.5 + spectral_noise(64, 112, 112) / 10).float()
    model.use_prior(Prior(PRIOR.power / 100))
    for operator in (GaussianBlur(5, 1.0), GaussianBlur(), GaussianBlur(25, 6.0)):
        inputs = model.inputs(degrade(clean, Degradation(operator)), Degradation(operator))
        estimate, expected = inputs[:, 3:6], inputs[:, 6]
        error = float((estimate - clean).square().mean().sqrt())
        assert float(expected[0, 0, 0]) == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("known", [BLUR, Degradation(Pixelate(4, 1, 2))], ids=str)
def test_a_part_of_what_is_read_is_that_part_of_all(known):
    """Tiles make their own planes: all of a large photo's would be four times the photo."""
    images = np.random.default_rng(0).random((2, 3, 33, 41), np.float32)
    inputs, place = RefinerInputs(images, known, PRIOR), (..., slice(5, 20), slice(8, 41))
    assert inputs.shape == inputs[...].shape == (2, 7 + CONDITIONS, 33, 41)
    np.testing.assert_array_equal(inputs[place], inputs[...][place])
    np.testing.assert_array_equal(inputs[...][0, 7:], conditions(known, 33, 41))


def test_parts_of_a_batch_are_restored_as_what_they_are(model):
    """The loss of a batch with two operators is the mean of the two losses."""
    torch.nn.init.normal_(model.tail.weight, std=0.1)
    clean, both = drawn(4), [Degradation(GaussianBlur()), Degradation(GaussianBlur(13, 2.0))]
    parts = [degrade(part, one) for part, one in zip(clean.chunk(2), both, strict=True)]
    objective = Objective(LossConfig(loss="psnr"))
    whole = objective(model, clean, torch.cat(parts), both, 0)["loss"]
    alone = [
        objective(model, part, obfuscated, [one], 0)["loss"]
        for part, obfuscated, one in zip(clean.chunk(2), parts, both, strict=True)
    ]
    torch.testing.assert_close(whole, torch.stack(alone).mean())


def test_the_expected_error_changes_no_picture(model):
    """Its gradient ends where the features are."""
    inputs = model.inputs(degrade(drawn(), BLUR), BLUR)
    torch.nn.init.normal_(model.error.weight)
    model.correct(inputs)[:, 3:].sum().backward()
    assert model.error.weight.grad.any()
    others = [p.grad for name, p in model.named_parameters() if "error" not in name]
    assert not any(gradient is not None and gradient.any() for gradient in others)


def test_the_true_absolute_error_has_the_highest_likelihood():
    clean, restored = torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.2)
    scores = {
        guess: float(error_nll(restored, clean, torch.full((1, 1, 8, 8), guess)))
        for guess in (0.05, 0.1, 0.2, 0.4, 0.8)
    }
    assert min(scores, key=lambda guess: scores[guess]) == 0.2


def test_no_output_pixel_depends_on_input_beyond_its_reach(model):
    """Of the network's part; the linear part sees everything, and is not cut."""
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.train()  # no clipping, which would hide gradients
    inputs = torch.rand(1, 7 + CONDITIONS, 96, 96, requires_grad=True)
    for place in range(48, 48 + model.stride_px):
        (gradient,) = torch.autograd.grad(model.correct(inputs)[0, 0, place, place], inputs)
        rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
        assert place - rows.min() <= model.reach_px
        assert rows.max() - place <= model.reach_px


def test_the_prior_is_kept_with_the_weights(model):
    fresh = build(TINY)
    fresh.load_state_dict(model.state_dict())
    assert model.power.shape == (3, PRIOR_PX, PRIOR_PX)
    torch.testing.assert_close(fresh.eval()(drawn(), BLUR), model(drawn(), BLUR))


def test_it_is_told_what_it_needs():
    known = conditions(Degradation(Pixelate(4, 1, 2), Storage("jpeg", 50)), 6, 7)
    assert known.shape == (CONDITIONS, 6, 7)
    column, row = known[3, 0], known[4, :, 0]
    assert column.tolist() == [0.75, -0.75, -0.25, 0.25, 0.75, -0.75, -0.25]
    assert row.tolist() == [0.25, 0.75, -0.75, -0.25, 0.25, 0.75]
    assert np.unique(known[2]).tolist() == pytest.approx([1.0])


def test_uneven_blocks_are_not_told_to_a_network():
    with pytest.raises(UsageError, match="no network is told blocks"):
        conditions(Degradation(UnevenPixelate(7.5)), 6, 7)


def test_the_same_strength_reads_the_same():
    """A box and a Gaussian of equal standard deviation have one strength."""
    box = BoxBlur(15)
    gaussian = GaussianBlur(49, ((15**2 - 1) / 12) ** 0.5)
    first, second = (conditions(Degradation(blur), 1, 1)[0, 0, 0] for blur in (box, gaussian))
    assert float(first) == pytest.approx(float(second), abs=1e-3)


def test_a_family_is_a_setting_like_an_operator():
    config = RunConfig(train=TrainConfig(operator="blur", storage="any"))
    assert str(config.train.task.example) == "gaussian:kernel=9,sigma=4 in 8bit"
