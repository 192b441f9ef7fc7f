"""What users get wrong, and what the machine does to them: one clear line, nothing left behind."""

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import BLUR, TINY_DATA, TINY_TRAINING, assert_told
from unveil.networks import card
from unveil.networks.card import CARD_NAME


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it has ``width`` x ``height`` pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BAD_PHOTOS = {
    "missing.jpg": (None, ["no such file"]),
    "truncated.jpg": (lambda good: good[: len(good) // 2], ["damaged or cut short; copy it again"]),
    "text.jpg": (lambda _: b"Dear diary", ["is not a photo"]),
    "nothing.png": (lambda _: b"", ["is empty"]),
    "tiny.png": (lambda _: png_that_claims(1, 1), ["1x1", "too small"]),
    "bomb.png": (lambda _: png_that_claims(50_000, 50_000), ["2,500,000,000", "--max-pixels"]),
    "bad-head.jpg": (lambda good: b"\xff\xd8" + bytes(500) + good[502:], ["not a photo"]),
}


@pytest.fixture(params=["obfuscate", "restore"])
def command(request, trained):
    """A command that turns photos into photos, and the flag it needs."""
    return request.param, *(BLUR if request.param == "obfuscate" else ("--model", trained))


@pytest.fixture
def bad(photo, tmp_path):
    """A function that writes the bad photo of a name."""

    def write(name: str) -> Path:
        spoil = BAD_PHOTOS[name][0]
        if spoil is not None:
            (tmp_path / name).write_bytes(spoil(photo.read_bytes()))
        return tmp_path / name

    return write


@pytest.fixture
def checkpoint(trained, tmp_path):
    """A copy of the trained checkpoint, to be spoiled."""
    return shutil.copytree(trained, tmp_path / "model")


@pytest.mark.parametrize("name", BAD_PHOTOS)
def test_bad_photo(command, name, bad, tmp_path, cli):
    path, out = bad(name), tmp_path / "out" / "x.png"
    assert_told(cli(*command, path, "-o", out), 1, f"{path}: ", *BAD_PHOTOS[name][1])
    assert not out.parent.exists()


def test_folder_without_photos(command, tmp_path, cli):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no photo")
    done = cli(*command, tmp_path / "in", "-o", tmp_path / "out")
    assert_told(done, 1, f"{tmp_path / 'in'}: no photos", ".jpg")
    assert not (tmp_path / "out").exists()


def test_photo_over_the_limit(command, photo, tmp_path, cli):
    done = cli(*command, photo, "-o", tmp_path / "x.png", "--max-pixels", 100)
    assert_told(done, 1, photo, "128x128", "16,384", "100; raise it with --max-pixels")
    assert list(tmp_path.iterdir()) == []


def test_one_bad_photo_among_three(command, photo, bad, tmp_path, cli):
    path, last, out = bad("truncated.jpg"), tmp_path / "last.jpg", tmp_path / "out"
    shutil.copy(photo, last)
    assert_told(cli(*command, photo, path, last, "-o", out, "-q"), 1, f"{path}: ", "cut short")
    assert sorted(item.name for item in out.iterdir()) == [photo.name, "last.jpg"]
    for name in (photo.name, "last.jpg"):
        with Image.open(out / name) as image:
            assert image.size == (128, 128)


@pytest.mark.parametrize(
    ("command", "flag", "value", "phrases"),
    [
        ("obfuscate", "--operator", "gausian", ["'gausian'", "mean 'gaussian'?", "pixelate"]),
        ("obfuscate", "--operator", "gaussian:sigm=4", ["'sigm'", "mean 'sigma'?", "kernel"]),
        ("obfuscate", "--operator", "gaussian:sigma=-1", ["sigma=-1", "from 0.001"]),
        ("obfuscate", "--operator", "gaussian:sigma=nan", ["sigma=nan"]),
        ("obfuscate", "--operator", "gaussian:sigma=wide", ["'wide'", "a number"]),
        ("obfuscate", "--operator", "gaussian:kernel=8", ["kernel=8", "odd"]),
        ("obfuscate", "--operator", "pixelate:block=0", ["block=0", "from 1"]),
        ("restore", "--operator", "gausian", ["mean 'gaussian'?"]),
        ("evaluate", "--operator", "gausian", ["mean 'gaussian'?"]),
        ("evaluate", "--storage", "png", ["'png'", "float, 8bit, jpeg:75"]),
        ("evaluate", "--storage", "jpeg:101", ["quality 101", "1 to 100"]),
        ("evaluate", "--limit", 0, ["limit=0", "at least 1"]),
        ("train", "--operator", "gausian", ["mean 'gaussian'?"]),
        ("train", "--batch", 64, ["16 training photos", "--batch of 64"]),
        ("train", "--crop-px", 8, ["crop_px=8", "at least 16"]),
        ("train", "--architecture", "cea", ["'cea'", "mean 'cae'?"]),
    ],
)
def test_bad_value(command, flag, value, phrases, photo, photo_folder, trained, tmp_path, cli):
    words = {
        "obfuscate": (photo, "-o", tmp_path / "x.png"),
        "restore": (photo, "-o", tmp_path / "x.png"),
        "evaluate": (trained, "--data", photo_folder, *TINY_DATA),
        "train": ("--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA, *TINY_TRAINING),
    }[command]
    assert_told(cli(command, *words, flag, value), 2, *phrases)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "flags", "told"),
    [
        ("obfuscate", (*BLUR, "--max-pixels", -1), "--max-pixels -1 must be at least 1"),
        ("obfuscate", (*BLUR, "--risk", 0.1), "--risk goes with --safe"),
        ("obfuscate", (*BLUR, "--risk", 0), "--risk goes with --safe"),
        ("obfuscate", (*BLUR, "--box", "0,0,9,9"), "--box goes with --safe"),
        ("obfuscate", ("--safe", "--risk", 1.5), "--risk 1.5 must be between 0 and 1"),
        ("obfuscate", (), "name an --operator, e.g. pixelate:block=8, or use --safe"),
        ("restore", ("--together", 0), "--together is for videos"),
        ("restore", ("--quality", 0), "--quality is for videos"),
        ("restore", ("--samples", -1), "--samples -1 must be at least 0"),
        ("restore", ("--tile-px", 0), "--tile-px 0 must be at least 1"),
        ("restore", ("--tile-px", -5), "--tile-px -5 must be at least 1"),
        ("restore", ("--max-pixels", 0), "--max-pixels 0 must be at least 1"),
    ],
)
def test_flags_out_of_range_or_place(command, flags, told, photo, tmp_path, cli):
    assert_told(cli(command, photo, "-o", tmp_path / "x.png", *flags), 2, f"unveil: {told}.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("operator", ["gaussian:sigma=1e308", "css-blur:px=1e308"])
@pytest.mark.parametrize("command", ["obfuscate", "restore", "audit"])
def test_a_length_that_no_picture_has_is_refused(command, operator, photo, tmp_path, cli):
    out = [] if command == "audit" else ["-o", tmp_path / "out.png"]
    assert_told(cli(command, photo, *out, "--operator", operator), 2, "1e+308", "10,000")


def test_who_hides_nothing_is_warned(photo, tmp_path, cli):
    """Of an operator that changes nothing; one that blurs is not remarked on."""
    out = ("-o", tmp_path / "out.png", "--overwrite", "--quiet", "--operator")
    assert_told(cli("obfuscate", photo, *out, "pixelate:block=1"), 0, "nothing is hidden")
    assert cli("obfuscate", photo, *out, "box:kernel=3").err == ""


def test_a_limit_of_pixels_must_be_positive(photo, cli):
    assert_told(cli("inspect", photo, "--max-pixels", -1), 2, "--max-pixels -1 must be at least 1")


def test_unknown_model(trained, photo, tmp_path, monkeypatch, cli):
    shutil.copytree(trained, tmp_path / "weights" / "cae-tiny")
    monkeypatch.setattr(card, "FOLDER", tmp_path / "weights")
    out = tmp_path / "x.png"
    done = cli("restore", photo, "-o", out, "--model", "cae-tny")
    assert_told(done, 2, "'cae-tny'", "did you mean 'cae-tiny'?", "Choices: cae-tiny")
    done = cli("restore", photo, "-o", out, "--model", "cae-tiny", "--operator", "pixelate:block=4")
    assert_told(done, 2, "cae-tiny undoes gaussian", "not pixelate:block=4")
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("restore x.png", "unveil restore needs -o PATH"),
        ("fit", "unveil fit needs FOLDER and -o PATH"),
        ("evaluate", "unveil evaluate needs MODEL"),
        ("restore x.png -o", "-o/--output needs a value"),
        (
            "restore x.png --outpt y.png",
            "unveil restore needs -o PATH; unrecognized options: --out",
        ),
        ("obfuscate x.jpg -o y.jpg --overwite", "--overwite; did you mean --overwrite?"),
        ("train --epoch 3", "unrecognized options: --epoch, 3; did you mean --epochs?"),
        ("evaluate x --store 8bit", "did you mean --storage?"),
        ("restore x -o y --samples two", "--samples 'two' must be a whole number"),
        ("serve --timeout-seconds long", "--timeout-seconds 'long' must be a number"),
        ("download cats", "invalid choice 'cats' for argument 'what'. Expected one of ('lfw',"),
        ("study", "expected one of {run, report, search}"),
        ("study runn", "runn; available subcommands: run, report, search"),
        ("--quiet", "--quiet"),
        ("", "expected one of {obfuscate, restore, inspect"),
    ],
)
def test_words_that_a_command_does_not_take(words, told, cli):
    command = " ".join(["unveil", *words.split()[:1]]) if "--quiet" not in words else "unveil"
    assert_told(cli(*words.split()), 2, told, f" see {command} --help.")


@pytest.mark.parametrize("columns", ["40", None])
def test_the_width_of_the_terminal_breaks_no_word(columns, monkeypatch, cli):
    monkeypatch.setenv("COLUMNS", columns) if columns else monkeypatch.delenv("COLUMNS", False)
    word = "a" * 200
    assert_told(cli("download", word), 2, f"invalid choice '{word}' for argument 'what'.")
    assert os.environ.get("COLUMNS") == columns


@pytest.mark.parametrize(
    ("words", "nearest"), [(("restor", "x.png"), "restore"), (("audi", "--help"), "audit")]
)
def test_a_word_that_is_no_command_is_refused_in_one_line(words, nearest, cli):
    told = f"unveil: unknown command {words[0]!r}; did you mean {nearest!r}? Choices: obfuscate, "
    assert_told(cli(*words), 2, told)


def test_usage_errors_come_before_torch_is_imported():
    cases = [
        ["obfuscate", "x.jpg", "-o", "y.jpg", "--operator", "gausian"],
        ["obfuscate", "x.jpg", "-o", "y.gif", *BLUR],
        ["restore", "x.jpg", "-o", "y.jpg", "--model", "nobody"],
        ["train", "--operator", "gausian"],
        ["train", "--widths", "4"],
        ["train", "--resume", "nowhere", "--epochs", "3"],
        ["evaluate", "nobody"],
        ["evaluate", "identity", "--storage", "png"],
        ["evaluate", "identity", *BLUR, "--limit", "0"],
    ]
    code = """if True:
        import json, sys
        from unveil.__main__ import main
        for words in json.loads(sys.argv[1]):
            sys.argv = ["unveil", *words]
            try:
                main()
            except SystemExit as left:
                print(left.code, "torch" in sys.modules, flush=True)
    """
    words = [sys.executable, "-c", code, json.dumps(cases)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["2 False"] * len(cases), done.stderr


def flip_a_bit(folder: Path) -> None:
    path = next(folder.glob("weights-*"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def remove_weights(folder: Path) -> None:
    next(folder.glob("weights-*")).unlink()


def change_card(folder: Path, **changes: object) -> None:
    plain = json.loads((folder / CARD_NAME).read_text()) | changes
    (folder / CARD_NAME).write_text(json.dumps(plain))


@pytest.mark.parametrize(
    ("spoil", "status", "phrases"),
    [
        (flip_a_bit, 1, ["weights-", "sha256", "is damaged", "copy the whole checkpoint"]),
        (remove_weights, 1, ["weights-", "no such file"]),
        (
            lambda folder: (folder / CARD_NAME).write_text("{"),
            1,
            [f"{CARD_NAME}: is not valid JSON"],
        ),
        (lambda folder: (folder / CARD_NAME).unlink(), 2, ["model: no checkpoint", CARD_NAME]),
        (lambda folder: change_card(folder, format=99), 1, [CARD_NAME, "format 99"]),
        (
            lambda folder: change_card(folder, model={"width": [4]}),
            1,
            [CARD_NAME, "mean 'widths'?"],
        ),
        (
            lambda folder: change_card(folder, model={"architecture": "cea"}),
            1,
            [CARD_NAME, "'cae'?"],
        ),
    ],
)
def test_spoiled_checkpoint(spoil, status, phrases, checkpoint, photo, tmp_path, cli):
    spoil(checkpoint)
    done = cli("restore", photo, "-o", tmp_path / "x.png", "--model", checkpoint)
    assert_told(done, status, *phrases)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def few_photos(folder: Path) -> None:
    for person in sorted(folder.iterdir())[4:]:
        shutil.rmtree(person)


def bad_photos(folder: Path) -> None:
    """Spoil three of the photos: one cut short, one too small for the crop, one of 0 bytes."""
    cut = folder / "Person_B" / "Person_B_0001.jpg"
    cut.write_bytes(cut.read_bytes()[:1000])
    Image.new("RGB", (40, 20)).save(folder / "Person_C" / "Person_C_0001.jpg")
    (folder / "Person_D" / "Person_D_0002.jpg").write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "phrases"),
    [
        (few_photos, [["photos: 8 photos", "4 for test, 4 for validation", "--test-photos"]]),
        (
            bad_photos,
            [
                ["Person_B_0001.jpg: damaged or cut short"],
                ["Person_C_0001.jpg: 40x20 pixels is too small for a 32x32 crop", "--crop-px"],
                ["Person_D_0002.jpg: is empty"],
            ],
        ),
        (shutil.rmtree, [["photos: no such folder"]]),
    ],
)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_bad_data(command, spoil, phrases, photo_folder, trained, tmp_path, cache, cli):
    data, out = shutil.copytree(photo_folder, tmp_path / "photos"), tmp_path / "run"
    spoil(data)
    words = (*TINY_TRAINING, "--output", out) if command == "train" else (trained,)
    done = cli(command, *words, "--data", data, *TINY_DATA)
    assert_told(done, 1, lines=len(phrases))
    for line, told in zip(phrases, done.err.splitlines(), strict=True):
        assert all(phrase in told for phrase in line)
    assert not out.exists()
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "status", "phrases"),
    [
        (["--resume", "nowhere"], 1, ["nowhere", "no checkpoint"]),
        (["--resume", "RUN", "--epochs", 3], 2, ["--resume", "leave the others out"]),
        (["--resume", "RUN", "--output", "x"], 2, ["--resume", "leave the others out"]),
        (["--output", "RUN"], 2, ["RUN: holds a run already", "--resume RUN"]),
        (["--output", "RUN/last/checkpoint.json/x"], 1, ["RUN/last/checkpoint.json: is a file"]),
    ],
)
def test_run_folder(words, status, phrases, trained, photo_folder, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    run = shutil.copytree(trained.parent, tmp_path / "RUN")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    if "--resume" not in words:
        words = [*words, "--data", photo_folder, *TINY_DATA, *TINY_TRAINING]
    assert_told(cli("train", *words), status, *phrases)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_identity_needs_an_operator(photo_folder, cli):
    assert_told(cli("evaluate", "identity", "--data", photo_folder, *TINY_DATA), 2, "--operator")


def test_rows_that_cannot_be_kept_are_not_scored(trained, photo, photo_folder, cache, cli):
    words = (trained, "--data", photo_folder, *TINY_DATA, "--append", photo / "rows.jsonl")
    assert_told(cli("evaluate", *words), 1, f"{photo}: is a file")
    assert list(cache.iterdir()) == [], "photos were decoded first"


@pytest.mark.parametrize("command", ["download", "evaluate"])
def test_cache_that_cannot_be_made(command, photo, photo_folder, monkeypatch, cli):
    monkeypatch.setenv("UNVEIL_CACHE", str(photo))
    words = {"download": (), "evaluate": ("identity", "--data", photo_folder, *TINY_DATA, *BLUR)}
    assert_told(cli(command, *words[command]), 1, f"{photo}: File exists")
