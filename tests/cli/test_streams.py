"""Photos through pipes: `-` is standard input, `-o -` standard output, with nothing beside it."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.conftest import BLUR, Done, assert_told
from unveil.__main__ import main
from unveil.images.photos import Photo, read_photo, write_photo

MOSAIC = ("--operator", "pixelate:block=8")
RGB = np.ascontiguousarray(data.astronaut()[:64, 160:240])
DEEP = RGB.astype(np.uint16) * 257
ALPHA = np.full(RGB.shape[:2], 128, dtype=np.uint8)
PHOTOS = {
    "a.png": Photo(RGB, ALPHA),
    "a.jpg": Photo(RGB),
    "a.webp": Photo(RGB),
    "a.bmp": Photo(RGB),
    "gray.png": Photo(RGB[..., :1].repeat(3, axis=2), grayscale=True),
    "deep.png": Photo(DEEP),
    "deep.tif": Photo(DEEP),
}


def piped(content: bytes, *words: object) -> tuple[Done, bytes]:
    """Run a command with ``content`` on standard input; return also the bytes that came out."""
    stdin, out = io.TextIOWrapper(io.BytesIO(content)), io.TextIOWrapper(io.BytesIO())
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["unveil", *map(str, words)])
        for name, stream in (("stdin", stdin), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as left:
            main()
        out.flush()
    written = out.buffer.getvalue()
    return Done(left.value.code, "", err.getvalue()), written


@pytest.fixture(params=PHOTOS)
def photo(request, tmp_path):
    """A photo file of every format, with alpha, 16 bits or gray."""
    write_photo(PHOTOS[request.param], tmp_path / request.param)
    return tmp_path / request.param


def test_through_pipes_comes_what_a_file_would_hold(photo, tmp_path, cli):
    target = tmp_path / f"out{photo.suffix}"
    assert cli("obfuscate", photo, "-o", target, *MOSAIC).status == 0
    done, through = piped(photo.read_bytes(), "obfuscate", "-", "-o", "-", *MOSAIC)
    assert (done.status, done.err) == (0, "")
    assert through == target.read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted([photo, target])


def test_from_a_pipe_into_a_file_and_from_a_file_into_a_pipe(tmp_path):
    write_photo(Photo(RGB), tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    done, through = piped(content, "obfuscate", "-", "-o", tmp_path / "out.png", *MOSAIC)
    assert done.status == 0
    assert through.decode() == f"- -> {tmp_path}/out.png\n"
    done, through = piped(b"", "obfuscate", tmp_path / "a.png", "-o", "-", *MOSAIC)
    assert done.status == 0
    assert through == (tmp_path / "out.png").read_bytes()


@pytest.mark.slow
def test_a_real_pipe_holds_the_restored_photo_and_nothing_else(tmp_path, cli):
    write_photo(Photo(RGB), tmp_path / "a.png")
    assert cli("obfuscate", tmp_path / "a.png", "-o", tmp_path / "hidden.png", *BLUR).status == 0
    assert cli("restore", tmp_path / "hidden.png", "-o", tmp_path / "b.png").status == 0
    with (tmp_path / "hidden.png").open("rb") as stdin, (tmp_path / "c.png").open("wb") as stdout:
        words = [sys.executable, "-m", "unveil", "restore", "-", "-o", "-"]
        done = subprocess.run(words, stdin=stdin, stdout=stdout, stderr=-1, text=True, check=True)
    restored = [read_photo(tmp_path / name).rgb.astype(int) for name in ("b.png", "c.png")]
    assert np.abs(restored[0] - restored[1]).max() <= 1  # threads may add in another order
    assert "found: gaussian:" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGPIPE")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_early_ends_the_command_quietly(unbuffered, tmp_path):
    Image.effect_noise((400, 400), 50).save(tmp_path / "a.bmp")  # more than a pipe holds
    words = [sys.executable, "-m", "unveil", "obfuscate", tmp_path / "a.bmp", "-o", "-", *MOSAIC]
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(words, stdout=-1, stderr=-1, env=env) as running:
        assert running.stdout.read(2) == b"BM"
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


@pytest.mark.slow
def test_inspect_and_audit_read_from_pipes(tmp_path, cli):
    Image.fromarray(data.astronaut()).save(tmp_path / "a.png")
    assert cli("obfuscate", tmp_path / "a.png", "-o", tmp_path / "b.png", *MOSAIC).status == 0
    done, out = piped((tmp_path / "b.png").read_bytes(), "inspect", "-", "--json")
    row = json.loads(out)
    assert (done.status, row["photo"], row["operator"]) == (0, "-", "pixelate:block=8")
    content = (tmp_path / "a.png").read_bytes()
    done, out = piped(content, "audit", "-", "--json", "--box", "175,65,90,110")
    assert (done.status, json.loads(out)["photo"]) == (0, "-"), done


PNG = io.BytesIO()
Image.fromarray(RGB).save(PNG, "png")
BAD = {
    "nothing": (b"", (), 1, "-: is empty"),
    "no photo": (b"<svg/>", (), 1, "-: is not a photo that can be read"),
    "cut short": (PNG.getvalue()[:900], (), 1, "-: damaged or cut short"),
    "pixels": (PNG.getvalue(), ("--max-pixels", 100), 1, "-: 80x64 is 5,120 pixels"),
    "bytes": (b"x" * (1 << 20) + b"x" * 801, ("--max-pixels", 100), 1, "limit for 100 pixels"),
    "with another": (PNG.getvalue(), ("a.png",), 2, "one photo fits into standard output"),
    "json": (PNG.getvalue(), ("--json",), 2, "the photo or --json, not both"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_go_through_pipes_leaves_them_empty(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, words, status, told = BAD[name]
    done, out = piped(content, "obfuscate", "-", *words, "-o", "-", *MOSAIC)
    assert_told(done, status, told)
    assert out == b""
    assert list(tmp_path.iterdir()) == []


def test_a_stream_has_no_name_in_a_folder_and_is_no_terminal(tmp_path):
    for words in (("-", "-o", tmp_path), ("-", "x.png", "-o", tmp_path / "new")):
        done, _ = piped(PNG.getvalue(), "obfuscate", *words, *MOSAIC)
        assert_told(done, 2, "-: goes alone, into one file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("inspect", "-"), "standard input is a terminal"),
        (("obfuscate", "x.png", "-o", "-", *MOSAIC), "standard output is a terminal"),
    ],
)
def test_terminals_are_refused(words, told, monkeypatch):
    import pty

    reader, terminal = pty.openpty()
    with open(reader, "rb"), open(terminal, "r+b", buffering=0) as both:  # noqa: PTH123
        code = "import sys; from unveil.__main__ import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *words], stdin=both, stdout=both, stderr=-1, check=False
        )
    assert told in done.stderr.decode()
