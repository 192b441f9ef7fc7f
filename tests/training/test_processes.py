"""Training in several processes: as in one, from the start, halfway, and on two machines."""

import os
import signal
import socket
import subprocess
import sys

import pytest
import torch
from torch.optim import Adam

from tests.training.test_loop import EPOCHS, flags, tensors, trained_run
from unveil.networks.card import read_card

LAUNCHER = (sys.executable, "-m", "torch.distributed.run")
ALONE = (*LAUNCHER, "--standalone", "--nproc-per-node", "2", "-m", "unveil")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(photo_folder, tmp_path_factory):
    """Return a run of three epochs in one process."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return trained_run(photo_folder, out, tmp_path_factory, *EPOCHS)


def assert_as_in_one_process(whole, out):
    """Gradients of parts of a batch are averaged: equal up to the order of summation."""
    one, many = tensors(whole / "last"), tensors(out / "last")
    assert one.keys() == many.keys()
    for name, value in one.items():
        torch.testing.assert_close(many[name], value, atol=2e-5, rtol=1e-3, msg=name)
    card = read_card(out / "last")
    assert card.provenance["processes"] == 2
    for mine, other in zip(card.history, read_card(whole / "last").history, strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-4)
        assert mine["psnr"] == pytest.approx(other["psnr"], abs=1e-3)


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_processes_give_the_result_of_one(whole, photo_folder, tmp_path, cache):
    run(*ALONE, *flags(photo_folder, tmp_path / "run", *EPOCHS))
    assert_as_in_one_process(whole, tmp_path / "run")


def test_a_run_moved_from_one_process_to_two_goes_on(
    whole, photo_folder, tmp_path, cli, monkeypatch
):
    """Stopped in the middle of the second of three epochs."""
    out, step, stop_after = tmp_path / "run", Adam.step, 6
    taken = iter(range(1, 100))

    def counted(self, *args, **kwargs):
        if next(taken) == stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Adam, "step", counted)
        assert cli(*flags(photo_folder, out, *EPOCHS)).status == 128 + signal.SIGTERM
    card = read_card(out / "last")
    assert (card.step, len(card.history), card.provenance["processes"]) == (stop_after, 1, 1)
    run(*ALONE, "train", "--resume", out)
    assert_as_in_one_process(whole, out)


def test_two_groups_that_meet_over_the_network_give_the_result_of_one(
    whole, photo_folder, tmp_path, cache
):
    """As on two machines: each has its own launcher, and they find each other by an address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    group = (
        *(*LAUNCHER, "--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d"),
        *("--rdzv-endpoint", address, "--local-addr", "127.0.0.1", "-m", "unveil"),
    )
    words = [str(word) for word in (*group, *flags(photo_folder, tmp_path / "run", *EPOCHS))]
    groups = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate()[1] for one in groups]
    assert [one.returncode for one in groups] == [0, 0], said
    assert_as_in_one_process(whole, tmp_path / "run")
