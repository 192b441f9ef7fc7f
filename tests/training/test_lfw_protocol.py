"""The study's numbers on the real photos; needs LFW: UNVEIL_LFW=../shared/lfw."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import TINY_DATA, TINY_TRAINING, assert_told
from tests.networks.nets import Unchanged
from unveil.config import DataConfig, EvaluateConfig, LossConfig, ScoredDataConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.degradation.operators import gaussian_blur
from unveil.images.photos import list_photos
from unveil.networks.card import read_card
from unveil.report.rows import read_rows
from unveil.training.crops import open_crops
from unveil.training.evaluate import evaluate
from unveil.training.objectives import Objective
from unveil.training.splits import split_photos
from unveil.training.vgg import load_features

LFW = os.environ.get("UNVEIL_LFW")
BLUR = [Degradation(GaussianBlur())]
VGG = Path(LFW or ".").parent / "vgg16" / "vgg16_conv2_2.safetensors"
ROWS = Path(__file__).parents[2] / "results" / "restorers.jsonl"
pytestmark = [
    pytest.mark.lfw,
    pytest.mark.skipif(LFW is None, reason="set UNVEIL_LFW to a folder of LFW's photos"),
]


needs_vgg = pytest.mark.skipif(not VGG.is_file(), reason=f"no {VGG.name} beside LFW's folder")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Share one cache between these tests: decoding 13,233 photos once is enough."""
    folder = tmp_path_factory.getbasetemp() / "lfw-cache"
    monkeypatch.setenv("UNVEIL_CACHE", str(folder))


def score(model, operator, storage, limit=None):
    data = ScoredDataConfig(Path(LFW))
    config = EvaluateConfig(data, operator=operator, storage=storage, limit=limit)
    return evaluate(model, config)


@pytest.mark.parametrize(
    ("operator", "storage", "psnr", "ssim", "ssim_deck"),
    [
        ("gaussian:kernel=9,sigma=4", "float", 26.820, 0.7775, 0.7471),
        ("pixelate:block=8", "float", 22.581, 0.5449, 0.4892),
    ],
)
def test_the_obfuscated_photos_are_the_studys(operator, storage, psnr, ssim, ssim_deck):
    row = score("identity", operator, storage)
    assert row["images"] == 3708
    assert row["psnr"] == pytest.approx(psnr, abs=0.002)
    assert row["ssim"] == pytest.approx(ssim, abs=0.0002)
    assert row["ssim_deck"] == pytest.approx(ssim_deck, abs=0.0002)


@pytest.mark.parametrize(
    ("model", "psnr", "ssim_deck"), [("cae-blur", 30.62, 0.88), ("cae-pixelate", 25.40, 0.68)]
)
def test_the_shipped_weights_beat_the_studys_figures(model, psnr, ssim_deck):
    row = score(model, None, "float", limit=600)
    assert row["psnr"] > psnr
    assert row["ssim_deck"] > ssim_deck


def test_a_committed_row_can_be_had_again():
    """On another machine, in another precision."""
    model, operator = "pixelate-fast", "pixelate:block=8"
    rows = {(row["model"], row["operator"], row["storage"]): row for row in read_rows(ROWS)}
    committed = rows[model, operator, "8bit"]
    row = score(model, operator, "8bit")
    assert row["weights_sha256"] == committed["weights_sha256"]
    assert row["data_fingerprint"] == committed["data_fingerprint"]
    assert row["psnr"] == pytest.approx(committed["psnr"], abs=0.02)
    assert row["ssim_deck"] == pytest.approx(committed["ssim_deck"], abs=0.0005)


def test_training_on_all_photos_stays_under_3_gb(tmp_path):
    """Every photo goes through the cache; peak memory is what the system reports."""
    # Not ru_maxrss: that of a child starts at the peak of the process that started it.
    code = (
        "import sys; from pathlib import Path; from unveil.cli import select;"
        "select(sys.argv[1:])();"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    words = ["train", "--data", LFW, "--output", tmp_path / "run", "--epochs", 1]
    words += ["--widths", 4, 8, "--blocks", 0, 0]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) * 1024 < 3e9


@needs_vgg
def test_the_real_vgg16_gives_the_protocols_raw_terms():
    """23,021 and 0.0095: the first 64 test photos, blurred and kept as float."""
    config = LossConfig(loss="mixed", scale="raw", vgg_weights=VGG)
    features, record = load_features(config)
    assert record["vgg"] == "oxford"
    assert record["vgg_sha256"].startswith("b8c4e1f2")
    paths = list_photos(Path(LFW))
    numbers = split_photos(len(paths), DataConfig(Path(LFW)))["test"][:64]
    crops, _ = open_crops(Path(LFW), [paths[number] for number in numbers], 112)
    found = []
    for eight in torch.from_numpy(crops.copy()).permute(0, 3, 1, 2).float().div(255).split(8):
        objective = Objective(config, features)
        found.append(objective(Unchanged(), eight, gaussian_blur(eight, 9, 4.0), BLUR, 0))
    means = {name: float(torch.stack([one[name] for one in found]).mean()) for name in found[0]}
    assert means["perceptual"] == pytest.approx(23_021, rel=0.001)
    assert means["pixel"] == pytest.approx(0.0095, abs=0.00005)
    assert means["loss"] == pytest.approx(means["pixel"] + means["perceptual"])


@needs_vgg
def test_the_real_vgg16_calibrates_a_run(photo_folder, tmp_path, cli):
    """The scale brings the term to the pixel term's size; a millionth here, as on LFW."""
    words = ("--data", photo_folder, *TINY_DATA, *TINY_TRAINING, "--vgg-weights", VGG)
    done = cli("train", *words, "--output", tmp_path / "run", "--loss", "mixed")
    assert done.status == 0, done.err
    entry = read_card(tmp_path / "run" / "last").history[0]
    assert 1e-7 < read_card(tmp_path / "run" / "last").loss["scale"] < 1e-5
    assert 0.1 < entry["perceptual"] / entry["pixel"] < 10


@needs_vgg
def test_the_real_vgg16_ends_before_conv3_3(photo_folder, tmp_path, cli):
    words = ("--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA, *TINY_TRAINING)
    words = (*words, "--loss", "perceptual", "--vgg-weights", VGG, "--tap", "conv3_3")
    done = cli("train", *words)
    assert_told(done, 1, f"{VGG}: the oxford weights end before conv3_3", "--tap relu2_2")
    assert not (tmp_path / "run").exists()
