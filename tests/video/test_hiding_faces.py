"""`unveil obfuscate --safe` on videos: no picture shows a face, nothing else changes."""

import json

import numpy as np
import pytest
from skimage import data

av = pytest.importorskip("av", reason="the extra video is not installed")
pytest.importorskip("dlib", reason="the extra audit is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import packets, planes, times, write_clip  # noqa: E402
from unveil.faces.finder import FaceFinder  # noqa: E402
from unveil.video.stream.info import describe  # noqa: E402
from unveil.video.stream.reading import read, to_rgb8, upright  # noqa: E402

SIDE = 256


def scene(count: int = 16) -> list[np.ndarray]:
    """A face that moves 6 pixels a picture."""
    photo = data.astronaut()
    return [photo[:SIDE, 40 + 6 * n : 40 + 6 * n + SIDE].copy() for n in range(count)]


@pytest.fixture(scope="module")
def moving(tmp_path_factory):
    """A lossless clip with sound."""
    path = tmp_path_factory.mktemp("moving") / "clip.mkv"
    return write_clip(path, scene(), codec="ffv1", sound=True)


@pytest.fixture(scope="module")
def safe(moving, tmp_path_factory):
    out = tmp_path_factory.mktemp("safe") / "safe.mkv"
    return out, run_cli("obfuscate", moving, "-o", out, "--safe", "--codec", "ffv1")


def test_every_picture_has_its_face_under_black(moving, safe):
    out, done = safe
    assert done.status == 0, done.err
    assert "1 face hidden with solid:level=0: risk 0." in done.err
    finder, before, after = FaceFinder(), describe(moving, 10**9), describe(out, 10**9)
    for clean, hidden in zip(read(before), read(after), strict=True):
        ((face, *_),) = [finder.find(to_rgb8(upright(clean, before)))]
        shown = to_rgb8(upright(hidden, after))
        box = face.box
        assert shown[box.place].max() == 0
        assert finder.find(shown) == []


def test_what_is_not_covered_stays_to_the_bit_and_sound_and_times_stay(moving, safe):
    out, _ = safe
    for before, after in zip(planes(moving), planes(out), strict=True):
        for one, two in zip(before, after, strict=True):
            changed = one != two
            rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
            box = two[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert len(np.unique(box)) == 1  # so nothing is changed but what is under the box
            assert box.size < 0.7 * two.size
    assert times(out) == times(moving)
    assert [part for _, part in packets(out, "audio")] == [
        part for _, part in packets(moving, "audio")
    ]


def test_the_audit_knows_how_a_clip_was_compressed(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", scene(1), options={"crf": "30"})
    done = run_cli("audit", clip, "--box", "60,60,120,120", "--every-seconds", 9, "--json")
    row, *_ = map(json.loads, done.out.splitlines())
    assert row["storage"] == str(describe(clip, 10**9).storage) == "h264:crf=30"


@pytest.mark.slow
def test_a_face_is_covered_before_it_is_first_seen(tmp_path):
    """It comes in from the side: the detector needs all of it, whoever looks does not."""
    photo = data.astronaut()
    wall = photo[:SIDE, :1].repeat(SIDE, axis=1)
    coming = [
        np.hstack([wall[:, : 200 - 8 * n], photo[:SIDE, 128 : 128 + SIDE]])[:, :SIDE].copy()
        for n in range(25)
    ]
    source, out = write_clip(tmp_path / "in.mkv", coming, codec="ffv1"), tmp_path / "out.mkv"
    assert run_cli("obfuscate", source, "-o", out, "--safe", "--codec", "ffv1").status == 0
    info = describe(source, 10**9)
    finder = FaceFinder()
    seen = [bool(finder.find(to_rgb8(upright(picture, info)))) for picture in read(info)]
    first = seen.index(True)
    assert first > 0
    covered = [
        bool((one[0] != two[0]).any()) for one, two in zip(planes(source), planes(out), strict=True)
    ]
    assert all(covered[max(first - 5, 0) :])


def flashing(path):
    """A head in four pictures of sixteen; too small to be taken for a cut."""
    shown = [data.coffee()[100:260, 100:340].copy() for _ in range(16)]
    for picture in shown[6:10]:
        picture[30:80, 30:85] = data.astronaut()[60:160:2, 170:280:2]
    return write_clip(path, shown, codec="ffv1")


def test_a_face_that_flashes_up_is_hidden_and_where_it_came_from_is_asked(tmp_path):
    source, out = flashing(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    words = ("obfuscate", source, "-o", out, "--safe", "--codec", "ffv1", "--overwrite", "--json")
    done = run_cli(*words)
    assert done.status == 3
    assert "a face appears at 0.24 s in" in done.err
    assert "a face is lost at 0.36 s in" in done.err
    assert "look there, and hide what is open with --box" in done.err
    row = json.loads(done.out)
    assert [place["why"] for place in row["look_at"]] == ["appears", "is lost"]
    assert all(luma[55, 57] < 20 for luma, _, _ in planes(out)[6:10])
    told = run_cli(*words, "--box", row["look_at"][0]["box"])
    assert (told.status, json.loads(told.out)["look_at"]) == (0, [])


def test_boxes_are_covered_in_all_pictures_turned_ones_too(tmp_path):
    source = write_clip(tmp_path / "in.mov", scene(4), rotation=90)
    out = tmp_path / "out.mov"
    words = ("obfuscate", source, "-o", out, "--safe", "--box", "20,190,40,30", "--json")
    done = run_cli(*words)
    row = json.loads(done.out)
    assert row["faces"][0] == {"box": "20,190,40,30"}  # beside those that are found
    info = describe(out, 10**9)
    for picture in read(info):
        # With a quarter of its sides around it; what the codec makes of black.
        part = upright(picture, info)[..., 190 - 7 : 220 + 7, 20 - 10 : 60 + 10]
        assert part[..., 1:-1, 1:-1].max() < 12 / 255


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--safe",), 1, "no face found; say where it is with --box"),
        (("--safe", "--box", "200,200,90,90"), 1, "box 200,200,90,90 is not inside the picture"),
        (("--safe", "--operator", "pixelate"), 2, "with a solid box, not with pixelate"),
        (("--operator", "pixelate:block=8", "--box", "1,1,9,9"), 2, "--box goes with --safe"),
    ],
)
def test_what_cannot_be_hidden_is_said_and_nothing_written(words, status, told, tmp_path):
    blank = [np.full((SIDE, SIDE, 3), 90, np.uint8)] * 4
    source = write_clip(tmp_path / "in.mkv", blank, codec="ffv1")
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *words)
    assert_told(ended, status, told)
    assert list(tmp_path.iterdir()) == [source]
