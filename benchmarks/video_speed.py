"""Frames per second of whole commands on a 720p video, and their peak memory.

    python benchmarks/video_speed.py        (run nothing else meanwhile)

The clip is made here: a camera that pans over scikit-image's photos. Each command is a process of
its own, its start included. The long clip repeats the short one. Appends a row for each command to
``results/video.jsonl``.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import tyro
from skimage import data

from timing import machine, print_machine
from unveil.report import tables
from unveil.report.rows import Row, append_row

WIDTH, HEIGHT, FPS = 1280, 720, 25
BLUR, MOSAIC = "gaussian:kernel=9,sigma=4", "pixelate:block=8"
FACE = (512, 232, 256, 256)
"""Left, top, width and height of the part that stands for a face."""

COLUMNS = ("command", "model", "operator", "frames", "images_per_second", "peak_memory_mb")


def canvas() -> np.ndarray:
    """Return three photos side by side, twice their size, ``1024 x W x 3``."""
    photos = [data.astronaut(), data.coffee(), data.chelsea()]  # type: ignore[no-untyped-call]
    strips = [cv2.resize(photo[:300, :450], (1350, 900)) for photo in photos]
    rows = np.hstack([*strips, strips[0]])
    made: np.ndarray = rows[:900]
    return made


def write_pan(path: Path, frames: int, *, hidden: bool = False) -> Path:
    """Write a clip that pans over the photos, to and fro, with the default encoder settings.

    ``hidden`` puts a mosaic over a part, which moves by a pixel a frame.
    """
    picture = canvas()
    room = picture.shape[1] - WIDTH
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            left = abs((3 * number + room) % (2 * room) - room)
            top = round(90 + 80 * np.sin(number / 40))
            view = np.ascontiguousarray(picture[top : top + HEIGHT, left : left + WIDTH])
            if hidden:
                put_mosaic(view, 300 + number % 200, 200)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        container.mux(stream.encode())
    return path


def put_mosaic(view: np.ndarray, left: int, top: int) -> None:
    """Pixelate a part of a frame in place."""
    side = FACE[2]
    part = view[top : top + side, left : left + side]
    blocks = cv2.resize(part, (side // 8, side // 8), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(blocks, (side, side), interpolation=cv2.INTER_NEAREST)


def repeat(clip: Path, path: Path, times: int) -> Path:
    """Write a clip ``times`` times in a row; its packets are copied."""
    with av.open(str(path), "w") as target:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                stream = stream or target.add_stream_from_template(source.streams.video[0])
                length = source.streams.video[0].duration or 0
                for packet in source.demux(video=0):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        target.mux(packet)
                shift += length
    return path


def timed(*words: object) -> tuple[float, float]:
    """Run ``unveil WORDS...``; return its seconds and its peak memory in MB."""
    command = [sys.executable, "-m", "unveil", *map(str, words), "--overwrite"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: left with {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - started, used.ru_maxrss * unit / 1e6


def bench(
    frames: int = 500,
    long_seconds: int = 600,
    append: Path = Path("results/video.jsonl"),
    only: Sequence[str] = (),
) -> None:
    """Append a row for each command and print them, the machine and the versions.

    Args:
        frames: of the clip; a tenth of them where the whole frame is restored.
        long_seconds: length of the long clip; 0 to leave it out.
        append: file of rows.
        only: names of commands; none for all.
    """
    known = machine(av=av.__version__)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for about, count, words in _commands(folder, frames, long_seconds, only):
            seconds, peak_mb = timed(*words)
            row = {
                **about,
                "storage": "h264:crf=20",
                "split": "pan",
                "images": count,
                "frames": count,
                "psnr": None,
                "ssim": None,
                "ssim_deck": None,
                "size": f"{WIDTH}x{HEIGHT}",
                "images_per_second": round(count / seconds, 2),
                "peak_memory_mb": round(peak_mb),
                "seconds": round(seconds, 1),
            }
            append_row(append, row | known)
            rows.append({name: row[name] for name in COLUMNS})
            print(rows[-1], flush=True)
    print(tables.markdown(rows))
    print_machine(known)


Command = tuple[str, str, int, tuple[object, ...]]
"""Model, operator, frames and the words of a command."""


def _commands(
    folder: Path, frames: int, long_seconds: int, only: Sequence[str]
) -> Iterator[tuple[Row, int, tuple[object, ...]]]:
    """Yield each command: the start of its row, its frames and its words."""
    clip = write_pan(folder / "clip.mp4", frames)
    few = write_pan(folder / "few.mp4", max(frames // 10, 2))
    half = write_pan(folder / "half.mp4", frames // 2)
    moving = write_pan(folder / "moving.mp4", frames // 5, hidden=True)
    out, box = folder / "out.mp4", ",".join(map(str, FACE))
    told = ("--operator", BLUR)
    found: dict[str, Command] = {
        "obfuscate": ("", BLUR, frames, ("obfuscate", clip, "-o", out, *told)),
        "obfuscate, mosaic": (
            *("", MOSAIC, frames, ("obfuscate", clip, "-o", out, "--operator", MOSAIC)),
        ),
        "restore, face": (
            *("blur-fast", BLUR, frames // 2),
            ("restore", half, "-o", out, "--box", box, *told),
        ),
        "obfuscate, faces": (
            *("", "solid:level=0", frames // 2, ("obfuscate", half, "-o", out, "--safe")),
        ),
        "restore, moving mosaic": (
            *("pixelate-fast", MOSAIC, frames // 5, ("restore", moving, "-o", out)),
        ),
        "restore, frame": ("blur-fast", BLUR, len_of(few), ("restore", few, "-o", out, *told)),
    }
    if long_seconds:
        times = max(long_seconds * FPS // frames, 1)
        long = repeat(clip, folder / "long.mp4", times)
        found["obfuscate, long"] = (
            *("", BLUR, times * frames, ("obfuscate", long, "-o", out, *told)),
        )
    for command, (model, operator, count, words) in found.items():
        if not only or command in only:
            yield {"command": command, "model": model, "operator": operator}, count, words


def len_of(clip: Path) -> int:
    """Return the number of frames of a clip."""
    with av.open(str(clip)) as container:
        return int(container.streams.video[0].frames)


if __name__ == "__main__":
    tyro.cli(bench, description=__doc__)
