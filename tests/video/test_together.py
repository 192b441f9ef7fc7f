"""`unveil restore --together` on a video: pictures of one moving thing help each other."""

import numpy as np
import pytest
from skimage import data

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import psnr, write_clip  # noqa: E402

SHIFTS = [(0, 0), (3, 1), (1, 4), (6, 2), (2, 6), (5, 5), (7, 1)]


@pytest.fixture(scope="module")
def nodding() -> list[np.ndarray]:
    """A face that moves by pixels under a camera that stands still."""
    photo = data.astronaut()
    return [photo[40 + y : 168 + y, 150 + x : 278 + x].copy() for y, x in SHIFTS]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("box", "gain_db"), [((), 1.0), (("--box", "16,16,96,96"), 0.5)], ids=["whole", "box"]
)
def test_together_beats_one_by_one(nodding, tmp_path, box, gain_db):
    clean = write_clip(tmp_path / "clean.mkv", nodding, codec="ffv1")
    hidden = tmp_path / "hidden.mkv"
    mosaic = ("--operator", "pixelate:block=8", "--codec", "ffv1")
    assert run_cli("obfuscate", clean, "-o", hidden, *mosaic).status == 0
    scores = []
    for number in (1, len(nodding)):
        out = tmp_path / f"{number}.mkv"
        words = ("restore", hidden, "-o", out, *mosaic, *box, "--model", "lmmse")
        assert run_cli(*words, "--together", number).status == 0
        scores.append(psnr(clean, out))
    alone, together = scores
    assert together > alone + gain_db


def test_what_cannot_be_together_is_refused(nodding, tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", nodding)
    ended = run_cli("restore", clip, "-o", tmp_path / "out.mkv", "--together", 17)
    assert_told(ended, 2, "--together 17 must be from 1 to 16")
    photo = tmp_path / "photo.png"
    ended = run_cli("restore", photo, "-o", tmp_path / "out.png", "--together", 3)
    assert_told(ended, 2, "--together is for videos")
