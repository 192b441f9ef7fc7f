"""A wrong operator that the user states warns in all five places that restore; a right one not."""

import warnings

import numpy as np
import pytest
from PIL import Image
from skimage import data

import unveil

pytest.importorskip("av")
pytest.importorskip("dlib")

from tests.video.clips import write_clip
from tests.visitor import answered

RIGHT, WRONG = "pixelate:block=8", "gaussian:kernel=13,sigma=3"
SAID = f"stated {WRONG}, but the image looks like pixelate:block=8"


@pytest.fixture
def hidden(tmp_path, cli):
    clean, path = tmp_path / "clean.png", tmp_path / "hidden.png"
    Image.fromarray(data.astronaut()[0:160, 140:300]).save(clean)
    assert cli("obfuscate", clean, "-o", path, "--operator", RIGHT).status == 0
    return path


def by_photo(path, operator, cli):
    done = cli("restore", path, "-o", path.with_name("out.png"), "--operator", operator)
    assert done.status == 0, done.err
    return done.err


def by_video(path, operator, cli):
    clip = path.with_name("clip.mkv")
    write_clip(clip, [np.asarray(Image.open(path))] * 3, codec="ffv1")
    words = ("restore", clip, "-o", path.with_name("out.mkv"), "--operator", operator)
    done = cli(*words, "--codec", "ffv1")
    assert done.status == 0, done.err
    return done.err


def by_page(path, operator, cli):
    return " ".join(answered("restore", path, ("operator", operator)).told["notes"])


def by_audit(path, operator, cli):
    done = cli("audit", path, "--box", "30,30,96,96", "--operator", operator)
    assert done.status == 0, done.err
    return done.err


def by_python(path, operator, cli):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unveil.restore(unveil.read(path), operator)
    return " ".join(str(warning.message) for warning in caught)


PLACES = [by_photo, by_video, by_page, by_audit, by_python]


@pytest.mark.parametrize("place", PLACES)
def test_a_wrong_operator_warns(place, hidden, cli):
    assert SAID in place(hidden, WRONG, cli)


@pytest.mark.parametrize("place", PLACES)
def test_a_right_operator_does_not(place, hidden, cli):
    assert "looks like" not in place(hidden, RIGHT, cli)
