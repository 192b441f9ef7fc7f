"""The training of the flow: its loss by hand, and a run that goes on to the same bits."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.networks.test_flow import SMALL, grown  # noqa: E402
from unveil.networks.flow import Flow  # noqa: E402
from unveil.training.flowing import (  # noqa: E402
    FlowConfig,
    FlowTraining,
    Guessed,
    flow_loss,
    open_shards,
)

FEW = FlowConfig(steps=6, batch=2, save_every=3)


def guessed(count=4, side=16):
    rng = np.random.default_rng(0)
    known = rng.random((count, 9, side, side))
    known[:, 3] = 0.02 + 0.05 * known[:, 3]
    drawn = 0.05 * rng.standard_normal((count, 3, side, side))
    clean = rng.integers(256, size=(count, 3, side, side), dtype=np.uint8)
    return Guessed(known.astype(np.float16), drawn.astype(np.float16), clean)


def tensors(photos):
    known, drawn = (torch.from_numpy(x.astype(np.float32)) for x in (photos.known, photos.drawn))
    return known, drawn, torch.from_numpy(photos.clean.astype(np.float32) / 255)


def test_a_flow_that_stands_still_misses_all_of_the_way():
    torch.manual_seed(0)
    known, drawn, clean = tensors(guessed())
    found = flow_loss(Flow(SMALL), known, drawn, clean, torch.tensor([0.0, 0.2, 0.7, 1.0]))
    way = (clean - known[:, :3] - drawn).square().mean(dim=(1, 2, 3))
    wanted = (way / known[:, 3:4].square().mean(dim=(1, 2, 3))).mean()
    torch.testing.assert_close(found.detach(), wanted)


def test_it_reads_the_straight_line_between_guess_and_photo():
    known, drawn, clean = tensors(guessed())
    read = []

    class Watched(Flow):
        def velocity(self, planes):
            read.append(planes)
            return super().velocity(planes)

    flow_loss(Watched(SMALL), known, drawn, clean, torch.tensor([0.0, 0.25, 1.0, 1.0]))
    guess, start = read[0][:, 3:6], known[:, :3] + drawn
    torch.testing.assert_close(guess[0], start[0])
    torch.testing.assert_close(guess[1], 0.75 * start[1] + 0.25 * clean[1])
    torch.testing.assert_close(guess[2], clean[2])
    assert read[0][1, -1].unique().tolist() == [0.25]
    torch.testing.assert_close(read[0][:, :3], known[:, :3])


def test_it_learns(tmp_path):
    torch.manual_seed(0)
    photos, network = guessed(), grown(Flow(SMALL))
    known, drawn, clean = tensors(photos)
    times = torch.full((4,), 0.5)
    before = float(flow_loss(network, known, drawn, clean, times).detach())
    config = FlowConfig(steps=60, batch=4, learning_rate=2e-2, save_every=60)
    FlowTraining(network, config, tmp_path, photos).run()
    assert float(flow_loss(network, known, drawn, clean, times).detach()) < 0.9 * before


def test_a_run_that_was_cut_off_goes_on_to_the_same_bits(tmp_path):
    def trained(folder, *stops):
        for steps in stops:
            torch.manual_seed(0)
            training = FlowTraining(Flow(SMALL), FEW, folder, guessed())
            training.config = FlowConfig(steps=steps, batch=2, save_every=3)
            training.run()
        return training.averaged

    whole, resumed = trained(tmp_path / "a", 6), trained(tmp_path / "b", 3, 6)
    assert whole.step == resumed.step == 6
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name


def test_shards_are_put_together(tmp_path):
    one = guessed()
    for number in (0, 1):
        np.savez(tmp_path / f"{number}.npz", known=one.known, drawn=one.drawn, clean=one.clean)
    found = open_shards([tmp_path / "0.npz", tmp_path / "1.npz"])
    assert len(found.clean) == 2 * len(one.clean)
    assert (found.known[len(one.clean) :] == one.known).all()
