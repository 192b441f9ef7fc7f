"""`unveil obfuscate` and `unveil restore` on videos: real files, codecs and containers."""

import os
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import SIZE, packets, pictures, planes, psnr, times, write_clip  # noqa: E402
from unveil.degradation import Pixelate  # noqa: E402
from unveil.degradation.operators import obfuscate  # noqa: E402
from unveil.video.stream.info import describe  # noqa: E402
from unveil.video.stream.reading import read, upright  # noqa: E402

UNEVEN = [0, 40, 45, 120, 121, 300, 800, 840, 1500, 1540]
"""Times of a clip with a variable frame rate, in ms."""

MOSAIC = ("--operator", "pixelate:block=8")
NOTHING = ("--operator", "none")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Ten pictures at uneven times, with sound, in Matroska."""
    path = tmp_path_factory.mktemp("clips") / "clip.mkv"
    return write_clip(path, pictures(10), times=UNEVEN, sound=True)


def done(*words: object) -> str:
    """Run a command that must succeed, and return what it says."""
    ended = run_cli(*words)
    assert ended.status == 0, ended
    assert "unveil: " not in ended.err
    return ended.out + ended.err


@pytest.mark.parametrize("name", ["out.mkv", "out.mov"])
def test_sound_and_times_stay(clip, tmp_path, name):
    out = tmp_path / name
    said = done("obfuscate", clip, "-o", out, *MOSAIC)
    assert "10 frames" in said
    assert times(out) == times(clip) == [Fraction(ms, 1000) for ms in UNEVEN]
    sounds = packets(clip, "audio"), packets(out, "audio")
    assert b"".join(sound for _, sound in sounds[0]) == b"".join(sound for _, sound in sounds[1])
    assert sounds[0][0][0] == sounds[1][0][0]
    assert list(tmp_path.iterdir()) == [out]


SUBTITLES = "1\n00:00:00,040 --> 00:00:00,300\nHello\n\n2\n00:00:00,800 --> 00:00:01,500\nBye\n\n"


def test_subtitles_stay(clip, tmp_path):
    (tmp_path / "words.srt").write_text(SUBTITLES)
    source, out, waiting = tmp_path / "in.mkv", tmp_path / "out.mkv", []
    with (
        av.open(str(clip)) as shown,
        av.open(str(tmp_path / "words.srt")) as words,
        av.open(str(source), "w") as target,
    ):
        for container, kind in ((shown, "video"), (words, "subtitle")):
            origin = next(stream for stream in container.streams if stream.type == kind)
            stream = target.add_stream_from_template(origin)
            stream.metadata["language"] = "eng"
            for packet in container.demux(origin):
                if packet.size:
                    packet.stream = stream
                    waiting.append(packet)
        for packet in waiting:
            target.mux(packet)
    done("obfuscate", source, "-o", out, *MOSAIC)
    said = packets(out, "subtitle")
    assert said == packets(source, "subtitle")
    assert [(float(at), bytes(text).strip()) for at, text in said] == [
        (0.04, b"Hello"),
        (0.8, b"Bye"),
    ]
    with av.open(str(out)) as written:
        assert written.streams.subtitles[0].metadata["language"] == "eng"


def test_every_picture_is_obfuscated(clip, tmp_path):
    out = tmp_path / "out.mkv"
    done("obfuscate", clip, "-o", out, *MOSAIC, "--codec", "ffv1")
    before, after = (describe(path, 10**9) for path in (clip, out))
    for clean, hidden in zip(read(before), read(after), strict=True):
        expected = obfuscate(upright(clean, before), Pixelate(8))
        assert np.abs(upright(hidden, after) - expected).max() < 2.5 / 255


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *[("out.mp4", "h264"), ("out.mp4", "hevc"), ("out.mkv", "vp9"), ("out.mkv", "av1")],
        ("out.mkv", "ffv1"),
    ],
)
def test_without_change_only_the_codec_loses(tmp_path, name, codec):
    source = write_clip(tmp_path / "in.mp4", pictures(6))
    out = tmp_path / name
    done("obfuscate", source, "-o", out, *NOTHING, "--codec", codec)
    assert psnr(source, out) > (80 if codec == "ffv1" else 38)


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_frames_narrower_than_an_encoder_takes_are_refused(tmp_path, codec):
    """x265 and SVT-AV1 write past their own memory there, and end the process, now or later."""
    source = write_clip(tmp_path / "in.mp4", pictures(2, width=48))
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mp4", *NOTHING, "--codec", codec)
    assert ended.status == 1
    assert "narrower than 64 pixels, and these have 48; use another --codec of h264" in ended.err
    assert not (tmp_path / "out.mp4").exists()


def test_quality_is_the_codecs_rate_factor(clip, tmp_path):
    sizes = []
    for quality in (10, 40):
        out = tmp_path / f"{quality}.mkv"
        done("obfuscate", clip, "-o", out, *NOTHING, "--quality", quality)
        assert str(describe(out, 10**9).storage) == f"h264:crf={quality}"
        sizes.append(sum(len(content) for _, content in packets(out, "video")))
    assert sizes[0] > 2 * sizes[1]


def test_a_mosaic_is_found_once_and_undone(tmp_path):
    clean = write_clip(tmp_path / "clean.mkv", pictures(12), options={"crf": "10"})
    hidden, out = tmp_path / "hidden.mkv", tmp_path / "out.mkv"
    done("obfuscate", clean, "-o", hidden, *MOSAIC)
    said = done("restore", hidden, "-o", out)
    assert "found: pixelate:block=8, kept as h264:crf=18" in said
    assert "undoing pixelate:block=8 in h264:crf=18 with pixelate-fast" in said
    assert psnr(clean, out) > psnr(clean, hidden) + 1


def test_a_box_alone_is_restored_the_rest_stays_to_the_bit(tmp_path):
    source = write_clip(tmp_path / "in.mkv", pictures(4), codec="ffv1")
    out = tmp_path / "out.mkv"
    box = (31, 17, 33, 24)  # odd: it cuts chroma in two
    place = slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])
    ended = run_cli(
        *("restore", source, "-o", out, "--codec", "ffv1", "--model", "lmmse"),
        *("--operator", "pixelate:block=8", "--box", ",".join(map(str, box))),
    )
    assert ended.status == 0, ended
    assert ended.err.count("unveil: warning: ") == 1  # nothing was hidden there
    for before, after in zip(planes(source), planes(out), strict=True):
        changed = before[0] != after[0]
        assert changed[place].mean() > 0.5
        changed[place] = False
        assert not changed.any()
        for one, two in zip(before[1:], after[1:], strict=True):
            differs = one != two
            differs[8:21, 15:32] = False
            assert not differs.any()


def test_several_clips_go_into_a_folder_and_one_that_fails_stops_none(clip, tmp_path):
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no video")
    out = tmp_path / "out"
    ended = run_cli("obfuscate", broken, clip, "-o", out, *MOSAIC)
    assert_told(ended, 1, "broken.mkv: is not a video, or damaged or cut short")
    assert [path.name for path in out.iterdir()] == [clip.name]
    assert_told(run_cli("obfuscate", clip, "-o", out, *MOSAIC), 1, "exists already", "--overwrite")


BAD = {
    ("obfuscate", "-o", "out.avi", *MOSAIC): "use one of .mp4, .m4v, .mov, .mkv, .webm",
    ("obfuscate", "-o", "out.mkv", *MOSAIC, "--codec", "h265"): "did you mean 'h264'",
    ("obfuscate", "-o", "out.mp4", *MOSAIC, "--codec", "ffv1"): "ffv1 goes into .mkv",
    ("obfuscate", "-o", "out.mkv", *MOSAIC, "--quality", "52"): "must be from 0 to 51",
    ("obfuscate", "-o", "out.mkv", *MOSAIC, "--storage", "jpeg:75"): "--storage is for photos",
    ("obfuscate", "-o", "out.mkv"): "name an --operator",
    ("restore", "-o", "out.mkv", "--samples", "2"): "--samples is for photos",
    ("restore", "-o", "out.mkv", "--realism", "1"): "--realism is for photos",
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_asked_is_refused_in_one_line(clip, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert_told(run_cli(words[0], clip, *words[1:]), 2, BAD[words])
    assert not list(tmp_path.iterdir())


def test_videos_and_photos_do_not_mix(clip, photo, tmp_path):
    words = ("obfuscate", clip, photo, "-o", tmp_path / "out", *MOSAIC)
    assert_told(run_cli(*words), 2, "videos and photos do not go together")
    words = ("obfuscate", photo, "-o", tmp_path / "out.png", *MOSAIC, "--codec", "h264")
    assert_told(run_cli(*words), 2, "--codec is for videos")


def test_a_sound_that_the_container_cannot_hold_is_named(clip, tmp_path):
    ended = run_cli("obfuscate", clip, "-o", tmp_path / "out.webm", *MOSAIC)
    assert_told(ended, 1, ".webm cannot hold the source's audio (pcm_s16le)")
    assert not list(tmp_path.iterdir())


def test_a_clip_that_ends_early_leaves_nothing(tmp_path):
    generator = np.random.default_rng(0)
    noise = [generator.integers(0, 255, (64, 96, 3)).astype(np.uint8) for _ in range(100)]
    source = write_clip(tmp_path / "in.mkv", noise)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *MOSAIC)
    assert_told(ended, 1, "in.mkv: cannot be read beyond")
    assert list(tmp_path.iterdir()) == [source]


def test_what_is_transparent_is_refused(tmp_path):
    source = write_clip(tmp_path / "in.mkv", pictures(2), codec="ffv1", pix_fmt="yuva420p")
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *MOSAIC)
    assert_told(ended, 1, "in.mkv: has transparency")


def test_a_clip_without_pictures_is_refused(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        container.start_encoding()
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *MOSAIC)
    assert_told(ended, 1, "in.mkv: has no frames in it")


def test_odd_sides_stay_as_they_are(tmp_path):
    source = write_clip(tmp_path / "in.mkv", pictures(3, 75, 51), codec="ffv1")
    out = tmp_path / "out.mp4"
    said = done("obfuscate", source, "-o", out, *NOTHING)
    assert "written as yuv444p, not yuv420p" in said
    assert planes(out)[0][0].shape == (51, 75)
    assert psnr(source, out) > 38
    kept = tmp_path / "kept.mkv"
    assert "written as" not in done("obfuscate", source, "-o", kept, *NOTHING, "--codec", "ffv1")


def test_ten_bits_stay_ten_bits(tmp_path):
    source = write_clip(tmp_path / "in.mkv", pictures(3), codec="ffv1", pix_fmt="yuv420p10le")
    same, hidden = tmp_path / "same.mkv", tmp_path / "hidden.mp4"
    done("obfuscate", source, "-o", same, *NOTHING, "--codec", "ffv1")
    for before, after in zip(planes(source), planes(same), strict=True):
        assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))
    done("obfuscate", source, "-o", hidden, *MOSAIC)
    info = describe(hidden, 10**9)
    assert info.layout.pix_fmt == "yuv420p10le"
    before = describe(source, 10**9)
    for clean, seen in zip(read(before), read(info), strict=True):
        expected = obfuscate(upright(clean, before), Pixelate(8))
        assert np.abs(upright(seen, info) - expected).mean() < 1.5 / 255


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    generator = np.random.default_rng(0)
    noise = [generator.integers(0, 255, (64, 96, 3)).astype(np.uint8) for _ in range(60)]
    source = write_clip(tmp_path / "in.mkv", noise)
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "out.mkv"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = [sys.executable, "-m", "unveil", "obfuscate", source, "-o", out, *NOTHING, "-q"]
    ended = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit)
    assert ended.returncode == 1
    assert ended.stderr == f"unveil: {out}: cannot be written (File too large).\n"
    assert not list(out.parent.iterdir())


def workers_of(process):
    """Return the numbers of the processes that a command has started."""
    started = Path(f"/proc/{process.pid}/task").glob("*/children")
    numbers = [number for path in started for number in path.read_text().split()]
    return [one for one in numbers if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "workers"), [(signal.SIGINT, 1), (signal.SIGKILL, 1), (signal.SIGTERM, 2)]
)
def test_what_is_stopped_leaves_nothing_under_the_name(tmp_path, stop, workers):
    source = write_clip(tmp_path / "in.mkv", pictures(300), options={"preset": "ultrafast"})
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "out.mkv"
    words = ["obfuscate", source, "-o", out, "--operator", "median:kernel=31"]
    words += ["--workers", str(workers)] if workers > 1 else []
    running = subprocess.Popen(
        [sys.executable, "-m", "unveil", *words], stderr=subprocess.PIPE, env=os.environ
    )
    while not list(out.parent.iterdir()) and running.poll() is None:
        time.sleep(0.01)
    while workers > 1 and len(ours := workers_of(running)) < workers and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(stop)
    said = running.communicate()[1].decode()
    left = [path.name for path in out.parent.iterdir()]
    if stop == signal.SIGINT:
        assert (running.returncode, said, left) == (130, "unveil: interrupted\n", [])
    elif workers > 1:
        assert (running.returncode, said, left) == (143, "unveil: stopped by SIGTERM\n", [])
        assert not any(Path(f"/proc/{worker}").exists() for worker in ours)
    else:
        assert [name.startswith(".unveil-") and ".partial" in name for name in left] == [True]
