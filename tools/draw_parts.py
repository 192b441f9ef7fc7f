"""Draw strips of hidden parts restored: what each family of weights makes of pictures of its kind.

    python tools/draw_parts.py --output docs/restorers

The pictures are scikit-image's, which no weights were trained on. Blurs and mosaics are found,
motions are told with their mask. Each strip shows the file, what is restored, and the picture
before; failures are among them.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter
from skimage import data

import script
import unveil
from unveil.degradation import Motion
from unveil.degradation.kernels import planar_kernel
from unveil.report.strips import Captioned, draw_strip

SIDE_PX = 192
MIDDLE, AXES = (SIDE_PX // 2, SIDE_PX // 2), (60, 72)


@dataclass(frozen=True)
class Case:
    """A picture, and what was done to an ellipse of it.

    Attributes:
        words: of the caption.
        picture: clean, ``SIDE_PX x SIDE_PX x 3`` uint8.
        hide: hides all of a picture.
        quality: of the JPEG that it was kept as; None for PNG.
        told: operator, where it is told.
    """

    words: str
    picture: np.ndarray
    hide: Callable[[np.ndarray], np.ndarray]
    quality: int | None = None
    told: str | None = None


@dataclass(frozen=True)
class Options:
    """Where to write.

    Attributes:
        output: folder of the pictures.
    """

    output: Path = Path("docs/restorers")


def main(options: Options) -> None:
    """Draw a strip for each family."""
    warnings.simplefilter("ignore")
    for family, cases in families().items():
        target = options.output / f"parts-{family}.png"
        target.write_bytes(draw_strip([drawn(case) for case in cases]))
        print(target)


def families() -> dict[str, list[Case]]:
    """Return three cases of each family."""
    face, cat, cup = (_square(*part) for part in _PARTS)
    return {
        "blur": [
            Case("Pillow's Gaussian 4, PNG", face, _gaussian(4)),
            Case("Pillow's box 9, JPEG 85", cat, _box(4), 85),
            Case("median 11, JPEG 75", cup, lambda pixels: cv2.medianBlur(pixels, 11), 75),
        ],
        "mosaic": [
            Case("blocks of 8.3 px, PNG", face, _blocks(27)),
            Case("blocks of 11.2 px, JPEG 85", cat, _blocks(20), 85),
            Case("blocks of 16 px, JPEG 75", cup, _blocks(14), 75),
        ],
        "motion": [
            Case("9 px at 30 degrees, told, PNG", face, _line(9, 30), None, _motion(9, 30)),
            Case("15 px at 70 degrees, told, JPEG 85", cat, _line(15, 70), 85, _motion(15, 70)),
            Case("15 px at 70 degrees, not told", cup, _line(15, 70), 85),
        ],
    }


_PARTS = ((data.astronaut, 5, 125), (data.chelsea, 40, 110), (data.coffee, 100, 190))


def _square(load: Callable[[], np.ndarray], top: int, left: int) -> np.ndarray:
    return np.ascontiguousarray(load()[top : top + SIDE_PX, left : left + SIDE_PX])


def _gaussian(sigma_px: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: np.asarray(
        Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma_px))
    )


def _box(radius_px: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(radius_px)))


def _blocks(count: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return what scales to so many pixels a side and back."""
    return lambda pixels: np.asarray(
        Image.fromarray(pixels)
        .resize((count, count), Image.Resampling.BOX)
        .resize((SIDE_PX, SIDE_PX), Image.Resampling.NEAREST)
    )


def _line(length_px: float, angle: float) -> Callable[[np.ndarray], np.ndarray]:
    kernel = planar_kernel(Motion(length_px, angle)).astype(np.float32)
    return lambda pixels: np.asarray(cv2.filter2D(pixels, -1, kernel))


def _motion(length_px: float, angle: float) -> str:
    return str(Motion(length_px, angle))


def drawn(case: Case) -> list[Captioned]:
    """Return the file, what is restored, and the picture before, with their captions."""
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.ellipse(mask, MIDDLE, AXES, 0, 0, 360, 1, -1)
    file = _kept(np.where(mask[..., None], case.hide(case.picture), case.picture), case.quality)
    storage = f"jpeg:{case.quality}" if case.quality else "8bit"
    images = file.transpose(2, 0, 1)[None].astype(np.float32) / 255
    place = mask.astype(np.float32) if case.told else None
    done = unveil.restore(images, case.told, storage, mask=place)
    levels = np.rint(done[0].transpose(1, 2, 0) * 255).clip(0, 255).astype(np.uint8)
    gain_db = _psnr(levels, case.picture, mask > 0) - _psnr(file, case.picture, mask > 0)
    is_same = bool((levels == file).all())
    said = "left alone" if is_same else f"restored: {gain_db:+.1f} dB in the ellipse"
    return [(file, [case.words]), (levels, [said]), (case.picture, ["before"])]


def _kept(pixels: np.ndarray, quality: int | None) -> np.ndarray:
    if quality is None:
        return pixels
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _psnr(pixels: np.ndarray, other: np.ndarray, inside: np.ndarray) -> float:
    error = np.square(pixels.astype(np.float64) - other)[inside].mean()
    return float(10 * np.log10(255**2 / error))


if __name__ == "__main__":
    script.run(main, __doc__)
