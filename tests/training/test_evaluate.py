"""Evaluation rows: what they hold, and that their numbers are the metrics' own."""

import json

import pytest
import torch

from tests.conftest import TINY_DATA
from unveil.config import DataConfig
from unveil.degradation import parse_operator, parse_storage
from unveil.degradation.degrade import store
from unveil.degradation.operators import obfuscate
from unveil.metrics.quality import psnr, ssim, ssim_deck
from unveil.report.rows import REQUIRED, read_rows
from unveil.restoration.restorers import load
from unveil.training.data import open_photos

BLUR = "gaussian:kernel=9,sigma=4"


@pytest.fixture
def photos(photo_folder):
    return open_photos(DataConfig(photo_folder, 32, 4, 4))


def evaluate(cli, photo_folder, model, *words):
    done = cli("evaluate", model, "--data", photo_folder, *TINY_DATA, *words, "--json")
    assert done.status == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize("storage", ["float", "8bit", "jpeg:75"])
@pytest.mark.parametrize("operator", [BLUR, "pixelate:block=8"])
def test_identity_scores_the_obfuscated_photos(cli, photo_folder, photos, operator, storage):
    row = evaluate(cli, photo_folder, "identity", "--operator", operator, "--storage", storage)
    clean = photos.batch(photos.splits["test"], torch.device("cpu"))
    obfuscated = store(obfuscate(clean, parse_operator(operator)), parse_storage(storage))
    for name, metric in (("psnr", psnr), ("ssim", ssim), ("ssim_deck", ssim_deck)):
        assert row[name] == pytest.approx(metric(obfuscated, clean).mean().item(), abs=1e-4)
    assert (row["model"], row["operator"], row["storage"]) == ("identity", operator, storage)


def test_a_model_is_scored_on_what_it_restores(cli, photo_folder, photos, trained):
    row = evaluate(cli, photo_folder, trained, "--precision", "fp32", "--split", "validation")
    clean = photos.batch(photos.splits["validation"], torch.device("cpu"))
    obfuscated = store(obfuscate(clean, parse_operator(BLUR)), parse_storage("8bit"))
    restored = load(str(trained), precision="fp32").restore(obfuscated)
    assert row["psnr"] == pytest.approx(psnr(restored, clean).mean().item(), abs=1e-3)
    assert row["operator"] == BLUR
    assert row["split"] == "validation"


def test_the_validation_score_of_training_is_the_score_of_evaluation(cli, photo_folder, trained):
    from unveil.networks.card import read_card

    row = evaluate(cli, photo_folder, trained, "--precision", "fp32", "--split", "validation")
    assert row["psnr"] == pytest.approx(read_card(trained).history[-1]["psnr"], abs=1e-3)


def test_a_row_says_what_its_number_depends_on(cli, photo_folder, trained):
    row = evaluate(cli, photo_folder, trained, "--limit", 3)
    assert set(REQUIRED) <= row.keys()
    assert row["images"] == 3
    assert row["images_per_second"] > 0
    assert {"python", "torch", "unveil"} <= row["versions"].keys()
    assert len(row["weights_sha256"]) == len(row["data_fingerprint"]) == 64


def test_appended_rows_can_be_read_again(cli, photo_folder, tmp_path):
    rows = tmp_path / "results" / "rows.jsonl"
    for operator in (BLUR, "pixelate:block=8"):
        evaluate(cli, photo_folder, "identity", "--operator", operator, "--append", rows)
    assert [row["operator"] for row in read_rows(rows)] == [BLUR, "pixelate:block=8"]


def test_identical_images_give_null_which_json_can_hold(cli, photo_folder):
    words = ("--operator", "pixelate:block=1", "--storage", "float")
    row = evaluate(cli, photo_folder, "identity", *words)
    assert row["psnr"] is None
    assert row["ssim"] == row["ssim_deck"] == 1


def test_without_json_it_prints_a_table(cli, photo_folder):
    done = cli("evaluate", "identity", "--data", photo_folder, *TINY_DATA, "--operator", BLUR)
    assert done.out.startswith("| model | operator | storage | images | psnr | ssim | ssim_deck |")


def test_a_checkpoint_is_scored_on_its_own_test_photos(trained, photo_folder, cli):
    own = cli("evaluate", trained, "--data", photo_folder, "--json")
    stated = cli("evaluate", trained, "--data", photo_folder, *TINY_DATA, "--json")
    assert own.status == stated.status == 0, own.err
    one, other = (json.loads(done.out) for done in (own, stated))
    assert {**one, "images_per_second": 0} == {**other, "images_per_second": 0}
    assert one["images"] == 4


def test_another_split_than_the_checkpoints_is_warned_of(trained, photo_folder, cli):
    words = ("--crop-px", 32, "--test-photos", 5, "--validation-photos", 4)
    done = cli("evaluate", trained, "--data", photo_folder, *words)
    assert done.status == 0
    assert "warning" in done.err
    assert "another split" in done.err
