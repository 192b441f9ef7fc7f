"""The study's numbers on the real photos; needs LFW: UNVEIL_LFW=../shared/lfw."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unveil.config import DataConfig, EvaluateConfig
from unveil.evaluate import evaluate
from unveil.results import read_rows

LFW = os.environ.get("UNVEIL_LFW")
ROWS = Path(__file__).parents[1] / "results" / "foundation.jsonl"
pytestmark = [
    pytest.mark.lfw,
    pytest.mark.skipif(LFW is None, reason="set UNVEIL_LFW to a folder of LFW's photos"),
]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Share one cache between these tests: decoding 13,233 photos once is enough."""
    folder = tmp_path_factory.getbasetemp() / "lfw-cache"
    monkeypatch.setenv("UNVEIL_CACHE", str(folder))


def score(model, operator, storage, limit=None):
    data = DataConfig(Path(LFW))
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


@pytest.mark.parametrize("model", ["cae-blur", "cae-pixelate"])
def test_the_committed_rows_can_be_had_again(model):
    committed = {(row["model"], row["storage"]): row for row in read_rows(ROWS)}[model, "8bit"]
    row = score(model, None, "8bit")
    assert row["weights_sha256"] == committed["weights_sha256"]
    assert row["data_fingerprint"] == committed["data_fingerprint"]
    assert row["psnr"] == pytest.approx(committed["psnr"], abs=0.02)
    assert row["ssim_deck"] == pytest.approx(committed["ssim_deck"], abs=0.0005)


def test_training_on_all_photos_stays_under_3_gb(tmp_path):
    """Every photo goes through the cache; peak memory is what the system reports."""
    code = (
        "import resource, sys; from unveil.cli import run; run(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    words = ["train", "--data", LFW, "--out", tmp_path / "run", "--epochs", 1]
    words += ["--widths", 4, 8, "--blocks", 0, 0]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) * 1024 < 3e9
