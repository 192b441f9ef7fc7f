"""The flow: at first it says what the refiner says that it started from, at every time."""

import pytest

torch = pytest.importorskip("torch")

from unveil.config import ModelConfig  # noqa: E402
from unveil.networks.flow import PLANES, Flow  # noqa: E402
from unveil.networks.refiner import Refiner  # noqa: E402

SMALL = ModelConfig(
    architecture="refiner", stem_kernel=6, stem_stride=2, widths=(8, 16), blocks=(1, 1)
)


def planes(height=24, width=37, seed=0):
    """Return planes as the network reads them; the expected error is above 0."""
    count = sum(part.channels for part in PLANES)
    values = torch.rand(2, count, height, width, generator=torch.Generator().manual_seed(seed))
    values[:, 6] = 0.01 + 0.1 * values[:, 6]
    return values


def grown(network):
    """Return a network whose last layer is not 0, as after some training."""
    torch.manual_seed(1)
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    return network


def test_it_starts_with_what_the_refiner_would_correct_at_every_time():
    torch.manual_seed(0)
    refiner = grown(Refiner(SMALL)).train()
    flow = Flow(SMALL)
    flow.start_from(refiner)
    read = planes()
    wanted = refiner.correct(read[:, :-1])[:, :3] - read[:, 3:6]
    assert float(wanted.detach().abs().max()) > 0.01
    for time in (0.0, 0.3, 1.0):
        read[:, -1] = time
        torch.testing.assert_close(flow.velocity(read), wanted, atol=1e-5, rtol=1e-4)


def test_time_has_weights_of_its_own():
    torch.manual_seed(0)
    flow, read = grown(Flow(SMALL)), planes()
    early, late = (
        flow.velocity(torch.cat([read[:, :-1], 0 * read[:, -1:] + t], 1)) for t in (0, 1)
    )
    assert float((early - late).detach().abs().max()) > 1e-4


def test_it_is_as_large_as_the_expected_error():
    torch.manual_seed(0)
    flow, read = grown(Flow(SMALL)), planes()
    read[:, 6] = 0
    read[:, 6] += 1e-9
    assert float(flow.velocity(read).detach().abs().max()) < 1e-6
