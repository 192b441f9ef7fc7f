"""Restoring from Python and from the command line."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import unveil
from unveil.errors import UsageError
from unveil.images.photos import read_photo
from unveil.restoration.restorers import load


def test_three_lines_of_python(trained, photo, tmp_path):
    restored = unveil.load(str(trained)).restore(unveil.read(photo))
    unveil.write(restored, tmp_path / "restored.png")
    assert read_photo(tmp_path / "restored.png").rgb.shape == read_photo(photo).rgb.shape


def test_a_run_goes_by_its_own_name(trained, tmp_path):
    run = shutil.copytree(trained.parent, tmp_path / "mine")
    assert load(str(run)).name == load(str(run / "best")).name == "mine"
    alone = shutil.copytree(trained, tmp_path / "folder" / "best")
    assert load(str(alone)).name == "best"


def test_the_command_line_gives_the_same_picture(trained, photo, tmp_path, cli):
    done = cli("restore", photo, "-o", tmp_path / "out.png", "--model", trained)
    assert done.status == 0, done.err
    assert "gaussian:kernel=9,sigma=4" in done.err
    restored = unveil.load(str(trained)).restore(unveil.read(photo))
    unveil.write(restored, tmp_path / "expected.png")
    written, expected = (read_photo(tmp_path / name).rgb for name in ("out.png", "expected.png"))
    np.testing.assert_array_equal(written, expected)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_photo_in_tiles_is_the_photo_to_one_level(trained, precision):
    restorer = load(str(trained), precision=precision)
    image = torch.rand(1, 3, 301, 222, generator=torch.Generator().manual_seed(0))
    whole = restorer.restore(image, tile_px=10_000)
    tiled = restorer.restore(image, tile_px=64)
    assert (whole - tiled).abs().max() <= 1 / 255


def test_alpha_depth_and_gray_survive(trained, tmp_path, cli):
    deep = np.random.default_rng(0).integers(0, 65536, (40, 50), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    rgba = np.random.default_rng(0).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    out = tmp_path / "out"
    done = cli(
        "restore", tmp_path / "deep.png", tmp_path / "rgba.png", "-o", out, "--model", trained
    )
    assert done.status == 0, done.err
    assert read_photo(out / "deep.png").rgb.dtype == np.uint16
    assert read_photo(out / "deep.png").grayscale
    np.testing.assert_array_equal(read_photo(out / "rgba.png").alpha, rgba[..., 3])


def test_a_model_is_not_used_on_what_it_does_not_undo(trained, photo, tmp_path, cli):
    words = ("restore", photo, "-o", tmp_path / "out.png", "--model", trained)
    done = cli(*words, "--operator", "pixelate:block=8")
    assert done.status == 2
    assert "undoes gaussian:kernel=9,sigma=4 in 8bit, not pixelate:block=8" in done.err
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(3, 8, 8),
        torch.zeros(1, 4, 8, 8),
        torch.zeros(1, 3, 0, 8),
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
        torch.full((1, 3, 8, 8), 2.0),
        torch.full((1, 3, 8, 8), float("nan")),
    ],
    ids=["no batch", "4 channels", "empty", "uint8", "range", "nan"],
)
def test_tensors_that_break_the_contract_are_refused(trained, images):
    with pytest.raises(UsageError, match="images must"):
        unveil.load(str(trained)).restore(images)


def peak_bytes(tmp_path, megapixels):
    """Return the peak memory of restoring a photo in a process of its own, as the system tells."""
    source, target = tmp_path / f"{megapixels}.bmp", tmp_path / f"{megapixels}-out.bmp"
    Image.effect_noise((megapixels * 500, 2000), 60).convert("RGB").save(source)
    code = (
        "import resource, sys; from unveil.cli import select; status = select(sys.argv[1:])();"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
    )
    words = ["restore", source, "-o", target, "--model", "cae-blur"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert read_photo(target).rgb.shape == (2000, megapixels * 500, 3)
    return int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
def test_a_24_megapixel_photo_fits_in_4_gb(tmp_path):
    """The shipped network in tiles: each megapixel takes as much as the one before (9 did)."""
    smaller, larger = (peak_bytes(tmp_path, megapixels) for megapixels in (2, 5))
    each = (larger - smaller) / 3
    assert 0 < larger + 19 * each < 4e9
