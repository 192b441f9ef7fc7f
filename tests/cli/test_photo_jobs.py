"""Many photos in: which output belongs to which input, and what happens to the outputs there."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.conftest import BLUR, assert_told
from unveil.cli.photo_jobs import Job, plan, process
from unveil.errors import UnveilError, UsageError
from unveil.files import check_folder
from unveil.images.photos import Photo, write_photo
from unveil.study.sample_photos import draw_face


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder of photos in which the test runs: in/b.jpg, in/a/a.png, in/c/d/d.tif, else.jpg."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    for name in ("in/b.jpg", "in/a/a.png", "in/c/d/d.tif", "else.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        draw_face(rng, side_px=32).save(name)
    Path("in/notes.txt").write_text("no photo")
    Path("there").mkdir()
    return tmp_path


def jobs(*pairs: str) -> list[Job]:
    return [Job(Path(source), Path(target)) for source, target in map(str.split, pairs)]


@pytest.mark.parametrize(
    ("inputs", "output", "expected"),
    [
        ("else.jpg", "new.png", jobs("else.jpg new.png")),
        ("else.jpg", "new/x.png", jobs("else.jpg new/x.png")),
        ("else.jpg", "else.jpg", jobs("else.jpg else.jpg")),
        ("else.jpg", "there", jobs("else.jpg there/else.jpg")),
        ("else.jpg", "new", jobs("else.jpg new/else.jpg")),
        (
            "else.jpg in/b.jpg",
            "new",
            jobs("else.jpg new/else.jpg", "in/b.jpg new/b.jpg"),
        ),
        (
            "in",
            "new",
            jobs("in/a/a.png new/a/a.png", "in/b.jpg new/b.jpg", "in/c/d/d.tif new/c/d/d.tif"),
        ),
        ("in/c", "there", jobs("in/c/d/d.tif there/d/d.tif")),
        (
            "in/c else.jpg in/a",
            "new",
            jobs("in/c/d/d.tif new/d/d.tif", "else.jpg new/else.jpg", "in/a/a.png new/a.png"),
        ),
        ("else.jpg else.jpg", "new", jobs("else.jpg new/else.jpg")),
        ("in/a in/a/a.png", "new", jobs("in/a/a.png new/a.png")),
        ("gone.jpg", "new.png", jobs("gone.jpg new.png")),  # told when it is read
        ("gone.xyz", "new", jobs("gone.xyz new/gone.xyz.jpg")),
        (
            "in/notes.txt in/b.jpg",
            "new",
            jobs("in/notes.txt new/notes.txt.jpg", "in/b.jpg new/b.jpg"),
        ),
    ],
)
def test_plan(tree, inputs, output, expected):
    assert plan([Path(item) for item in inputs.split()], Path(output)) == expected


@pytest.mark.parametrize(
    ("inputs", "output", "kind", "told"),
    [
        ("", "new", UsageError, "no input given"),
        ("else.jpg", "new.gif", UsageError, r"new\.gif: cannot write this format.*\.png"),
        ("else.jpg in/b.jpg", "new.png", UsageError, r"new\.png: names one file, but several"),
        ("in", "new.png", UsageError, r"new\.png: names one file, but several"),
        ("in/b.jpg b.jpg", "new", UsageError, r"in/b\.jpg and b\.jpg would both .* new/b\.jpg"),
        ("in/a in/a/c", "new", UnveilError, "in/a/c: no such file or folder"),
        ("there", "new", UnveilError, "there: no photos"),
        ("else.jpg", "else.jpg/x.png", UnveilError, r"else\.jpg: is a file, not a folder"),
        ("in", "else.jpg/new", UnveilError, r"else\.jpg: is a file, not a folder"),
        ("in", "in/notes.txt", UnveilError, r"notes\.txt: is a file, not a folder"),
        ("gone.xyz", "new.mp4", UnveilError, r"^gone\.xyz: no such file"),
        ("gone.xyz", "new.gif", UnveilError, r"^gone\.xyz: no such file"),
        ("in/notes.txt", "new.mp4", UsageError, "in/notes.txt: its name ends as no photo's"),
        ("else.jpg", "new.mp4", UsageError, r"new\.mp4: cannot write this format.*\.png"),
    ],
)
def test_plan_that_cannot_work(tree, inputs, output, kind, told):
    with pytest.raises(kind, match=told):
        plan([Path(item) for item in inputs.split()], Path(output))


def test_check_folder_makes_nothing(tree):
    check_folder(Path("there/new/newer"))
    check_folder(tree)
    assert list(Path("there").iterdir()) == []


def test_process_keeps_the_order_and_goes_on(tree, capsys):
    """One line a failure; what the function sees and where it goes is the planned order."""
    Path("in/b.jpg").write_bytes(b"")
    seen: list[tuple[int, ...]] = []

    def turn(photo: Photo) -> Photo:
        seen.append(tuple(photo.rgb[0, 0]))
        return Photo(photo.rgb[::-1], photo.alpha, photo.grayscale)

    planned = plan([Path("in"), Path("else.jpg")], Path("new"))
    capsys.readouterr()
    assert process(planned, turn) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[:2] for line in told] == [["unveil", " in/b.jpg"]]
    with Image.open("in/a/a.png") as first, Image.open("new/a/a.png") as turned:
        assert seen[0] == first.getpixel((0, 0))
        assert turned.tobytes() == first.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes()
    written = {path.as_posix() for path in Path("new").rglob("*") if path.is_file()}
    assert written == {"new/a/a.png", "new/c/d/d.tif", "new/else.jpg"}
    assert len(seen) == 3


@pytest.mark.parametrize(("flag", "status"), [([], 1), (["--overwrite"], 0)])
def test_output_that_exists(tree, flag, status, cli):
    Path("there/else.jpg").write_text("precious")
    done = cli("obfuscate", "else.jpg", "-o", "there", *BLUR, *flag)
    assert done.status == status
    if flag:
        with Image.open("there/else.jpg") as image:
            assert image.size == (32, 32)
    else:
        assert_told(done, 1, "there/else.jpg: exists already", "--overwrite")
        assert Path("there/else.jpg").read_text() == "precious"
    assert [path.name for path in Path("there").iterdir()] == ["else.jpg"]


def test_photo_replaced_by_itself(tree, cli):
    before = Path("else.jpg").read_bytes()
    assert cli("obfuscate", "else.jpg", "-o", "else.jpg", *BLUR).status == 1
    assert Path("else.jpg").read_bytes() == before
    assert cli("obfuscate", "else.jpg", "-o", "else.jpg", *BLUR, "--overwrite").status == 0
    assert Path("else.jpg").read_bytes() != before


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--uncertainty", "new.png"), "new.png: would be written twice"),
        (("--uncertainty", "there/../new.png"), "new.png: would be written twice"),
        (
            ("--samples", 2, "--uncertainty", "new-sample2.png"),
            "new-sample2.png: would be written twice",
        ),
        (("--uncertainty", "else.jpg"), "else.jpg: is the input"),
    ],
)
def test_outputs_that_would_replace_each_other_or_the_input(tree, flags, told, cli):
    before = Path("else.jpg").read_bytes()
    done = cli("restore", "else.jpg", "-o", "new.png", *flags, "--overwrite")
    assert_told(done, 2, told)
    assert not Path("new.png").exists()
    assert Path("else.jpg").read_bytes() == before


LONG = "x" * 300 + ".png"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-o", "new.png", "--uncertainty", "else.jpg/x.png"), "else.jpg: is a file, not a folder"),
        (("-o", "new.png", "--uncertainty", LONG), f"{LONG}: cannot be written (File name too"),
        (("-o", LONG), f"{LONG}: "),
    ],
    ids=["a file", "long", "a long output"],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(tree, words, told, cli):
    done = cli("restore", "else.jpg", *words)
    assert_told(done, 1, told)
    assert done.err.startswith(f"unveil: {told}")
    assert not Path("new.png").exists()
    fitted = cli("fit", "in", "-o", "else.jpg/x.safetensors")
    assert_told(fitted, 1, "else.jpg: is a file, not a folder")


def test_an_error_about_a_photo_names_it_once(tree, capsys):
    def refuse(_: Photo) -> Photo:
        raise UnveilError("no face found.")

    planned = plan([Path("in"), Path("else.jpg")], Path("new"))
    capsys.readouterr()
    assert process(planned, refuse) == 4
    assert capsys.readouterr().err.splitlines() == [
        f"unveil: {name}: no face found."
        for name in ("in/a/a.png", "in/b.jpg", "in/c/d/d.tif", "else.jpg")
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [((), "1 file left out: 1 .txt"), (("a.gif", "c/d.gif", "e"), "4 files left out: 2 .gif, ")],
)
def test_files_that_are_not_read_are_counted(tree, names, said, cli):
    for name in (*names, ".hidden"):
        Path("in", name).write_bytes(b"")
    done = cli("obfuscate", "in", "-o", "new", *BLUR)
    assert done.status == 0
    for told in (done, cli("inspect", "in")):
        assert len(told.err.splitlines()) == 1
        assert told.err.startswith(f"in: {said}")
        assert len(told.out.splitlines()) == 3
        assert told.err.endswith("not JPEG, PNG, WebP, AVIF, TIFF, BMP or a video\n")
    row = json.loads(cli("inspect", "in", "--json").out.splitlines()[0])
    assert row["folder"] == "in"
    assert sum(row["left_out"].values()) == 1 + len(names)


@pytest.fixture
def album(tmp_path, monkeypatch):
    """A folder as phones and browsers leave it, beside a folder that it links to."""
    monkeypatch.chdir(tmp_path)
    face = Image.fromarray(data.astronaut()[:256, 100:356])
    Path("in").mkdir()
    Path("elsewhere").mkdir()
    for name in ("in/a.jpg", "in/edge.jfif", "in/c.jpe", "elsewhere/b.jpg"):
        face.save(name, "JPEG")
    face.save("in/pixel.avif")
    for name in ("in/x.gif", "in/.hidden.png"):
        face.save(name)
    Path("in/IMG_1.HEIC").write_bytes(b"HEIC")
    Path("in/.DS_Store").write_bytes(b"no picture")
    Path("in/2023").symlink_to(Path("elsewhere").resolve())
    Path("in/gone.jpg").symlink_to("nowhere.jpg")
    return tmp_path


LEFT_OUT = {"hidden .png": 1, ".gif": 1, ".heic": 1, "linked folder": 1, "dangling link": 1}


@pytest.mark.slow
def test_a_folder_of_which_something_was_left_out_is_not_safe(album, cli):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    words = ("--safe", "--operator", "solid")
    done = cli("obfuscate", "in", "-o", "out", *words, "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 1
    assert [row["left_out"] for row in rows if "folder" in row] == [LEFT_OUT]
    written = {path.name for path in Path("out").iterdir()}
    assert written == {"a.jpg", "edge.jfif", "c.jpe", "pixel.avif"}
    assert done.err.count("unveil: ") == 1
    assert "unveil: warning: in: 5 files left out: " in done.err
    for name in ("edge.jfif", "c.jpe", "pixel.avif"):
        (album / "in" / name).unlink()
    audit = cli("audit", "in", "--box", "50,50,100,100")
    assert (audit.status, audit.err.count("5 files left out")) == (1, 1)
    for name in ("x.gif", ".hidden.png", "IMG_1.HEIC", "2023", "gone.jpg"):
        (album / "in" / name).unlink()
    assert cli("obfuscate", "in", "-o", "out", *words, "--overwrite").status == 0
    assert cli("audit", "in", "--box", "50,50,100,100").status == 0


@pytest.mark.slow
def test_videos_of_a_folder_are_taken(tmp_path, monkeypatch, cli):
    av = pytest.importorskip("av", reason="the extra video is not installed")
    from tests.video.clips import pictures, write_clip

    monkeypatch.chdir(tmp_path)
    draw_face(np.random.default_rng(3), side_px=32).save("a.jpg")
    Path("in/films").mkdir(parents=True)
    Path("a.jpg").rename("in/a.jpg")
    write_clip(Path("in/films/clip.mp4"), pictures(3))
    write_clip(Path("in/films/clip.avi"), pictures(3))
    done = cli("obfuscate", "in", "-o", "out", *BLUR)
    assert (done.status, done.err) == (0, "")
    names = {path.relative_to("out").as_posix() for path in Path("out").rglob("*.*")}
    assert names == {"a.jpg", "films/clip.mp4", "films/clip.avi.mp4"}
    for name in ("out/films/clip.mp4", "out/films/clip.avi.mp4"):
        with av.open(name) as container:
            assert sum(1 for _ in container.decode(video=0)) == 3
    done = cli("restore", "in/films", "-o", "again", "--model", "lmmse", *BLUR)
    assert done.status == 0, done
    assert {path.name for path in Path("again").iterdir()} == {"clip.mp4", "clip.avi.mp4"}
    again = cli("obfuscate", ".", "-o", "out", *BLUR, "--overwrite")
    assert again.status == 0, again


def test_folder_in_the_way_of_a_subfolder(tree, cli):
    Path("there/a").write_text("in the way")
    done = cli("obfuscate", "in", "-o", "there", *BLUR, "-q")
    assert_told(done, 1, "there/a: cannot be made")
    assert Path("there/b.jpg").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files through a shell")
def test_full_disk_leaves_nothing(tree):
    """No output fits: one line each, no part of a photo, and what was there is as it was."""
    noise = np.random.default_rng(5).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    names = ("a.jpg", "b.png", "c.tif", "d.webp", "e.bmp", "f-deep.png", "g-deep.tif")
    Path("noise").mkdir()
    for name in names:
        pixels = noise if "deep" in name else (noise >> 8).astype(np.uint8)
        write_photo(Photo(pixels), Path("noise", name))
    Path("there/b.png").write_text("precious")
    command = f"{sys.executable} -m unveil obfuscate noise -o there --overwrite -q {' '.join(BLUR)}"
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 1; exec {command}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in told] == [f"there/{name}" for name in names]
    assert all(line.startswith("unveil: ") and "File too large" in line for line in told), told
    assert {path.name: path.read_text() for path in Path("there").iterdir()} == {
        "b.png": "precious"
    }
