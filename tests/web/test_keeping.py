"""What the server holds for visitors, and the folder it writes to: bounded, and gone in the end."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from unveil.web import uploads as uploads_module
from unveil.web.folder import own_folder
from unveil.web.photos import Photos
from unveil.web.uploads import Uploads

HOUR_S = 3600.0


def test_a_photo_is_held_until_it_is_dropped_or_its_visitor_leaves():
    photos = Photos(8, 100, HOUR_S)
    first, second, third = photos.put(b"a", "x"), photos.put(b"b", "x"), photos.put(b"c", "y")
    assert [photos.get(token) for token in (first, second, third)] == [b"a", b"b", b"c"]
    photos.drop(first)
    photos.drop(first)
    photos.drop(None)
    assert photos.get(first) is None
    photos.keep(lambda owner: owner == "y")
    assert [photos.get(token) for token in (second, third)] == [None, b"c"]


def test_photos_are_bounded_in_number_and_bytes_and_the_least_used_gives_way():
    photos = Photos(2, 100, HOUR_S)
    first, second = photos.put(b"a", "x"), photos.put(b"b", "x")
    assert photos.get(first) == b"a"
    third = photos.put(b"c", "x")
    assert [photos.get(token) for token in (first, second, third)] == [b"a", None, b"c"]
    large = photos.put(bytes(100), "x")
    assert [photos.get(first), photos.get(third), len(photos.get(large))] == [None, None, 100]


def test_a_photo_that_nobody_asks_about_is_dropped():
    photos = Photos(8, 100, 0.0)
    assert photos.get(photos.put(b"a", "x")) is None
    photos.put(b"a", "x")
    photos.drop_idle()
    assert len(photos) == 0


def test_an_upload_is_taken_once_and_only_what_was_written_is_deleted(tmp_path):
    uploads = Uploads(tmp_path, 100)
    (tmp_path / "other").write_bytes(b"stays")
    path = uploads.put(b"a")
    assert path in uploads
    assert uploads.take(str(tmp_path / "other")) is None
    assert (uploads.take(path), uploads.take(path)) == (b"a", None)
    assert [found.name for found in tmp_path.rglob("*")] == ["other"]


def test_uploads_are_bounded_in_bytes_and_age(tmp_path, monkeypatch):
    uploads = Uploads(tmp_path, 100)
    first, second = uploads.put(bytes(60)), uploads.put(bytes(60))
    assert uploads.take(first) is None
    uploads.drop_old()
    assert second in uploads
    monkeypatch.setattr(uploads_module, "KEPT_S", 0.0)
    uploads.drop_old()
    assert second not in uploads
    assert list(tmp_path.iterdir()) == []


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
