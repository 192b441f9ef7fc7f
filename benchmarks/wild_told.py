"""What `unveil.restore` makes of pictures of which operator and place are told, roughly.

    PYTHONPATH=tools python benchmarks/wild_told.py --data ../shared/lfw

Photos of the held-out half's people, blurred by OpenCV and Pillow, through masks and on their way
through codecs. What is told is right but for what each row says.
"""

import io
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter

import script
import unveil
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.report.tables import markdown
from unveil.runtime import Runtime, provenance
from wild import kernels
from wild.blurs import convolve
from wild.draws import Mask, Pixels
from wild.gains import WORSE_DB, psnr
from wild.subjects import Half, people

GAUSSIAN = "gaussian:kernel=25,sigma=4"
BOX = (62, 56, 126, 148)
SHAPES = ("rectangle", "ellipse", "soft", "strokes")


@dataclass(frozen=True)
class Options:
    """What to restore.

    Attributes:
        data: LFW's folder, one folder a person.
        half: whose photos.
        photos: of each row, each of another person.
        append: file that the rows are appended to.
    """

    data: Path
    half: Half = "held-out"
    photos: int = 12
    append: Path | None = None


@dataclass(frozen=True)
class Case:
    """What was done to a photo, and what is told of it.

    Attributes:
        name: of the row.
        told: the operator.
        hide: what blurs all of a picture.
        mask: how much of that is shown; None for all of it.
        quality: of the JPEG that it is kept as; None for PNG.
        place: whether the mask is told, the box about it, or neither.
    """

    name: str
    told: str
    hide: Callable[[Pixels], Pixels]
    mask: Mask | None = None
    quality: int | None = None
    place: str = "whole"


def main(options: Options) -> None:
    """Restore every case of every photo, and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    photos = [_read(options.data / name) for name in _one_each(options)]
    rows = []
    for case in cases():
        gains = np.array([_gain(case, photo) for photo in photos])
        rows.append(_row(case, gains, options.half))
        if options.append:
            append_row(options.append, rows[-1])
    columns = ("case", "told", "place", "images", "mean_db", "least_db", "worse")
    print(markdown([{name: row[name] for name in columns} for row in rows]))


def cases() -> list[Case]:
    """Return the cases: masks of every shape, then what differs from what is told."""
    found = [
        Case(_named(shape, quality), GAUSSIAN, _gaussian, mask_of(shape), quality, place)
        for place in ("mask", "box")
        for shape in SHAPES
        for quality in (None, 80)
    ]  # fmt: skip
    replicate, black = cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT
    found += [
        Case("as it is told", GAUSSIAN, _gaussian),
        Case("Pillow's Gaussian", "gaussian:sigma=4", _pillow),
        Case("borders repeated", GAUSSIAN, lambda pixels: _gaussian(pixels, border=replicate)),
        Case("black beyond the borders", GAUSSIAN, lambda pixels: _gaussian(pixels, border=black)),
        Case("JPEG 75 kept as PNG", GAUSSIAN, lambda pixels: _coded(_gaussian(pixels), "JPEG", 75)),
        Case("WebP 75 kept as PNG", GAUSSIAN, lambda pixels: _coded(_gaussian(pixels), "WEBP", 75)),
        Case("sigma 10 % too large", GAUSSIAN, lambda pixels: _gaussian(pixels, sigma=3.6)),
        Case("linear light", GAUSSIAN, _in_light),
        Case("disk in linear light", "disk:radius=4", lambda x: _lens(x, in_light=True)),
        Case("disk in the file's values", "disk:radius=4", lambda x: _lens(x, in_light=False)),
        Case("noise of 3 levels", GAUSSIAN, _noisy),
        Case("motion 9 px", "motion:length=9,angle=30", lambda x: _line(x, 9, 30)),
        Case("motion 15 px, JPEG 85", "motion:length=15,angle=70", _long_line, None, 85),
        Case("an ellipse, no place told", GAUSSIAN, _gaussian, mask_of("ellipse")),
        Case("nothing was done", GAUSSIAN, lambda pixels: pixels),
        Case("nothing was done, JPEG 80", "pixelate:block=8", lambda pixels: pixels, None, 80),
    ]  # fmt: skip
    return found


def _named(shape: str, quality: int | None) -> str:
    return shape if quality is None else f"{shape}, JPEG {quality}"


def mask_of(shape: str) -> Mask:
    """Return a mask of a shape inside ``BOX``, for a picture of LFW."""
    mask, (left, top, width, height) = np.zeros((250, 250), np.float32), BOX
    middle = (left + width // 2, top + height // 2)
    if shape == "rectangle":
        mask[top : top + height, left : left + width] = 1
    elif shape == "strokes":
        ends = [(left + 18 + 88 * (n % 2), top + 18 + 28 * n) for n in range(5)]
        cv2.polylines(mask, [np.array(ends, np.int32)[:, None]], False, 1, 34)
    else:
        reach = 12 if shape == "soft" else 0
        cv2.ellipse(mask, middle, (width // 2 - reach, height // 2 - reach), 0, 0, 360, 1, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 5)) if shape == "soft" else mask


def _one_each(options: Options) -> list[str]:
    """Return photos of that many people."""
    names = {name.split("/")[0]: name for name in reversed(people(options.data, options.half))}
    chosen = list(names.values())
    return chosen[:: max(len(chosen) // options.photos, 1)][: options.photos]


def _read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _gain(case: Case, clean: Pixels) -> float:
    """Return by how many dB restoring brings a photo nearer to what it was."""
    file = case.hide(clean)
    if case.mask is not None:
        mixed = clean + case.mask[..., None] * (file - clean.astype(np.float32))
        file = np.rint(mixed).astype(np.uint8)
    storage = f"jpeg:{case.quality}" if case.quality else "8bit"
    file = _coded(file, "JPEG", case.quality) if case.quality else file
    images = file.transpose(2, 0, 1)[None].astype(np.float32) / 255
    box, mask = BOX if case.place == "box" else None, case.mask if case.place == "mask" else None
    done = unveil.restore(images, case.told, storage, box=box, mask=mask)
    levels = np.rint(done[0].transpose(1, 2, 0) * 255).clip(0, 255).astype(np.uint8)
    return psnr(levels, clean) - psnr(file, clean)


def _gaussian(pixels: Pixels, sigma: float = 4, border: int = cv2.BORDER_REFLECT_101) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (25, 25), sigma, borderType=border), np.uint8)


def _pillow(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(4)))


def _in_light(pixels: Pixels) -> Pixels:
    taps = cv2.getGaussianKernel(25, 4)
    return convolve(pixels, (taps @ taps.T).astype(np.float32), in_light=True)


def _lens(pixels: Pixels, *, in_light: bool) -> Pixels:
    return convolve(pixels, kernels.disk(4), in_light=in_light)


def _line(pixels: Pixels, length_px: float, angle: float) -> Pixels:
    return convolve(pixels, kernels.line(length_px, angle), in_light=False)


def _long_line(pixels: Pixels) -> Pixels:
    return _line(pixels, 15, 70)


def _noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).normal(0, 3, pixels.shape)
    return np.rint(_gaussian(pixels) + noise).clip(0, 255).astype(np.uint8)


def _coded(pixels: Pixels, format_: str, quality: int | None) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format_, quality=quality)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _row(case: Case, gains: np.ndarray, half: Half) -> Row:
    return dict.fromkeys(REQUIRED) | {
        "model": "restore",
        "split": half,
        "run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **provenance(Runtime()),
        "case": case.name,
        "told": case.told,
        "place": case.place,
        "images": len(gains),
        "mean_db": round(float(gains.mean()), 3),
        "least_db": round(float(gains.min()), 3),
        "worse": int((gains < -WORSE_DB).sum()),
    }


if __name__ == "__main__":
    script.run(main, __doc__)
