"""No clip keeps what ffmpeg can plant in one; ffprobe and exiftool list nothing but structure."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import run_cli  # noqa: E402
from unveil.video.stream.vorbis import EMPTY, without_comments  # noqa: E402

PROGRAMS = {name: shutil.which(name) for name in ("ffmpeg", "ffprobe", "exiftool")}
MARKER = "PLANTED"
MOSAIC = ("--operator", "pixelate:block=8")

CHAPTERS = """;FFMETADATA1
title=PLANTED
location=+52.1+004.3/PLANTED
make=PLANTED
[CHAPTER]
TIMEBASE=1/1000
START=0
END=400
title=PLANTED one
[CHAPTER]
TIMEBASE=1/1000
START=400
END=1000
title=PLANTED two
"""

PLANT = (
    *("-metadata", "title=PLANTED", "-metadata", "artist=PLANTED", "-metadata", "comment=PLANTED"),
    *("-metadata", "creation_time=1999-01-02T03:04:05Z", "-metadata", "location=+52.1+004.3/"),
    *("-metadata", "encoder=PLANTED", "-metadata:s:v", "title=PLANTED"),
    *("-metadata:s:v", "handler_name=PLANTED", "-metadata:s:a", "handler_name=PLANTED"),
    *("-metadata:s:v", "encoder=PLANTED", "-metadata:s:a", "encoder=PLANTED"),
    *("-metadata:s:a", "title=PLANTED", "-metadata:s:a", "language=PLANTED"),
)

SEI = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+PLANTED"

INPUTS = {
    "in.mp4": ("-map", "2", "-c:v", "libx264", "-bsf:v", SEI, "-c:a", "aac", "-c:s", "mov_text"),
    "in.mov": ("-c:v", "libx264", "-c:a", "aac", "-timecode", "01:00:00:00"),
    "in.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"),
    "in.avi": ("-c:v", "mjpeg", "-c:a", "mp3"),
    "in.mkv": (
        *("-map", "2", "-c:v", "libx264", "-bsf:v", SEI, "-c:a", "flac", "-c:s", "srt"),
        *("-attach", "notes.txt", "-metadata:s:t", "mimetype=text/plain"),
    ),
}
"""A clip of each kind, with chapters where it holds them; captions as drones and dashcams write."""

OUTPUTS = {
    "in.mp4": (".mp4", ".mkv"),
    "in.mov": (".mp4", ".mov", ".m4v"),
    "in.webm": (".webm", ".mkv", ".mp4"),
    "in.avi": (".mkv", ".mov"),
    "in.mkv": (".mkv",),
}
"""Containers that hold the sound of each."""

TAGS = {
    *("major_brand", "minor_version", "compatible_brands", "encoder", "DURATION", "language"),
    *("handler_name", "vendor_id"),
}
"""What containers say of themselves, and of their streams by their type."""

VALUES = {
    "encoder": {"Lavf"},
    "language": {"und"},
    "handler_name": {"VideoHandler", "SoundHandler"},
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Path:
    if missing := [name for name, path in PROGRAMS.items() if path is None]:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("planted")
    (folder / "chapters.txt").write_text(CHAPTERS)
    (folder / "notes.txt").write_text(MARKER)
    (folder / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nGPS PLANTED 52.1,4.3\n")
    sources = (
        *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=1", "-f", "lavfi", "-i", "sine=440:d=1"),
        *("-i", "s.srt", "-i", "chapters.txt", "-map", "0", "-map", "1", "-map_metadata", "3"),
    )
    for name, how in INPUTS.items():
        words = ["ffmpeg", "-y", "-nostdin", "-v", "error", *sources, *how, *PLANT, name]
        subprocess.run(words, cwd=folder, check=True)
        assert (folder / name).read_bytes().count(MARKER.encode()) > 2
    return folder


def probed(path: Path) -> dict:
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    words += ["-show_chapters", path]
    return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)


def check_bare(path: Path) -> None:
    """Check that a clip has pictures and sound, and nothing that it need not say of them."""
    assert MARKER.encode() not in path.read_bytes(), path
    seen = probed(path)
    assert [one["codec_type"] for one in seen["streams"]] == ["video", "audio"]
    assert seen["chapters"] == []
    for one in (seen["format"], *seen["streams"]):
        for name, value in one.get("tags", {}).items():
            assert name in TAGS, (path, name, value)
            assert value in VALUES.get(name, {value}), (path, name, value)
    words = ["exiftool", "-json", "-G", "-a", "-ee", path]
    (row,) = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    told = {key: value for key, value in row.items() if "File" not in key and "Source" not in key}
    assert not [key for key in told if "GPS" in key or "Comment" in key or "Title" in key], told
    dates = {value for key, value in told.items() if key.endswith("Date")}
    assert dates <= {"0000:00:00 00:00:00"}, (path, dates)


@pytest.mark.slow
@pytest.mark.parametrize("name", INPUTS)
def test_no_clip_keeps_what_ffmpeg_planted(planted, tmp_path, name):
    """Captions are what is said, not metadata: they are left out with --safe alone."""
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    for suffix in OUTPUTS[name]:
        out = tmp_path / f"out{suffix}"
        words = ("--safe", "--box", "8,8,40,40") if name in ("in.mp4", "in.mkv") else MOSAIC
        done = run_cli("obfuscate", planted / name, "-o", out, *words, "--json")
        assert done.status == 0, done
        left_out = json.loads(done.out)["left_out"] if name != "in.avi" else {"chapter": 2}
        assert left_out["chapter"] == 2
        assert left_out.get("subtitle", 0) == (name in ("in.mp4", "in.mkv"))
        check_bare(out)


@pytest.mark.slow
def test_comments_of_vorbis_are_dropped_and_its_sound_is_not(planted, tmp_path):
    source = tmp_path / "in.mkv"
    words = ["ffmpeg", "-v", "error", "-i", planted / "in.webm", "-map", "0:v", "-map", "0:a"]
    subprocess.run([*words, "-c:v", "copy", "-c:a", "libvorbis", tmp_path / "v.mkv"], check=True)
    with av.open(str(tmp_path / "v.mkv")) as before, av.open(str(source), "w") as after:
        streams = [after.add_stream_from_template(stream) for stream in before.streams]
        headers = bytes(before.streams.audio[0].codec_context.extradata)
        bare = without_comments(headers)
        comments = EMPTY.replace(bytes(8), b"\7\0\0\0PLANTED\0\0\0\0")
        laced = bytearray(bare.replace(EMPTY, comments))
        laced[2] += len(comments) - len(EMPTY)
        streams[1].codec_context.extradata = bytes(laced)
        for packet in before.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                after.mux(packet)
    assert MARKER.encode() in source.read_bytes()
    assert run_cli("obfuscate", source, "-o", tmp_path / "out.webm", *MOSAIC).status == 0
    check_bare(tmp_path / "out.webm")
    sounds = []
    for path in (source, tmp_path / "out.webm"):
        with av.open(str(path)) as container:
            sounds.append([frame.to_ndarray() for frame in container.decode(audio=0)])
    assert [one.tobytes() for one in sounds[0]] == [one.tobytes() for one in sounds[1]]


def test_headers_that_are_none_of_vorbis_are_refused():
    for headers in (b"", b"\2", b"\1\1\1abc", b"\2\1\1abc", b"\2\xff\xff"):
        with pytest.raises(ValueError, match="Vorbis"):
            without_comments(headers)
