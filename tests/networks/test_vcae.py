"""The variational CAE: its divergence against torch.distributions, its mean, its samples."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.conftest import TINY_DATA, TINY_TRAINING
from tests.networks.nets import Unchanged
from unveil.config import LossConfig, ModelConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.networks.architectures import build
from unveil.networks.cae import Cae
from unveil.networks.card import read_card
from unveil.networks.vcae import LOG_VARIANCE_RANGE, Vcae, kl_weight
from unveil.training.objectives import Objective

BLUR = [Degradation(GaussianBlur())]
SHAPE = {"stem_kernel": 8, "stem_stride": 2, "widths": (8, 12), "blocks": (1, 1)}


def seeded(number):
    return torch.Generator().manual_seed(number)


@pytest.fixture
def images():
    return torch.rand(3, 3, 30, 37, generator=seeded(0))


@pytest.fixture
def model():
    """Return a small VCAE whose means and variances are far from where they start."""
    torch.manual_seed(0)
    model = Vcae(ModelConfig("vcae", **SHAPE))
    for head, level in ((model.mean, 0.3), (model.log_variance, -1.0)):
        torch.nn.init.normal_(head.weight, std=0.3)
        torch.nn.init.constant_(head.bias, level)
    return model.requires_grad_(requires_grad=False)


@pytest.fixture
def latents(monkeypatch):
    """Let samples come back as latents, undecoded."""
    monkeypatch.setattr(Vcae, "decode", lambda _, codes: codes)


class TestDivergence:
    def test_it_is_torchs_from_the_standard_normal_per_latent_element(self, model, images):
        mean, log_variance = (values.double() for values in model.posterior(images))
        posterior = Normal(mean, log_variance.exp().sqrt())
        expected = kl_divergence(posterior, Normal(0.0, 1.0)).mean()
        _, kl = model.sample_with_kl(images)
        assert kl.shape == ()
        torch.testing.assert_close(kl, expected.float())
        assert kl > 0.1

    def test_it_is_zero_where_the_latent_is_its_prior(self, model, images):
        for head in (model.mean, model.log_variance):
            head.weight.zero_()
            head.bias.zero_()
        assert model.sample_with_kl(images)[1] == 0

    def test_no_codes_are_too_wild_for_it(self, model, images):
        model.mean.bias.fill_(1e4)
        for level in (-1e30, 1e30):
            model.log_variance.bias.fill_(level)
            restored, kl = model.sample_with_kl(images)
            assert kl.isfinite()
            assert restored.isfinite().all()
        assert set(model.posterior(images)[1].unique().tolist()) == {LOG_VARIANCE_RANGE[1]}

    def test_its_gradient_is_torchs(self, model, images):
        """Training pulls on both heads as the closed form says."""
        heads = [*model.mean.parameters(), *model.log_variance.parameters()]
        for parameter in heads:
            parameter.requires_grad_()
        found = torch.autograd.grad(model.sample_with_kl(images)[1], heads)
        mean, log_variance = model.posterior(images)
        divergence = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))
        expected = torch.autograd.grad(divergence.mean(), heads)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


class TestWeightOfTheDivergence:
    @pytest.mark.parametrize(("warmup", "weight"), [(1, 1.0), (10, 0.3), (1000, 1e-4)])
    def test_it_rises_by_equal_steps_then_stays(self, warmup, weight):
        config = LossConfig(kl_weight=weight, kl_warmup_steps=warmup)
        rise = [kl_weight(config, step) for step in range(warmup)]
        assert rise == pytest.approx([weight * (k + 1) / warmup for k in range(warmup)])
        assert {kl_weight(config, step) for step in (warmup - 1, warmup, 10**9)} == {weight}

    def test_without_warm_up_it_is_whole_at_once(self):
        assert kl_weight(LossConfig(kl_weight=0.7, kl_warmup_steps=0), 0) == 0.7

    @pytest.mark.parametrize("step", [0, 4, 50])
    def test_the_objective_adds_it_at_the_steps_weight(self, step, model, images):
        config = LossConfig(kl_weight=0.5, kl_warmup_steps=10)
        terms = Objective(config)(model, images, images, BLUR, step)
        expected = terms["pixel"] + 0.5 * min(1, (step + 1) / 10) * terms["kl"]
        torch.testing.assert_close(terms["loss"], expected)

    def test_other_networks_have_no_such_term(self, images):
        terms = Objective(LossConfig(kl_weight=100.0))(Unchanged(), images / 2, images, BLUR, 0)
        assert terms.keys() == {"loss", "pixel"}
        assert terms["loss"] == terms["pixel"]


@pytest.mark.slow
class TestCollapse:
    """What the study's failure is made of: the weight decides how much is left to decode."""

    @staticmethod
    def learned(weight):
        """Return four smooth images and what a network trained on them makes of each."""
        torch.manual_seed(0)
        model = Vcae(ModelConfig("vcae", **SHAPE))
        coarse = torch.rand(4, 3, 2, 2, generator=seeded(0))
        images = torch.nn.functional.interpolate(coarse, size=16, mode="bilinear")
        objective = Objective(LossConfig(kl_weight=weight, kl_warmup_steps=0))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for step in range(300):
            objective(model, images, images, BLUR, step)["loss"].backward()
            optimizer.step()
            optimizer.zero_grad()
        return images, model(images).detach()

    @pytest.mark.parametrize(
        ("weight", "least", "most"), [(LossConfig().kl_weight, 0.8, 1.2), (100.0, 0.0, 0.1)]
    )
    def test_a_heavy_weight_leaves_one_picture_for_all(self, weight, least, most):
        images, restored = self.learned(weight)
        assert least <= (restored.std(dim=0).mean() / images.std(dim=0).mean()) < most


class TestTheMean:
    def test_called_it_gives_the_same_answer_every_time(self, model, images):
        answers = [model.train(mode)(images) for mode in (True, True, False, False)]
        assert all(torch.equal(answer, answers[0]) for answer in answers)

    def test_it_takes_nothing_from_torchs_generator(self, model, images):
        state = torch.get_rng_state()
        model(images)
        assert torch.equal(torch.get_rng_state(), state)

    def test_it_is_what_samples_come_to_when_the_variance_goes(self, model, images):
        model.log_variance.weight.zero_()
        tight = LOG_VARIANCE_RANGE[0]
        model.log_variance.bias.fill_(tight)
        near = (model.sample(images, seeded(1)) - model(images)).abs().max()
        model.log_variance.bias.fill_(tight + 2 * math.log(100))
        far = (model.sample(images, seeded(1)) - model(images)).abs().max()
        assert 0 < near < 0.005
        assert far > 20 * near, "a hundred times the deviation"


class TestSamples:
    def test_they_have_the_images_shape_and_range(self, model, images):
        restored = model.sample(images)
        assert restored.shape == images.shape
        assert restored.min() >= 0
        assert restored.max() <= 1

    def test_the_generator_decides(self, model, images):
        first = model.sample(images, seeded(1))
        assert torch.equal(model.sample(images, seeded(1)), first)
        assert not torch.equal(model.sample(images, seeded(2)), first)

    def test_without_one_torchs_own_does(self, model, images):
        torch.manual_seed(1)
        first, second = model.sample(images), model.sample(images)
        assert not torch.equal(first, second)
        torch.manual_seed(1)
        assert torch.equal(model.sample(images), first)

    def test_with_one_torchs_own_is_left_alone(self, model, images):
        state = torch.get_rng_state()
        model.sample(images, seeded(1))
        assert torch.equal(torch.get_rng_state(), state)

    def test_they_are_drawn_from_the_posterior(self, model, images, latents):
        """Mean, deviation and independence of 4,000 latents, each within 5 standard errors."""
        many = 4000
        mean, log_variance = model.posterior(images[:1, :, :8, :8])
        drawn = model.sample(images[:1, :, :8, :8].expand(many, -1, -1, -1), seeded(1))
        noise = ((drawn - mean) / (log_variance / 2).exp()).flatten(1)
        assert noise.mean(dim=0).abs().max() < 5 / math.sqrt(many)
        assert (noise.var(dim=0) - 1).abs().max() < 5 * math.sqrt(2 / many)
        between = noise.T @ noise / many - torch.eye(noise.shape[1])
        assert between.abs().max() < 5 * math.sqrt(2 / many)


class TestShape:
    def test_it_starts_as_the_cae_of_the_same_seed(self, images):
        """Same weights, and a mean that passes the codes on: the same budget and bottleneck."""
        torch.manual_seed(3)
        cae = Cae(ModelConfig(**SHAPE))
        torch.manual_seed(3)
        vcae = Vcae(ModelConfig("vcae", **SHAPE))
        own = {n: v for n, v in vcae.state_dict().items() if not n.startswith(("mean", "log_var"))}
        assert own.keys() == cae.state_dict().keys()
        assert all(torch.equal(value, cae.state_dict()[name]) for name, value in own.items())
        assert torch.equal(vcae(images), cae(images))
        assert (vcae.stride_px, vcae.reach_px) == (cae.stride_px, cae.reach_px)

    def test_the_studys_has_a_latent_of_14_by_14_and_two_heads_more(self):
        vcae, cae = build(ModelConfig("vcae")), build(ModelConfig())
        with torch.no_grad():
            posterior = vcae.posterior(torch.rand(2, 3, 112, 112))
        assert [values.shape for values in posterior] == [(2, 256, 14, 14)] * 2
        assert [values.dtype for values in posterior] == [torch.float32] * 2
        sizes = [sum(p.numel() for p in model.parameters()) for model in (vcae, cae)]
        assert sizes[0] - sizes[1] == 2 * (256 * 256 + 256)

    def test_it_starts_with_little_noise(self):
        with torch.no_grad():
            vcae = build(ModelConfig("vcae"))
            _, log_variance = vcae.posterior(torch.rand(2, 3, 32, 32))
        assert log_variance.mean() == pytest.approx(-6, abs=0.5)


class TestTraining:
    @pytest.fixture
    def run(self, photo_folder, tmp_path, cli):
        """A function that trains through the real command and returns the run's folder."""

        def train(name="run", *more, status=0):
            out = tmp_path / name
            words = ("--data", photo_folder, "--output", out, *TINY_DATA, *TINY_TRAINING)
            done = cli("train", *words, "--architecture", "vcae", *more)
            assert done.status == status, done.err
            return out

        return train

    @pytest.fixture
    def noise(self, monkeypatch):
        """The beginning of the noise of each training step, as it is drawn."""
        drawn = []
        sample = Vcae.sample_with_kl

        def recorded(self, obfuscated, generator=None):
            with torch.random.fork_rng():
                drawn.append(tuple(torch.randn(4, generator=generator).tolist()))
            return sample(self, obfuscated, generator)

        monkeypatch.setattr(Vcae, "sample_with_kl", recorded)
        return drawn

    def test_it_leaves_a_checkpoint_that_restores_the_same_every_time(
        self, run, photo, tmp_path, cli
    ):
        best = run() / "best"
        card = read_card(best)
        assert card.model.architecture == "vcae"
        assert card.history[0]["kl"] > 0
        for name in ("first.png", "second.png"):
            done = cli("restore", photo, "-o", tmp_path / name, "--model", best)
            assert done.status == 0, done.err
        assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()

    def test_the_noise_is_its_own_at_each_step_and_a_function_of_it(self, run, noise):
        run("first", "--epochs", 2)
        assert len(noise) == len(set(noise)) == 8
        run("second", "--epochs", 2)
        assert noise[8:] == noise[:8]

    def test_the_noise_is_its_own_for_each_seed(self, run, noise):
        for seed in (0, 1, 2):
            run(str(seed), "--seed", seed)
        assert len(noise) == len(set(noise)) == 12

    def test_any_seed_will_do(self, run, noise):
        run("date", "--seed", 20220615)
        assert len(noise) == 4
