"""What all commands have in common: tables that fit, values in completion, files in every line."""

import re
import shutil
import subprocess

import pytest
from PIL import Image
from skimage import data

from tests.conftest import assert_told
from unveil.networks.card import list_shipped

COMPLETE = """
source {script}
COMP_WORDS=({words} "")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_tyro_unveil
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    for name, left in (("one.png", 100), ("two.png", 120)):
        Image.fromarray(data.astronaut()[0:96, left : left + 96]).save(folder / name)
    return folder


def test_the_weights_are_a_table_that_fits_a_terminal(cli):
    lines = cli("models").out.splitlines()
    assert lines[0].split() == ["name", "undoes", "kept", "as", "MB", "PSNR,", "dB", "of"]
    assert len(lines) == 1 + len(list_shipped())
    assert max(map(len, lines)) <= 100
    assert all(len(line.split()) >= 5 for line in lines)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("unveil restore --engine", {"torch", "onnx"}),
        ("unveil restore --codec", {"h264", "hevc", "vp9", "av1", "ffv1"}),
        ("unveil restore --model", {"blur", "optics", "lmmse"}),
        ("unveil download", {"lfw", "vgg16", "faces"}),
        ("unveil restore", {"--engine", "--output", "-o"}),
    ],
)
def test_completion_offers_values_and_no_help(words, offered, tmp_path, cli):
    script = tmp_path / "unveil.bash"
    script.write_text(cli("completion", "bash").out)
    code = COMPLETE.format(script=script, words=words)
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.split("\n")[:-1]
    assert offered <= set(found)
    assert all(word and " " not in word for word in found), found


def test_every_line_names_its_file(album, tmp_path, cli):
    done = cli("restore", album, "-o", tmp_path / "out", "--operator", "pixelate:block=8")
    assert done.status == 0
    lines = done.err.splitlines()
    assert len(lines) >= 4
    assert all("one.png" in line or "two.png" in line for line in lines), done.err


def test_an_output_folder_inside_the_input_is_left_out(album, cli):
    words = ("obfuscate", album, "-o", album / "hidden", "--operator", "pixelate:block=8")
    assert cli(*words).status == 0
    again = cli(*words, "--overwrite")
    assert again.status == 0
    assert len(again.out.splitlines()) == 2
    assert not (album / "hidden" / "hidden").exists()


def test_a_folder_that_holds_nothing_but_output_is_refused(album, cli):
    (album / "hidden").mkdir()
    for path in album.glob("*.png"):
        path.rename(album / "hidden" / path.name)
    done = cli("obfuscate", album, "-o", album / "hidden", "--operator", "pixelate:block=8")
    assert_told(done, 1, album, "hidden")


def test_help_names_the_version_the_networks_and_what_a_flag_does(cli):
    assert "--version prints the version" in flat(cli("--help").out)
    assert "blind, cae, refiner, rescae or vcae" in flat(cli("train", "--help").out)
    told = flat(cli("study", "report", "--help").out)
    assert "--no-page leave the HTML page out. (default: False)" in told


@pytest.mark.parametrize(
    "words",
    [
        *("obfuscate", "inspect", "restore", "fit", "train", "evaluate", "export", "serve"),
        *(
            "audit photos",
            "audit curve",
            "audit train-attacker",
            "audit report",
            "study run",
            "study report",
        ),
        "study search",
    ],
)
def test_help_says_once_what_happens_without_a_flag(words, cli):
    told = flat(cli(*words.split(), "--help").out)
    for odd in ("None}", "(default: None)", "(default: )", "config"):
        assert odd not in told
    described = re.split(r" (?=-o PATH|--[a-z0-9-]+ )", told)[1:]
    assert [flag for flag in described if flag.count("(default") > 1] == []


def test_help_breaks_no_line_where_the_docstring_does(cli):
    assert "written: 8bit, jpeg:75 or h264:crf=28 (default" in flat(cli("obfuscate", "-h").out)
    told = cli("train", "--help").out
    assert "Mirror each photo with probability 1/2, drawn anew each epoch. (default: False)" in (
        flat(told)
    )
    assert "paper's 3708 of the" in told


def test_the_networks_in_help_are_all_there_are():
    architectures = pytest.importorskip("unveil.networks.architectures")
    assert sorted(architectures.MODELS) == ["blind", "cae", "refiner", "rescae", "vcae"]


def flat(told):
    """Return help in one line, without the frames."""
    return " ".join(told.replace("│", " ").split())
