"""`unveil audit` and `unveil obfuscate --safe` on real files, from end to end."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_told

pytest.importorskip("dlib", reason="the extra audit is not installed")
data = pytest.importorskip("skimage.data")

FACE_BOX = "165,65,120,120"
"""Where the astronaut's face is."""


@pytest.fixture(scope="module")
def astronaut(tmp_path_factory) -> Path:
    """A real photo of one person, with metadata that must not survive."""
    path = tmp_path_factory.mktemp("photo") / "astronaut.jpg"
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.fromarray(data.astronaut()).save(path, quality=95, exif=exif)
    return path


@pytest.fixture(scope="module")
def landscape(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "gravel.png"
    Image.fromarray(data.gravel()).save(path)
    return path


@pytest.fixture
def mosaicked(cli, astronaut, tmp_path) -> Path:
    path = tmp_path / "mosaic.png"
    assert cli("obfuscate", astronaut, "-o", path, "--operator", "pixelate:block=8").status == 0
    return path


def verdicts(done) -> list[dict]:
    assert done.status in (0, 3), done
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.slow
def test_a_clean_face_is_at_risk(cli, astronaut):
    done = cli("audit", astronaut)
    assert done.status == 0
    assert "A machine that knows 1,000 people would name this one right" in done.out
    assert "No mosaic that was measured hides it; a solid box does" in done.out


@pytest.mark.slow
def test_a_stated_operator_has_no_confidence(cli, mosaicked):
    words = ("audit", mosaicked, "--box", FACE_BOX, "--operator", "gaussian:kernel=9,sigma=4")
    (row,) = verdicts(cli(*words, "--json"))
    assert row["confidence"] is None
    said = cli(*words).out
    assert "; stated." in said
    assert "confidence" not in said


def test_a_picture_of_the_audit_replaces_nothing(cli, astronaut, tmp_path):
    picture, before = tmp_path / "picture.png", astronaut.read_bytes()
    picture.write_text("precious")
    words = ("audit", astronaut, "--box", FACE_BOX, "--picture")
    assert_told(cli(*words, picture), 1, f"{picture}: exists already", "--overwrite")
    assert_told(cli(*words, picture, "--dry-run"), 1, f"{picture}: exists already")
    assert picture.read_text() == "precious"
    assert_told(cli(*words, astronaut, "--overwrite"), 2, f"{astronaut}: is the input")
    assert astronaut.read_bytes() == before
    assert cli(*words, picture, "--overwrite", "-q").status == 0
    with Image.open(picture) as image:
        assert image.size == (512, 512)


def test_a_photo_without_a_face_to_hide_is_named(cli, landscape, tmp_path):
    done = cli("obfuscate", landscape, "-o", tmp_path / "safe.png", "--safe")
    assert_told(done, 1, f"{landscape}: no face found")


@pytest.mark.slow
def test_json_says_where_what_and_how_likely(cli, astronaut, mosaicked):
    (clean,) = verdicts(cli("audit", astronaut, "--json"))
    (hidden,) = verdicts(cli("audit", mosaicked, "--json", "--box", FACE_BOX))
    assert clean["operator"] == "none"
    assert hidden["operator"] == "pixelate:block=8"
    assert clean["risk_low"] <= clean["risk"] <= clean["risk_high"]
    assert clean["risk"] > 0.9 > hidden["risk"] > 0.1
    assert hidden["attacker"] != "unaware"


def test_the_face_behind_a_mosaic_is_found(cli, mosaicked):
    (hidden,) = verdicts(cli("audit", mosaicked, "--json"))
    left, top, width, height = map(int, hidden["box"].split(","))
    assert left < 225 < left + width
    assert top < 125 < top + height


def test_pipelines_get_a_status(cli, mosaicked):
    words = ("audit", mosaicked, "--box", FACE_BOX, "--fail-above")
    assert cli(*words, "0.05").status == 3
    assert cli(*words, "1").status == 0
    assert_told(cli(*words, "2"), 2, "--fail-above", "from 0 to 1")


def test_the_picture_marks_the_face(cli, mosaicked, tmp_path):
    picture = tmp_path / "new" / "boxes.png"
    assert cli("audit", mosaicked, "--picture", picture).status == 0
    drawn, before = (np.asarray(Image.open(p)) for p in (picture, mosaicked))
    changed = (drawn != before).any(axis=2).nonzero()
    assert 40 < changed[0].min() < changed[0].max() < 260
    assert 120 < changed[1].min() < changed[1].max() < 330


@pytest.mark.slow
def test_no_face_is_said_in_one_line(cli, landscape):
    assert_told(cli("audit", landscape), 1, landscape, "no face found", "--box X,Y,W,H")


def test_a_folder_goes_on_after_a_bad_photo(cli, mosaicked):
    bad = mosaicked.with_name("a.jpg")
    bad.write_bytes(b"no photo")
    done = cli("audit", mosaicked.parent, "--json")
    assert done.status == 1
    assert str(bad) in done.err
    assert json.loads(done.out)["photo"] == str(mosaicked)


@pytest.mark.slow
def test_what_fails_does_not_hide_a_face_at_risk(cli, mosaicked):
    """Status 3, not 1: a pipeline must see it."""
    folder = mosaicked.parent
    (folder / "bad.png").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("left out")
    done = cli("audit", folder, "--box", FACE_BOX, "--fail-above", "0.0001")
    assert done.status == 3, done
    assert "bad.png: is not a photo" in done.err
    assert "unveil: warning: " in done.err


@pytest.mark.slow
@pytest.mark.parametrize("box", ["0,0,40,40", "472,472,40,40", "200,100,12,12", "100,0,300,300"])
def test_boxes_at_the_border_and_tiny_ones_get_a_verdict(cli, astronaut, box):
    verdict, *others = verdicts(cli("audit", astronaut, "--json", "--box", box))
    assert len(others) == (box != "100,0,300,300")  # the face that is found, unless it was told
    assert verdict["box"] == box
    assert verdict["verdict"].endswith(".")


@pytest.mark.slow
def test_a_box_that_is_told_takes_no_other_face_away(cli, astronaut):
    first, second = verdicts(cli("audit", astronaut, "--json", "--box", "300,300,60,60"))
    assert first["box"] == "300,300,60,60"
    assert second["risk"] > 0.5


@pytest.mark.slow
def test_with_a_limit_a_photo_of_nobody_is_no_failure_and_hides_none(cli, astronaut, tmp_path):
    rocket = tmp_path / "rocket.png"
    Image.fromarray(data.rocket()).save(rocket)
    done = cli("audit", rocket, "--fail-above", "0.05")
    assert (done.status, done.out) == (0, f"{rocket}: no face seen: nothing to judge\n")
    assert cli("audit", rocket).status == 1
    assert cli("audit", rocket, astronaut, "--fail-above", "0.05").status == 3
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"x")
    assert cli("audit", broken, astronaut, "--fail-above", "0.05").status == 3
    assert cli("audit", broken, rocket, "--fail-above", "0.05").status == 1


@pytest.mark.slow
@pytest.mark.parametrize("stated", ["solid:level=0", "pixelate:block=28", "gaussian:sigma=20"])
def test_a_bare_face_is_not_made_safe_by_what_is_stated(stated, cli, astronaut):
    done = cli("audit", astronaut, "--operator", stated, "--fail-above", "0.05")
    assert done.status == 3
    assert "warning" in done.err


def test_a_box_outside_of_the_photo_is_refused(cli, mosaicked):
    done = cli("audit", mosaicked, "--box", "500,500,40,40")
    assert_told(done, 1, "500,500,40,40")
    assert done.err.count(str(mosaicked)) == 1


def test_an_operator_without_a_curve_gets_no_verdict(cli, astronaut, tmp_path):
    path = tmp_path / "slight.png"
    assert cli("obfuscate", astronaut, "-o", path, "--operator", "pixelate:block=2").status == 0
    done = cli("audit", path, "--json", "--fail-above", "0.5", "--box", FACE_BOX)
    (verdict,) = verdicts(done)
    if verdict["operator"] == "pixelate:block=2":
        assert verdict["risk"] is None
        assert "was not measured" in verdict["verdict"]
        assert done.status == 3  # nobody knows, so it is not safe


@pytest.mark.slow
def test_safe_hides_the_face_and_nothing_else(cli, astronaut, tmp_path):
    safe = tmp_path / "safe.png"
    done = cli("obfuscate", astronaut, "-o", safe, "--safe", "--risk", "0.02")
    assert done.status == 0, done.err
    assert "nothing of it is left to attack" in done.err
    before, after = (np.asarray(Image.open(path)) for path in (astronaut, safe))
    changed = (before != after).any(axis=2).nonzero()
    assert 20 < changed[0].min() < changed[0].max() < 280
    assert 90 < changed[1].min() < changed[1].max() < 360
    assert not Image.open(safe).getexif()
    assert cli("audit", safe, "--box", FACE_BOX, "--fail-above", "0.03").status == 0


@pytest.mark.slow
def test_what_an_attack_recognises_is_covered_instead(cli, astronaut, tmp_path):
    """The mosaic's risk is under the limit, but a shipped restorer finds this very person."""
    safe = tmp_path / "safe.png"
    done = cli("obfuscate", astronaut, "-o", safe, "--safe", "--risk", "0.65", "--json")
    (face,) = json.loads(done.out)["faces"]
    assert face["operator"] == "solid:level=0"
    refused = face["refused"]
    assert refused["operator"].startswith("pixelate:block=")
    assert refused["risk_high"] <= 0.65
    assert refused["recognised"]
    assert {"obfuscated", "lmmse", "pixelate", "streaming"} < set(refused["distances"])
    left, top, width, height = map(int, face["box"].split(","))
    assert not np.asarray(Image.open(safe))[top : top + height, left : left + width].any()


@pytest.mark.slow
def test_a_mosaic_that_nobody_recognises_stays(cli, astronaut, tmp_path):
    words = ("--safe", "--risk", "0.3", "--json")
    done = cli("obfuscate", astronaut, "-o", tmp_path / "safe.png", *words)
    (face,) = json.loads(done.out)["faces"]
    assert face["operator"].startswith("pixelate:block=")
    assert face["refused"] is None
    assert min(face["distances"].values()) > 0.6


@pytest.mark.slow
def test_several_photos_are_hidden_by_a_solid_box(cli, astronaut, tmp_path):
    """The mosaic that is safe in one of them is not in all of them together."""
    album = tmp_path / "album"
    album.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(astronaut, album / name)
    done = cli("obfuscate", album, "-o", tmp_path / "safe", "--safe", "--risk", "0.1")
    assert done.status == 0, done.err
    assert done.err.count("hidden with solid:level=0") == 2
    assert done.err.count("several photos of a person") == 1


@pytest.mark.parametrize("style", ["mosaic", "sticker"])
def test_a_drawn_cover_shows_nothing_of_the_face(style, cli, astronaut, tmp_path):
    """Every pixel of its box is one of the few colours of the cover."""
    safe = tmp_path / "safe.png"
    done = cli("obfuscate", astronaut, "-o", safe, "--safe", "--style", style, "--json")
    (face,) = json.loads(done.out)["faces"]
    assert (face["style"], face["distances"]) == (style, {})
    left, top, width, height = map(int, face["box"].split(","))
    part = np.asarray(Image.open(safe))[top : top + height, left : left + width]
    assert 2 <= len(np.unique(part.reshape(-1, 3), axis=0)) <= 36


def test_where_no_mosaic_is_safe_the_box_is_solid(cli, astronaut, tmp_path):
    done = cli("obfuscate", astronaut, "-o", tmp_path / "safe.png", "--safe", "--risk", "0.0001")
    assert done.status == 0
    assert "hidden with solid:level=0" in done.err
    assert "above --risk 0.0001: nothing was measured to be below it" in done.err


def test_a_face_at_low_contrast_in_16_bits_is_not_of_one_colour(cli, tmp_path):
    """In 8 bits it is: one stretch of contrast shows all of it."""
    cv2 = pytest.importorskip("cv2")
    pixels = data.astronaut()[..., ::-1].astype(np.uint16)
    deep = 257 * pixels
    deep[40:210, 140:310] = 25700 + pixels[40:210, 140:310] // 3
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), deep)
    done = cli("audit", path, "--box", FACE_BOX, "--fail-above", 0.02)
    assert done.status == 3
    deep[40:210, 140:310] = 25700
    cv2.imwrite(str(path), deep)
    assert cli("audit", path, "--box", FACE_BOX, "--fail-above", 0.02).status == 0


def test_safe_refuses_what_it_cannot_do(cli, astronaut, landscape, tmp_path):
    out = tmp_path / "safe.png"
    assert_told(cli("obfuscate", landscape, "-o", out, "--safe"), 1, "no face found")
    assert_told(cli("obfuscate", astronaut, "-o", out, "--safe", "--risk", "0"), 2, "--risk")
    assert_told(cli("obfuscate", astronaut, "-o", out), 2, "--operator")
    styled = ("obfuscate", astronaut, "-o", out, "--safe", "--style", "sticker")
    assert_told(cli(*styled, "--risk", "0.1"), 2, "leave --risk out")
    assert_told(cli(*styled, "--operator", "median"), 2, "leave --operator out")
    assert_told(cli("obfuscate", astronaut, "-o", out, "--style", "solid"), 2, "--safe")
    assert not out.exists()


@pytest.mark.slow
def test_frames_of_a_video_are_audited_alike(cli, tmp_path):
    av = pytest.importorskip("av", reason="the extra video is not installed")
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=2, options={"crf": "10"})
        stream.width = stream.height = 512
        for _ in range(4):
            frame = av.VideoFrame.from_ndarray(data.astronaut(), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    done = cli("audit", clip, "--json", "--every-seconds", "1")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert (done.status, "2 frames of videos not looked at" in done.err) == (3, True)
    assert [verdict["seconds"] for verdict in found] == [0.0, 1.0]
    assert all(verdict["risk"] > 0.5 for verdict in found)


def test_what_pictures_tell_together_is_warned_of(cli, mosaicked, tmp_path):
    pytest.importorskip("av", reason="the extra video is not installed")
    from tests.video.clips import write_clip

    clip = write_clip(tmp_path / "clip.mkv", [np.array(Image.open(mosaicked))] * 2, codec="ffv1")
    done = cli("audit", clip, "--box", FACE_BOX, "--json", "--every-seconds", 0)
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [verdict["seconds"] for verdict in found] == pytest.approx([0, 1 / 25], abs=0.02)
    assert all(verdict["operator"].startswith("pixelate:block=8") for verdict in found)
    assert done.status == 0
    assert "several frames together reveal more" in done.err
