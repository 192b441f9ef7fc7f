"""A prior from one's own photos: learnt from a folder, kept in a file, used by the closed forms."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from unveil.config import DataConfig
from unveil.linear.prior import MIN_POWER, PRIOR, Prior, decode_prior, fit_prior, read_prior
from unveil.training.data import open_photos
from unveil.training.prior import write_prior


@pytest.fixture
def prior(photo_folder, tmp_path, cli):
    path = tmp_path / "new" / "prior.safetensors"
    assert cli("fit", photo_folder, "-o", path, "--crop-px", 32).status == 0
    return path


def test_it_is_the_mean_spectrum_of_the_folder(prior, photo_folder):
    photos = open_photos(DataConfig(photo_folder, 32, 4, 4))
    clean = photos.batch(np.arange(len(photos.paths)))
    np.testing.assert_allclose(read_prior(prior).power, fit_prior([clean]).power, rtol=1e-5)


def test_a_few_photos_will_do(photo_folder, tmp_path, cli):
    path = tmp_path / "prior.safetensors"
    assert cli("fit", photo_folder, "-o", path, "--crop-px", 32, "--photos", 1).status == 0
    assert read_prior(path).power.shape == (3, 32, 32)


def test_restoring_takes_it(prior, photo, tmp_path, cli):
    """Another prior gives another picture; the same gives the same."""
    blurred = tmp_path / "blurred.png"
    cli("obfuscate", photo, "-o", blurred, "--operator", "gaussian:kernel=9,sigma=4")
    restored = {}
    for name, path in {"own": prior, "again": prior, "shipped": PRIOR}.items():
        restored[name] = tmp_path / f"{name}.png"
        told = ("--operator", "gaussian:kernel=9,sigma=4", "--model", "lmmse", "--prior", path)
        assert cli("restore", blurred, "-o", restored[name], *told).status == 0
    assert restored["own"].read_bytes() == restored["again"].read_bytes()
    assert restored["own"].read_bytes() != restored["shipped"].read_bytes()


def test_what_is_no_prior_is_named(tmp_path, photo, cli):
    path = tmp_path / "prior.safetensors"
    for tensors in ({"weights": np.ones((3, 4, 4))}, {"power": np.ones((4, 4))}):
        save_file(tensors, path)
        done = cli("restore", photo, "-o", tmp_path / "x.png", "--prior", path)
        assert done.status == 1
        assert done.err == f"unveil: {path}: is not a prior; make one with: unveil fit.\n"
    path.write_bytes(b"{}")
    assert cli("restore", photo, "-o", tmp_path / "x.png", "--prior", path).status == 1
    gone = cli("restore", photo, "-o", tmp_path / "x.png", "--prior", tmp_path / "gone")
    assert "gone: no such file" in gone.err
    assert not (tmp_path / "x.png").exists()


def test_no_power_is_zero(tmp_path):
    """Logarithms and divisions of it must be numbers."""
    path = tmp_path / "prior.safetensors"
    write_prior(Prior(np.zeros((3, 4, 4), np.float32)), path)
    assert float(decode_prior(path.read_bytes(), path).power.min()) == pytest.approx(MIN_POWER)


@pytest.mark.parametrize("flag", [("--photos", 0), ("--crop-px", 1)], ids=str)
def test_sizes_that_make_no_sense_are_refused(flag, photo_folder, tmp_path, cli):
    done = cli("fit", photo_folder, "-o", tmp_path / "p", *flag)
    assert done.status == 2
    assert "must be at least" in done.err
