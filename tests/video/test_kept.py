"""What a clip says of its pictures is written, too, or one line says what is lost."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import assert_told, run_cli  # noqa: E402
from tests.video.clips import SIZE, packets, pictures, times, write_clip  # noqa: E402
from unveil.video.stream.info import describe  # noqa: E402

NOTHING = ("--operator", "none")
MILLISECOND = Fraction(1, 1000)

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
HDR10 = {"x265-params": f"log-level=none:master-display={DISPLAY}:max-cll=1000,400"}
PQ = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}


def held(path: Path, last_ms: int) -> Path:
    """Write three pictures, one a second, the last one shown longer, as screen recorders do."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = MILLISECOND
        coded = []
        for number, rgb in enumerate(pictures(3)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = 1000 * number, MILLISECOND
            coded += stream.encode(frame)
        for packet in [*coded, *stream.encode(None)]:
            packet.duration = last_ms if packet.pts == 2000 else 1000
            container.mux(packet)
    return path


def seconds(path: Path) -> tuple[float, float]:
    """Return how long pictures are shown by their packets, and by the head of the file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        ends = [p.pts + p.duration for p in container.demux(stream) if p.size]
        return float(max(ends) * stream.time_base), container.duration / av.time_base


@pytest.mark.parametrize("source", ["in.mp4", "in.mkv"])
@pytest.mark.parametrize("target", ["out.mp4", "out.mov", "out.mkv", "out.webm"])
def test_the_last_picture_is_held_as_long(tmp_path, source, target):
    before, out = held(tmp_path / source, 30_000), tmp_path / target
    assert seconds(before) == pytest.approx((32, 32))
    assert run_cli("obfuscate", before, "-o", out, *NOTHING).status == 0
    assert seconds(out) == pytest.approx((32, 32), abs=0.01)
    assert [float(at) for at in times(out)] == [0, 1, 2]


def test_an_end_is_read_where_pictures_are_not_coded_in_their_order(tmp_path):
    """MP4 stores durations in the order of coding; the last one coded is not the last one shown."""
    source, out = tmp_path / "in.mp4", tmp_path / "out.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": "scenecut=0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        coded = []
        for rgb in pictures(3):
            coded += stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24"))
        coded += stream.encode(None)
        assert coded[-1].pts < max(packet.pts for packet in coded)
        coded[-1].duration = 25
        for packet in coded:
            container.mux(packet)
    assert run_cli("obfuscate", source, "-o", out, *NOTHING).status == 0
    assert seconds(out)[0] == pytest.approx(27 / 25, abs=0.002)


@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_hevc_has_the_tag_that_all_players_read(tmp_path, name):
    source, out = write_clip(tmp_path / "in.mkv", pictures(3)), tmp_path / name
    assert run_cli("obfuscate", source, "-o", out, *NOTHING, "--codec", "hevc").status == 0
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def side_data(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return {one.type.name: bytes(one) for one in frame.side_data}


@pytest.mark.parametrize(
    ("name", "codec"), [("out.mp4", "hevc"), ("out.mkv", "h264"), ("out.mp4", "av1")]
)
def test_the_display_of_hdr10_is_kept(tmp_path, name, codec):
    how = {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": HDR10, "tags": PQ}
    source, out = write_clip(tmp_path / "in.mp4", pictures(3), **how), tmp_path / name
    assert run_cli("obfuscate", source, "-o", out, *NOTHING, "--codec", codec).status == 0
    before, after = describe(source, 10**9), describe(out, 10**9)
    assert after.tags == before.tags
    assert before.mastering is not None
    assert after.mastering is not None
    assert before.mastering.light == after.mastering.light == (1000, 400)
    told = [list(map(float, one.mastering.display or ())) for one in (before, after)]
    assert told[0][-2:] == [0.005, 1000]
    assert told[1] == pytest.approx(told[0], abs=5e-5)


def test_what_a_codec_cannot_be_told_of_hdr10_is_said(tmp_path):
    how = {"codec": "libx265", "pix_fmt": "yuv420p10le", "options": HDR10, "tags": PQ}
    source, out = write_clip(tmp_path / "in.mp4", pictures(3), **how), tmp_path / "out.webm"
    done = run_cli("obfuscate", source, "-o", out, *NOTHING)
    assert done.status == 0
    assert done.err == (
        f"{out}: written as yuv420p, not yuv420p10le; written without the mastering display of "
        "HDR10.\n"
    )
    assert "MASTERING_DISPLAY_METADATA" not in side_data(out)


def interlaced(
    path: Path, order: str, codec: str = "mpeg2video", size: tuple[int, int] = SIZE
) -> Path:
    """Write interlaced pictures, each marked by FFmpeg."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.flags |= 1 << 18 | 1 << 29
        graph = av.filter.Graph()
        sides = dict(zip(("width", "height"), size, strict=True))
        source = graph.add_buffer(**sides, format="yuv420p", time_base=Fraction(1, 25))
        marked, sink = graph.add("setfield", order), graph.add("buffersink")
        source.link_to(marked)
        marked.link_to(sink)
        graph.configure()
        for number, rgb in enumerate(pictures(3)):
            shown = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame = shown.reformat(*size, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            graph.push(frame)
            container.mux(stream.encode(graph.pull()))
        container.mux(stream.encode(None))
    return path


def first_field(path: Path) -> Any:
    """Return "tff" or "bff" as the first picture itself says, whatever its container does."""
    from unveil.video.stream.fields import _order_of_frame

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return _order_of_frame(frame) if frame.interlaced_frame else None


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "h264"), ("out.mkv", "ffv1")])
def test_fields_are_kept(tmp_path, order, name, codec):
    source, out = interlaced(tmp_path / "in.mpg", order), tmp_path / name
    assert first_field(source) == order
    assert run_cli("obfuscate", source, "-o", out, *NOTHING, "--codec", codec).status == 0
    assert describe(out, 10**9).fields == first_field(out) == order


@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "hevc"), ("out.webm", "vp9")])
def test_fields_that_a_codec_cannot_have_are_refused(tmp_path, name, codec):
    source = interlaced(tmp_path / "in.mpg", "tff")
    done = run_cli("obfuscate", source, "-o", tmp_path / name, *NOTHING, "--codec", codec)
    assert_told(done, 1, f"{source}: is interlaced, which {codec} cannot be here; write h264")
    assert not (tmp_path / name).exists()


def test_fields_are_kept_where_frames_alone_tell_of_them(tmp_path):
    """As in DV, of which the head says nothing."""
    source, out = tmp_path / "in.avi", tmp_path / "out.mkv"
    interlaced(source, "tff", "dvvideo", (720, 576))
    with av.open(str(source)) as container:
        assert container.streams.video[0].codec_context.field_order == 0
    assert run_cli("obfuscate", source, "-o", out, *NOTHING).status == 0
    assert describe(out, 10**9).fields == first_field(out) == "tff"


def test_fields_whose_chroma_has_no_half_are_written_with_all_of_it(tmp_path):
    """Of 486 rows, as NTSC has, a field has 243."""
    source = interlaced(tmp_path / "in.mpg", "bff", size=(96, 62))
    done = run_cli("obfuscate", source, "-o", tmp_path / "out.mp4", *NOTHING)
    assert done.status == 0, done
    assert "written as yuv444p, not yuv420p" in done.err
    assert describe(tmp_path / "out.mp4", 10**9).fields == "bff"


@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "vp9"), ("out.mkv", "vp9")])
def test_the_shape_of_pixels_is_kept_or_said(tmp_path, name, codec):
    source, out = tmp_path / "in.mp4", tmp_path / name
    write_clip(source, pictures(3), tags={"sample_aspect_ratio": Fraction(64, 45)})
    done = run_cli("obfuscate", source, "-o", out, *NOTHING, "--codec", codec)
    assert done.status == 0, done
    if name == "out.mp4":
        assert describe(out, 10**9).aspect == Fraction(64, 45)
        assert not done.err
    else:
        assert describe(out, 10**9).aspect is None
        assert "with square pixels, not 64:45, which vp9 in .mkv cannot say here" in done.err


@pytest.mark.parametrize("late_ms", [7300, 3_600_000])
def test_a_clip_that_starts_late_is_read_and_starts_as_late(tmp_path, late_ms):
    at = [late_ms + 40 * number for number in range(4)]
    source = write_clip(tmp_path / "in.mkv", pictures(4), times=at)
    for name in ("out.mkv", "out.mp4"):
        assert run_cli("obfuscate", source, "-o", tmp_path / name, *NOTHING).status == 0
        assert [round(1000 * one) for one in times(tmp_path / name)] == at
    assert run_cli("inspect", source).status == 0


def test_an_empty_packet_shows_the_picture_before_it_longer(tmp_path):
    """As Theora has them, and FFmpeg's own programs leave them out."""
    source, out = tmp_path / "in.ogv", tmp_path / "out.mkv"
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not on this machine")
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=64x48:r=25:d=1", source]
    subprocess.run(words, check=True)
    with av.open(str(source)) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.dts is not None]
    assert 0 in sizes
    done = run_cli("obfuscate", source, "-o", out, *NOTHING)
    assert done.status == 0, done
    assert len(packets(out, "video")) == sum(size > 0 for size in sizes)


def test_the_containers_that_hold_a_sound_are_named_before_anything_is_done(tmp_path):
    source = write_clip(tmp_path / "in.mkv", pictures(25), sound=True, sound_codec="flac")
    for words in ((), ("--dry-run",)):
        done = run_cli("obfuscate", source, "-o", tmp_path / "out.mov", *NOTHING, *words)
        assert_told(done, 1, "out.mov: .mov cannot hold the source's audio (flac); .mp4, .mkv can")
    assert run_cli("obfuscate", source, "-o", tmp_path / "out.mp4", *NOTHING).status == 0
    assert packets(tmp_path / "out.mp4", "audio")
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", "out.mp4"}
