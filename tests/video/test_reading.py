"""Frames of real videos, written here by the real encoder."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from unveil.errors import UnveilError
from unveil.video.stream.info import describe
from unveil.video.stream.opening import ATTACHED_PIC, is_cover, is_video
from unveil.video.stream.reading import frames

av = pytest.importorskip("av", reason="the extra video is not installed")

FPS, SECONDS = 10, 6
LARGE = 10**9


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Six seconds; each frame is as bright as it is late."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        generator = np.random.default_rng(0)
        for number in range(FPS * SECONDS):
            # New noise each time: no frame is much of the file.
            picture = (generator.integers(0, 40, (48, 64, 3)) + 3 * number).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_frame_a_second(clip):
    found = list(frames(clip, 1.0, LARGE))
    assert [frame.seconds for frame in found] == pytest.approx(range(SECONDS))
    for frame in found:
        assert frame.rgb.shape == (48, 64, 3)
        assert frame.rgb.mean() == pytest.approx(20 + 3 * FPS * frame.seconds, abs=6)


def test_every_frame(clip):
    assert len(list(frames(clip, 1e-6, LARGE))) == FPS * SECONDS


def test_a_video_that_ends_early_gives_what_it_has_and_says_so(clip, tmp_path):
    """Cut in the middle; a Matroska file needs no index to be read."""
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    with (
        av.open(str(clip)) as source,
        av.open(str(whole), "w") as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    seen = []
    with pytest.raises(UnveilError, match=r"cut\.mkv: cannot be read beyond .* s"):
        seen.extend(frame.seconds for frame in frames(cut, 1.0, LARGE))
    assert seen
    assert max(seen) < SECONDS - 1


def test_what_is_no_video_is_refused_in_one_line(tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("not a video\n" * 100)
    with pytest.raises(UnveilError, match=r"text\.mp4: is not a video"):
        list(frames(text, 1.0, LARGE))
    sound = tmp_path / "sound.mkv"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = np.zeros((1, 8000), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.time_base = 8000, Fraction(1, 8000)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UnveilError, match="no video in it"):
        list(frames(sound, 1.0, LARGE))


def test_an_empty_file_and_one_cut_short_are_said_to_be(tmp_path, clip):
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(UnveilError, match="is empty: it holds 0 bytes"):
        list(frames(tmp_path / "empty.mp4", 1.0, LARGE))
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:300])
    with pytest.raises(UnveilError, match="damaged or cut short"):
        list(frames(tmp_path / "cut.mp4", 1.0, LARGE))


def test_a_cover_picture_is_no_second_video(tmp_path, clip):
    cover = tmp_path / "covered.mp4"
    with av.open(str(clip)) as source, av.open(str(cover), "w") as target:
        own = source.streams.video[0]
        copy, still = target.add_stream_from_template(own), target.add_stream("mjpeg", rate=1)
        still.width, still.height, still.pix_fmt = 64, 48, "yuvj420p"
        still.disposition = ATTACHED_PIC
        for packet in source.demux(own):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
        target.mux(still.encode(av.VideoFrame(64, 48, "yuvj420p")))
        target.mux(still.encode())
    with av.open(str(cover)) as container:
        assert [is_cover(one) for one in container.streams.video] == [False, True]
    assert describe(cover, LARGE).width == 64


def test_frames_that_are_too_large_are_refused(clip):
    with pytest.raises(UnveilError, match="64x48 pixels are more than 3,000"):
        list(frames(clip, 1.0, 3000))


def test_only_files_are_videos(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    assert not is_video(tmp_path / "folder.mp4")
    assert not is_video(tmp_path / "missing.mp4")
