"""Refiners of parts are trained on drawn pictures: repeatable, resumable, and they learn."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from unveil.config import ModelConfig
from unveil.linear.prior import read_prior
from unveil.networks.refiner import Refiner
from unveil.training.journeys.undone import SIDE_PX, draw_blocks, draw_blur
from unveil.training.parts import PartsConfig, PartsTraining, draw_shard

pytestmark = pytest.mark.slow

TINY = ModelConfig(architecture="refiner", widths=(8, 8), blocks=(1, 1))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of the astronaut's face, as large as LFW's photos."""
    file = tmp_path_factory.mktemp("photos") / "astronaut.png"
    Image.fromarray(data.astronaut()[:250, 100:350]).save(file)
    return file


@pytest.fixture(scope="module")
def shards(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two shards of a few pictures."""
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unveil.training.parts.SHARD", 12)
        for number in range(2):
            draw_shard(draw_blur, [photo], read_prior(), folder, number)
    return sorted(folder.glob("*.npz"))


@pytest.mark.parametrize("draw", [draw_blur, draw_blocks])
def test_a_seed_draws_one_picture_and_the_estimate_helps(draw, photo):
    """Of a few drawn pictures some come nearer by linear algebra alone, others do not."""
    prior, gains = read_prior(), []
    for seed in range(6):
        one, again = (draw([photo], np.random.default_rng(seed), prior) for _ in range(2))
        np.testing.assert_array_equal(one.planes, again.planes)
        clean, inside = one.clean / 255, one.changes
        assert one.planes.shape == (12, SIDE_PX, SIDE_PX)
        before, after = (
            np.square(one.planes[place] - clean)[:, inside].mean()
            for place in (np.s_[:3], np.s_[3:6])
        )
        gains.append(10 * np.log10(before / after))
    assert max(gains) > 0.2


def test_it_goes_on_where_it_was_cut_off(shards, tmp_path):
    """The same weights, bit for bit, as in one go."""
    config = PartsConfig(steps=6, batch=4, save_every=3)

    def trained(folder: Path, *ends: int) -> dict[str, torch.Tensor]:
        for end in ends:
            torch.manual_seed(0)
            training = PartsTraining(Refiner(TINY), config, folder, shards)
            training.run(until=end)
        return training.averaged.average

    once, twice = trained(tmp_path / "once", 6), trained(tmp_path / "twice", 3, 6)
    assert all(torch.equal(once[name], twice[name]) for name in once)


def test_it_learns(shards, tmp_path):
    """Of a few pictures that it sees again and again."""
    torch.manual_seed(0)
    config = PartsConfig(steps=40, batch=6, save_every=40, learning_rate=4e-3, decay=0.9)
    training = PartsTraining(Refiner(TINY), config, tmp_path, shards)
    training.run()
    seen = training.score(training.pictures)
    assert seen["network_db"] > seen["linear_db"] + 0.1
