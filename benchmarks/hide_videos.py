"""Faces left open by `unveil obfuscate --safe` on composed clips, by picture, beside deface.

    PYTHONPATH=tools python benchmarks/hide_videos.py --data ../shared/lfw

The real command runs on each clip as an H.264 file, and its output is decoded. A face-picture is
open if over half of what lies between the eyes and the mouth is as it was. deface's CenterFace runs
at its default threshold on each picture, and hides what deface does: its boxes, 1.3 times as large.
With ``--before FOLDER``, an earlier state of this repository runs on the same clips.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import av
import numpy as np

import moving_faces
import script
import video_tables
from moving_faces import FPS, GROUNDS, KINDS, SIZE_PX, Seen
from score_refining import other_photos
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.runtime import Runtime, provenance

ROOT = Path(__file__).parents[1]
SEEDS = {"development": 100, "held out": 900}
THRESHOLD, MASK_SCALE = 0.2, 1.3
"""deface's own."""

SAME_LEVELS = 16
"""Largest change by the codec alone."""

DARK_LEVEL = 28
"""What is darker looks like what is covered in black, and is left out."""

Way = Literal["unveil", "before", "deface"]
Half = Literal["development", "held out"]


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        data: LFW's folder.
        half: of the clips; everything is chosen on the development half.
        clips: how many.
        first: number of the first one.
        before: folder of an earlier state of this repository, to run as well.
        ways: what runs.
        append: file that the rows are appended to.
        keep: folder for the clips and the outputs.
    """

    data: Path
    half: Half = "development"
    clips: int = 12
    first: int = 0
    before: Path | None = None
    ways: tuple[Way, ...] = ("unveil", "before", "deface")
    append: Path | None = None
    keep: Path | None = None


@dataclass
class Count:
    """What was counted on one clip: face-pictures, and those that are open, by kind of movement."""

    faces: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    covered: float = 0.0
    where: list[tuple[int, str]] = field(default_factory=list)

    def add(self, seen: Sequence[Seen], before: np.ndarray, after: np.ndarray) -> None:
        """Count a picture, given as luma before and after."""
        is_open = (np.abs(after.astype(int) - before) <= SAME_LEVELS) & (before > DARK_LEVEL)
        for one in seen:
            pixels = one.part & (before > DARK_LEVEL)
            self.faces[one.kind] += 1
            if is_open[pixels].sum() * 2 > pixels.sum():
                self.open[one.kind] += 1
                self.where.append((self.pictures, one.kind))
        self.pictures += 1
        self.covered += float((np.abs(after.astype(int) - before) > SAME_LEVELS).mean())


def main(options: Options) -> None:
    """Measure, and print the table."""
    about = dict.fromkeys(REQUIRED) | {"split": options.half} | provenance(Runtime())
    rows: list[Row] = []
    for number in range(options.first, options.first + options.clips):
        with tempfile.TemporaryDirectory() as name:
            folder = options.keep or Path(name)
            folder.mkdir(exist_ok=True)
            for row in _measured(options, number, folder):
                rows.append(about | row)
                shown = {key: value for key, value in row.items() if key != "faces"}
                print(json.dumps(shown), flush=True)
                if options.append:
                    append_row(options.append, rows[-1])
    print(video_tables.hidden(rows))


def _measured(options: Options, number: int, folder: Path) -> Iterable[Row]:
    """Yield a row for each way to hide the faces of a clip."""
    clip = folder / f"clip-{number}.mp4"
    truth = _written(options, number, clip)
    clean = list(_luma(clip))
    states = {"unveil": ROOT} | ({"before": options.before} if options.before else {})
    for name, state in states.items():
        if name not in options.ways:
            continue
        out = folder / f"{name}-{number}.mp4"
        status, told, seconds = _hidden(state, clip, out)
        count, shown = Count(), _luma(out) if out.exists() else clean
        for seen, one, other in zip(truth, clean, shown, strict=True):
            count.add(seen, one, other)
        yield _row(name, number, count, seconds) | {"status": status, "told": told}
    if "deface" in options.ways and (detect := _deface()) is not None:
        count, seconds = Count(), 0.0
        for seen, pixels, one in zip(truth, _rgb(clip), clean, strict=True):
            started = time.process_time()
            boxes = detect(pixels)
            seconds += time.process_time() - started
            count.add(seen, one, _blackened(one, boxes))
        yield _row("deface", number, count, seconds) | {"status": 0, "told": 0}


def _row(name: str, number: int, count: Count, seconds: float) -> Row:
    return {
        "model": name,
        "clip": number,
        "images": count.pictures,
        "faces": dict(count.faces),
        "open": dict(count.open),
        "where": count.where[:10],
        "covered": round(count.covered / count.pictures, 4),
        "cpu_seconds": round(seconds, 2),
    }


def _written(options: Options, number: int, clip: Path) -> list[list[Seen]]:
    """Write a clip; return the faces of each picture."""
    photos = other_photos(options.data)
    middle = len(photos) // 2
    mine = photos[:middle] if options.half == "development" else photos[middle:]
    count = moving_faces.SHOTS * moving_faces.FACES
    kinds = [KINDS[(number * count + place) % len(KINDS)] for place in range(count)]
    rng = np.random.default_rng(SEEDS[options.half] + number)
    truth = []
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        (stream.width, stream.height), stream.pix_fmt = SIZE_PX, "yuv420p"
        for pixels, seen in moving_faces.compose(mine, GROUNDS[options.half], kinds, rng):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            truth.append(seen)
        container.mux(stream.encode())
    return truth


def _hidden(state: Path, clip: Path, out: Path) -> tuple[int, int, float]:
    """Run the command; return its status, how many places it names, and its CPU seconds."""
    words = [sys.executable, "-m", "unveil", "obfuscate", str(clip), "-o", str(out), "--safe"]
    process = subprocess.Popen(
        [*words, "--overwrite", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(state / "src")}, text=True,
    )  # fmt: skip
    before = os.times()
    shown, said = process.communicate()
    after = os.times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    if process.returncode and not shown:
        print(said, file=sys.stderr)
    rows = [json.loads(line) for line in shown.splitlines()]
    return process.returncode, sum(len(row.get("look_at", ())) for row in rows), seconds


def _luma(path: Path) -> Iterable[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="gray")


def _rgb(path: Path) -> Iterable[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def _blackened(luma: np.ndarray, boxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Return a picture with deface's boxes in black."""
    hidden = luma.copy()
    for left, top, right, bottom in boxes:
        across, down = ((MASK_SCALE - 1) * side / 2 for side in (right - left, bottom - top))
        rows = slice(max(round(top - down), 0), max(round(bottom + down), 0))
        hidden[rows, max(round(left - across), 0) : max(round(right + across), 0)] = 0
    return hidden


def _deface() -> Callable[[np.ndarray], list[Sequence[float]]] | None:
    with contextlib.suppress(ImportError), contextlib.redirect_stdout(io.StringIO()):
        from deface.centerface import CenterFace

        center = CenterFace()
        return lambda pixels: [face[:4] for face in center(pixels, threshold=THRESHOLD)[0]]
    return None


if __name__ == "__main__":
    script.run(main, __doc__)
