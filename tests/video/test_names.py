"""Names with a colon, addresses and lists of files: only the file itself is opened and written."""

import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import packets, pictures, write_clip  # noqa: E402
from unveil.errors import UnveilError  # noqa: E402
from unveil.video.stream.opening import opened  # noqa: E402

NOTHING = ("--operator", "none")


@pytest.mark.parametrize(
    "name", ["2024-01-01T12:30:00.mp4", "file:x.mp4", "http:x.mp4", "pipe:0.mp4"]
)
def test_a_colon_in_a_name_is_a_part_of_the_name(name, tmp_path, monkeypatch):
    write_clip(tmp_path / "plain.mp4", pictures(4)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    done = run_cli("obfuscate", name, "-o", f"out:{name}", *NOTHING)
    assert done.status == 0, done.err
    assert len(packets(tmp_path / f"out:{name}", "video")) == 4


def test_nothing_is_read_from_an_address_or_sent_to_one(tmp_path, served, monkeypatch):
    server = served(write_clip(tmp_path / "a.mp4", pictures(4)).read_bytes())
    address = server.url.replace("lfw.tgz", "a.mp4")
    monkeypatch.chdir(tmp_path)
    for command in ("obfuscate", "restore"):
        more = NOTHING if command == "obfuscate" else ()
        assert_told(run_cli(command, address, "-o", "b.mp4", *more), 1, "no such file")
    done = run_cli("obfuscate", "a.mp4", "-o", address, *NOTHING)
    assert server.ranges == []
    assert done.status in (0, 1)
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile a.mp4\n",
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n",
    ],
    ids=["ffconcat", "hls"],
)
def test_a_list_of_other_files_is_no_video(text, tmp_path):
    write_clip(tmp_path / "a.mp4", pictures(4))
    path = tmp_path / "list.mkv"
    path.write_text(text)
    with pytest.raises(UnveilError, match=r"list of other files|is not a video"), opened(path):
        pass
    done = run_cli("obfuscate", path, "-o", tmp_path / "out.mkv", *NOTHING)
    assert_told(done, 1, path)
    assert not (tmp_path / "out.mkv").exists()


def test_videos_have_more_names_than_can_be_written(tmp_path, monkeypatch):
    """Of discs, camcorders and browsers; a folder gets what can be written."""
    monkeypatch.chdir(tmp_path)
    names = ("a.vob", "b.MTS", "c.m2t", "d.asf", "e.divx", "f.3g2", "g.qt")
    for name in names:
        write_clip(tmp_path / "plain.mkv", pictures(2)).rename(tmp_path / name)
    done = run_cli("obfuscate", *names, "-o", "new", *NOTHING)
    assert done.status == 0, done.err
    assert {path.name for path in (tmp_path / "new").iterdir()} == {f"{one}.mp4" for one in names}
    done = run_cli("obfuscate", "a.vob", "-o", "out.vob", *NOTHING)
    assert_told(done, 2, "out.vob: cannot write this kind of video; use one of .mp4")
    done = run_cli("obfuscate", "gone.ogv", "-o", "out.mp4", *NOTHING)
    assert_told(done, 1, "gone.ogv: no such file")
