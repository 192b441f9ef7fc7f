"""VGG16's features against torchvision's own layers, and weights that are not what they should be.

No real weights here (see test_lfw_protocol.py): files of drawn weights take their place, made
known by their sha256 where a test looks at what comes after that check.
"""

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import VGG16_Weights
from torchvision.models.vgg import cfgs, make_layers
from torchvision.transforms import functional as tf

from tests.conftest import TINY_DATA, TINY_TRAINING, assert_told
from unveil.config import LossConfig
from unveil.degradation.operators import gaussian_blur
from unveil.files import file_sha256
from unveil.training import vgg_weights
from unveil.training.vgg import VggFeatures, load_features

CUTS = {"relu2_2": 9, "conv3_3": 15}
"""How many of torchvision's layers lead to a tap; conv3_3 is taken before its ReLU."""


def drawn_weights(tap="relu2_2", seed=0):
    """Return He weights up to ``tap`` under torchvision's names, biases among them."""
    generator = torch.Generator().manual_seed(seed)
    layers = make_layers(cfgs["D"][: {"relu2_2": 5, "conv3_3": 9}[tap]], batch_norm=False)
    weights = {}
    for name, value in layers.state_dict().items():
        fan_in = value[0].numel() if value.ndim == 4 else 20
        noise = torch.randn(value.shape, generator=generator)
        weights[f"features.{name}"] = noise * (2 / fan_in) ** 0.5
    return weights


def known_file(path, monkeypatch, name="drawn", tap="relu2_2", weights=None, seed=0):
    """Write a weights file and make its sha256 one of the known ones."""
    weights = drawn_weights(tap, seed) if weights is None else weights
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)
    return make_known(path, monkeypatch, name, tap)


def make_known(path, monkeypatch, name="drawn", tap="relu2_2"):
    sha256 = file_sha256(path)
    taps = ("relu2_2", "conv3_3") if tap == "conv3_3" else ("relu2_2",)
    monkeypatch.setitem(vgg_weights.KNOWN, sha256, (name, taps))
    return path


def reference(images, tap):
    """Return torchvision's features of ``images`` as torchvision prepares them, doubled."""
    layers = make_layers(cfgs["D"], batch_norm=False)[: CUTS[tap]]
    layers.load_state_dict(
        {name.removeprefix("features."): value for name, value in drawn_weights(tap).items()}
    )
    preset = VGG16_Weights.IMAGENET1K_V1.transforms()
    height, width = images.shape[-2:]
    doubled = tf.resize(images, [2 * height, 2 * width], antialias=True)
    with torch.no_grad():
        return layers(tf.normalize(doubled, preset.mean, preset.std))


@pytest.fixture(params=CUTS)
def tap(request):
    return request.param


@pytest.fixture
def features(tap):
    return VggFeatures(tap, drawn_weights(tap))


@pytest.fixture
def pair():
    """Clean images of uneven difficulty, and their blurs."""
    noise = torch.rand(3, 3, 24, 32, generator=torch.Generator().manual_seed(1))
    clean = torch.cat([noise[:1], gaussian_blur(noise[1:2], 9, 1.0), noise[2:] / 2])
    return gaussian_blur(clean, 9, 4.0), clean


class TestFeatures:
    def test_they_are_torchvisions(self, features, tap, pair):
        expected = reference(pair[1], tap)
        torch.testing.assert_close(features(pair[1]), expected, rtol=1e-4, atol=1e-4)
        assert expected.std() > 0.1
        assert (expected.min() < 0) == (tap == "conv3_3"), "only conv3_3 is taken before its ReLU"

    def test_the_distance_is_their_mean_squared_difference(self, features, tap, pair):
        x, y = (reference(images, tap).double() for images in pair)
        expected = (x - y).square().mean(dim=(1, 2, 3)).float()
        torch.testing.assert_close(features.distance(*pair), expected, rtol=1e-4, atol=0)

    def test_the_studys_image_has_the_documented_shape(self, features, tap):
        shape = {"relu2_2": (1, 128, 112, 112), "conv3_3": (1, 256, 56, 56)}[tap]
        assert features(torch.rand(1, 3, 112, 112)).shape == shape

    def test_other_tensors_of_a_whole_vgg16_are_left_aside(self, tap, pair):
        more = {"features.28.bias": torch.ones(512), "classifier.6.bias": torch.ones(1000)}
        whole = VggFeatures(tap, drawn_weights("conv3_3") | more)
        torch.testing.assert_close(
            whole.state_dict(), VggFeatures(tap, dict(drawn_weights("conv3_3"))).state_dict()
        )
        assert not more.keys() & whole.state_dict().keys()

    def test_tensors_that_miss_or_have_another_shape_are_refused(self, tap):
        weights = drawn_weights(tap)
        with pytest.raises(RuntimeError, match=r"Missing.*features\.7\.weight"):
            VggFeatures(tap, {n: value for n, value in weights.items() if n != "features.7.weight"})
        with pytest.raises(RuntimeError, match=r"size mismatch for features\.2\.bias"):
            VggFeatures(tap, weights | {"features.2.bias": torch.ones(65)})


class TestDistance:
    def test_the_weights_are_frozen_and_only_the_restored_image_gets_a_gradient(
        self, features, pair
    ):
        restored, clean = (images.clone().requires_grad_() for images in pair)
        features.distance(restored, clean).sum().backward()
        assert not any(parameter.requires_grad for parameter in features.parameters())
        assert all(parameter.grad is None for parameter in features.parameters())
        assert clean.grad is None
        assert restored.grad.isfinite().all()
        assert restored.grad.abs().amax(dim=(1, 2, 3)).min() > 0

    def test_the_targets_features_are_computed_once_and_without_gradients(self, features, pair):
        calls = []
        features.register_forward_hook(
            lambda _, inputs, output: calls.append((inputs[0], output.requires_grad))
        )
        restored = pair[0].clone().requires_grad_()
        features.distance(restored, pair[1]).sum().backward()
        assert sorted(grad for _, grad in calls) == [False, True]
        assert next(images for images, grad in calls if not grad) is pair[1]

    def test_identical_images_give_zero_with_a_gradient_of_zero(self, features, pair):
        restored = pair[1].clone().requires_grad_()
        distance = features.distance(restored, pair[1])
        distance.sum().backward()
        assert distance.tolist() == [0, 0, 0]
        assert restored.grad.eq(0).all(), "NaN would not be 0 either"

    def test_each_value_is_its_images_whatever_the_batch(self, features, pair):
        alone = [features.distance(x[None], y[None]) for x, y in zip(*pair, strict=True)]
        torch.testing.assert_close(features.distance(*pair), torch.cat(alone))
        assert torch.cat(alone).unique().numel() == 3

    def test_in_bf16_it_is_summed_in_float32(self, features, pair):
        exact = features.distance(*pair)
        with torch.autocast("cpu", torch.bfloat16):
            distance = features.distance(*pair)
        assert distance.dtype == torch.float32
        torch.testing.assert_close(distance, exact, rtol=0.02, atol=0)


def garbage(path):
    path.write_bytes(b"Dear diary" * 100)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-1000])


def one_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def nothing(path):
    path.unlink()


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.fixture
def refuses(photo_folder, tmp_path, cli):
    """A function that checks that training refuses weights with one line, and leaves nothing."""

    def check(path, *phrases, more=()):
        out = tmp_path / "run"
        words = ("--loss", "perceptual", "--vgg-weights", path, *more)
        words = ("--data", photo_folder, "--output", out, *TINY_DATA, *TINY_TRAINING, *words)
        assert_told(cli("train", *words), 1, f"{path}: ", *phrases)
        assert not out.exists()

    return check


CHECKSUM = ("is damaged or not the expected file (sha256 ", "unveil download vgg16")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    ("spoil", "phrases"),
    [
        (
            nothing,
            (
                "no such file, and the",
                "unveil download vgg16",
                "--vgg-weights",
            ),
        ),
        (folder, ("no such file, and the",)),
        (garbage, CHECKSUM),
        (truncated, CHECKSUM),
        (one_bit, CHECKSUM),
    ],
)
def test_spoiled_weights(spoil, phrases, suffix, refuses, tmp_path, monkeypatch):
    path = known_file(tmp_path / f"vgg{suffix}", monkeypatch)
    spoil(path)
    refuses(path, *phrases)


def test_no_weights_at_all(photo_folder, tmp_path, cache, cli):
    """The default is the cache's file; nothing takes its place when it is not there."""
    words = ("--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA, *TINY_TRAINING)
    done = cli("train", *words, "--loss", "mixed")
    name = cache / vgg_weights.TORCHVISION_NAME
    assert_told(
        done,
        1,
        f"{name}: no such file, and the",
        "unveil download vgg16",
    )
    assert not (tmp_path / "run").exists()


def test_weights_that_end_before_the_tap(refuses, tmp_path, monkeypatch):
    path = known_file(tmp_path / "vgg.safetensors", monkeypatch, "short")
    told = ("the short weights end before conv3_3", "--tap relu2_2", "unveil download vgg16")
    refuses(path, *told, more=("--tap", "conv3_3"))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"features.5.weight": torch.zeros(128, 64, 5, 5)}, "features.5.weight"),
        ({"features.7.bias": None}, "features.7.bias"),
    ],
    ids=["wrong shape", "missing"],
)
def test_weights_that_do_not_fit(change, phrase, suffix, refuses, tmp_path, monkeypatch):
    """Past the checksum, which says what a file is but not that our table is right."""
    weights = {name: v for name, v in (drawn_weights() | change).items() if v is not None}
    path = known_file(tmp_path / f"vgg{suffix}", monkeypatch, weights=weights)
    refuses(path, "does not fit VGG16 up to relu2_2", phrase)


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def trap(tmp_path):
    """A .pth that makes the file ``sprung`` when it is unpickled, which is proven first."""
    path, sprung = tmp_path / "vgg.pth", tmp_path / "sprung"
    torch.save({"features.0.weight": Trap(sprung)}, path)
    torch.load(path, weights_only=False)["features.0.weight"].close()
    assert sprung.exists()
    sprung.unlink()
    yield path
    assert not sprung.exists()


def test_a_pickle_that_is_not_known_is_refused_unopened(trap, refuses, monkeypatch):
    def opened(*_, **__):
        raise AssertionError("the file was opened")

    monkeypatch.setattr(torch, "load", opened)
    refuses(trap, *CHECKSUM)


def test_even_a_known_pickle_runs_nothing(trap, refuses, monkeypatch):
    """The checksum is one guard, loading nothing but tensors is the other."""
    refuses(make_known(trap, monkeypatch), "is not a .safetensors or .pth file")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_known_file_under_the_wrong_suffix_is_refused(suffix, refuses, tmp_path, monkeypatch):
    other = {".pth": ".safetensors", ".safetensors": ".pth"}[suffix]
    path = known_file(tmp_path / f"vgg{other}", monkeypatch)
    refuses(path.rename(path.with_suffix(suffix)))


class TestLoading:
    @pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
    def test_a_known_file_gives_its_tensors_and_says_so(self, suffix, tap, tmp_path, monkeypatch):
        path = known_file(tmp_path / f"vgg{suffix}", monkeypatch, "drawn", tap)
        config = LossConfig(loss="perceptual", tap=tap, vgg_weights=path)
        features, record = load_features(config)
        assert record == {
            "vgg": "drawn",
            "vgg_sha256": file_sha256(path),
        }
        assert features.tap == tap
        assert features.state_dict().keys() == drawn_weights(tap).keys()
        for name, value in drawn_weights(tap).items():
            assert torch.equal(features.state_dict()[name], value)

    def test_untrained_is_a_choice_of_the_user_and_stands_in_the_record(self, tmp_path):
        config = LossConfig(loss="perceptual", vgg_weights=vgg_weights.UNTRAINED)
        features, record = load_features(config)
        assert record == {"vgg": "untrained"}
        assert features(torch.rand(1, 3, 8, 8)).std() > 0.1


class TestDownload:
    """From a server on this machine instead of torchvision's."""

    @pytest.fixture
    def serve(self, served, monkeypatch):
        """A function that serves a file, whose sha256 is then expected unless one is given."""

        def serve_file(path, sha256=None):
            server = served(path.read_bytes())
            monkeypatch.setattr(vgg_weights, "TORCHVISION_URL", server.url)
            monkeypatch.setattr(vgg_weights, "TORCHVISION_SHA256", sha256 or server.sha256)
            return server

        return serve_file

    def test_it_lands_where_training_looks_and_once_is_enough(
        self, serve, tmp_path, monkeypatch, cache, cli
    ):
        server = serve(known_file(tmp_path / "vgg.pth", monkeypatch))
        for _ in range(2):
            done = cli("download", "vgg16")
            assert done.status == 0, done.err
            assert done.out.splitlines() == [str(cache / vgg_weights.TORCHVISION_NAME)]
        assert load_features(LossConfig(loss="perceptual"))[1]["vgg"] == "drawn"
        assert server.ranges == [None]
        assert len(list(cache.iterdir())) == 1

    def test_a_wrong_file_leaves_nothing(self, serve, tmp_path, cache, cli):
        (tmp_path / "wrong.pth").write_bytes(b"<html>not found</html>")
        server = serve(tmp_path / "wrong.pth", "397923af")
        assert_told(cli("download", "vgg16"), 1, server.url, "expected 397923af", "was deleted")
        assert list(cache.iterdir()) == []

    def test_a_server_without_it_leaves_nothing(self, serve, tmp_path, monkeypatch, cache, cli):
        server = serve(known_file(tmp_path / "vgg.pth", monkeypatch))
        server.status = 404
        assert_told(cli("download", "vgg16"), 1, server.url, "404 Not Found")
        assert list(cache.iterdir()) == []

    def test_a_spoiled_file_is_fetched_again(self, serve, tmp_path, monkeypatch, cache, cli):
        """The message for a spoiled file says to do just that."""
        path = known_file(tmp_path / "vgg.pth", monkeypatch)
        serve(path)
        target = cache / vgg_weights.TORCHVISION_NAME
        target.write_bytes(path.read_bytes()[:-1000])
        assert cli("download", "vgg16").status == 0
        assert file_sha256(target) == file_sha256(path)

    def test_address_and_checksum_are_torchvisions_own(self):
        """Its file name holds the beginning of the sha256."""
        assert VGG16_Weights.IMAGENET1K_V1.url == vgg_weights.TORCHVISION_URL
        name = VGG16_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
        assert name.removesuffix(".pth").endswith(f"-{vgg_weights.TORCHVISION_SHA256[:8]}")
        assert vgg_weights.KNOWN[vgg_weights.TORCHVISION_SHA256][0] == "torchvision"
