"""docs/train.md shows how to add a restorer for a new degradation: it works, in few files."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from tests.house.snippets import ROOT
from tests.house.walkthrough import read_walkthrough, try_out
from unveil.degradation import GaussianBlur
from unveil.degradation.operators import obfuscate

TRAIN = ROOT / "docs" / "train.md"
HEADING = "A restorer for a new degradation"


def test_a_restorer_takes_few_files_and_the_document_counts_them():
    walkthrough = read_walkthrough(TRAIN, HEADING)
    assert len(walkthrough.files()) == 7  # at most 8
    assert walkthrough.files() == {change.path for change in walkthrough.changes}
    assert f"## {HEADING}\n\nSeven files." in TRAIN.read_text()


def psnr(path: Path, clean: np.ndarray) -> float:
    found = np.asarray(Image.open(path).convert("RGB"), dtype=float)
    return float(10 * np.log10(255**2 / np.square(found - clean).mean()))


@pytest.mark.slow
def test_a_lossy_webp_file_is_recognised_and_restored(tmp_path):
    """The file is written by Pillow alone; without the changes, restoring it loses 4 dB."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    clean = data.astronaut()[:192, 132:324]
    images = torch.tensor(clean).permute(2, 0, 1)[None] / 255
    blurred = obfuscate(images, GaussianBlur(13, 2.0))[0].permute(1, 2, 0).mul(255).round()
    Image.fromarray(clean).save(inputs / "photo.png")
    shared = Image.fromarray(blurred.byte().numpy())
    shared.save(inputs / "shared.webp", quality=50)
    printed = try_out(read_walkthrough(TRAIN, HEADING), tmp_path / "copy", inputs)
    found = re.search(r"gaussian:.* webp:(\d+)", printed["unveil inspect shared.webp"])
    assert abs(int(found[1]) - 50) <= 10  # libwebp's quantiser depends a little on the photo
    before, linear, best = (
        psnr(inputs / name, clean) for name in ("shared.webp", "linear.png", "restored.png")
    )
    assert before + 0.5 < linear < best
    hidden, expected = (np.asarray(Image.open(inputs / n)) for n in ("hidden.png", "shared.webp"))
    assert np.abs(hidden.astype(int) - expected).max() <= 1  # both are libwebp's
