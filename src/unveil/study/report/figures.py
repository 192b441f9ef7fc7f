"""The image strips of the study, from images that the cells stored with their rows.

They show photos of the data set, so they stay in the folder of the study and are never published
with the tables.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unveil.report.rows import Row
from unveil.report.strips import Captioned, draw_strip
from unveil.study.pictures import read_pictures
from unveil.study.plan import ARCHITECTURES, LOSSES, OPERATORS
from unveil.study.report.ranks import disagreements, measured
from unveil.study.report.select import Results
from unveil.study.report.tables import pair, title

STRIPS = {
    "architectures": ["blur", *(f"blur-{name}-pixel" for name in ARCHITECTURES)],
    "losses": ["blur", *(f"blur-cae-{name}" for name in LOSSES)],
    "pixelation": ["pixelate", *(f"pixelate-cae-{name}" for name in LOSSES)],
}
"""The runs in each figure; one figure per table of the paper."""


def figures(results: Results, cells: Path) -> dict[str, bytes]:
    """Return, as PNG, the strips for which there are images below ``cells``."""
    drawn = {name: comparison(results, cells, runs) for name, runs in STRIPS.items()}
    drawn["vcae-samples"] = samples(results, cells)
    for obfuscation in OPERATORS:
        drawn[f"disagreements-{obfuscation}"] = disagreement(results, cells, obfuscation)
    return {name: png for name, png in drawn.items() if png is not None}


def comparison(results: Results, cells: Path, runs: Sequence[str]) -> bytes | None:
    """Draw the same photos restored by several runs, with image and test-set scores under each."""
    rows = [row for row in map(results.final, runs) if row is not None and row["psnr"] is not None]
    shown = [(row, _pictures(cells, row)) for row in rows]
    if not shown or not all(pictures for _, pictures in shown):
        return None
    inputs = shown[0][1]
    return draw_strip(
        [
            [
                (inputs["clean_strip"][photo], ("clean", person(path), "")),
                *((pictures["strip"][photo], _caption(row, path)) for row, pictures in shown),
            ]
            for photo, path in enumerate(rows[0]["pictures"])
        ]
    )


def samples(results: Results, cells: Path) -> bytes | None:
    """Draw the VCAE's restorations of the first photo: the mean, and samples."""
    strips = []
    for obfuscation in OPERATORS:
        row, inputs = results.final(f"{obfuscation}-vcae-pixel"), results.final(obfuscation)
        pictures = _pictures(cells, row) if row else {}
        before = _pictures(cells, inputs) if inputs else {}
        if "samples" in pictures and before:
            first: list[Captioned] = [
                (before["clean_strip"][0], ("clean",)),
                (before["strip"][0], (title(obfuscation),)),
                (pictures["strip"][0], ("the mean",)),
            ]
            drawn = enumerate(pictures["samples"], start=1)
            strips.append([*first, *((image, (f"sample {number}",)) for number, image in drawn)])
    return draw_strip(strips) if strips else None


def disagreement(results: Results, cells: Path, obfuscation: str) -> bytes | None:
    """Draw, for each metric, the photo on which it disagrees most with PSNR."""
    rows, inputs = results.combinations(obfuscation), results.final(obfuscation)
    before = _pictures(cells, inputs) if inputs else {}
    if len(rows) < 2 or not before:
        return None
    pictures = [_pictures(cells, row) for row in rows]
    if not all(pictures):
        return None
    strips: list[list[Captioned]] = []
    for item in disagreements(measured(rows), photos=1):
        places = {"best by psnr": item.by_psnr, f"best by {item.metric}": item.by_metric}
        strips.append(
            [
                (before["clean_measured"][item.photo], ("clean", "")),
                (before["measured"][item.photo], (title(obfuscation), "")),
                *(
                    (
                        pictures[run]["measured"][item.photo],
                        (words, title(rows[run]["experiment"])),
                    )
                    for words, run in places.items()
                ),
            ]
        )
    return draw_strip(strips)


def person(path: str) -> str:
    """Return the person's name from the file name of an LFW photo."""
    return Path(path).stem.rpartition("_")[0].replace("_", " ") or Path(path).stem


def _caption(row: Row, path: str) -> tuple[str, ...]:
    image = row["pictures"][path]
    here = pair((image["psnr"], image["ssim_deck"]))
    whole = pair((row["psnr"], row["ssim_deck"]))
    return (title(row["experiment"]), f"image {here}", f"test set {whole}")


def _pictures(cells: Path, row: Row) -> dict[str, np.ndarray]:
    return read_pictures(cells / row["cell"])
