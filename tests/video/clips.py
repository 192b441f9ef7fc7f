"""Small videos, written by the real encoders, and what a file holds as FFmpeg sees it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from skimage import data

SIZE = (96, 64)
TONES = 8000


def pictures(count: int, width: int = SIZE[0], height: int = SIZE[1]) -> list[np.ndarray]:
    """Return a pan over a photo, ``H x W x 3`` uint8 each."""
    photo = data.astronaut()
    return [photo[n : n + height, 150 + n : 150 + n + width].copy() for n in range(count)]


def write_clip(
    path: Path,
    shown: list[np.ndarray],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    times: list[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    sound: bool = False,
    sound_codec: str = "pcm_s16le",
    tags: dict[str, int] | None = None,
    rotation: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write pictures; ``times`` in units of ``time_base`` (default: 25 a second)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width = shown[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.time_base = stream.codec_context.time_base = time_base
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        tone = container.add_stream(sound_codec, rate=TONES, layout="mono") if sound else None
        for number, rgb in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pix_fmt)
            frame.pts = times[number] if times else round(number / 25 / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            _write_tone(container, tone, len(shown))
    return path


def _write_tone(container: Any, stream: Any, count: int) -> None:
    samples = (np.arange(count * TONES // 25) % 100 * 200).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = TONES, Fraction(1, TONES), 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode())


def planes(path: Path) -> list[tuple[np.ndarray, ...]]:
    """Return the samples of all pictures: luma and two of chroma, as FFmpeg decodes them."""
    with av.open(str(path)) as container:
        return [
            tuple(np.array(_rows(plane, frame)) for plane in frame.planes)
            for frame in container.decode(video=0)
        ]


def _rows(plane: Any, frame: Any) -> np.ndarray:
    kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[:, : plane.width]


def times(path: Path) -> list[Fraction]:
    """Return when pictures are shown, in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Return time and bytes of the packets of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.size
        ]


def psnr(shown: Path, other: Path) -> float:
    """Return the PSNR of luma between two clips."""
    errors = [
        np.square(one[0].astype(float) - two[0]).mean()
        for one, two in zip(planes(shown), planes(other), strict=True)
    ]
    return float(10 * np.log10(255**2 / max(np.mean(errors), 1e-9)))
