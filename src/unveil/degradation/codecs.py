"""What a photo looks like as a frame of an H.264 video: the real codec, there and back.

A photo is no video. It is made one by a camera that pans over it slowly: a short clip that ends a
few pixels further on, whose middle frame is the photo itself, and is what is shown. A still clip
would show its first frame for ever, coded without any prediction; a frame of a stream is predicted
from others, with their errors. At the same rate factor both are as far from the photo.

x264 at its default preset, but without its macroblock tree, which does not give the same bits
every time. One thread; the same photo and rate factor give the same picture.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from unveil.errors import UnveilError
from unveil.extras import require

FRAMES = 5
PAN_PX = (1, 2)
"""How far the camera moves down and right from frame to frame."""

FPS = 25
PRESET = "medium"
REPEATABLE = "threads=1:lookahead-threads=1:mbtree=0"


def h264_round_trip(pixels: np.ndarray, crf: int) -> np.ndarray:
    """Encode and decode one ``H x W x 3`` uint8 photo at a constant rate factor, 4:2:0 chroma.

    Raises:
        UnveilError: the extra ``video`` is not installed, or the codec refuses the size.
    """
    require("video")
    import av

    clip = pan(pixels)
    try:
        packets, header = _encode(av, clip, crf)
        shown = _decode(av, packets, header)
    except av.error.FFmpegError as error:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise UnveilError(f"h264 cannot keep {size} pixels ({error.strerror}).") from None
    height, width = pixels.shape[:2]
    return shown[FRAMES // 2][:height, :width]


def pan(pixels: np.ndarray) -> np.ndarray:
    """Return the clip, ``FRAMES x H' x W' x 3``; the photo is mirrored beyond its borders.

    Sides are even, as 4:2:0 needs them: one row or column more where they are odd.
    """
    reach = (FRAMES // 2) * max(PAN_PX)
    height, width = (size + size % 2 for size in pixels.shape[:2])
    rows, columns = (_mirrored(size, reach + 1) for size in pixels.shape[:2])
    starts = [[reach + 1 + (n - FRAMES // 2) * step for step in PAN_PX] for n in range(FRAMES)]
    return np.stack(
        [pixels[rows[top : top + height]][:, columns[left : left + width]] for top, left in starts]
    )


def _mirrored(size: int, beyond: int) -> np.ndarray:
    """Return the place of each pixel, from ``beyond`` before the first to as many behind."""
    period = max(2 * (size - 1), 1)
    place = np.arange(-beyond, size + beyond) % period
    return np.minimum(place, period - place)


def _encode(av: Any, clip: np.ndarray, crf: int) -> tuple[list[Any], bytes]:
    """Return the packets of a clip and the decoder's header."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = clip.shape[1:3]
    encoder.pix_fmt, encoder.thread_count = "yuv420p", 1
    encoder.framerate, encoder.time_base = Fraction(FPS), Fraction(1, FPS)
    encoder.options = {"crf": str(crf), "preset": PRESET, "x264-params": REPEATABLE}
    packets = []
    for number, pixels in enumerate(clip):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return packets + encoder.encode(None), encoder.extradata


def _decode(av: Any, packets: list[Any], header: bytes) -> list[np.ndarray]:
    """Return the frames in the order in which they are shown, ``H x W x 3`` uint8."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count, decoder.extradata = 1, header
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgb24") for frame in frames]
