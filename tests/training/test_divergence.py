"""A loss that becomes no number: training stops, and no checkpoint holds what it left behind."""

import json
import os
import shutil
import signal

import pytest
from safetensors.torch import load_file
from torch.optim import Adam

from tests.conftest import TINY_DATA, TINY_TRAINING, assert_told
from unveil.networks.card import CARD_NAME, read_card
from unveil.training import loop as training

WILD = ("--learning-rate", 1e30, "--warmup-steps", 0, "--schedule", "constant")
"""The first step leaves weights of 1e30; the loss of the second is no number."""

KINDS = {
    "cae": (),
    "vcae": ("--architecture", "vcae"),
    "rescae": ("--architecture", "rescae"),
    "mixed": ("--crop-px", 16, "--loss", "mixed", "--vgg-weights", "untrained"),
    "infinite": ("--architecture", "vcae", "--kl-weight", 1e300, "--kl-warmup-steps", 0),
}


@pytest.fixture
def flags(photo_folder, tmp_path):
    return ("--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA, *TINY_TRAINING)


@pytest.fixture
def run(trained, tmp_path):
    """Return a run of one good epoch that is to go on for a second, at a wild learning rate."""
    run = shutil.copytree(trained.parent, tmp_path / "run")
    edit_training(run, epochs=2, learning_rate=1e30, warmup_steps=0, schedule="constant")
    return run


def edit_training(run, **changes):
    path = run / "last" / CARD_NAME
    plain = json.loads(path.read_text())
    plain["run"]["train"].update(changes)
    path.write_text(json.dumps(plain))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_stopped(done, out, *phrases):
    """Check for exit status 1 and, after the progress, one line that says where and what to do."""
    assert done.status == 1, done
    (told,) = [line for line in done.err.splitlines() if line.startswith("unveil: ")]
    assert done.err.endswith(told + "\n"), "nothing follows it"
    assert told.startswith(f"unveil: {out}: ")
    assert all(phrase in told for phrase in ("learning rate", *phrases)), told


def assert_all_finite(out):
    for path in out.rglob("*.safetensors"):
        assert all(value.isfinite().all() for value in load_file(path).values()), path
    for path in out.glob(f"*/{CARD_NAME}"):
        json.loads(path.read_text(), parse_constant=pytest.fail)  # NaN is no JSON


@pytest.fixture
def at_step(monkeypatch):
    """A function that calls another before the optimiser's step of that number (from 1)."""
    real, chosen, taken = Adam.step, {}, iter(range(1, 101))

    def counted(self, *args, **kwargs):
        chosen.get(next(taken), lambda _: None)(self)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Adam, "step", counted)
    return lambda step, action: chosen.update({step: action})


def interrupt(_):
    os.kill(os.getpid(), signal.SIGTERM)


def spoil_gradient(optimizer):
    """Do what an overflow in the backward pass does while the loss is still a number."""
    optimizer.param_groups[0]["params"][0].grad.fill_(float("nan"))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_in_the_first_epoch_no_checkpoint_is_written(kind, flags, tmp_path, cli):
    wild = WILD if "--kl-weight" not in kind else ()
    done = cli("train", *flags, *kind, *wild)
    assert_stopped(done, tmp_path / "run", "by step 4")
    assert not list(tmp_path.rglob(CARD_NAME))
    assert "epoch 1" not in done.err


def test_later_the_last_good_checkpoint_stays_to_the_byte(run, trained, photo, tmp_path, cli):
    before = contents(run)
    assert_stopped(cli("train", "--resume", run), run, "by step 8", "saved before is kept")
    assert contents(run) == before
    assert_all_finite(run)
    for name in ("best", "last"):
        assert read_card(run / name).step == 4
    for model, out in ((run / "best", "after.png"), (trained, "before.png")):
        assert cli("restore", photo, "-o", tmp_path / out, "--model", model).status == 0
    assert (tmp_path / "after.png").read_bytes() == (tmp_path / "before.png").read_bytes()


def test_the_kept_checkpoint_goes_on_at_a_lower_rate(run, cli):
    assert cli("train", "--resume", run).status == 1
    edit_training(run, learning_rate=1e-3)
    done = cli("train", "--resume", run)
    assert done.status == 0, done.err
    history = read_card(run / "last").history
    assert len(history) == 2
    assert_all_finite(run)


def test_ctrl_c_at_that_moment_does_not_save_it(run, at_step, cli):
    """The signal comes after the step whose loss was no number, within the epoch."""
    before = contents(run)
    at_step(2, interrupt)
    assert_stopped(cli("train", "--resume", run), run, "by step 6")
    assert contents(run) == before


def test_it_stops_before_the_epochs_end(flags, tmp_path, monkeypatch, cli):
    """An epoch of the study is an hour: the loss is looked at every so many steps."""
    monkeypatch.setattr(training, "CHECK_STEPS", 3)
    done = cli("train", *flags, "--batch", 1, *WILD)
    assert_stopped(done, tmp_path / "run", "by step 3")


def test_a_step_that_is_too_large_but_finite_is_no_divergence(flags, tmp_path, cli):
    """The counterpart: a bad run is the user's business as long as its numbers are numbers."""
    wild = ("--learning-rate", 1e5, "--warmup-steps", 0, "--schedule", "constant")
    assert cli("train", *flags, *wild).status == 0
    assert_all_finite(tmp_path / "run")


def test_weights_that_the_epochs_last_step_spoils_are_not_saved(flags, tmp_path, cli):
    """One step an epoch: its loss is good, and validation is no number."""
    done = cli("train", *flags, "--batch", 16, *WILD)
    assert_stopped(done, tmp_path / "run", "by step 1")
    assert not list(tmp_path.rglob(CARD_NAME))


@pytest.mark.parametrize("signalled", [False, True], ids=["epoch's end", "Ctrl-C"])
def test_a_gradient_that_is_no_number_does_not_reach_a_checkpoint(signalled, run, at_step, cli):
    """A finite loss can have one: 0 * inf in the backward pass."""
    edit_training(run, learning_rate=1e-3)
    before = contents(run)

    def spoil(optimizer):
        spoil_gradient(optimizer)
        if signalled:
            interrupt(optimizer)

    at_step(2 if signalled else 4, spoil)
    done = cli("train", "--resume", run)
    assert_all_finite(run)
    assert_stopped(done, run)
    assert contents(run) == before


@pytest.mark.parametrize("rate", ["1e38", "1e300", "inf"])
def test_a_rate_beyond_float32_is_refused(rate, flags, tmp_path, cli):
    done = cli("train", *flags, "--learning-rate", rate)
    assert_told(done, 2, "learning_rate")
    assert not (tmp_path / "run").exists()
