"""Samples to colours and back, turned pictures, and stages side by side."""

import itertools
import subprocess
import threading
import time

import cv2
import numpy as np
import pytest

av = pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import run_cli  # noqa: E402
from tests.video.clips import pictures, planes, write_clip  # noqa: E402
from unveil.images.box import Box  # noqa: E402
from unveil.video.stream.ahead import ahead  # noqa: E402
from unveil.video.stream.codecs import choose  # noqa: E402
from unveil.video.stream.colour import WEIGHTS, Colour  # noqa: E402
from unveil.video.stream.info import describe  # noqa: E402
from unveil.video.stream.layout import Layout  # noqa: E402
from unveil.video.stream.painting import Window  # noqa: E402
from unveil.video.stream.process import plan, process  # noqa: E402
from unveil.video.stream.reading import frames, read, samples, upright  # noqa: E402
from unveil.video.stream.turn import Turn, turn_of  # noqa: E402

LARGE = 10**9
SAMPLINGS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}


def ffmpeg() -> str:
    """The real program, another build than PyAV's."""
    program = pytest.importorskip("imageio_ffmpeg", reason="the extra programs is not installed")
    return program.get_ffmpeg_exe()


def random_planes(colour: Colour, height: int, width: int) -> tuple[np.ndarray, ...]:
    """Return the samples of random colours, all of which can be shown."""
    draws = np.random.default_rng(0)
    few = draws.random((1, 3, *colour.layout.chroma_size(height, width)), np.float32)
    spread = few.repeat(colour.layout.down, -2).repeat(colour.layout.across, -1)
    grain = draws.random((1, 1, height, width), np.float32) - 0.5
    return colour.to_samples((0.3 + 0.4 * spread[..., :height, :width] + 0.2 * grain).clip(0, 1))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", sorted(WEIGHTS))
@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("sampling", SAMPLINGS.values())
def test_samples_come_back_from_colours(sampling, bits, matrix, full):
    colour = Colour(Layout(*sampling, bits), matrix, full)
    for height, width in ((16, 24), (15, 23)):
        before = random_planes(colour, height, width)
        after = colour.to_samples(colour.to_rgb(before))
        for one, two in zip(before, after, strict=True):
            assert one.dtype == two.dtype
            assert np.array_equal(one, two)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("bits", [8, 10])
def test_colours_are_ffmpegs(matrix, full, bits):
    """Through the real program's scaler, at its most accurate; 4:4:4, so that no chroma moves."""
    colour = Colour(Layout(1, 1, bits), matrix, full)
    given = random_planes(colour, 48, 64)
    name = {1: "bt709", 6: "smpte170m", 9: "bt2020"}[matrix]
    scale = f"scale=in_color_matrix={name}:in_range={'full' if full else 'limited'}"
    done = subprocess.run(
        [
            *(ffmpeg(), "-v", "error", "-f", "rawvideo", "-pix_fmt", colour.layout.pix_fmt),
            *("-s", "64x48", "-i", "-", "-vf", f"{scale}:flags=accurate_rnd+full_chroma_int"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
        ],
        input=b"".join(plane.tobytes() for plane in given),
        capture_output=True,
        check=True,
    )
    expected = np.frombuffer(done.stdout, np.uint8).reshape(48, 64, 3)
    found = colour.to_rgb(given)[0].transpose(1, 2, 0) * 255
    assert np.abs(found - expected).max() < 1.6


@pytest.mark.parametrize(("matrix", "levels"), [(1, 1), (1, 2), (6, 1), (6, 2)])
def test_a_clip_passed_through_colours_comes_back(tmp_path, matrix, levels):
    """Decoded, made RGB, made samples again and kept without loss: the same to the level."""
    tags = {"colorspace": matrix, "color_range": levels, "color_primaries": 1, "color_trc": 1}
    source = write_clip(tmp_path / "in.mkv", pictures(3), codec="ffv1", tags=tags)
    target = tmp_path / "out.mkv"
    info = describe(source, LARGE)
    assert (info.colour.matrix, info.colour.full) == (matrix, levels == 2)
    planned = plan(info, target, choose(target, "ffv1", None))
    whole = Box(0, 0, info.width, info.height)
    window = Window(planned.info, whole, whole)
    process(planned, lambda shown: (window.put(one, window.look(one)) for one in shown))
    assert describe(target, LARGE).tags == info.tags
    for before, after in zip(planes(source), planes(target), strict=True):
        # Chroma that no colour on the screen has is brought to the nearest that one has.
        differences = [
            np.abs(one.astype(int) - two) for one, two in zip(before, after, strict=True)
        ]
        assert max((part > 1).mean() for part in differences) < 0.01


def test_what_names_no_matrix_is_taken_for_what_players_take_it_for(tmp_path):
    small = write_clip(tmp_path / "small.mkv", pictures(1), codec="ffv1")
    large = write_clip(tmp_path / "large.mkv", [np.zeros((720, 1280, 3), np.uint8)], codec="ffv1")
    assert describe(small, LARGE).colour.matrix == 6
    assert describe(large, LARGE).colour.matrix == 1


TURNS = [Turn(*flags) for flags in itertools.product((False, True), repeat=3)]


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_is_undone_and_boxes_follow(turn):
    coded = np.arange(6 * 9.0).reshape(1, 1, 6, 9)
    seen = turn.upright(coded)
    np.testing.assert_array_equal(turn.coded(seen), coded)
    height, width = seen.shape[-2:]
    assert turn.size(width, height) == (9, 6)
    box = Box(1, 2, 3, 4)
    there = turn.coded_box(box, width, height)
    np.testing.assert_array_equal(turn.upright(coded[..., *there.place]), seen[..., *box.place])


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_clips_are_seen_as_ffmpeg_shows_them_and_stay_turned(tmp_path, degrees):
    source = write_clip(tmp_path / "in.mp4", pictures(2), rotation=degrees)
    target = tmp_path / "out.mp4"
    box = ("--operator", "pixelate:block=8", "--model", "lmmse", "--box", "8,16,40,24")
    ended = run_cli("restore", source, "-o", target, *box, "--quality", "0")
    assert ended.status == 0, ended.err
    for path in (source, target):
        info = describe(path, LARGE)
        assert (info.width, info.height) == ((96, 64) if degrees % 180 == 0 else (64, 96))
        shown = subprocess.run(
            [ffmpeg(), "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
            capture_output=True,
            check=True,
        ).stdout
        expected = np.frombuffer(shown, np.uint8).reshape(2, info.height, info.width, 3)
        for seen, one in zip(frames(path, 0, LARGE), expected, strict=True):
            assert np.abs(seen.rgb.astype(int) - one).mean() < 3
    before, after = (next(iter(read(describe(path, LARGE)))) for path in (source, target))
    change = np.abs(upright(before, describe(source, LARGE)) - upright(after, info))[0].max(0)
    inside = np.zeros_like(change, dtype=bool)
    inside[16:40, 8:48] = True
    assert change[inside].mean() > 10 * change[~inside].mean()


def test_a_matrix_that_is_no_quarter_turn_is_left_to_the_player():
    assert turn_of(None) == turn_of((46340, 46340, 0, -46340, 46340, 0, 0, 0, 1)) == Turn()


@pytest.mark.parametrize("group", [5, 60])
def test_samples_come_from_all_over_a_clip(tmp_path, group):
    """Whatever the distance of the pictures that can be decoded by themselves."""
    shown = [np.full((64, 96, 3), 4 * number, np.uint8) for number in range(60)]
    source = write_clip(tmp_path / "in.mp4", shown, options={"g": str(group)})
    info = describe(source, LARGE)
    levels = [float(upright(one, info).mean()) * 255 for one in samples(info, 5)]
    assert levels == sorted(levels)
    assert levels[0] < 48
    assert levels[-1] > 160


def test_stages_run_side_by_side_and_hold_few_items():
    made: list[int] = []

    def numbers():
        for number in range(100):
            made.append(number)
            yield number

    taken = ahead(numbers(), 3)
    assert next(taken) == 0
    deadline = time.monotonic() + 10
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)  # the stage goes on by itself...
    time.sleep(0.1)
    assert len(made) == 5  # ...one taken, three that wait, one at the door
    assert list(taken) == list(range(1, 100))


def test_what_goes_wrong_in_a_stage_is_raised_after_what_came_before():
    def broken():
        yield 1
        raise ValueError("spoilt")

    taken = ahead(broken(), 3)
    assert next(taken) == 1
    with pytest.raises(ValueError, match="spoilt"):
        next(taken)


def test_a_stage_that_is_left_ends_and_closes_what_it_reads():
    closed = threading.Event()

    def endless():
        try:
            yield from itertools.count()
        finally:
            closed.set()

    before = threading.active_count()
    source = endless()  # held, or it would be closed for want of a holder
    inner = ahead(source, 2)
    taken = ahead(inner, 2)
    assert next(taken) == 0
    taken.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_audited_frames_have_the_streams_own_colours(tmp_path):
    """Red in BT.709 is another red in BT.601; OpenCV's own decoder is no judge of that."""
    tags = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}
    source = tmp_path / "red.mkv"
    red = np.zeros((64, 96, 3), np.uint8)
    red[..., 0] = 200
    with av.open(str(source), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        frame = av.VideoFrame.from_ndarray(red, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (seen,) = frames(source, 1.0, LARGE)
    assert np.abs(seen.rgb.astype(int) - red).max() <= 3
    assert cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2GRAY).std() < 2
