"""Noise is secret: who has unveil, and every picture but one, cannot draw it again."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from tests.conftest import run_cli
from unveil.auditing.redrawing import without_noise
from unveil.degradation import DpPix, Noise, Poisson, parse_operator
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import generator, is_secret, repeatable
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.metrics.quality import psnr

DRAWING = [Noise(204), Poisson(2), DpPix(8, 2)]


@pytest.fixture
def clean() -> np.ndarray:
    return data.astronaut()[:128, 150:278].transpose(2, 0, 1)[None].astype(np.float32) / 255


def levels(images: np.ndarray) -> np.ndarray:
    return np.rint(images[0].transpose(1, 2, 0) * 255).astype(np.uint8)


@pytest.mark.parametrize("operator", DRAWING, ids=str)
def test_two_draws_differ_and_a_seed_repeats_one(operator, clean):
    one, other = (obfuscate(clean, operator) for _ in range(2))
    assert not np.array_equal(one, other)
    seeded = repeatable(operator, seed=3)
    np.testing.assert_array_equal(obfuscate(clean, seeded), obfuscate(clean, seeded))
    assert is_secret(operator)
    assert not is_secret(seeded)
    assert repeatable(seeded, seed=4) == seeded


def test_two_processes_draw_other_noise():
    """A process that starts is where a generator that forgot its key would begin again."""
    code = (
        "import numpy as np; from unveil.degradation.randomness import generator;"
        "print(generator(None).integers(2**62))"
    )
    drawn = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    ]
    assert drawn[0] != drawn[1]


def test_no_draw_depends_on_pythons_or_numpys_own_state():
    drawn = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002  # what an attacker would try
        random.seed(0)
        drawn.append(generator(None).random(4))
    assert not np.array_equal(*drawn)


def test_every_bit_of_a_key_and_of_its_counter_is_drawn():
    """128 and 256 of them: over 64 draws each is on once, but for one chance in 10**16."""
    states = [generator(None).bit_generator.state["state"] for _ in range(64)]
    for name, words in (("key", 2), ("counter", 4)):
        seen = np.bitwise_or.reduce([state[name] for state in states])
        assert seen.tolist() == [2**64 - 1] * words


@pytest.mark.parametrize("operator", [Noise(40), DpPix(8, 2)], ids=str)
def test_who_knows_the_seed_takes_the_noise_off(operator, clean):
    """What is cut off at black and white stays lost; the means of a mosaic come back."""
    seeded = repeatable(operator, seed=7)
    noisy = obfuscate(clean, seeded)
    found = without_noise(noisy, seeded)
    assert psnr(found, clean).mean() > psnr(noisy, clean).mean() + (
        6 if operator == Noise(40) else 2
    )


def test_what_adds_no_noise_is_left_as_it_is(clean):
    """Shot noise is no sum: drawing it again tells nothing."""
    for operator in (Poisson(30, seed=7), parse_operator("sample:block=8")):
        assert without_noise(clean, operator) is clean


@pytest.mark.parametrize("text", ["noise:std=60", "dppix:block=8,epsilon=2"])
def test_what_a_command_wrote_cannot_be_subtracted(text, clean, tmp_path: Path):
    """With the tool, and the seeds that it had before: the picture gets no nearer."""
    source, target = tmp_path / "photo.png", tmp_path / "noisy.png"
    write_photo(Photo(levels(clean)), source)
    done = run_cli("obfuscate", source, "-o", target, "--operator", text)
    assert done.status == 0, done.err
    assert "undone" not in done.err
    noisy = read_photo(target).rgb.transpose(2, 0, 1)[None].astype(np.float32) / 255
    before = psnr(noisy, clean).mean()
    for seed in (0, 1, 2**32 - 1):
        found = without_noise(noisy, repeatable(parse_operator(text), seed=seed))
        assert psnr(found, clean).mean() < before + 0.1


def test_a_seed_is_warned_of_and_refused_where_it_must_be_safe(clean, tmp_path: Path):
    source = tmp_path / "photo.png"
    write_photo(Photo(levels(clean)), source)
    told = ("--operator", "noise:std=204,seed=5")
    done = run_cli("obfuscate", source, "-o", tmp_path / "seeded.png", *told)
    assert done.status == 0
    assert "can be drawn again and subtracted" in done.err
    target = tmp_path / "safe.png"
    done = run_cli("obfuscate", source, "-o", target, "--safe", *told)
    assert done.status == 2
    assert "--safe takes no seed" in done.err
    assert not target.exists()
