"""The service on a real port: forms in, pictures and JSON out, and what is refused."""

import base64
import io
import json
import shlex
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("starlette", reason="the extra web is not installed")
pytest.importorskip("dlib", reason="the extra audit is not installed")

from tests.house.snippets import ROOT, snippets
from tests.visitor import FORM, STREAM, Visitor, form
from unveil.restoration.realism import LABEL
from unveil.web.answers import OF_CLIPS
from unveil.web.fields import ENDPOINTS

pytestmark = pytest.mark.slow

FACE = (167, 67, 116, 116)
FACE_TEXT = "167,67,116,116"


@pytest.fixture
def visitor(address):
    return Visitor(address)


@pytest.fixture(scope="module")
def portrait(photos):
    return photos / "astronaut.jpg"


def picture(said):
    assert said.status == 200, said.body
    assert said.headers["Content-Type"] == "image/png"
    return Image.open(io.BytesIO(said.body))


def test_a_face_is_found_with_its_risk(visitor, portrait):
    told = visitor.send("audit", portrait).json()
    (region,) = told["regions"]
    assert np.abs(np.subtract(region["box"], FACE)).max() < 8
    assert (region["is_face"], region["is_clean"], region["level"]) == (True, True, "risk")
    assert region["headline"].startswith("Named right in 9")
    assert told["words"][0] == "1 face found; 1 at risk."
    assert told["words"][1].startswith("Not seen are faces under ")


def test_a_hidden_part_is_found_with_its_place_on_the_curve(visitor, hidden):
    (region,) = visitor.send("audit", hidden).json()["regions"]
    assert np.abs(np.subtract(region["box"], (150, 40, 160, 160))).max() <= 1
    assert region["how"].startswith("A mosaic of 8 px blocks; ")
    curve = region["curve"]
    strengths = [point[0] for point in curve["points"]]
    assert strengths == sorted(strengths)
    assert curve["strength"] == pytest.approx(8 / 160, abs=1e-4)
    assert strengths[0] <= curve["strength"] <= strengths[-1]
    shares = [point[1] for point in curve["points"]]
    assert shares == sorted(shares, reverse=True)
    (part,) = visitor.send("inspect", hidden).json()["parts"]
    assert (part["kind"], part["strength_px"]) == ("mosaic", 8.0)
    assert part["box"] == region["box"] == [150, 40, 160, 160]


def test_a_picture_without_faces_says_so(visitor, photos):
    told = visitor.send("audit", photos / "bricks.png").json()
    assert told["regions"] == []
    assert told["words"][0].startswith("No face found")


def test_faces_are_hidden_and_the_result_is_checked(visitor, portrait):
    told = visitor.send("obfuscate", portrait, accept="application/json").json()
    assert told["checked"]["passes"]
    assert "Checked: 1 of 1 are hidden." in told["words"]
    (file,) = told["files"]
    assert file["name"] == "astronaut-hidden.png"
    result = Image.open(io.BytesIO(base64.b64decode(file["content"])))
    before, after = (np.asarray(one.convert("RGB")) for one in (Image.open(portrait), result))
    changed = (before != after).any(axis=2)
    left, top, width, height = FACE
    assert changed[top : top + height, left : left + width].mean() > 0.99
    assert not changed[300:].any()
    assert not result.info
    found = visitor.send("audit", _saved(portrait, result)).json()["regions"]
    assert not any(region["is_clean"] for region in found)


def _saved(portrait, image):
    path = portrait.with_name("result.png")
    image.save(path)
    return path


def test_a_face_that_is_spared_stays(visitor, portrait):
    fields = (("spare", FACE_TEXT), ("box", "300,300,60,60"))
    after = np.asarray(picture(visitor.send("obfuscate", portrait, *fields)))
    before = np.asarray(Image.open(portrait))
    changed = (before != after).any(axis=2)
    assert changed[300:360, 300:360].mean() > 0.9
    assert not changed[67:183, 167:283].any()


def test_a_face_that_is_left_open_fails_the_check(visitor, portrait):
    fields = (("box", "300,300,60,60"), ("find", "false"))
    told = visitor.send("obfuscate", portrait, *fields, accept="application/json").json()
    assert not told["checked"]["passes"]
    ((left, top, *_),) = told["checked"]["failed"]
    assert (left, top) == pytest.approx(FACE[:2], abs=8)


def test_blocks_across_the_face_come_with_their_risk(visitor, portrait):
    shares = []
    assert visitor.send("obfuscate", portrait).headers["Unveil-Checked"] == "passed"
    weak = visitor.send("obfuscate", portrait, ("across", "14"))
    assert weak.headers["Unveil-Checked"] == "failed"
    for across in ("14", "4"):
        said = visitor.send("obfuscate", portrait, ("across", across), accept="application/json")
        (one,) = said.json()["hidden"]
        assert one["cover"] == f"pixelate:block={round(116 / int(across))}"
        shares.append(one["risk_high"])
    assert shares[0] > 0.2
    assert shares[1] < 0.1


def test_what_is_painted_is_covered_and_nothing_else(visitor, portrait):
    fields = (("strokes", "10:400,400 440,400;"), ("find", "false"), ("style", "solid"))
    after = np.asarray(picture(visitor.send("obfuscate", portrait, *fields)))
    before = np.asarray(Image.open(portrait))
    assert not after[395:405, 395:445].any()
    outside = np.ones(before.shape[:2], bool)
    outside[389:412, 389:452] = False
    assert np.array_equal(before[outside], after[outside])


def test_a_mosaic_is_undone_and_labelled_when_detail_is_made_up(visitor, hidden):
    clean = data.astronaut()[40:200, 150:310].astype(float)
    faithful, real = (
        picture(visitor.send("restore", hidden, ("realism", realism))) for realism in ("0", "1")
    )
    assert (faithful.info.get("Description"), real.info.get("Description")) == (None, LABEL)
    errors = [
        np.square(np.asarray(one)[40:200, 150:310].astype(float) - clean).mean()
        for one in (Image.open(hidden), faithful)
    ]
    assert errors[1] < 0.8 * errors[0]


def test_the_stream_tells_what_happens_then_gives_all_pictures(visitor, hidden):
    said = visitor.send("restore", hidden, ("samples", "1"), accept=STREAM)
    assert said.headers["Content-Type"] == STREAM
    (*before, last), rest = said.events()
    assert {"progress": "Reading the photo."} in before
    answer = last["answer"]
    names = [file["name"] for file in answer["files"]]
    assert names == ["hidden-restored.png", "hidden-uncertainty.png", "hidden-sample1.png"]
    assert len(rest) == sum(file["bytes"] for file in answer["files"])
    for file in answer["files"]:
        content, rest = rest[: file["bytes"]], rest[file["bytes"] :]
        assert Image.open(io.BytesIO(content)).size == (512, 512)
    assert answer["words"][0].startswith("A mosaic of 8 px blocks; ")
    assert answer["words"][-1] == "A restored face is an estimate, not evidence."


def test_an_error_in_the_stream_is_its_last_line(visitor, photos):
    events, rest = visitor.send("audit", photos / "text.jpg", accept=STREAM).events()
    assert events[-1]["error"].startswith("The file is no")
    assert rest == b""


def test_a_long_video_is_refused_with_the_command_that_takes_it(visitor, photos):
    pytest.importorskip("av", reason="the extra video is not installed")
    clip = photos / "a long.mp4"
    made = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "color=s=64x64:r=1:d=3600"]
    try:
        subprocess.run([*made, clip], check=True)
    except FileNotFoundError:
        pytest.skip("ffmpeg is not there")
    said = visitor.send("obfuscate", clip)
    assert said.status == 422
    words = "The video lasts 3599 s, and 60 s are taken here; use the command: unveil obfuscate "
    assert said.body.decode() == f"{words}'a long.mp4' --output 'a long-hidden.mp4' --safe\n"


def test_what_hides_a_video_is_found_as_the_command_does(visitor, hidden, tmp_path, cli):
    pytest.importorskip("av", reason="the extra video is not installed")
    from tests.video.clips import write_clip

    clip = tmp_path / "clip.mkv"
    write_clip(clip, [np.asarray(Image.open(hidden))[0:240, 120:360]] * 2, codec="ffv1")
    told = visitor.send("inspect", clip).json()
    (part,) = told["parts"]
    assert (part["kind"], part["moves"]) == ("mosaic", False)
    assert told["words"][0][1:].rstrip(".") in cli("inspect", clip).out


@pytest.mark.parametrize("format_", ["GIF", "ICO"])
def test_a_format_that_is_not_read_is_named(visitor, photos, format_):
    path = photos / f"picture.{format_.lower()}"
    Image.fromarray(data.astronaut()).resize((64, 64)).save(path, format_)
    said = visitor.send("audit", path)
    assert said.status == 422
    assert said.body.startswith(b"The file is ")
    assert said.body.count(b"\n") == 1


def test_the_command_does_the_same(visitor, hidden, tmp_path):
    own = tmp_path / "-it's hidden.png"
    own.write_bytes(hidden.read_bytes())
    said = visitor.send("restore", own, ("box", "150,40,160,160"), accept="application/json")
    assert said.json()["found"]["box"] == [150, 40, 160, 160]
    words = shlex.split(said.json()["command"])
    assert words[:3] == ["unveil", "restore", "./-it's hidden.png"]
    subprocess.run([sys.executable, "-m", *words], check=True, cwd=tmp_path)
    content = base64.b64decode(said.json()["files"][0]["content"])
    ours, theirs = (
        np.asarray(Image.open(one)) for one in (io.BytesIO(content), tmp_path / words[4])
    )
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("restore", [("realism", "2")], "Realism: '2' is no number from 0 to 1."),
        ("restore", [("realism", "nan")], "Realism: 'nan' is no number"),
        ("restore", [("samples", "9")], "Samples: '9' is no whole number from 0 to 4."),
        ("restore", [("box", "1,2")], "Box '1,2' must be"),
        ("restore", [("box", FACE_TEXT), ("box", FACE_TEXT)], "Box: sent 2 times; send 1 at most."),
        ("restore", [("realism", "0"), ("realism", "0")], "Realism: sent 2 times"),
        ("restore", [("path", "/etc/passwd")], "'path' is no field of restore; there are box,"),
        ("restore", [("operator", "magic")], "Operator: "),
        ("restore", [("strokes", "none"), ("operator", "box:kernel=9")], "The painted mask"),
        ("obfuscate", [("style", "none")], "Style: 'none' is none of solid, mosaic"),
        ("obfuscate", [("find", "")], "Find: '' is neither true nor false."),
        ("obfuscate", [("style", "solid"), ("across", "8")],
         "Style and across: two ways to cover a face"),
        ("obfuscate", [("across", "0")], "Across: '0' is no whole number from 1 to 64."),
        ("obfuscate", [("spare", "a")], "Spare: box 'a' must be four"),
        ("obfuscate", [("box", "500,500,100,100")], "Box 500,500,100,100 is not inside"),
        ("audit", [("operator", "pixelate:block=x")], "Operator: "),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_sentence(visitor, portrait, name, fields, words):
    said = visitor.send(name, portrait, *fields)
    assert said.status in (400, 422)
    text = said.body.decode()
    assert text.lower().startswith(words.lower())
    assert text.count("\n") == 1


NO_FORM = "This is no form with a file; see /openapi.json."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        *((body, NO_FORM) for body in (b"", b"abc", b"--x\r\nabc", form([("find", "true")]))),
        (form([("file", "text")]), "File: sent as text; send it as a file, as curl does by"),
        (form([("other", b"a")]), "'other' is no file of audit; it takes file."),
        (form([("file", b"a"), ("mask", b"b")]), "'mask' is no file of audit; it takes file."),
        (form([("file", b"a")] * 2), "File: sent 2 times; send 1 at most."),
        (form([("file", b"a")] * 3), "Too many files. Maximum number of files is 2."),
        (form([("file", b"a"), *[("box", "1,2,3,4")] * 1001]), "Too many fields. Maximum number "),
    ],
)
def test_what_is_no_form_is_refused(visitor, body, words):
    said = visitor.ask("/api/audit", body, FORM)
    assert said.status == 400
    assert said.body.decode().startswith(words)
    assert visitor.ask("/api/audit", body).status == 400


def test_files_that_are_none_or_too_large_are_refused_and_nothing_stays(visitor, photos, temporary):
    for name in ("text.jpg", "bomb.png"):
        said = visitor.send("audit", photos / name)
        assert said.status == 422
        assert said.body.startswith(b"The file")
    said = visitor.send("audit", photos / "large.jpg")
    assert (said.status, said.body) == (413, b"The file is larger than 1 MB.\n")
    assert [path.name for path in temporary.rglob("*") if path.is_file()] == ["alive"]


def test_many_ask_at_once_and_each_gets_its_own(visitor, photos, portrait):
    asked = [portrait, photos / "cat.png"] * 10
    sizes = {}

    def ask(number):
        said = visitor.send("obfuscate", asked[number], ("operator", "none"), ("find", "false"))
        sizes[number] = picture(said).size

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [sizes[number] for number in range(20)] == [(512, 512), (451, 300)] * 10


def test_the_client_of_the_document_works(address, hidden, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (block,) = (one for one in snippets(ROOT / "docs" / "web.md") if one.language == "python")
    client: dict = {}
    exec(block.text, client)  # noqa: S102  # our own
    told = json.loads(client["ask"]("audit", hidden.read_bytes(), address))
    assert told["words"][0] == "1 hidden part found; 1 at risk."


def test_the_description_names_every_endpoint_and_field(visitor, portrait):
    told = visitor.ask("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    assert told["paths"].keys() == {f"/api/{one.name}" for one in ENDPOINTS}
    assert OF_CLIPS.keys() == {one.name for one in ENDPOINTS}  # each is told to take videos
    for one in ENDPOINTS:
        operation = told["paths"][f"/api/{one.name}"]["post"]
        schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        files = {"file", "mask"} if one.has_mask else {"file"}
        assert schema["properties"].keys() == {field.name for field in one.fields} | files
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        said = visitor.send(one.name, portrait, accept="application/json").json()
        assert set(answer["required"]) <= said.keys()


def test_answers_hold_nothing_that_is_not_json(visitor, hidden):
    body = visitor.send("audit", hidden).body
    odd: list[str] = []
    json.loads(body, parse_constant=odd.append)
    assert odd == []
