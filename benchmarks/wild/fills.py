"""What hides without a strength: one colour, noise, a swirl, a sticker."""

import cv2
import numpy as np
from PIL import Image
from skimage import transform

import real_programs
from wild.draws import Pixels, between, chance, one_of
from wild.hidden import Hidden, Way


def _fill(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    color = one_of(rng, {"black": 5, "white": 2, "gray": 1, "drawn": 2})
    drawn = tuple(int(value) for value in rng.integers(0, 256, 3))
    filled = Image.new("RGB", pixels.shape[1::-1], drawn if color == "drawn" else color)
    return Hidden(np.asarray(filled))


def _deface_solid(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    return Hidden(real_programs.deface(pixels, replacewith="solid"))


def _noise(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    if chance(rng, 0.5):
        return Hidden(rng.integers(0, 256, pixels.shape).astype(np.uint8))
    noisy = pixels + rng.normal(0, between(rng, 50, 150), pixels.shape)
    return Hidden(np.clip(noisy, 0, 255).astype(np.uint8))


def _swirl(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    turned = transform.swirl(  # type: ignore[no-untyped-call]
        pixels.astype(float) / 255,
        strength=between(rng, 3, 10),
        radius=0.7 * min(pixels.shape[:2]),
        mode="reflect",
    )
    return Hidden(np.rint(turned.clip(0, 1) * 255).astype(np.uint8))


def _spread(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    """Exchange pixels with others nearby, as paint programs' "spread" or "frosted glass" does."""
    height, width = pixels.shape[:2]
    reach = int(rng.integers(3, 12))
    y, x = np.mgrid[:height, :width]
    y = np.clip(y + rng.integers(-reach, reach + 1, y.shape), 0, height - 1)
    x = np.clip(x + rng.integers(-reach, reach + 1, x.shape), 0, width - 1)
    return Hidden(pixels[y, x])


def _sticker(pixels: Pixels, strength: float, rng: np.random.Generator) -> Hidden:
    """Draw a face of few colours on one colour."""
    height, width = pixels.shape[:2]
    drawn = np.empty_like(pixels)
    drawn[:] = rng.integers(60, 256, 3)
    dark = tuple(int(value) for value in rng.integers(0, 60, 3))
    middle, line = (width // 2, height // 2), max(min(height, width) // 20, 2)
    for side in (-1, 1):
        eye = (middle[0] + side * width // 5, height // 3)
        cv2.ellipse(
            drawn, eye, (width // 14 + 1, height // 9 + 1), 0, 0, 360, dark, -1, cv2.LINE_AA
        )
    cv2.ellipse(drawn, middle, (width // 3, height // 3), 0, 20, 160, dark, line, cv2.LINE_AA)
    cv2.ellipse(drawn, middle, (width * 9 // 20, height * 9 // 20), 0, 0, 360, dark, line)
    return Hidden(drawn)


FILLS = (
    Way("solid", "Pillow", "new", _fill),
    Way("solid", "deface", "solid", _deface_solid, 0.3),
    Way("other", "numpy", "noise", _noise),
    Way("other", "numpy", "spread", _spread),
    Way("other", "scikit-image", "swirl", _swirl),
    Way("other", "OpenCV", "sticker", _sticker),
)
