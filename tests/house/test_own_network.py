"""docs/train.md shows how to add a network: what it says works, in as few files as it says."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops
from skimage import data

from tests.house.snippets import ROOT
from tests.house.walkthrough import read_walkthrough, try_out
from unveil.networks.card import read_card

TRAIN = ROOT / "docs" / "train.md"
PLAIN, CONDITIONED = "A network from photo to photo", "A network that is given the operator"


@pytest.mark.parametrize(
    ("heading", "most", "said"), [(PLAIN, 2, "Two"), (CONDITIONED, 3, "Three")]
)
def test_a_network_takes_few_files_and_the_document_counts_them(heading, most, said):
    walkthrough = read_walkthrough(TRAIN, heading)
    assert len(walkthrough.files()) == most
    assert walkthrough.files() == {change.path for change in walkthrough.changes}
    assert f"### {heading}\n\n{said} files" in TRAIN.read_text()


@pytest.fixture
def inputs(tmp_path):
    """A folder with the files that the commands name."""
    folder = tmp_path / "inputs"
    (folder / "people" / "Eileen").mkdir(parents=True)
    astronaut = data.astronaut()
    Image.fromarray(astronaut[40:104, 180:244]).save(folder / "photo.png")
    for number in range(6):
        crop = astronaut[40 + 8 * number :, 180:][:48, :48]
        Image.fromarray(crop).save(folder / "people" / "Eileen" / f"{number}.png")
    return folder


@pytest.mark.slow
def test_a_network_from_photo_to_photo_is_trained_used_and_exported(tmp_path, inputs):
    try_out(read_walkthrough(TRAIN, PLAIN), tmp_path / "copy", inputs)
    assert read_card(inputs / "runs" / "dncnn" / "best").model.architecture == "dncnn"
    onnx = pytest.importorskip("onnx")
    exported = onnx.load(inputs / "dncnn.onnx")
    assert [item.name for item in exported.graph.input] == ["obfuscated"]
    change = ImageChops.difference(
        *map(Image.open, (inputs / "photo.png", inputs / "restored.png"))
    )
    assert change.getbbox()


@pytest.mark.slow
def test_a_network_that_is_given_the_operator_uses_it_and_its_own_loss(tmp_path, inputs):
    try_out(read_walkthrough(TRAIN, CONDITIONED), tmp_path / "copy", inputs)
    (entry,) = read_card(inputs / "runs" / "conditioned" / "best").history
    assert entry["loss"] == pytest.approx(entry["pixel"] + 0.1 * entry["gradient"], rel=1e-5)
    onnx = pytest.importorskip("onnx")
    exported = onnx.load(inputs / "conditioned.onnx")
    assert [item.name for item in exported.graph.input] == ["obfuscated", "conditions"]
    assert differ(inputs / "weak.png", inputs / "strong.png")


def differ(first: Path, second: Path) -> bool:
    """Return whether two pictures differ anywhere."""
    return ImageChops.difference(Image.open(first), Image.open(second)).getbbox() is not None
