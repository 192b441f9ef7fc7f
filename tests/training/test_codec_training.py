"""Pictures that train the finding of codecs are drawn by a seed; both networks agree."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from unveil.estimation import codec_history
from unveil.estimation.codec_features import MAX_SIDE_PX, MIN_SIDE_PX, codec_features
from unveil.estimation.codec_history import CLIPPED, CODECS, codec_chances

torch = pytest.importorskip("torch")
pytest.importorskip("av", reason="the extra video is not installed")
train_codecs = pytest.importorskip("train_codecs")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    file = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.fromarray(data.astronaut()[:250, 100:350]).save(file)
    return [file]


def test_a_picture_is_a_function_of_its_seed(photos):
    for seed in range(12):
        (one, codec), (again, same) = (
            train_codecs.draw_kept(photos, np.random.default_rng(seed)) for _ in range(2)
        )
        np.testing.assert_array_equal(one, again)
        assert codec == same
        assert min(one.shape[:2]) >= MIN_SIDE_PX


@pytest.mark.parametrize("codec", range(1, len(CODECS)))
def test_what_is_compressed_by_a_codec_is_said_to_be(photos, codec):
    rng = np.random.default_rng(0)
    photo = np.asarray(Image.open(photos[0]).resize((MAX_SIDE_PX, MAX_SIDE_PX)))
    chances = [
        codec_chances(codec_features(pixels, train_codecs.find_jpeg(pixels)))[codec]
        for pixels in (train_codecs.compress(photo, codec, rng) for _ in range(4))
    ]
    assert np.mean(chances) > 0.8


def test_the_network_that_is_trained_is_the_one_that_is_used():
    weights = {name: torch.from_numpy(v) for name, v in codec_history._weights().items()}
    mean, scale = weights.pop("mean"), weights.pop("scale")
    model = train_codecs.Network(len(mean), len(weights["first.bias"])).eval()
    model.load_state_dict(weights)
    values = mean + 2 * scale * torch.randn(len(mean), generator=torch.Generator().manual_seed(0))
    expected = model(((values - mean) / scale).clip(-CLIPPED, CLIPPED)).softmax(0)
    np.testing.assert_allclose(codec_chances(values.numpy()), expected.detach(), atol=1e-5)
