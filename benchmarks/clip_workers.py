"""Frames per second of commands on one clip of ten minutes, by one process and by several.

    python benchmarks/clip_workers.py --append results/clip-workers.jsonl

Run nothing else meanwhile. The clip is made here: pans over scikit-image's photos with a cut every
20 seconds, and a tone. Whole commands are timed, their start and that of their processes included,
one after the other. What two processes can reach on this machine is measured beside: two commands
at a time of one thread each, on half of the clip each. Workers must give the same frames as one
process with one thread.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import tyro

from timing import machine, print_machine
from unveil.report import tables
from unveil.report.rows import Row, append_row
from video_speed import canvas

FPS, SCENE_S = 5, 20
TONES = 8000
OPERATOR = "pixelate:block=4"
COMMANDS = {
    "restore": ("hidden", ("--operator", OPERATOR)),
    "obfuscate --safe": ("clean", ("--safe",)),
}
"""The clip that each command takes, and its flags."""

ONE, TWO, HALVES, ALL = WAYS = (
    "one process, 1 thread",
    "2 workers",
    "two commands of 1 thread, half of the clip each",
    "one process, all threads",
)
ALIKE = (ONE, TWO)
"""With another number of threads for each process, ONNX Runtime rounds otherwise."""


def main(
    seconds: int = 600,
    width: int = 96,
    height: int = 64,
    only: tuple[str, ...] = tuple(COMMANDS),
    ways: tuple[str, ...] = WAYS,
    append: Path | None = None,
) -> None:
    """Print the seconds, the machine and the versions.

    Args:
        seconds: length of the clip.
        width: of its frames.
        height: of its frames.
        only: names of commands.
        ways: in which they are done.
        append: file that the rows are appended to.
    """
    known = machine(av=av.__version__)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_clips(folder, seconds, width, height)
        for command in only:
            for way, taken in measured(folder, command, ways):
                about = {"clip": f"{width}x{height}, {seconds} s", "frames": seconds * FPS}
                rows.append(row(command, way, taken, about))
                if append is not None:  # at once: the whole takes minutes
                    append_row(append, rows[-1] | known)
                print(rows[-1]["command"], rows[-1]["measured"], flush=True)
    print(tables.markdown([{"what": one["command"], **one["measured"]} for one in rows]))
    print_machine(known)


def write_clips(folder: Path, seconds: int, width: int, height: int) -> None:
    """Write the clip and its halves, clean and hidden."""
    halves = seconds // (2 * SCENE_S) * SCENE_S
    for name, first, last in (("", 0, seconds), ("-1", 0, halves), ("-2", halves, seconds)):
        write_pans(folder / f"clean{name}.mkv", first, last, width, height)
        words = ("--operator", OPERATOR, "--quiet")
        unveil("obfuscate", f"clean{name}.mkv", "-o", f"hidden{name}.mkv", *words, folder=folder)


def write_pans(path: Path, first: int, last: int, width: int, height: int) -> None:
    """Write what is seen from one second to another, with a tone."""
    photos = cv2.resize(canvas(), None, fx=height / 360, fy=height / 360)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        tone = container.add_stream("aac", rate=TONES, layout="mono")
        for number in range(first * FPS, last * FPS):
            view = np.ascontiguousarray(seen(photos, number, width, height))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        container.mux(stream.encode())
        count = (last - first) * TONES
        for start in range(0, count, TONES):
            samples = np.sin(np.arange(start, start + TONES)).astype(np.float32)[None] / 4
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = TONES, Fraction(1, TONES), start
            container.mux(tone.encode(frame))
        container.mux(tone.encode())


def seen(photos: np.ndarray, number: int, width: int, height: int) -> np.ndarray:
    """Return a frame: the camera pans; each scene begins elsewhere, every other one mirrored."""
    scene, moved = divmod(number, SCENE_S * FPS)
    room, deep = photos.shape[1] - width, photos.shape[0] - height
    left = abs((moved + 377 * scene) % (2 * room) - room)
    top = (29 * scene) % deep
    view = photos[top : top + height, left : left + width]
    return view[:, ::-1] if scene % 2 else view


def unveil(*words: object, folder: Path, threads: int | None = None) -> None:
    """Run a command in a folder to its end."""
    finish(started(*words, folder=folder, threads=threads))


def started(*words: object, folder: Path, threads: int | None) -> subprocess.Popen[bytes]:
    """Start a command in a folder."""
    variables = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
    if threads is not None:
        variables["OMP_NUM_THREADS"] = str(threads)
    command = [sys.executable, "-m", "unveil", *map(str, words)]
    return subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL)


def finish(running: subprocess.Popen[bytes]) -> None:
    """Wait for a command; 3 is that of a face that may be open."""
    if running.wait() not in (0, 3):
        raise SystemExit(f"{running.args!r}: left with {running.returncode}")


def measured(folder: Path, command: str, ways: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Yield the seconds that a command takes in each way, and those of all processors together."""
    (clip, flags), name = COMMANDS[command], command.split()[0]
    shown = set()
    for way in ways:
        parts = ("-1", "-2") if way == HALVES else ("",)
        more = ("--workers", "2") if way == TWO else ()
        begun = now()
        running = [
            started(
                *(name, f"{clip}{part}.mkv", "-o", f"out{part}.mkv", *flags, *more),
                *("--codec", "ffv1", "--overwrite", "--quiet"),
                folder=folder,
                threads=1 if way in (ONE, HALVES) else None,
            )
            for part in parts
        ]
        for one in running:
            finish(one)
        yield way, since(begun)
        shown |= {digest(folder / "out.mkv")} if way in ALIKE else set()
        if len(shown) > 1:
            raise SystemExit(f"{command}: the ways differ")


def now() -> tuple[float, float]:
    """Return the time, and the processor time of all commands that have ended, in seconds."""
    used = os.times()
    return time.perf_counter(), used.children_user + used.children_system


def since(begun: tuple[float, float]) -> Row:
    """Return what has passed of both."""
    passed, used = (after - before for after, before in zip(now(), begun, strict=True))
    return {"seconds": round(passed, 1), "cpu_seconds": round(used, 1)}


def digest(path: Path) -> str:
    """Return a digest of all samples of a clip and of when they are shown."""
    found = hashlib.sha256()
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            found.update(str(frame.pts).encode())
            for plane in frame.planes:
                found.update(bytes(plane))
    return found.hexdigest()


def row(command: str, way: str, taken: Row, about: Row) -> Row:
    """Return the row of a measurement, without the machine."""
    rate = round(about["frames"] / taken["seconds"], 2)
    return {
        "command": command,
        "model": "pixelate-fast" if command == "restore" else "",
        "operator": OPERATOR if command == "restore" else "solid:level=0",
        "storage": "h264",
        "split": "pan",
        **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
        "images": about["frames"],
        **about,
        "measured": {"way": way, **taken, "frames_per_second": rate},
    }


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
