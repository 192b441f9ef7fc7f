"""Clean pictures that look as if something was hidden: soft, noisy, textured, scaled up."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from wild import kernels, subjects
from wild.blurs import convolve
from wild.draws import Pixels, between, chance, log_between, one_of
from wild.journeys import Picture, add_noise
from wild.subjects import Half, Subject

CONTROLS = {
    "plain": 0.3,
    "soft": 0.12,
    "noisy": 0.1,
    "texture": 0.1,
    "background": 0.14,
    "scaled up": 0.1,
    "gray": 0.06,
    "shapes": 0.08,
}
"""Odds of each."""


def draw_control(
    name: str, folder: Path, photos: Sequence[str], half: Half, rng: np.random.Generator
) -> Subject:
    """Draw a clean picture.

    Args:
        name: a key of ``CONTROLS``.
        folder: LFW.
        photos: those of this half's people, relative to the folder.
        half: whose pictures to take.
        rng: draws.
    """
    if name == "shapes":
        return subjects.shapes(rng)
    if name == "texture":
        return _texture(half, rng)
    if name == "background":
        portrait = subjects.portrait(folder, photos, rng)
        return Subject(portrait.name, _out_of_focus_behind(portrait.pixels, rng), is_portrait=True)
    subject = subjects.draw_subject(folder, photos, half, rng)
    change = CHANGES.get(name)
    pixels = change(subject.pixels, rng) if change else subject.pixels
    return Subject(subject.name, pixels, subject.is_portrait)


def _soft(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Soften as lenses, demosaicing and denoising do."""
    if chance(rng, 0.5):
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), between(rng, 0.5, 0.9)), np.uint8)
    return np.asarray(cv2.bilateralFilter(pixels, 5, between(rng, 10, 40), 3), np.uint8)


def _noisy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    std, seed = log_between(rng, 4, 20), int(rng.integers(2**31))
    return add_noise(Picture(pixels), std, chance(rng, 0.5), seed).pixels


def _scaled_up(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    ways = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    image = Image.fromarray(pixels).reduce(2)
    size = image.width * 2, image.height * 2
    return np.asarray(image.resize(size, ways[int(rng.integers(3))]))


def _gray(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


CHANGES: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "soft": _soft,
    "noisy": _noisy,
    "scaled up": _scaled_up,
    "gray": _gray,
}


def _texture(half: Half, rng: np.random.Generator) -> Subject:
    """Return a part of a photo of a texture, or noise whose spectrum falls as photos' does."""
    if chance(rng, 0.6):
        subject = subjects.picture(str(rng.choice(subjects.TEXTURES[half])), rng)
        side = min(int(rng.integers(200, 400)), *subject.pixels.shape[:2])
        top, left = (int(rng.integers(end - side + 1)) for end in subject.pixels.shape[:2])
        return Subject(subject.name, subject.pixels[top : top + side, left : left + side].copy())
    side, slope = 256, between(rng, 0.6, 1.4)
    across, down = np.meshgrid(np.fft.rfftfreq(side), np.fft.fftfreq(side))
    falling = np.maximum(np.hypot(across, down), 1 / side) ** -slope
    noise = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * falling)
    levels = 128 + noise / noise.std() * between(rng, 15, 45)
    tint = rng.uniform(0.7, 1.2, 3)
    return Subject("noise", np.clip(levels[..., None] * tint, 0, 255).astype(np.uint8))


def _out_of_focus_behind(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Blur all but a person's head and shoulders, as a lens or a phone's portrait mode does."""
    height, width = pixels.shape[:2]
    radius = log_between(rng, 3, 10)
    behind = convolve(pixels, kernels.disk(radius), in_light=chance(rng, 0.7))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    middle = width / 2 + between(rng, -6, 6), height / 2 + between(rng, -6, 6)
    head = width * between(rng, 0.24, 0.34), height * between(rng, 0.32, 0.42)
    person = np.hypot((x - middle[0]) / head[0], (y - middle[1]) / head[1]) <= 1
    shoulders = (y > middle[1] + head[1] * 0.7) & (np.abs(x - middle[0]) < 1.7 * head[0])
    mask = (person | shoulders).astype(np.float32)
    mask = cv2.GaussianBlur(mask, (0, 0), between(rng, 0.8, 6))[..., None]
    return np.rint(behind + mask * (pixels.astype(np.float32) - behind)).astype(np.uint8)


def draw_name(rng: np.random.Generator) -> str:
    """Draw a control."""
    return one_of(rng, CONTROLS)
