"""What may be loaded when: help and errors answer at once because nothing heavy is imported."""

import subprocess
import sys

import pytest

from tests.conftest import TINY_DATA

HEAVY = ("torch", "torchvision", "torchmetrics", "lightning", "accelerate", "matplotlib", "skimage")
PROBE = """
import sys, runpy
sys.argv = ["unveil", *{words!r}]
try:
    {action}
except SystemExit:
    pass
print(*sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)
"""


def loaded(action: str, *words: str) -> list[str]:
    """Return which heavy packages a fresh interpreter has loaded after ``action``."""
    code = PROBE.format(words=list(map(str, words)), action=action, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1].split()


@pytest.mark.slow
def test_the_probe_sees_what_is_loaded():
    assert "torch" in loaded("import torch")


@pytest.mark.parametrize(
    "action",
    [
        "import unveil",
        "import unveil.cli",
        "import unveil.degradation.presets",
        "import unveil.networks.card, unveil.report.rows",
    ],
)
def test_importing_loads_nothing_heavy(action):
    assert loaded(action) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("train", "--help"),
        ("models",),
        ("restore", "no-such-file.jpg", "-o", "out.png", "--operator", "gausian"),
        ("obfuscate", "no-such-folder/", "-o", "out.xyz", "--operator", "pixelate"),
        ("evaluate", "identity", "--storage", "16bit"),
    ],
    ids=" ".join,
)
def test_these_commands_load_nothing_heavy(words):
    assert loaded("runpy.run_module('unveil', run_name='__main__')", *words) == []


@pytest.mark.parametrize(
    "words",
    [
        ("obfuscate", "PHOTO", "-o", "out.png", "--operator", "gaussian:kernel=9,sigma=4"),
        ("inspect", "PHOTO"),
        ("restore", "PHOTO", "-o", "out.png"),
        ("restore", "PHOTO", "-o", "out.png", "--operator", "pixelate:block=8"),
        ("evaluate", "blur-fast", "--data", "FOLDER", "--precision", "fp32", *map(str, TINY_DATA)),
        ("demo", "-o", "demo"),
    ],
    ids=" ".join,
)
def test_these_commands_work_without_torch(words, photo, photo_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"PHOTO": str(photo), "FOLDER": str(photo_folder)}
    words = [places.get(word, word) for word in words]
    assert "torch" not in loaded("runpy.run_module('unveil', run_name='__main__')", *words)
