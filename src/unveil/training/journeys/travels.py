"""What a picture goes through: cameras before anything is hidden, programs and codecs after.

All on ``H x W x 3`` uint8 pixels.
"""

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from unveil.degradation.codecs import h264_round_trip
from unveil.training.journeys.draws import between, chance, log_between
from unveil.training.journeys.hidings import convolve, disk_kernel

MAX_SHIFT_PX = 8
"""Rows and columns that a crop may cut off: a codec's blocks start anywhere."""

RESAMPLERS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_LANCZOS4)


def photograph(pixels: np.ndarray, max_soft_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return a photo as another camera takes it: softer, noisier, sharpened, less in focus."""
    if chance(rng, 0.25):
        pixels = tone(pixels, rng)
    if chance(rng, 0.25):
        pixels = defocus_background(pixels, rng)
    if chance(rng, 0.25):
        pixels = cv2.GaussianBlur(pixels, (0, 0), between(rng, 0.3, max_soft_px))
    if chance(rng, 0.08):
        pixels = _denoise(pixels, rng)
    if chance(rng, 0.3):
        pixels = noisy(pixels, log_between(rng, 0.7, 10), rng)
    if chance(rng, 0.12):
        pixels = sharpen(pixels, rng)
    return pixels


def defocus_background(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur all but a subject in the middle, as a lens does; more of it further away."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cy, cx = height * between(rng, 0.35, 0.65), width * between(rng, 0.35, 0.65)
    ry, rx = height * between(rng, 0.2, 0.5), width * between(rng, 0.15, 0.4)
    away = np.hypot((y - cy) / ry, (x - cx) / rx)
    if chance(rng, 0.6):  # shoulders below the head
        away = np.where(y > cy, np.minimum(away, np.abs(x - cx) / (1.6 * rx)), away)
    mask = np.clip((away - 1) / between(rng, 0.03, 0.6), 0, 1)[..., None].astype(np.float32)
    blurred = convolve(pixels, disk_kernel(log_between(rng, 1.2, 14)), in_light=chance(rng, 0.7))
    return mix(pixels, blurred, mask)


def mix(pixels: np.ndarray, other: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return ``other`` where the mask (``H x W x 1``) is 1, ``pixels`` where it is 0."""
    return np.rint(pixels + mask * (other.astype(np.float32) - pixels)).astype(np.uint8)


def _denoise(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if chance(rng, 0.5):
        return cv2.medianBlur(pixels, 3)
    return cv2.bilateralFilter(pixels, 5, between(rng, 10, 40), 3)


def noisy(pixels: np.ndarray, std: float, rng: np.random.Generator) -> np.ndarray:
    """Add white noise of ``std`` gray levels, half of the time gray."""
    shape = pixels.shape if chance(rng, 0.5) else (*pixels.shape[:2], 1)
    noise = rng.standard_normal(shape, np.float32) * np.float32(std)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def sharpen(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sharpen by an unsharp mask."""
    soft = cv2.GaussianBlur(pixels, (0, 0), between(rng, 0.7, 2.5))
    amount = between(rng, 0.3, 1.5)
    return cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0)


def tone(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast, gamma and saturation."""
    levels = np.linspace(0, 1, 256) ** log_between(rng, 0.6, 1.6)
    levels = (levels - 0.5) * between(rng, 0.7, 1.3) + 0.5 + between(rng, -0.1, 0.1)
    table = np.rint(levels.clip(0, 1) * 255).astype(np.uint8)
    changed = cv2.LUT(pixels, table)
    if chance(rng, 0.5):
        gray = cv2.cvtColor(changed, cv2.COLOR_RGB2GRAY)[..., None]
        keep = 0.0 if chance(rng, 0.2) else between(rng, 0.3, 1.5)
        changed = np.clip(np.rint(gray + keep * (changed.astype(np.float32) - gray)), 0, 255)
    return changed.astype(np.uint8)


def resize(pixels: np.ndarray, side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Scale a square picture to ``side_px`` by a drawn filter."""
    if rng.random() < 0.3:
        ways = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
        way = ways[int(rng.integers(3))]
        return np.asarray(Image.fromarray(pixels).resize((side_px, side_px), way))
    filter_ = RESAMPLERS[int(rng.integers(4))]
    return cv2.resize(pixels, (side_px, side_px), interpolation=filter_)


def edit(pixels: np.ndarray, rng: np.random.Generator, *, adds_noise: bool = True) -> np.ndarray:
    """Change the tone, sharpen or add noise: each seldom."""
    if chance(rng, 0.15):
        pixels = tone(pixels, rng)
    if chance(rng, 0.12):
        pixels = sharpen(pixels, rng)
    if chance(rng, 0.12) and adds_noise:
        pixels = noisy(pixels, log_between(rng, 0.7, 5), rng)
    return pixels


def store(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep a picture as files do: losslessly, by a codec, by two with a crop between."""
    drawn = rng.random()
    if drawn < 0.22:
        return pixels
    if drawn < 0.68:
        return jpeg(pixels, rng)
    if drawn < 0.82:
        top, left = rng.integers(0, MAX_SHIFT_PX, 2)
        once = jpeg(pixels, rng)
        again = jpeg(once[top:, left:], rng)
        kept = once.copy()
        kept[top:, left:] = again
        return kept
    if drawn < 0.95:
        return _webp(pixels, rng)
    if drawn < 0.97:
        return h264_round_trip(pixels, int(rng.integers(18, 33)))
    return _avif(pixels, rng)


def jpeg(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compress as JPEG at a quality from 40 to 97."""
    quality = int(between(rng, 40, 98))
    full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if chance(rng, 0.3):
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    return _through(pixels, ".jpg", options)


def _webp(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return _through(pixels, ".webp", [cv2.IMWRITE_WEBP_QUALITY, int(between(rng, 45, 97))])


def _through(pixels: np.ndarray, suffix: str, options: list[int]) -> np.ndarray:
    _, content = cv2.imencode(suffix, pixels[..., ::-1], options)
    decoded: Any = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(decoded[..., ::-1])


def _avif(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "AVIF", quality=int(between(rng, 40, 90)), speed=9)
    return np.asarray(Image.open(file).convert("RGB"))
