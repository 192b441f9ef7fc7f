"""What is done to the frames of clips can be sent to other processes: all tests here see to it."""

from multiprocessing.reduction import ForkingPickler

import pytest

from unveil.video import sharing
from unveil.video.sharing import alone


def sent(function):
    """Do on this process what others would be sent."""
    return alone(ForkingPickler.loads(ForkingPickler.dumps(function)))


@pytest.fixture(autouse=True)
def all_sent(monkeypatch):
    monkeypatch.setattr(sharing, "alone", sent)
