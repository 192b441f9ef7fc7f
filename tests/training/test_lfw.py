"""The download of LFW and its archive, against a real HTTP server on this machine."""

import gzip
import io
import re
import tarfile
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from tests.server import Server
from unveil import console, downloads
from unveil.errors import UnveilError
from unveil.training import lfw

PHOTO = "lfw_funneled/Ada_Lovelace/Ada_Lovelace_0001.jpg"
PIXELS = np.random.default_rng(7).bytes(50_000)  # does not compress: the archive stays long


def pack(*names: str) -> bytes:
    """Return a .tgz with one file of ``PIXELS`` under each name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(PIXELS)
            tar.addfile(entry, io.BytesIO(PIXELS))
    return buffer.getvalue()


@pytest.fixture
def server(served: Callable[[bytes], Server]) -> Server:
    return served(pack(PHOTO))


def partial(cache: Path) -> Path:
    return cache / "lfw_funneled.tgz.part"


def download(server: Server) -> Path:
    return lfw.download(server.url, server.sha256, pause_s=0)


def assert_whole(cache: Path) -> None:
    """The cache holds the unpacked photo and nothing else."""
    assert [path.name for path in cache.iterdir()] == ["lfw_funneled"]
    assert (cache / PHOTO).read_bytes() == PIXELS


def test_download_unpacks_once(server, cache):
    assert download(server) == cache / "lfw_funneled" == lfw.default_folder()
    assert_whole(cache)
    assert download(server) == cache / "lfw_funneled"
    assert server.ranges == [None], "the second call asked the server again"


@pytest.mark.parametrize(
    ("resumes", "ranges"),
    [
        (True, [None, "bytes=20000-", "bytes=27000-"]),
        (False, [None, "bytes=20000-", "bytes=7000-"]),  # each answer starts over
    ],
)
def test_broken_connection_is_resumed(server, cache, resumes, ranges):
    server.resumes, server.break_after = resumes, iter((20_000, 7_000))
    download(server)
    assert_whole(cache)
    assert server.ranges == ranges


def test_broken_off_too_often_keeps_what_came_for_the_next_run(server, cache):
    server.break_after = repeat(1_000, downloads.ATTEMPTS)
    with pytest.raises(UnveilError, match=r"broken after 5,000 of .*; 5,000 bytes are kept"):
        download(server)
    assert partial(cache).read_bytes() == server.content[:5_000]
    download(server)
    assert_whole(cache)
    assert server.ranges[-1] == "bytes=5000-"


def test_offline_then_online(server, cache):
    partial(cache).write_bytes(server.content[:1_234])
    with Server(b"") as gone:
        url = gone.url  # nobody listens there once it is closed
    with pytest.raises(UnveilError, match=r"refused.*1,234 bytes are kept, run the same") as caught:
        lfw.download(url, server.sha256, pause_s=0)
    assert url in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    download(server)
    assert_whole(cache)
    assert server.ranges == ["bytes=1234-"]


def test_in_a_pipe_a_line_now_and_then_tells_bytes_rate_and_time(server, monkeypatch, capsys):
    monkeypatch.setattr(console, "LINE_EVERY_S", 0)
    monkeypatch.setattr(downloads, "CHUNK_BYTES", 20_000)
    download(server)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2, "60,000 bytes in three parts, and none for the last"
    for line in lines:
        assert re.fullmatch(r"lfw_funneled\.tgz: 0 of 0 MB, \d+\.\d MB/s, 0 s left", line), line


def test_a_quiet_download_prints_nothing(server, monkeypatch, capsys):
    monkeypatch.setattr(console, "LINE_EVERY_S", 0)
    with console.settings(quiet=True, as_json=False):
        download(server)
    assert capsys.readouterr().err == ""


def test_wrong_checksum_is_deleted_and_not_unpacked(server, cache):
    with pytest.raises(UnveilError, match=f"sha256 {server.sha256[:12]}, expected 00ff.*deleted"):
        lfw.download(server.url, "00ff", pause_s=0)
    assert list(cache.iterdir()) == []


def test_more_than_the_whole_is_kept_by_mistake(server, cache):
    """The server has nothing left to send (416): the checksum decides, and the next run mends."""
    partial(cache).write_bytes(server.content + b"more")
    with pytest.raises(UnveilError, match="not the expected file"):
        download(server)
    download(server)
    assert_whole(cache)


def test_http_error_is_named_at_once(server, cache):
    server.status = 404
    with pytest.raises(UnveilError, match=r"lfw\.tgz: the server answered 404 Not Found\.$"):
        download(server)
    assert len(server.ranges) == 1
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize("kept", [0, 30_000])
def test_too_many_bytes_are_refused(server, cache, monkeypatch, tells_length, kept):
    monkeypatch.setattr(lfw, "MAX_BYTES", 40_000)
    server.tells_length = tells_length
    if kept:
        partial(cache).write_bytes(server.content[:kept])
    size = f"{len(server.content):,}" if tells_length else "more than"
    with pytest.raises(UnveilError, match=f"{size} .*limit of 40,000"):
        download(server)
    assert len(server.ranges) == 1
    assert list(cache.iterdir()) == []


def test_archive_of_more_than_the_limit_is_refused(server, cache, monkeypatch):
    monkeypatch.setattr(lfw, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(UnveilError, match=r"cannot be unpacked .*limit of 100 bytes.*deleted"):
        download(server)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("names", [["../evil"], [PHOTO, "lfw_funneled/../../evil"], ["/../evil"]])
def test_archive_that_leaves_its_folder_is_refused(server, cache, names):
    before = sorted(cache.parent.iterdir())
    server.content = pack(*names)
    with pytest.raises(UnveilError, match=r"cannot be unpacked .*evil.*deleted"):
        download(server)
    assert list(cache.iterdir()) == []
    assert sorted(cache.parent.iterdir()) == before


@pytest.mark.parametrize("damage", ["cut", "changed", "no archive"])
def test_damaged_archive_leaves_nothing(server, cache, damage):
    """Damage under a checksum that fits cannot come from the network, but must be told too."""
    whole = server.content
    changed = {
        "cut": whole[:-20_000],
        "changed": whole[:20_000] + b"\xff" * 20_000 + whole[40_000:],
        "no archive": gzip.compress(b"no tar"),
    }
    server.content = changed[damage]
    with pytest.raises(UnveilError, match="cannot be unpacked") as caught:
        download(server)
    assert len(str(caught.value).splitlines()) == 1
    assert not (cache / "lfw_funneled").exists()
    assert list(cache.glob(".*")) == []


def test_killed_between_download_and_unpacking(server, cache):
    partial(cache).write_bytes(server.content)
    download(server)
    assert_whole(cache)
    assert server.ranges == [], "what was whole was asked for again"


def test_no_download_no_photos():
    with pytest.raises(UnveilError, match=r"--data DIR, or run `unveil download`"):
        lfw.default_folder()
