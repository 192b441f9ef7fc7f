"""The weights in the package: whole, within bounds, and described."""

import hashlib
import json

import pytest
import torch

from unveil import tables
from unveil.restore import load
from unveil.shipped import FOLDER, list_shipped, model_for
from unveil.specs import parse_operator

SHIPPED = list_shipped()
MAX_BYTES = 10_000_000


def test_both_of_the_studys_operators_are_covered():
    assert model_for(parse_operator("gaussian:kernel=9,sigma=4")) == "cae-blur"
    assert model_for(parse_operator("pixelate:block=8")) == "cae-pixelate"


@pytest.mark.parametrize("item", SHIPPED, ids=lambda item: item.name)
class TestEach:
    def test_the_file_is_small_and_is_the_one_described(self, item):
        path = item.folder / item.card.files["weights"]["name"]
        assert path.stat().st_size <= MAX_BYTES
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        assert content == item.card.files["weights"]["sha256"]

    def test_it_has_a_model_card_and_scores_for_both_storages(self, item):
        model_card = (item.folder / "README.md").read_text()
        assert item.card.operator in model_card
        assert tables.results(item.card.scores) in model_card
        assert {score["storage"] for score in item.card.scores} == {"float", "8bit"}

    def test_it_was_trained_on_8bit_photos_of_the_protocols_split(self, item):
        assert item.card.storage == "8bit"
        assert item.card.data["splits"] == {"test": 3708, "validation": 1905, "train": 7620}

    def test_it_names_no_folder_of_the_machine_that_trained_it(self, item):
        assert item.card.run["data"]["data"] is None

    def test_it_loads_and_restores(self, item):
        images = torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(0))
        assert load(item.name).restore(images).shape == images.shape


def test_the_listing_shows_them_all(cli):
    done = cli("models", "--json")
    assert done.status == 0
    listed = {row["name"]: row for row in json.loads(done.out)}
    assert listed.keys() == {path.parent.name for path in FOLDER.glob("*/checkpoint.json")}
    for row in listed.values():
        assert {
            "operator",
            "storage",
            "size_mb",
            "sha256",
            "training_data",
            "scores",
        } <= row.keys()
    assert "cae-blur" in cli("models").out


def test_restore_picks_the_weights_by_operator(cli, photo, tmp_path):
    words = ("restore", photo, "-o", tmp_path / "out.png", "--operator", "pixelate:block=8")
    done = cli(*words)
    assert done.status == 0, done.err
    assert done.out.startswith("cae-pixelate, undoing pixelate:block=8")


def test_an_operator_that_no_weights_undo_is_refused_with_what_there_is(cli, photo, tmp_path):
    words = ("restore", photo, "-o", tmp_path / "out.png", "--operator", "pixelate:block=16")
    done = cli(*words)
    assert done.status == 2
    assert "gaussian:kernel=9,sigma=4, pixelate:block=8" in done.err


def test_a_real_photo_comes_out_better_than_it_went_in(cli, tmp_path):
    """`make demo`: scikit-image's astronaut, both operators."""
    done = cli("demo", "--output", tmp_path)
    assert done.status == 0, done.err
    cells = [
        line.split("|")
        for line in done.out.splitlines()
        if line.startswith(("| gaussian", "| pixelate"))
    ]
    for before, after in (cells[:2], cells[2:]):
        assert "before" in before[2]
        assert "after" in after[2]
        for column in (3, 4, 5):
            assert float(after[column]) > float(before[column])
    assert (tmp_path / "strip.png").is_file()
    assert done.out.splitlines()[-1] == str(tmp_path / "strip.png")
