"""Every command does its work once on tiny inputs, or a dry run of it where that takes long."""

import re
import shutil
from typing import NamedTuple

import pytest

from tests.conftest import BLUR, SMOKE, TINY_DATA, TINY_TRAINING, assert_told, run_cli
from tests.house.snippets import ROOT

FACE = ("--box", "32,32,64,64")


class Run(NamedTuple):
    """One command line, what it prints, and the module that its extra brings."""

    words: tuple[object, ...]
    printed: str
    needs: str = "torch"


RUNS = {
    "obfuscate": Run(("photo.jpg", "-o", "out.png", *BLUR), "photo.jpg -> out.png"),
    "restore": Run(("hidden.png", "-o", "out.png", *BLUR, "--model", "run/best"), "-> out.png"),
    "inspect": Run(("mosaic.png",), "mosaic.png: pixelate:block=8"),
    "demo": Run(("--dry-run",), "would write runs/demo/strip.png", "skimage"),
    "models": Run((), "cae-blur"),
    "fit": Run(("people", "-o", "prior.safetensors", "--photos", 4), "prior.safetensors"),
    "train": Run(("--data", "people", "--output", "new", *TINY_DATA, *TINY_TRAINING), "new/best"),
    "evaluate": Run(("run/best", "--data", "people", *TINY_DATA), "| best |"),
    "download": Run(("--dry-run",), "would write"),
    "export": Run(
        ("cae-blur", "-o", "net.onnx", "--dry-run"), "would write net.onnx", "onnxscript"
    ),
    "doctor": Run((), "torch"),
    "audit photos": Run(("mosaic.png", *FACE), "of 100 cases", "dlib"),
    "audit curve": Run(("--data", "people", "--dry-run"), "would write", "dlib"),
    "audit train-attacker": Run(("--data", "people", "--dry-run"), "would write", "dlib"),
    "audit report": Run(("rows.jsonl", "--dry-run"), "would write audit.html", "optuna"),
    "study run": Run(
        (*SMOKE[2:], "--only", "blur-cae-pixel", "--dry-run"), "| cell | steps | time |", "optuna"
    ),
    "study report": Run(
        (ROOT / "results" / "study", "--output", "new", "--dry-run"), "new/report.md"
    ),
    "study search": Run(("--data", "people", "--dry-run"), "would write", "optuna"),
    "completion": Run(("bash",), "_tyro_unveil"),
}
ELSEWHERE = {"serve": "tests/web/test_service.py"}
"""Commands with a fast test of their own, as they do not end by themselves."""


def listed(*words: str) -> set[str]:
    """The commands that the help of ``words`` offers, with theirs."""
    shown = run_cli(*words, "--help").out
    found = re.search(r"\[-h\] \{([\w,-]+)\}", shown) if "subcommands" in shown else None
    if found is None:
        return {" ".join(words)}
    return set().union(*(listed(*words, name) for name in found[1].split(",")))


def test_every_command_is_here():
    assert listed() == RUNS.keys() | ELSEWHERE.keys()
    assert all((ROOT / place).exists() for place in ELSEWHERE.values())


@pytest.fixture
def inputs(tmp_path, monkeypatch, photo, photo_folder, trained):
    """The folder the test runs in, with what the command lines name."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(photo, "photo.jpg")
    for name, hidden in (("hidden.png", BLUR), ("mosaic.png", ("--operator", "pixelate:block=8"))):
        assert run_cli("obfuscate", "photo.jpg", "-o", name, *hidden).status == 0
    shutil.copytree(trained.parent, "run")
    (tmp_path / "people").symlink_to(photo_folder)
    shutil.copy(ROOT / "results" / "audit" / "rows.jsonl", "rows.jsonl")


@pytest.mark.parametrize("name", RUNS)
def test_a_command_does_its_work(name, inputs, cli):
    run = RUNS[name]
    pytest.importorskip(run.needs, reason=f"{run.needs} is not installed")
    done = cli(*name.split(), *run.words)
    assert done.status == 0, done.err
    assert run.printed in done.out


def test_the_version_is_printed(cli):
    done = cli("--version")
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"unveil \d+\.\d+\.\d+\n", done.out)


@pytest.mark.parametrize(
    ("words", "new"),
    [
        (("train", "--out", "runs/x"), "--output"),
        (("audit", "curve", "--out=rows.jsonl"), "--output"),
        (("study", "search", "--storage", "sqlite:///x"), "--database"),
    ],
)
def test_an_old_flag_is_refused_with_the_new_one(words, new, cli):
    assert_told(cli(*words), 2, new)
