"""docs/train.md shows how to add an operator: what it says works, in as few files as it says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data

from tests.house.snippets import ROOT
from tests.house.walkthrough import read_walkthrough, try_out

TRAIN = ROOT / "docs" / "train.md"
NON_LINEAR, LINEAR = "A non-linear operator", "A linear blur"


@pytest.mark.parametrize(
    ("heading", "most", "said"), [(NON_LINEAR, 3, "Three"), (LINEAR, 5, "Four")]
)
def test_an_operator_takes_few_files_and_the_document_counts_them(heading, most, said):
    walkthrough = read_walkthrough(TRAIN, heading)
    files = walkthrough.files()
    assert len(files) <= most
    assert said == {3: "Three", 4: "Four", 5: "Five"}[len(files)]
    assert f"### {heading}\n\n{said} files." in TRAIN.read_text()
    assert files == {change.path for change in walkthrough.changes}  # none outside the package


@pytest.fixture
def inputs(tmp_path):
    """A folder with the files that the commands name."""
    folder = tmp_path / "inputs"
    photo = Image.fromarray(data.astronaut()[40:168, 156:284])
    (folder / "people" / "Eileen").mkdir(parents=True)
    for name in ("photo.png", "people/Eileen/1.png"):
        photo.save(folder / name)
    return folder


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), dtype=float) / 255


@pytest.mark.slow
def test_the_non_linear_operator_does_what_its_name_says(tmp_path, inputs):
    printed = try_out(read_walkthrough(TRAIN, NON_LINEAR), tmp_path / "copy", inputs)
    assert "unveil audit curve" in " ".join(printed)
    expected = np.round(pixels(inputs / "photo.png") * 3) / 3
    assert np.abs(pixels(inputs / "posterized.png") - expected).max() < 0.6 / 255


@pytest.mark.slow
def test_the_linear_blur_is_found_and_undone(tmp_path, inputs):
    printed = try_out(read_walkthrough(TRAIN, LINEAR), tmp_path / "copy", inputs)
    assert "tent:kernel=13," in printed["unveil inspect tent.png"]
    assert "unveil audit curve" in " ".join(printed)
    clean, triangle = pixels(inputs / "photo.png"), np.bartlett(15)[1:-1]
    expected = clean
    for axis in (0, 1):
        weights = triangle / triangle.sum()
        expected = ndimage.correlate1d(expected, weights, axis=axis, mode="mirror")
    assert np.abs(pixels(inputs / "tent.png") - expected).max() < 0.6 / 255
    before, after = (
        np.square(pixels(inputs / name) - clean).mean() for name in ("tent.png", "restored.png")
    )
    assert after < before / 2  # by 3 dB
