"""Clips are undone as photos are: exactly, nearly, or not at all, in one way for all frames."""

import cv2
import numpy as np
import pytest
from skimage import data

pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import run_cli
from tests.video.clips import planes, psnr, write_clip
from unveil.estimation.inspection import inspect
from unveil.images.box import Box
from unveil.linear.prior import read_prior
from unveil.restoration.blurred import Attempt
from unveil.restoration.checks import MISFIT
from unveil.restoration.stated import NEARLY
from unveil.video.scenes import in_scenes
from unveil.video.sighting import Sighting
from unveil.video.stream.info import describe
from unveil.video.stream.reading import read, upright
from unveil.video.ways import _usual

SIZE, COUNT, SCENE = (200, 240), 12, 5
FACE = (60, 90, 96, 96)  # left, top, width, height in frames of a pan that begins at 150
BOX = ",".join(map(str, FACE))
STATED = ("--operator", "gaussian:sigma=3", "--box", BOX)


def frames(photo, left, top, count):
    """Return a pan over a photo with the noise of a camera."""
    noise, shown = np.random.default_rng(0), []
    for n in range(count):
        part = photo[top : top + SIZE[0], left + n : left + n + SIZE[1]]
        shown.append(np.clip(part + noise.normal(0, 1, part.shape), 0, 255).astype(np.uint8))
    return shown


def blurred(picture, left=FACE[0], top=FACE[1], sigma=3):
    """Return a picture in which a part was blurred by itself, as OpenCV mirrors its border."""
    hidden, place = picture.copy(), (slice(top, top + FACE[3]), slice(left, left + FACE[2]))
    hidden[place] = cv2.GaussianBlur(picture[place], (0, 0), sigma)
    return hidden


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A portrait, then coffee; in the portrait the face is blurred, in place or as it moves."""
    folder = tmp_path_factory.mktemp("checked")
    portrait = frames(data.astronaut(), 110, 0, COUNT)
    coffee = frames(data.coffee(), 200, 60, SCENE)
    write_clip(folder / "clean.mkv", [*portrait, *coffee], codec="ffv1")
    stands = [blurred(one) for one in portrait]
    write_clip(folder / "stands.mkv", [*stands, *coffee], options={"crf": "18"})
    moves = [blurred(one, FACE[0] + 3 * n, 60, 5) for n, one in enumerate(portrait)]
    write_clip(folder / "moves.mkv", [*moves, *coffee], options={"crf": "18"})
    return folder


def restored(clips, name, out, *words):
    ended = run_cli("restore", clips / name, "-o", out, "--codec", "ffv1", *words)
    assert ended.status == 0, ended
    return ended.err


def assert_coffee_stays(source, out):
    for before, after in list(zip(planes(source), planes(out), strict=True))[-SCENE:]:
        assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))


@pytest.mark.slow
def test_what_is_stated_nearly_right_is_undone_nearly_where_it_is(clips, tmp_path):
    nearly, forced = tmp_path / "nearly.mkv", tmp_path / "forced.mkv"
    said = restored(clips, "stands.mkv", nearly, *STATED)
    assert said.count(f"undone {NEARLY}") == 1
    assert "undone" not in restored(clips, "stands.mkv", forced, *STATED, "--force")
    hidden = psnr(clips / "clean.mkv", clips / "stands.mkv")
    assert psnr(clips / "clean.mkv", nearly) > hidden + 1
    assert psnr(clips / "clean.mkv", forced) < psnr(clips / "clean.mkv", nearly) - 1
    assert_coffee_stays(clips / "stands.mkv", nearly)


@pytest.mark.slow
def test_what_is_stated_wrongly_is_left_with_one_warning(clips, tmp_path):
    said = restored(clips, "clean.mkv", tmp_path / "out.mkv", *STATED)
    assert said.count("warning: ") == 2  # the second: what the picture looks like instead
    assert said.count("not undone: ") == 1
    assert "; --force undoes it all the same" in said
    assert psnr(clips / "clean.mkv", tmp_path / "out.mkv") > 100


@pytest.mark.slow
def test_a_blur_that_moves_is_followed_and_undone_nearly(clips, tmp_path):
    out = tmp_path / "out.mkv"
    said = restored(clips, "moves.mkv", out)
    assert "restored as nearly as it is known" in said
    assert psnr(clips / "clean.mkv", out) > psnr(clips / "clean.mkv", clips / "moves.mkv") + 0.3
    assert_coffee_stays(clips / "moves.mkv", out)
    for n, (before, after) in enumerate(zip(planes(clips / "moves.mkv"), planes(out), strict=True)):
        changed = before[0] != after[0]
        if n < COUNT:
            assert changed.any()
        left = FACE[0] + 3 * n
        changed[52 : 60 + FACE[3] + 8, left - 8 : left + FACE[2] + 8] = False
        assert changed.mean() < 0.01


@pytest.mark.slow
def test_in_another_scene_the_part_is_sought_anywhere(tmp_path):
    left, (width, height) = 5, FACE[2:]
    shown = [blurred(one, left, FACE[1], 5) for one in frames(data.astronaut(), 165, 0, 4)]
    mirrored = [np.ascontiguousarray(one[:, ::-1]) for one in shown]
    path = write_clip(tmp_path / "clip.mkv", [*shown, *mirrored], options={"crf": "18"})
    info, prior = describe(path, 10**9), read_prior(None)
    first, second = (Box(edge, FACE[1], width, height) for edge in (left, SIZE[1] - left - width))
    part = inspect(upright(next(read(info)), info), info.storage, prior)
    assert part.box is not None
    views = Sighting(info, part, prior).look(in_scenes(read(info), 8))
    for view, place in zip(views, [first] * 4 + [second] * 4, strict=True):
        assert view.sight is not None
        box, seen = view.sight.box, view.sight.window.box
        box = Box(box.left + seen.left, box.top + seen.top, box.width, box.height)
        assert box.overlap(place) > 0.6


def attempt(reason=None, note="", *, is_plain=True):
    images = np.zeros((1, 3, 4, 4), np.float32)
    again = None if reason else lambda images: (images, True)
    return Attempt(images, reason=reason, note=note, is_plain=is_plain, again=again)


def test_most_frames_decide_how_a_clip_is_undone():
    nearly, exactly, not_at_all = attempt(None, NEARLY, is_plain=False), attempt(), attempt(MISFIT)
    way = _usual([exactly, nearly, exactly, not_at_all, exactly])
    assert (way.note, way.is_exact, way.reason) == ("", True, None)
    assert _usual([nearly, exactly, nearly]).note == NEARLY
    assert _usual([exactly, nearly]).note == NEARLY  # of two ways that are as usual
    assert _usual([not_at_all, exactly, not_at_all]).reason == MISFIT
    assert _usual([not_at_all, exactly, exactly, not_at_all]).reason is None


def test_a_way_says_which_frames_agree():
    agreeing = iter([True, False, True])
    images = np.zeros((1, 3, 4, 4), np.float32)
    one = Attempt(images, again=lambda images: (images + 1, next(agreeing)), is_plain=False)
    restored, said = _usual([one]).undo(np.zeros((3, 3, 4, 4), np.float32))
    assert restored.shape == (3, 3, 4, 4)
    assert restored.min() == 1
    assert said == [True, False, True]
