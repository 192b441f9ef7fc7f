"""The real codecs that storages pass photos through, on uint8 pixels: JPEG and H.264.

JPEG is libjpeg's, by Pillow, with 4:2:0 chroma.

For H.264 a photo has to become a video. A camera pans slowly over it: in a short clip, the middle
frame is the photo itself, and its decoded version is the result. In a still clip every frame would
repeat the first, which is coded without prediction; a frame of a real stream is predicted from
others and inherits their errors. At the same rate factor both are as far from the photo.
The encoder is x264 at its default preset on one thread, without its macroblock tree, whose bits
differ from run to run: the same photo and rate factor always give the same pixels.
"""

import functools
import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from unveil.errors import UnveilError
from unveil.extras import require

FRAMES = 5
PAN_PX = (1, 2)
"""How many pixels the camera moves down and right per frame."""

FPS = 25
PRESET = "medium"
REPEATABLE = "threads=1:lookahead-threads=1:mbtree=0"


def jpeg_round_trip(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Encode and decode one ``H x W x 3`` uint8 photo with libjpeg, 4:2:0 chroma.

    Examples:
        >>> jpeg_round_trip(np.full((8, 8, 3), 128, np.uint8), 75)[0, 0]
        array([128, 128, 128], dtype=uint8)
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer))


@functools.cache
def quantisation_tables(quality: int) -> np.ndarray:
    """Return libjpeg's quantisation steps of luma and chroma, ``2 x 8 x 8``, in 8-bit levels."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    tables = Image.open(buffer).quantization  # type: ignore[attr-defined]
    return np.array([tables[0], tables[1]], dtype=np.float64).reshape(2, 8, 8)


def nearest_quality(tables: Mapping[int, Sequence[int]]) -> int:
    """Return the libjpeg quality whose luma steps are nearest to a file's, by mean log ratio.

    Exact for files written by libjpeg and its derivatives, approximate for cameras with tables of
    their own.

    Args:
        tables: as Pillow's ``quantization`` gives them, luma first, 64 steps each.
    """
    steps = np.array(tables[min(tables)], dtype=np.float64).reshape(8, 8)
    steps = steps.clip(min=1)  # a step of 0 is in damaged files only

    def distance(quality: int) -> float:
        return float(np.abs(np.log(steps / quantisation_tables(quality)[0])).mean())

    return min(range(1, 101), key=distance)


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
    """Return a clip that pans over a photo, ``FRAMES x H' x W' x 3``, mirrored at its borders.

    4:2:0 chroma needs even sides, so that an odd side gets one more row or column.
    """
    reach = (FRAMES // 2) * max(PAN_PX)
    height, width = (size + size % 2 for size in pixels.shape[:2])
    rows, columns = (_mirrored(size, reach + 1) for size in pixels.shape[:2])
    starts = [[reach + 1 + (n - FRAMES // 2) * step for step in PAN_PX] for n in range(FRAMES)]
    return np.stack(
        [pixels[rows[top : top + height]][:, columns[left : left + width]] for top, left in starts]
    )


def _mirrored(size: int, beyond: int) -> np.ndarray:
    """Return mirrored indices of ``size`` pixels, padded by ``beyond`` on either side."""
    period = max(2 * (size - 1), 1)
    place = np.arange(-beyond, size + beyond) % period
    return np.minimum(place, period - place)


def _encode(av: Any, clip: np.ndarray, crf: int) -> tuple[list[Any], bytes]:
    """Return the encoded packets of a clip, and the header for the decoder."""
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
    """Return the decoded frames in display order, ``H x W x 3`` uint8."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count, decoder.extradata = 1, header
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return [frame.to_ndarray(format="rgb24") for frame in frames]
