"""The folder that the server writes to: gone in the end."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from unveil.web.folder import own_folder


@pytest.fixture
def parent(tmp_path, monkeypatch):
    """A folder for the temporary folders of servers."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_is_where_temporary_files_go_and_is_removed(parent):
    with contextlib.suppress(KeyError), own_folder() as folder:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            assert Path(file.name).parent == folder
        assert folder.stat().st_mode & 0o777 == 0o700
        raise KeyError
    assert list(parent.iterdir()) == []
    assert tempfile.gettempdir() == str(parent)


HOLD = """
import time
from unveil.web.folder import own_folder
with own_folder() as folder:
    (folder / "photo").write_text("a face")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is swept there")
def test_the_next_server_sweeps_what_a_killed_one_left_and_nothing_else(parent):
    environment = os.environ | {"TMPDIR": str(parent)}
    words = [sys.executable, "-c", HOLD]
    outside = parent / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (parent / "unveil-serve-link").symlink_to(outside)
    (parent / "unveil-serve-file").touch()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as other:
        try:
            left = Path(other.stdout.readline().strip())
            with own_folder():
                assert (left / "photo").exists()  # its server is alive
        finally:
            other.kill()
    with own_folder():
        assert not left.exists()
    assert (outside / "kept").exists()
    names = {path.name for path in parent.iterdir()}
    assert names == {"outside", "unveil-serve-link", "unveil-serve-file"}
