"""Planar YUV sample formats: one luma plane, two chroma planes.

A :class:`Picture` holds the samples as the stream codes them: not rotated, not converted to RGB.
Samples that are not changed are written as they were decoded, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLING = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}
"""FFmpeg's name of the chroma subsampling, by the horizontal and vertical factor."""


@dataclass(frozen=True)
class Layout:
    """A planar YUV format.

    Attributes:
        across: horizontal chroma subsampling factor.
        down: vertical chroma subsampling factor.
        bits: bit depth of a sample.
    """

    across: int
    down: int
    bits: int

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name of the pixel format."""
        ending = "" if self.bits == MIN_DEPTH else f"{self.bits}le"
        return f"yuv{SAMPLING[self.across, self.down]}p{ending}"

    @property
    def sample(self) -> np.dtype[Any]:
        """Type of a sample in memory."""
        return np.dtype(np.uint8 if self.bits == MIN_DEPTH else np.uint16)

    def chroma_size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of the chroma planes."""
        return -(-height // self.down), -(-width // self.across)


MIN_DEPTH, DEPTHS = 8, (8, 10, 12)


@dataclass(frozen=True)
class Picture:
    """One decoded frame of a clip, as coded.

    Attributes:
        pts: presentation timestamp, in the stream's time base.
        duration: in the stream's time base; 0 if unknown.
        planes: luma, ``H x W``, and two chroma planes, subsampled; uint8 or uint16.
    """

    pts: int
    duration: int
    planes: tuple[np.ndarray, np.ndarray, np.ndarray]


def layout_of(pix_fmt: Any) -> Layout:
    """Return the planar YUV layout that preserves most of a PyAV ``VideoFormat``."""
    bits = max(part.bits for part in pix_fmt.components)
    depth = next((depth for depth in DEPTHS if bits <= depth), DEPTHS[-1])
    across, down = 1, 1
    if not pix_fmt.is_rgb and not pix_fmt.has_palette:
        # Grayscale is written as 4:2:0 with neutral chroma.
        across, down = (2, 2) if is_gray(pix_fmt) else _sharing(pix_fmt)
    return Layout(across, down, depth)


def is_gray(pix_fmt: Any) -> bool:
    """Return whether a format has only luma."""
    return len(pix_fmt.components) == 1 and not pix_fmt.has_palette and not pix_fmt.is_rgb


def _sharing(pix_fmt: Any) -> tuple[int, int]:
    side = 64
    across, down = side // pix_fmt.chroma_width(side), side // pix_fmt.chroma_height(side)
    return (across, down) if (across, down) in SAMPLING else (1, 1)


def planes_of(frame: Any, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the samples of a decoded frame in ``layout``; the arrays may be views of it."""
    if is_gray(frame.format) and frame.format.components[0].bits == layout.bits:
        luma = _rows(frame.planes[0], layout)
        size = layout.chroma_size(*luma.shape)
        middle = np.full(size, 1 << (layout.bits - 1), layout.sample)
        return luma, middle, middle
    if not _is_planar_yuv(frame.format, layout):
        frame = frame.reformat(format=layout.pix_fmt, dst_colorspace=_matrix_for(frame))
    first, second, third = (_rows(plane, layout) for plane in frame.planes[:3])
    return first, second, third


def _is_planar_yuv(pix_fmt: Any, layout: Layout) -> bool:
    """Return whether no conversion is needed; yuvj420p is yuv420p with full range."""
    return bool(pix_fmt.name.replace("yuvj", "yuv") == layout.pix_fmt)


def _matrix_for(frame: Any) -> str | None:
    """Return the output matrix: BT.709 for RGB, as the tags say; None (unchanged) for YUV."""
    return "ITU709" if frame.format.is_rgb or frame.format.has_palette else None


def _rows(plane: Any, layout: Layout) -> np.ndarray:
    samples = np.frombuffer(plane, layout.sample)
    pitch = plane.line_size // layout.sample.itemsize
    return samples[: pitch * plane.height].reshape(plane.height, pitch)[:, : plane.width]


def frame_of(picture: Picture, layout: Layout) -> Any:
    """Return a PyAV frame for an encoder."""
    import av

    height, width = picture.planes[0].shape
    frame = av.VideoFrame(width, height, layout.pix_fmt)
    for plane, samples in zip(frame.planes, picture.planes, strict=True):
        _rows(plane, layout)[:] = samples
    frame.pts = picture.pts
    return frame
