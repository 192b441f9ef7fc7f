"""`unveil restore` on a mosaic that moves over a clip: found in each picture, undone together."""

import json

import numpy as np
import pytest
from skimage import data

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import planes, psnr, write_clip  # noqa: E402
from unveil.degradation import GaussianBlur, Pixelate, Storage, Unchanged  # noqa: E402
from unveil.degradation.operators import obfuscate  # noqa: E402
from unveil.errors import UsageError  # noqa: E402
from unveil.estimation.finding import Finding  # noqa: E402
from unveil.images.box import Box  # noqa: E402
from unveil.video.agreement import Moving, agree  # noqa: E402

SIDE = 96
PATH = [(0, 0), (3, 1), (5, 4), (6, 7), (9, 9), (12, 10), (13, 13), (15, 12), (16, 15), (18, 17)]
FIRST = (40, 60)
EIGHT_BIT = Storage("8bit")


def mosaicked(picture: np.ndarray, top: int, left: int) -> np.ndarray:
    hidden = picture.transpose(2, 0, 1)[None] / np.float32(255)
    place = (slice(top, top + SIDE), slice(left, left + SIDE))
    hidden[..., *place] = obfuscate(hidden[..., *place], Pixelate(8))
    return (hidden[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A face that stays and a mosaic that moves over it; the last two pictures are clean."""
    folder = tmp_path_factory.mktemp("following")
    picture = data.astronaut()[:224, 120:400].copy()
    hidden = [mosaicked(picture, FIRST[0] + y, FIRST[1] + x) for y, x in PATH]
    clean = [picture] * (len(PATH) + 2)
    write_clip(folder / "clean.mkv", clean, codec="ffv1")
    write_clip(folder / "lossless.mkv", [*hidden, picture, picture], codec="ffv1")
    write_clip(folder / "h264.mkv", [*hidden, picture, picture], options={"crf": "20"})
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lossless", "h264"])
def test_a_mosaic_that_moves_is_undone_and_together_it_is_undone_better(clips, tmp_path, name):
    source, clean = clips / f"{name}.mkv", clips / "clean.mkv"
    scores = [psnr(clean, source)]
    for together in (1, 5):
        out = tmp_path / f"{together}.mkv"
        words = ("restore", source, "-o", out, "--model", "lmmse", "--codec", "ffv1", "--json")
        done = run_cli(*words, "--together", together)
        row = json.loads(done.out)
        assert (row["operator"], row["box"]) == ("pixelate:block=8", "moves")
        scores.append(psnr(clean, out))
    obfuscated, alone, joined = scores
    assert alone > obfuscated + 1
    assert joined > alone + 0.8  # before the mosaic disappears, both fade out


@pytest.mark.slow
def test_pictures_without_a_mosaic_and_what_is_around_it_stay_to_the_bit(clips, tmp_path):
    source, out = clips / "lossless.mkv", tmp_path / "out.mkv"
    done = run_cli("restore", source, "-o", out, "--model", "lmmse", "--codec", "ffv1")
    assert "found: pixelate:block=8, in a part that moves" in done.err
    both = list(zip(planes(source), planes(out), strict=True))
    for before, after in both[-2:]:
        assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    for (y, x), (before, after) in zip(PATH, both, strict=False):
        changed = before[0] != after[0]
        place = (
            slice(FIRST[0] + y, FIRST[0] + y + SIDE),
            slice(FIRST[1] + x, FIRST[1] + x + SIDE),
        )
        assert changed[place].mean() > 0.5
        changed[place] = False
        assert not changed.any()


def part(left: int, block: int = 8) -> Finding:
    return Finding(Pixelate(block), EIGHT_BIT, 0.9, None, Box(left, 0, 80, 80))


NOTHING = Finding(Unchanged(), EIGHT_BIT, 0.9)
BLURRED = Finding(GaussianBlur(9, 4.0), EIGHT_BIT, 0.9)


def test_most_pictures_decide_what_hides_a_clip():
    assert agree([part(0), part(0), part(0), part(8), NOTHING]) == part(0)
    assert agree([BLURRED, BLURRED, BLURRED, part(0), part(8)]) == BLURRED
    assert agree([NOTHING, NOTHING, NOTHING, BLURRED, part(0)]) == NOTHING
    moving = Moving(Pixelate(8), EIGHT_BIT)
    assert agree([part(0), part(8), part(16), part(24), NOTHING]) == moving
    assert agree([NOTHING, NOTHING, NOTHING, part(0), part(8)]) == moving


def test_pictures_that_show_different_things_are_refused():
    with pytest.raises(UsageError, match="differs from frame to frame"):
        agree([BLURRED, BLURRED, part(0, 8), part(0, 12), NOTHING])


def test_an_operator_that_is_told_is_not_looked_for(clips, tmp_path):
    words = ("restore", clips / "lossless.mkv", "-o", tmp_path / "out.mkv", "--model", "lmmse")
    ended = run_cli(*words, "--operator", "pixelate:block=8", "--box", "300,0,96,96")
    assert_told(ended, 1, "box 300,0,96,96 is not inside the picture of 280x224 pixels")
