"""The commit in rows and cards: that of the code that runs, and whether it was changed since."""

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from unveil import runtime

NAMES = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", folder, *NAMES, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A repository of its own with the module that looks for the commit, and nothing else."""
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    folder = tmp_path / "repository"
    folder.mkdir()
    shutil.copy(runtime.__file__, folder / "runtime.py")
    (folder / "notes.txt").write_text("a")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All of it")
    return folder


def module_of(folder: Path) -> ModuleType:
    """Import the copy of the module: it looks for its own commit, once a process."""
    spec = importlib.util.spec_from_file_location("copy_of_runtime", folder / "runtime.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "copy_of_runtime", module)
        spec.loader.exec_module(module)
    return module


def test_code_as_it_was_committed_has_the_name_of_its_commit(checkout):
    (checkout / "notes.txt").write_text("changed, but no code")
    assert module_of(checkout).commit() == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["runtime.py", "new.py"])
def test_changed_code_is_called_dirty(checkout, name):
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert module_of(checkout).commit() == git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_code_that_no_repository_holds_has_no_commit(checkout):
    copy = checkout / "installed"
    copy.mkdir()
    shutil.copy(checkout / "runtime.py", copy)
    assert module_of(copy).commit() == "unknown"


def test_a_row_says_machine_threads_versions_and_commit():
    found = runtime.provenance(runtime.Runtime("cuda", "bf16", "as asked", "a GPU"))
    assert found["device"] == "a GPU"
    assert found["precision"] == "bf16"
    assert found["threads"] == runtime.threads()
    assert found["commit"] == runtime.commit()
    assert {"python", "numpy", "unveil"} <= found["versions"].keys()
