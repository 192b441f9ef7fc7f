"""How the samples of a picture lie in memory: one plane of luma, two of chroma.

A :class:`Picture` holds them as the stream codes them: not turned, not in RGB. What nobody
changes is written as it was read, to the bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLING = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}
"""Names by how many pixels share one value of chroma, across and down."""


@dataclass(frozen=True)
class Layout:
    """A planar YUV format.

    Attributes:
        across: pixels in a row that share their chroma.
        down: pixels in a column that share it.
        bits: of each sample.
    """

    across: int
    down: int
    bits: int

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name."""
        ending = "" if self.bits == EIGHT else f"{self.bits}le"
        return f"yuv{SAMPLING[self.across, self.down]}p{ending}"

    @property
    def sample(self) -> np.dtype[Any]:
        """Type of a sample in memory."""
        return np.dtype(np.uint8 if self.bits == EIGHT else np.uint16)

    def chroma_size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of the planes of chroma."""
        return -(-height // self.down), -(-width // self.across)


EIGHT, DEPTHS = 8, (8, 10, 12)


@dataclass(frozen=True)
class Picture:
    """One picture of a clip.

    Attributes:
        pts: when it is shown, in the stream's time base.
        duration: how long, in the same; 0 for unknown.
        planes: luma and two of chroma, ``H x W``, uint8 or uint16, as coded.
    """

    pts: int
    duration: int
    planes: tuple[np.ndarray, np.ndarray, np.ndarray]


def layout_of(pix_fmt: Any) -> Layout:
    """Return the planar format that keeps most of a format of FFmpeg's (a ``VideoFormat``)."""
    bits = max(part.bits for part in pix_fmt.components)
    depth = next((depth for depth in DEPTHS if bits <= depth), DEPTHS[-1])
    across, down = 1, 1
    if not pix_fmt.is_rgb and not pix_fmt.has_palette:
        # Gray has no chroma: what is written has, and all of it is gray.
        across, down = (2, 2) if is_gray(pix_fmt) else _sharing(pix_fmt)
    return Layout(across, down, depth)


def is_gray(pix_fmt: Any) -> bool:
    """Say whether a format has luma alone."""
    return len(pix_fmt.components) == 1 and not pix_fmt.has_palette and not pix_fmt.is_rgb


def _sharing(pix_fmt: Any) -> tuple[int, int]:
    side = 64
    across, down = side // pix_fmt.chroma_width(side), side // pix_fmt.chroma_height(side)
    return (across, down) if (across, down) in SAMPLING else (1, 1)


def planes_of(frame: Any, layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the samples of a decoded frame in ``layout``; the arrays hold the frame alive."""
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
    """Say whether the samples can be taken as they are; yuvj420p is yuv420p of full range."""
    return bool(pix_fmt.name.replace("yuvj", "yuv") == layout.pix_fmt)


def _matrix_for(frame: Any) -> str | None:
    """RGB becomes YUV by BT.709, as what is written says; YUV keeps its matrix."""
    return "ITU709" if frame.format.is_rgb or frame.format.has_palette else None


def _rows(plane: Any, layout: Layout) -> np.ndarray:
    samples = np.frombuffer(plane, layout.sample)
    pitch = plane.line_size // layout.sample.itemsize
    return samples[: pitch * plane.height].reshape(plane.height, pitch)[:, : plane.width]


def frame_of(picture: Picture, layout: Layout) -> Any:
    """Return a frame that an encoder takes."""
    import av

    height, width = picture.planes[0].shape
    frame = av.VideoFrame(width, height, layout.pix_fmt)
    for plane, samples in zip(frame.planes, picture.planes, strict=True):
        _rows(plane, layout)[:] = samples
    frame.pts = picture.pts
    return frame
