"""What files go through after something was hidden: scaling, edits, codecs.

A journey is a list of steps, each a JSON value: what is drawn first and done later.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from wild.draws import Mask, Pixels, between, chance, log_between, one_of

Step = dict[str, Any]
"""``do`` names the step; the rest are its parameters."""


@dataclass(frozen=True)
class Picture:
    """Pixels on their way, and where what was hidden has come to.

    Attributes:
        pixels: as they are.
        masks: of each hidden region, as large.
        scale: pixels now, across and down, for a pixel when something was hidden.
        origin: column and row now of the corner of the picture when something was hidden.
    """

    pixels: Pixels
    masks: tuple[Mask, ...] = ()
    scale: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Journey:
    """Name, steps, and the suffix of the file at its end, which a codec named last writes."""

    name: str
    steps: tuple[Step, ...]
    suffix: str

    @property
    def scale(self) -> float:
        """Pixels at the end for a pixel at the start."""
        return float(np.prod([step["factor"] for step in self.steps if step["do"] == "resize"]))


JOURNEYS = {
    "png": 0.14,
    "jpeg": 0.2,
    "jpeg twice": 0.08,
    "webp": 0.07,
    "avif": 0.04,
    "kept as png": 0.07,
    "resized": 0.07,
    "resized, jpeg": 0.1,
    "cropped": 0.04,
    "tone": 0.05,
    "sharpened": 0.04,
    "noise": 0.04,
    "screenshot": 0.04,
    "video": 0.05,
}
"""Odds of each."""

PILLOW_FILTERS = ("BILINEAR", "BICUBIC", "LANCZOS", "HAMMING", "BOX")
OPENCV_FILTERS = ("LINEAR", "CUBIC", "AREA", "LANCZOS4")


def draw_journey(name: str, rng: np.random.Generator, max_scale: float = 2.0) -> Journey:
    """Draw the steps of a journey.

    Args:
        name: a key of ``JOURNEYS``.
        rng: draws.
        max_scale: greatest factor of a resize.
    """
    steps, suffix = DRAWS[name](rng, max_scale)
    return Journey(name, tuple(steps), suffix)


Drawn = tuple[list[Step], str]


def _jpeg(rng: np.random.Generator, least: int = 50) -> Step:
    sampling = "4:4:4" if chance(rng, 0.3) else "4:2:0"
    return {"do": "jpeg", "quality": int(rng.integers(least, 96)), "sampling": sampling}


def _webp(rng: np.random.Generator) -> Step:
    return {"do": "webp", "quality": int(rng.integers(50, 96))}


def _avif(rng: np.random.Generator) -> Step:
    return {"do": "avif", "quality": int(rng.integers(45, 91))}


def _resize(rng: np.random.Generator, max_scale: float) -> Step:
    factor = log_between(rng, 0.5, max_scale)
    library = "Pillow" if chance(rng, 0.5) else "OpenCV"
    names = PILLOW_FILTERS if library == "Pillow" else OPENCV_FILTERS
    return {
        "do": "resize",
        "factor": round(factor, 3),
        "with": library,
        "by": str(rng.choice(names)),
    }


def _crop(rng: np.random.Generator, most: int = 24) -> Step:
    sides = [int(side) for side in rng.integers(0, most, 4)]
    sides[0] = max(sides[0], 1)
    return {"do": "crop", "sides": sides}


def _store(rng: np.random.Generator) -> Drawn:
    """Draw the file at the end: PNG or JPEG."""
    return ([], ".png") if chance(rng, 0.4) else ([_jpeg(rng, 70)], ".jpg")


def _tone(rng: np.random.Generator) -> Step:
    return {
        "do": "tone",
        "gamma": round(log_between(rng, 0.7, 1.4), 3),
        "contrast": round(between(rng, 0.75, 1.3), 3),
        "saturation": 0.0 if chance(rng, 0.15) else round(between(rng, 0.5, 1.5), 3),
    }


def _sharpen(rng: np.random.Generator) -> Step:
    radius, percent = round(between(rng, 0.6, 2.5), 2), int(rng.integers(40, 160))
    return {"do": "sharpen", "radius": radius, "percent": percent}


def _noise(rng: np.random.Generator) -> Step:
    std, seed = round(log_between(rng, 1, 8), 2), int(rng.integers(2**31))
    return {"do": "noise", "std": std, "gray": chance(rng, 0.4), "seed": seed}


def _then_store(draw: Callable[[np.random.Generator], Step]) -> Callable[..., Drawn]:
    def drawn(rng: np.random.Generator, _: float) -> Drawn:
        first = draw(rng)
        last, suffix = _store(rng)
        return [first, *last], suffix

    return drawn


def _lossy_png(rng: np.random.Generator, _: float) -> Drawn:
    codec = one_of(rng, {"jpeg": 0.7, "webp": 0.3})
    return [_jpeg(rng) if codec == "jpeg" else _webp(rng)], ".png"


def _screenshot(rng: np.random.Generator, _: float) -> Drawn:
    way = (
        {"with": "OpenCV", "by": "LINEAR"}
        if chance(rng, 0.5)
        else {"with": "Pillow", "by": "BILINEAR"}
    )
    before = [_jpeg(rng, 70)] if chance(rng, 0.5) else []
    return [*before, {"do": "resize", "factor": 1.25, **way}, _crop(rng, 12)], ".png"


def _video(rng: np.random.Generator, _: float) -> Drawn:
    shift = [int(pixel) for pixel in rng.integers(-2, 3, 2)]
    step = {
        "do": "h264",
        "crf": int(rng.integers(18, 31)),
        "shift": shift,
        "frame": int(rng.integers(6)),
    }
    return [step], ".png"


DRAWS: dict[str, Callable[[np.random.Generator, float], Drawn]] = {
    "png": lambda rng, scale: ([], ".png"),
    "jpeg": lambda rng, scale: ([_jpeg(rng)], ".jpg"),
    "jpeg twice": lambda rng, scale: ([_jpeg(rng), _crop(rng, 8), _jpeg(rng)], ".jpg"),
    "webp": lambda rng, scale: ([_webp(rng)], ".webp"),
    "avif": lambda rng, scale: ([_avif(rng)], ".png"),  # unveil reads no AVIF
    "kept as png": _lossy_png,
    "resized": lambda rng, scale: ([_resize(rng, scale)], ".png"),
    "resized, jpeg": lambda rng, scale: ([_resize(rng, scale), _jpeg(rng)], ".jpg"),
    "cropped": _then_store(_crop),
    "tone": _then_store(_tone),
    "sharpened": _then_store(_sharpen),
    "noise": _then_store(_noise),
    "screenshot": _screenshot,
    "video": _video,
}
"""Functions that draw the steps of each journey and the suffix of its file."""


def travel(picture: Picture, journey: Journey) -> tuple[Picture, bytes]:
    """Return the picture at the end of its journey, and the content of its file."""
    *before, last = journey.steps or ({"do": "png"},)
    if last["do"] not in CODECS or journey.suffix == ".png":
        before, last = list(journey.steps), {"do": "png"}
    for step in before:
        parameters = {name: value for name, value in step.items() if name != "do"}
        if step["do"] in CODECS:
            content = CODECS[step["do"]](picture.pixels, **parameters)
            picture = replace(picture, pixels=decode(content))
        else:
            picture = STEPS[step["do"]](picture, **parameters)
    parameters = {name: value for name, value in last.items() if name != "do"}
    content = CODECS[last["do"]](picture.pixels, **parameters)
    return replace(picture, pixels=decode(content)), content


def without_loss(picture: Picture, journey: Journey) -> Pixels:
    """Return what a journey would have made of a picture had no codec and no noise touched it."""
    for step in journey.steps:
        parameters = {name: value for name, value in step.items() if name != "do"}
        if step["do"] == "h264":
            picture = seen(picture, parameters["shift"], parameters["frame"])
        elif step["do"] not in CODECS and step["do"] != "noise":
            picture = STEPS[step["do"]](picture, **parameters)
    return picture.pixels


def decode(content: bytes) -> Pixels:
    """Return the pixels of a file's content."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def _encoded(pixels: Pixels, format_: str, **parameters: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format_, **parameters)
    return file.getvalue()


CODECS: dict[str, Callable[..., bytes]] = {
    "png": lambda pixels: _encoded(pixels, "PNG"),
    "jpeg": lambda pixels, quality, sampling: _encoded(
        pixels, "JPEG", quality=quality, subsampling=sampling
    ),
    "webp": lambda pixels, quality: _encoded(pixels, "WEBP", quality=quality),
    "avif": lambda pixels, quality: _encoded(
        pixels, "AVIF", quality=quality, speed=8, max_threads=1
    ),
}


def resize(picture: Picture, factor: float, by: str, **library: str) -> Picture:
    """Scale the picture; sides are rounded to whole pixels."""
    height, width = picture.pixels.shape[:2]
    size = max(round(width * factor), 1), max(round(height * factor), 1)
    if library["with"] == "Pillow":
        way = Image.Resampling[by]
        pixels = np.asarray(Image.fromarray(picture.pixels).resize(size, way))
    else:
        opencv = getattr(cv2, f"INTER_{by}")
        pixels = np.asarray(cv2.resize(picture.pixels, size, interpolation=opencv), np.uint8)
    smooth = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    masks = tuple(
        np.asarray(cv2.resize(mask, size, interpolation=smooth), np.float32)
        for mask in picture.masks
    )
    across, down = size[0] / width, size[1] / height
    scale = picture.scale[0] * across, picture.scale[1] * down
    origin = picture.origin[0] * across, picture.origin[1] * down
    return Picture(pixels, masks, scale, origin)


def crop(picture: Picture, sides: list[int]) -> Picture:
    """Cut off pixels at the left, top, right and bottom."""
    left, top, right, bottom = sides
    height, width = picture.pixels.shape[:2]
    place = slice(top, height - bottom), slice(left, width - right)
    origin = picture.origin[0] - left, picture.origin[1] - top
    masks = tuple(mask[place] for mask in picture.masks)
    return Picture(picture.pixels[place], masks, picture.scale, origin)


def _recolor(picture: Picture, gamma: float, contrast: float, saturation: float) -> Picture:
    image = Image.fromarray(picture.pixels)
    image = image.point([round(255 * (level / 255) ** gamma) for level in range(256)] * 3)
    image = ImageEnhance.Color(ImageEnhance.Contrast(image).enhance(contrast)).enhance(saturation)
    return replace(picture, pixels=np.asarray(image))


def _unsharp(picture: Picture, radius: float, percent: int) -> Picture:
    way = ImageFilter.UnsharpMask(radius, percent, threshold=0)
    return replace(picture, pixels=np.asarray(Image.fromarray(picture.pixels).filter(way)))


def add_noise(picture: Picture, std: float, gray: bool, seed: int) -> Picture:
    """Add white noise of ``std`` levels."""
    shape = (*picture.pixels.shape[:2], 1 if gray else 3)
    noise = np.random.default_rng(seed).normal(0, std, shape)
    noisy = np.clip(np.rint(picture.pixels + noise), 0, 255).astype(np.uint8)
    return replace(picture, pixels=noisy)


FRAMES = 6


def seen(picture: Picture, shift: list[int], frame: int) -> Picture:
    """Return what a camera sees in one of ``FRAMES`` frames, moving by ``shift`` pixels a frame."""
    height, width = picture.pixels.shape[:2]
    room = [(FRAMES - 1) * abs(pixels) for pixels in shift]
    even = (width - room[0]) // 2 * 2, (height - room[1]) // 2 * 2
    left, top = (
        pixels * frame + (room[axis] if pixels < 0 else 0) for axis, pixels in enumerate(shift)
    )
    return crop(picture, [left, top, width - left - even[0], height - top - even[1]])


def _h264(picture: Picture, crf: int, shift: list[int], frame: int) -> Picture:
    """Return a frame of a clip by a camera that moves by ``shift`` pixels a frame."""
    height, width = seen(picture, shift, 0).pixels.shape[:2]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as clip:
        stream = clip.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "threads": "1"}
        for number in range(FRAMES):
            pixels = np.ascontiguousarray(seen(picture, shift, number).pixels)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                clip.mux(packet)
        for packet in stream.encode():
            clip.mux(packet)
    file.seek(0)
    with av.open(file, "r") as written:
        frames = [shown.to_ndarray(format="rgb24") for shown in written.decode(video=0)]
    return replace(seen(picture, shift, frame), pixels=np.asarray(frames[frame], np.uint8))


STEPS: dict[str, Callable[..., Picture]] = {
    "resize": resize,
    "crop": crop,
    "tone": _recolor,
    "sharpen": _unsharp,
    "noise": add_noise,
    "h264": _h264,
}
