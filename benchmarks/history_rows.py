"""Measure what the pixels of a picture tell of its past: JPEG, other codecs, scaling, noise.

    PYTHONPATH=tools python benchmarks/history_rows.py --data ../shared/lfw

The pictures are of the development half of ``make bench-wild``: LFW's test people, scikit-image's
pictures. They are scaled to 0.8 first, for they are JPEGs; then one thing happens to each, and a
crop. ``--append results/history.jsonl`` keeps the shares.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import script
import wild_tables
from unveil.estimation.codec_history import CODECS
from unveil.estimation.history import History, look_back
from unveil.estimation.jpeg_history import find_jpeg
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.runtime import Runtime, provenance
from wild import journeys, subjects
from wild.draws import Pixels, between, chance, log_between
from wild.journeys import Picture
from wild.shares import share

SHRUNK = 0.8
QUALITIES = {"jpeg": (50, 96), "webp": (50, 96), "avif": (45, 91), "video": (18, 31)}
"""From, and below; of video the rate factor of H.264, where less is better."""

SAME_FACTOR, SAME_NOISE = 0.02, 0.10
FACTORS, LEVELS = (1.1, 2.5), (2.0, 16.0)

Draws = np.random.Generator
Answer = tuple[str, str, bool]
"""Question, about what, and whether the answer is yes."""


@dataclass(frozen=True)
class Options:
    """What to draw.

    Attributes:
        data: LFW's folder, one folder a person.
        pictures: for each thing that may have happened; four times as many where nothing did.
        append: file that the shares are appended to.
    """

    data: Path
    pictures: int = 80
    append: Path | None = None


def main(options: Options) -> None:
    """Draw, measure, and print the table."""
    cv2.setNumThreads(1)
    photos = subjects.people(options.data, "development")
    counts: dict[tuple[str, str], list[bool]] = {}
    for number, measure in enumerate(MEASURES):
        for place in range(options.pictures * (4 if measure is of_untouched else 1)):
            rng = np.random.default_rng((number, place))
            pixels = subject(options.data, photos, rng)
            for question, about, is_so in measure(pixels, rng):
                counts.setdefault((question, about), []).append(is_so)
    rows = summary(counts)
    print(wild_tables.history(rows))
    for row in rows if options.append else ():
        append_row(options.append or Path(), row)


def summary(counts: dict[tuple[str, str], list[bool]]) -> list[Row]:
    """Return the row of each share."""
    about: Row = dict.fromkeys(REQUIRED) | {
        "model": "inspect",
        "split": "development",
        "run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **provenance(Runtime()),
    }
    return [
        about | share(question, "what", value, sum(answers), len(answers))
        for (question, value), answers in counts.items()
    ]


def subject(folder: Path, photos: Sequence[str], rng: Draws) -> Pixels:
    """Draw a portrait or a picture, as its file has it."""
    if chance(rng, 0.7):
        return subjects.portrait(folder, photos, rng).pixels
    name = str(rng.choice(subjects.PICTURES["development"]))
    return subjects.picture(name, rng).pixels[:320, :320]


def shrunk(pixels: Pixels) -> Pixels:
    """Return a picture that no codec's grid is left in."""
    size = round(pixels.shape[1] * SHRUNK), round(pixels.shape[0] * SHRUNK)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def seen(pixels: Pixels) -> History:
    """Return what `inspect` says of a picture's past."""
    return look_back(pixels, find_jpeg(pixels), has_blocks=False)


def of_untouched(pixels: Pixels, rng: Draws) -> Iterator[Answer]:
    """Ask what is found where nothing is."""
    said = seen(shrunk(pixels))
    wrong = {"JPEG": said.jpeg, "codec": said.codec, "scaling": said.scaled}
    for about, finding in wrong.items():
        yield "found in an untouched picture", about, finding is not None


def of_jpeg(pixels: Pixels, rng: Draws) -> Iterator[Answer]:
    """Ask for the quality and the grid of a JPEG."""
    quality = int(rng.integers(*QUALITIES["jpeg"]))
    sampling = "4:4:4" if chance(rng, 0.3) else "4:2:0"
    content = journeys.CODECS["jpeg"](shrunk(pixels), quality=quality, sampling=sampling)
    left, top = (int(side) for side in rng.integers(0, 16, 2))
    jpeg = seen(np.ascontiguousarray(journeys.decode(content)[top:, left:])).jpeg
    band = f"quality {quality // 10 * 10} to {quality // 10 * 10 + 9}"
    is_grid = jpeg is not None and (jpeg.left, jpeg.top) == (-left % 8, -top % 8)
    yield "JPEG's grid right", band, is_grid
    yield "JPEG's quality within 1", band, jpeg is not None and abs(jpeg.quality - quality) <= 1


def of_codec(codec: str) -> Callable[[Pixels, Draws], Iterator[Answer]]:
    """Return what asks for the last codec."""

    def measure(pixels: Pixels, rng: Draws) -> Iterator[Answer]:
        low, end = QUALITIES[codec]
        quality = int(rng.integers(low, end))
        left, top = (int(side) for side in rng.integers(0, 16, 2))
        coded = compressed(shrunk(pixels), codec, quality, rng)
        said = seen(np.ascontiguousarray(coded[top:, left:])).codec
        about = "{} {} to {}".format(codec, *third(quality, low, end))
        yield "codec right", about, said is not None and said.name == codec
        yield "another codec said", codec, said is not None and said.name != codec

    return measure


def third(quality: int, low: int, end: int) -> tuple[int, int]:
    """Return the least and greatest quality of the third of a range that holds this one."""
    edges = [low + (end - low) * number // 3 for number in range(4)]
    return next((first, last - 1) for first, last in pairwise(edges) if quality < last)


def compressed(pixels: Pixels, codec: str, quality: int, rng: Draws) -> Pixels:
    """Compress by Pillow or OpenCV, or as a frame of H.264 by FFmpeg's library."""
    if codec == "video":
        shift = [int(step) for step in rng.integers(-2, 3, 2)]
        step = {"crf": quality, "shift": shift, "frame": int(rng.integers(journeys.FRAMES))}
        return journeys.STEPS["h264"](Picture(pixels), **step).pixels
    if chance(rng, 0.5):
        sampling = {"sampling": "4:2:0"} if codec == "jpeg" else {}
        return journeys.decode(journeys.CODECS[codec](pixels, quality=quality, **sampling))
    option = getattr(cv2, f"IMWRITE_{codec.upper()}_QUALITY")
    _, content = cv2.imencode(f".{codec}", pixels[..., ::-1], [option, quality])
    return journeys.decode(content.tobytes())


def of_scaling(pixels: Pixels, rng: Draws) -> Iterator[Answer]:
    """Ask for the factor of scaling up, of pictures as their files have them."""
    factor = log_between(rng, *FACTORS)
    library = "Pillow" if chance(rng, 0.5) else "OpenCV"
    names = ("BILINEAR", "BICUBIC", "LANCZOS") if library == "Pillow" else ("LINEAR", "CUBIC")
    how = {"by": str(rng.choice(names)), "with": library}
    scaled = journeys.resize(Picture(pixels[:256, :256]), factor, **how).pixels
    true = len(scaled) / len(pixels[:256])
    jpeg = journeys.CODECS["jpeg"](scaled, quality=90, sampling="4:2:0")
    for about, kept in (("PNG", scaled), ("JPEG 90", journeys.decode(jpeg))):
        said = seen(kept).scaled
        is_right = said is not None and abs(said / true - 1) <= SAME_FACTOR
        yield "factor of scaling up within 2 %", about, is_right
        if said is not None:
            yield "factor right where one is said", about, is_right


def of_noise(pixels: Pixels, rng: Draws) -> Iterator[Answer]:
    """Ask for the level of noise that was added."""
    level = log_between(rng, *LEVELS)
    picture = Picture(shrunk(pixels))
    noisy = journeys.add_noise(picture, level, gray=True, seed=int(between(rng, 0, 2**31)))
    found = seen(noisy.pixels).noise
    band = next(f"{low} to {2 * low} levels" for low in (2, 4, 8) if level <= 2 * low)
    is_right = found is not None and abs(found.levels / level - 1) <= SAME_NOISE
    yield "noise within 10 %", band, is_right


MEASURES: tuple[Callable[[Pixels, Draws], Iterator[Answer]], ...] = (
    of_untouched,
    of_jpeg,
    *(of_codec(codec) for codec in CODECS[1:]),
    of_scaling,
    of_noise,
)


if __name__ == "__main__":
    script.run(main, __doc__)
