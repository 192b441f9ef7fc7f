"""One network for compression, noise and downscaling, which is not told which."""

import importlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import fill_tables
from tests.conftest import TINY_DATA, assert_told
from tests.linear import test_linear
from unveil.arrays import to_numpy
from unveil.config import LossConfig, ModelConfig
from unveil.degradation import (
    Degradation,
    Downscale,
    GaussianBlur,
    Noise,
    Poisson,
    Storage,
    Unchanged,
    parse_operator,
    parse_storage,
)
from unveil.degradation.degrade import degrade
from unveil.degradation.families import (
    STREAMING_CRFS,
    STREAMING_QUALITIES,
    STREAMING_TRIALS,
    Task,
)
from unveil.images.arrays import from_pixels
from unveil.images.photos import read_photo
from unveil.networks.architectures import build
from unveil.report.rows import REQUIRED
from unveil.training.objectives import Objective

av = pytest.importorskip("av", reason="the extra video is not installed")

ROOT = Path(__file__).parents[2]
STREAM = Task("streaming", "any")
TINY = ModelConfig("blind", stem_kernel=6, stem_stride=2, widths=(8, 12), blocks=(1, 1))
TRAIN = (
    *("--operator", "streaming", "--storage", "any", "--architecture", "blind", "--loss", "psnr"),
    *("--stem-kernel", 6, "--stem-stride", 2, "--widths", 8, 12, "--blocks", 1, 1),
    *("--epochs", 1, "--batch", 8, "--precision", "fp32", "--threads", 1),
)


def drawn(*size: int) -> torch.Tensor:
    """Return smooth random pictures in [0,1], like those of the tests of linear restoration."""
    return torch.from_numpy(test_linear.drawn(*size)).float()


def psnr(found: torch.Tensor, clean: torch.Tensor) -> float:
    return test_linear.psnr(to_numpy(found), to_numpy(clean))


def pixels(path):
    return read_photo(path).rgb


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build(TINY).eval()


@pytest.mark.parametrize("size", [(48, 56), (31, 17), (2, 3), (1, 20)], ids=str)
def test_untrained_it_smooths_as_opencv_does(model, size):
    photos, window = drawn(2, *size), np.array([1, 4, 6, 4, 1]) / 16
    smoothed = [
        cv2.sepFilter2D(picture, -1, window, window, borderType=cv2.BORDER_REPLICATE)
        for picture in photos.permute(0, 2, 3, 1).numpy()
    ]
    torch.testing.assert_close(
        model(photos).permute(0, 2, 3, 1), torch.from_numpy(np.stack(smoothed))
    )


def test_what_it_is_told_changes_nothing(model):
    torch.nn.init.normal_(model.tail.weight, std=0.1)
    told = model(drawn(), Degradation(GaussianBlur(), Storage("jpeg", 50)))
    assert torch.equal(told, model(drawn(), Degradation(Noise(50))))
    assert torch.equal(told, model(drawn()))
    assert not torch.equal(told, drawn())


@pytest.mark.slow
def test_it_learns_to_take_noise_off(model):
    """Noise drawn anew each step, so that it cannot be learnt by heart."""
    clean = drawn(4, 32, 32)
    objective, optimizer = (
        Objective(LossConfig(loss="psnr")),
        torch.optim.Adam(model.parameters(), lr=3e-3),
    )
    model.train()
    for step in range(150):
        known = Degradation(Noise(25, seed=step))
        terms = objective(model, clean, degrade(clean, known), [known], step)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
    noisy = degrade(clean, Degradation(Noise(25, seed=10**6)))
    assert psnr(model.eval()(noisy), clean) > psnr(noisy, clean) + 3


def test_the_family_is_drawn_from_end_to_end():
    drawn_ones = [one for step in range(1000) for one in STREAM.draw(0, step)]
    operators, storages = zip(*((one.operator, one.storage) for one in drawn_ones), strict=True)
    assert {type(one) for one in operators} == {Unchanged, Noise, Poisson, Downscale}
    assert {one.kind for one in storages} == {"8bit", "jpeg", "h264"}
    qualities = [one.quality for one in storages if one.kind == "jpeg"]
    assert (min(qualities), max(qualities)) == STREAMING_QUALITIES
    crfs = [one.quality for one in storages if one.kind == "h264"]
    assert (min(crfs), max(crfs)) == STREAMING_CRFS
    deviations = [one.std for one in operators if isinstance(one, Noise)]
    assert min(deviations) < 2.2
    assert max(deviations) > 45
    assert len({one.seed for one in operators if isinstance(one, Noise)}) > 100
    assert Degradation(Unchanged(), Storage("8bit")) not in drawn_ones


@pytest.mark.parametrize(
    ("text", "storage", "covered"),
    [
        ("none", "jpeg:40", True),
        ("none", "jpeg:5", False),
        ("none", "h264:crf=41", False),
        ("noise:std=25,seed=3", "8bit", True),
        ("noise:std=60", "8bit", False),
        ("poisson:photons=10", "8bit", False),
        ("downscale:factor=3", "h264:crf=28", True),
        ("downscale:factor=8", "8bit", False),
        ("gaussian:kernel=9,sigma=4", "8bit", False),
    ],
)
def test_the_family_has_bounds(text, storage, covered):
    known = Degradation(parse_operator(text), parse_storage(storage))
    assert STREAM.covers(known) is covered


def test_all_that_is_scored_is_covered():
    for operator, storage in STREAMING_TRIALS:
        assert STREAM.covers(Degradation(parse_operator(operator), parse_storage(storage)))


def test_a_refiner_cannot_be_trained_on_it(cli, photo_folder, tmp_path):
    words = ("--operator", "streaming", "--storage", "any", "--architecture", "refiner")
    done = cli("train", "--data", photo_folder, "--output", tmp_path / "run", *words)
    assert_told(done, 2, "--architecture blind")


@pytest.fixture(scope="module")
def trained_blind(photo_folder, tmp_path_factory):
    from tests.conftest import run_cli

    run = tmp_path_factory.mktemp("blind") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(tmp_path_factory.mktemp("cache")))
        done = run_cli("train", "--data", photo_folder, "--output", run, *TINY_DATA, *TRAIN)
    assert done.status == 0, done.err
    return run


@pytest.mark.parametrize(
    ("operator", "storage"),
    [("none", "h264:crf=35"), ("noise:std=25", "8bit"), ("poisson:photons=30", "jpeg:60")],
)
def test_it_is_scored_on_any_of_them_twice_the_same(
    cli, photo_folder, trained_blind, operator, storage
):
    words = ("--operator", operator, "--storage", storage, "--precision", "fp32", "--json")
    rows = []
    for _ in range(2):
        done = cli("evaluate", trained_blind, "--data", photo_folder, *TINY_DATA, *words)
        assert done.status == 0, done.err
        rows.append(json.loads(done.out))
    assert (rows[0]["operator"], rows[0]["storage"]) == (operator, storage)
    assert rows[0]["psnr"] == rows[1]["psnr"]


def test_a_photo_is_restored_without_being_told(cli, photo, trained_blind, tmp_path):
    bad, out, guess = (tmp_path / name for name in ("bad.png", "out.png", "map.png"))
    words = ("obfuscate", photo, "-o", bad, "--operator", "none", "--storage", "h264:crf=38")
    assert cli(*words).status == 0
    done = cli("restore", bad, "-o", out, "--model", trained_blind, "--uncertainty", guess)
    assert done.status == 0, done.err
    assert "undoing JPEG of quality 10 to 95, H.264" in done.err
    assert "found" not in done.err
    assert pixels(out).shape == pixels(guess).shape == pixels(bad).shape
    boxed = tmp_path / "boxed.png"
    done = cli("restore", bad, "-o", boxed, "--model", trained_blind, "--box", "8,8,40,48")
    assert done.status == 0, done.err
    outside = np.ones(pixels(bad).shape[:2], dtype=bool)
    outside[8:56, 8:48] = False
    np.testing.assert_array_equal(pixels(bad)[outside], pixels(boxed)[outside])


def test_obfuscate_keeps_a_photo_as_the_storage_does(cli, photo, tmp_path):
    out = tmp_path / "out.png"
    words = ("obfuscate", photo, "-o", out, "--operator", "noise:std=20,seed=3")
    words = (*words, "--storage", "jpeg:20")
    assert cli(*words).status == 0
    known = Degradation(Noise(20, seed=3), Storage("jpeg", 20))
    clean = from_pixels(pixels(photo)[None])
    expected = degrade(clean, known)[0].transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels(out), (expected * 255).round())
    done = cli(*words[:2], "-o", tmp_path / "new.png", *words[4:-1], "h265:crf=3")
    assert_told(done, 2, "h265:crf=3", "h264:crf=23")
    assert not (tmp_path / "new.png").exists()


@pytest.mark.slow
def test_the_benchmark_scores_it_beside_dncnn(photo_folder, monkeypatch):
    """Every method as it is run, on tiny photos for a moment."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("streaming")
    small = dict.fromkeys(("test_photos", "validation_photos"), 4) | {"crop_px": 32}
    options = benchmark.Options(photo_folder, seconds=1.0, photos=2, **small)
    rows = [row for name in benchmark.METHODS for row in benchmark.run_method(name, options)]
    assert {row["model"] for row in rows} == {"identity", "dncnn", "unveil blind"}
    assert all(row.keys() >= set(REQUIRED) for row in rows)
    assert {row["trained_seconds"] for row in rows if row["model"] != "identity"} == {1.0}
    table = fill_tables.TABLES["streaming"](rows).splitlines()
    assert table[0] == "| operator | storage | identity | dncnn | unveil blind |"
    assert len(table) == 2 + len(STREAMING_TRIALS)
    costs = fill_tables.networks(rows).splitlines()
    assert [line.split(" | ")[0] for line in costs[2:]] == ["| dncnn", "| unveil blind"]
