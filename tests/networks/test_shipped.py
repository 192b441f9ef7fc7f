"""The weights in the package: whole, within bounds, and described."""

import hashlib
import json
import re
import shlex

import pytest
import torch
import tyro

from unveil.config import RunConfig, to_plain
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.errors import UsageError
from unveil.networks.card import FOLDER, list_shipped
from unveil.report import tables
from unveil.restoration.choice import model_for
from unveil.restoration.restorers import load

SHIPPED = list_shipped()
MAX_BYTES = 10_000_000


@pytest.mark.parametrize(
    ("operator", "name"),
    [
        ("gaussian:kernel=9,sigma=4", "blur-study"),
        ("gaussian:kernel=25,sigma=3.1", "blur"),
        ("box:kernel=11", "blur"),
        ("disk:radius=4.5", "optics"),
        ("aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30", "optics"),
        ("pixelate:block=8", "pixelate"),
        ("pixelate:block=13,left=4,top=7", "pixelate"),
        ("sample:block=5", "pixelate"),
        ("motion:length=9,angle=20", "lmmse"),
        ("blocks:across=7.47", "lmmse"),
    ],
)
def test_the_best_weights_for_an_operator_are_chosen(operator, name):
    assert model_for(Degradation(parse_operator(operator))) == name


def test_weights_for_one_storage_are_not_chosen_for_another():
    """The specialist has never seen JPEG; the family has."""
    blur = parse_operator("gaussian:kernel=9,sigma=4")
    assert model_for(Degradation(blur, parse_storage("jpeg:75"))) == "blur"


@pytest.mark.parametrize("item", SHIPPED, ids=lambda item: item.name)
class TestEach:
    def test_the_file_is_small_and_is_the_one_described(self, item):
        path = item.folder / item.card.files["weights"]["name"]
        assert path.stat().st_size <= MAX_BYTES
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        assert content == item.card.files["weights"]["sha256"]

    def test_it_has_a_model_card_and_scores_of_what_it_is_for(self, item):
        model_card = (item.folder / "README.md").read_text()
        assert item.card.task.family.description in model_card
        assert tables.results(item.card.scores) in model_card
        for score in item.card.scores:
            found = Degradation(parse_operator(score["operator"]), parse_storage(score["storage"]))
            assert item.card.task.covers(found) or score["storage"] == "float"
        assert {"8bit"} < {score["storage"] for score in item.card.scores}

    def test_the_command_on_its_card_is_what_it_was_trained_by(self, item):
        """Parsed as users' words are, the flags are the settings that the checkpoint keeps."""
        text = (item.folder / "README.md").read_text()
        *_, command = re.findall(r"^unveil train(.*?)^```", text, re.DOTALL | re.MULTILINE)
        *words, flag, folder = shlex.split(command.replace("\\\n", " "))
        assert (flag, folder) == ("--output", f"runs/{item.name}")
        told = to_plain(tyro.cli(RunConfig, args=words, config=(tyro.conf.OmitArgPrefixes,)))
        assert told["data"].pop("data") == "lfw"
        for part in ("data", "model", "train", "loss"):
            kept = item.card.run.get(part, {})
            assert {key: kept.get(key, value) for key, value in told[part].items()} == told[part]

    def test_it_was_trained_on_the_protocols_split(self, item):
        sizes = {
            "photo": {"test": 3708, "validation": 1905, "train": 7620},
            "person": {"test": 6286, "validation": 1905, "train": 5042},
        }
        split_by = item.card.run["data"].get("split_by", "photo")
        assert item.card.data["splits"] == sizes[split_by]
        assert (split_by == "person") == item.name.endswith(("-people", "-identity"))

    def test_it_names_no_folder_of_the_machine_that_trained_it(self, item):
        assert item.card.run["data"]["data"] is None
        ours = [other.name for other in SHIPPED]
        start = item.card.run["train"].get("start_from")
        assert start in (None, *ours) or start.startswith("runs/")

    def test_it_loads_and_restores(self, item):
        images = torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(0))
        restorer = load(item.name)
        if restorer.needs_degradation:
            with pytest.raises(UsageError, match=f"{item.name} needs the operator"):
                restorer.restore(images)
        assert restorer.restore(images, item.card.task.example).shape == images.shape
        # Half precision is for the file only.
        model = load(item.name, engine="torch").engine.model
        assert {value.dtype for value in model.parameters()} == {torch.float32}


def test_the_listing_shows_them_all(cli):
    done = cli("models", "--json")
    assert done.status == 0
    listed = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
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


@pytest.mark.slow
def test_restore_picks_the_weights_by_operator(cli, photo, tmp_path):
    words = ("restore", photo, "-o", tmp_path / "out.png", "--operator", "pixelate:block=8")
    done = cli(*words)
    assert done.status == 0, done.err
    assert "undoing pixelate:block=8 in jpeg:" in done.err
    assert "with pixelate on" in done.err


def test_an_operator_beyond_training_is_left_to_algebra_with_the_range(cli, photo, tmp_path):
    words = ("restore", photo, "-o", tmp_path / "out.png", "--operator", "pixelate:block=40")
    done = cli(*words)
    assert done.status == 0, done.err
    assert "blocks of 4 to 16 pixels" in done.err
    assert "with lmmse" in done.err
    assert "with pixelate" in cli(*words, "--force", "--overwrite").err


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
