"""Clips whose header or times say what is not so: joined, without a length, with holes."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from skimage import data  # noqa: E402

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import packets, pictures, times, write_clip  # noqa: E402
from unveil.video.stream.info import describe  # noqa: E402
from unveil.video.stream.reading import frames, samples  # noqa: E402

COUNT = 20
STEP = Fraction(1, 25)
LARGE = 10**9
NOTHING = ("--operator", "none")


def joined(folder: Path, suffix: str, *shown: list[np.ndarray], **how: object) -> Path:
    """Join recordings byte by byte, in a file whose name says nothing of that."""
    parts = [write_clip(folder / f"{n}{suffix}", one, **how) for n, one in enumerate(shown)]
    path = folder / "joined.mkv"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize(("suffix", "codec"), [(".ts", "libx264"), (".webm", "libvpx-vp9")])
def test_times_that_begin_again_go_on_from_the_last_picture(tmp_path, suffix, codec):
    parts = 3 if suffix == ".ts" else 2
    source = joined(tmp_path, suffix, *[pictures(COUNT)] * parts, codec=codec)
    assert len(set(times(source))) < len(times(source))
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *NOTHING)
    assert ended.status == 0, ended
    shown = times(tmp_path / "out.mkv")
    assert len(shown) == parts * COUNT
    assert np.diff(np.array(shown, float)) == pytest.approx(float(STEP), abs=0.002)


@pytest.mark.parametrize(("suffix", "parts"), [(".mp4", 2), (".mkv", 3)])
def test_a_recording_that_cannot_be_read_is_not_left_out_in_silence(tmp_path, suffix, parts):
    source = joined(tmp_path, suffix, *[pictures(COUNT)] * parts)
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *NOTHING)
    assert_told(ended, 1, "joined.mkv: another recording follows")
    assert not (tmp_path / "out.mkv").exists()


def test_sound_is_kept_and_moves_with_the_pictures(tmp_path):
    source = joined(tmp_path, ".mkv", pictures(COUNT), pictures(COUNT), sound=True)
    out = tmp_path / "out.mkv"
    assert run_cli("obfuscate", source, "-o", out, *NOTHING).status == 0
    before, after = packets(source, "audio"), packets(out, "audio")
    assert [sound for _, sound in after] == [sound for _, sound in before]
    assert len(after) == 2
    moved = [new - old for (old, _), (new, _) in zip(before, after, strict=True)]
    assert float(moved[1]) == pytest.approx(float(COUNT * STEP), abs=0.002)
    assert float(times(out)[COUNT] - times(out)[0]) == pytest.approx(float(moved[1]), abs=0.002)


@pytest.mark.slow
def test_nobody_is_bare_after_a_joint(tmp_path):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    face = data.astronaut()[:240, 100:340]
    first, second = np.full((2, 240, 480, 3), 100, np.uint8)
    first[:, :240], second[:, 240:] = face, face
    source = joined(tmp_path, ".ts", [first] * 12, [second] * 12)
    out = tmp_path / "out.mp4"
    ended = run_cli("obfuscate", source, "-o", out, "--safe")
    assert ended.status == 0, ended
    assert "2 faces hidden" in ended.err
    shown = [frame.rgb for frame in frames(out, 1e-6, LARGE)]
    assert [len(shown), len(times(out))] == [24, 24]
    for number, rgb in enumerate(shown):
        middle = rgb[100:140, 100:140] if number < 12 else rgb[100:140, 340:380]
        assert middle.mean() < 10


def test_times_that_lie_leave_no_picture_out_of_sight(tmp_path):
    """130 pictures in 1.4 ms: two looks are never further apart than 60 pictures."""
    source = write_clip(
        tmp_path / "in.mov", pictures(130), times=list(range(130)), time_base=Fraction(1, 90000)
    )
    assert [round(frame.seconds * 90000) for frame in frames(source, 1.0, LARGE)] == [0, 60, 120]


def live(path: Path) -> Path:
    """Write what a browser records: VP9 without a length and an index."""
    with av.open(str(path), "w", format="webm", options={"live": "1"}) as container:
        stream = container.add_stream("libvpx-vp9", rate=25, options={"deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for rgb in pictures(COUNT):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_stream_without_a_length_is_sampled_to_its_end(tmp_path):
    info = describe(live(tmp_path / "live.webm"), LARGE)
    assert info.survey.promised_s is None
    seen = [float(picture.pts * info.time_base) for picture in samples(info, 5)]
    assert seen == pytest.approx([0.08, 0.24, 0.4, 0.56, 0.72], abs=0.02)


@pytest.mark.parametrize("suffix", [".ts", ".webm"])
def test_a_joined_clip_is_sampled_to_its_end(tmp_path, suffix):
    codec = "libx264" if suffix == ".ts" else "libvpx-vp9"
    info = describe(joined(tmp_path, suffix, *[pictures(COUNT)] * 2, codec=codec), LARGE)
    seen = [float(picture.pts * info.time_base) for picture in samples(info, 4)]
    assert np.diff(seen) == pytest.approx(0.4, abs=0.05)


def test_sound_that_goes_on_after_the_pictures_is_no_damage(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        tone = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for rgb in pictures(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
        for second in range(6):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 8000 * second, Fraction(1, 8000)
            container.mux(tone.encode(frame))
        container.mux(tone.encode())
    assert len(list(frames(source, 1e-6, LARGE))) == 3


@pytest.fixture(scope="module")
def noise() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, 255, (64, 96, 3)).astype(np.uint8) for _ in range(100)]


@pytest.mark.parametrize(
    ("name", "codec", "loss"),
    [
        ("in.mkv", "libx264", r"damaged: .* s from 2\.0 s on"),
        ("in.webm", "libvpx-vp9", r"damaged: .* s from .* s on"),
        ("in.avi", "mjpeg", r"damaged: |cannot be read beyond"),
        ("in.mp4", "libx264", r"damaged: |cannot be read beyond .* s, of 4\.0 s"),
        ("in.ts", "libx264", r"damaged: .* s from 2\.0 s on"),
    ],
)
def test_damage_in_the_middle_is_refused_and_the_loss_said(tmp_path, noise, name, codec, loss):
    options = {"g": "10"} | ({"deadline": "realtime", "cpu-used": "8"} if "vp9" in codec else {})
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    source = write_clip(tmp_path / name, noise, codec=codec, options=options, pix_fmt=pix_fmt)
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    source.rename(tmp_path / f"hole{name}").write_bytes(content)
    source = tmp_path / f"hole{name}"
    ended = run_cli("obfuscate", source, "-o", tmp_path / "out.mkv", *NOTHING)
    assert_told(ended, 1, source.name)
    assert re.search(loss, ended.err), ended.err
    assert list(tmp_path.iterdir()) == [source]
