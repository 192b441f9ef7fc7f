"""Clips with faces that move, turn, flash up, enter and leave, made of photos; where each face is.

A clip is two shots with a cut between. A head is pasted with a soft rim on a photo that the camera
pans over; what counts as open is the part from the eyes to the mouth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

SIZE_PX = 640, 360
FPS, SHOT_FRAMES, SHOTS, FACES = 25, 100, 2, 2
LFW_PX, LFW_FACE_PX = 250, 112
WIDTHS_PX = 28, 160
KINDS = ("still", "drift", "fast", "rotate", "turn away", "flash", "border")
FLASH_FRAMES = 4
FRONT_FRAMES, TURNING_FRAMES, AWAY_FRAMES = 12, 10, 54
"""A head that turns away: before, while it turns, and until it comes back (2.2 s)."""

LEAST_FRONTAL = 0.4
"""Of its width, what has to be left of a face that turns away to count."""

LEAST_INSIDE = 0.25
"""Of the part from eyes to mouth, what has to be in the picture to count."""

PART = (-0.3, -0.18, 0.3, 0.33)
"""Left, top, right and bottom of the part from eyes to mouth, from the middle, in face widths."""

HAIR = 0.14, 0.24, 0.42, 0.58
"""Top, bottom, left and right of the hair over the forehead, in shares of the photo."""

BLUR_STEPS = 4
"""Poses that a picture of a moving face is the mean of: the shutter is open half of the time."""

BLURRED_PX = 2.0
"""A head that moves less per picture is sharp."""

GROUNDS = {
    "development": ("coffee", "rocket", "gravel", "hubble_deep_field"),
    "held out": ("brick", "grass", "moon", "immunohistochemistry"),
}
"""Pictures of scikit-image in which nobody is seen, nor a cat, which would be hidden, too."""


@dataclass(frozen=True)
class Pose:
    """Where a head is: its middle in pixels, its turn in degrees, and how frontal it is, 0 to 1."""

    x: float
    y: float
    degrees: float = 0.0
    frontal: float = 1.0


@dataclass(frozen=True)
class Head:
    """A head of a shot.

    Attributes:
        pixels: the photo, shrunk, ``S x S x 3`` float32 in [0,255].
        back: the same from behind.
        width_px: of the face.
        kind: how it moves.
        start: x and y at the beginning, in pixels.
        step: across and down per picture, in pixels.
        turn: degrees per picture.
        first: picture in which a flash begins.
    """

    pixels: np.ndarray
    back: np.ndarray
    width_px: float
    kind: str
    start: tuple[float, float]
    step: tuple[float, float]
    turn: float
    first: int

    def at(self, time: float) -> Pose | None:
        """Return the pose at a time, in pictures from the beginning; None where it is not there."""
        if self.kind == "flash" and not self.first <= time < self.first + FLASH_FRAMES:
            return None
        places = [
            begin + step * time
            for begin, step in zip(self.start, self.step, strict=True)
        ]  # fmt: skip
        if self.kind != "border":
            across, down = 0.62 * self.width_px, 0.75 * self.width_px
            places = [
                _reflected(place, rim, side - rim)
                for place, rim, side in zip(places, (across, down), SIZE_PX, strict=True)
            ]
        frontal = _frontal(time) if self.kind == "turn away" else 1.0
        return Pose(places[0], places[1], self.turn * time, frontal)


@dataclass(frozen=True)
class Seen:
    """A face in a picture: how it moves, and the pixels from its eyes to its mouth, bool."""

    kind: str
    part: np.ndarray


def compose(
    photos: Sequence[Path], grounds: Sequence[str], kinds: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, list[Seen]]]:
    """Yield the pictures of a clip, ``H x W x 3`` uint8, and the faces in each.

    Args:
        photos: of the people that may be seen.
        grounds: names of the pictures behind them.
        kinds: how each head moves, ``FACES`` for each of ``SHOTS``.
        rng: draws everything.
    """
    for shot in range(SHOTS):
        ground = _ground(grounds[int(rng.integers(len(grounds)))])
        phase, speed = rng.uniform(0, 6, 2), rng.uniform(0.005, 0.04, 2)
        heads = [
            _head(photos[int(rng.integers(len(photos)))], kind, rng)
            for kind in kinds[shot * FACES : (shot + 1) * FACES]
        ]
        for number in range(SHOT_FRAMES):
            room = np.array(ground.shape[1::-1]) - SIZE_PX
            left, top = (room * (0.5 + 0.5 * np.sin(phase + speed * number))).astype(int)
            picture = ground[top : top + SIZE_PX[1], left : left + SIZE_PX[0]].astype(np.float32)
            yield _with_heads(picture, heads, number)


def _with_heads(
    picture: np.ndarray, heads: Sequence[Head], number: int
) -> tuple[np.ndarray, list[Seen]]:
    """Return a picture with heads, and the faces that count."""
    seen: list[Seen] = []
    for head in heads:
        pose = head.at(number)
        if pose is None:
            continue
        colour, alpha = _blurred(head, number)
        picture = picture * (1 - alpha) + colour
        for one in seen:
            one.part[alpha[..., 0] > 0.5] = False
        part, whole = _part(head.width_px, pose)
        if pose.frontal >= LEAST_FRONTAL:
            seen.append(Seen(head.kind, part))
            least = LEAST_INSIDE * whole
            seen = [one for one in seen if one.part is not part or part.sum() >= least]
    return picture.round().clip(0, 255).astype(np.uint8), [one for one in seen if one.part.any()]


def _part(width_px: float, pose: Pose) -> tuple[np.ndarray, float]:
    """Return the pixels from eyes to mouth that are in the picture, and how many there are."""
    left, top, right, bottom = (width_px * edge for edge in PART)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    corners = corners * (pose.frontal, 1) + (_aside(width_px, pose.frontal), 0)
    turn = np.radians(pose.degrees)
    rotation = np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    placed = corners @ rotation + (pose.x, pose.y)
    part = np.zeros(SIZE_PX[::-1], np.uint8)
    cv2.fillConvexPoly(part, placed.round().astype(np.int32), 1)
    return part > 0, (right - left) * (bottom - top) * pose.frontal


def _aside(width_px: float, frontal: float) -> float:
    """Return how far a face is from the middle of a head that turns, in pixels."""
    return 0.4 * width_px * (1 - frontal)


def _blurred(head: Head, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a head, times its opacity, and the opacity, each the mean over the open shutter."""
    steps = BLUR_STEPS if max(map(abs, head.step)) > BLURRED_PX else 1
    times = number + np.arange(steps) / (2 * steps)
    poses = [pose for time in times if (pose := head.at(float(time))) is not None]
    layers = [_layer(head, pose) for pose in poses]
    colour, alpha = (np.mean([layer[place] for layer in layers], axis=0) for place in (0, 1))
    return colour, alpha


def _layer(head: Head, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Return a head, times its opacity, and the opacity."""
    rim = _ellipse(head.pixels.shape[0], 0.72, 0.92)
    front = _placed(head.pixels, rim, pose, 1.0, 0.0)
    if pose.frontal == 1:
        return front
    share = min(4 * (1 - pose.frontal), 1.0)
    colour, alpha = (
        share * one + (1 - share) * other
        for one, other in zip(_placed(head.back, rim, pose, 1.0, 0.0), front, strict=True)
    )
    if pose.frontal > 0:
        inner = _ellipse(head.pixels.shape[0], 0.48, 0.62)
        aside = _aside(head.width_px, pose.frontal)
        over, cover = _placed(head.pixels, inner, pose, pose.frontal, aside)
        colour, alpha = colour * (1 - cover) + over, np.maximum(alpha, cover)
    return colour, alpha


def _placed(
    pixels: np.ndarray, rim: np.ndarray, pose: Pose, squeeze: float, aside: float
) -> tuple[np.ndarray, np.ndarray]:
    side = pixels.shape[0]
    turn = cv2.getRotationMatrix2D((0, 0), pose.degrees, 1)
    turn[:, 2] = turn[:, :2] @ (aside, 0) + (pose.x - 0.5, pose.y - 0.5)
    middle = (side - 1) / 2
    squeezed = np.array([[squeeze, 0, -squeeze * middle], [0, 1, -middle], [0, 0, 1]])
    move = turn @ squeezed
    alpha = cv2.warpAffine(rim, move, SIZE_PX)[..., None]
    return cv2.warpAffine(pixels, move, SIZE_PX) * alpha, alpha


def _ellipse(side: int, across: float, down: float) -> np.ndarray:
    """Return the opacity of a head with a soft rim; half axes in face widths."""
    unit = side * LFW_FACE_PX / LFW_PX
    y, x = (np.mgrid[:side, :side] + 0.5 - side / 2) / unit
    away = np.hypot(x / across, (y + 0.04) / down)
    return np.clip((1 - away) / 0.12, 0, 1).astype(np.float32)


def _head(photo: Path, kind: str, rng: np.random.Generator) -> Head:
    width_px = float(np.exp(rng.uniform(*np.log(WIDTHS_PX))))
    side = max(round(LFW_PX * width_px / LFW_FACE_PX), 8)
    opened = np.asarray(Image.open(photo).convert("RGB"))
    pixels = cv2.resize(opened, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    lowest, highest = {"fast": (0.2, 0.5), "still": (0, 0)}.get(kind, (0.005, 0.05))
    speed = width_px * rng.uniform(lowest, highest)
    step = (float(speed * np.cos(angle)), float(0.6 * speed * np.sin(angle)))
    x, y = (float(rng.uniform(0.2, 0.8)) * size for size in SIZE_PX)
    start = x, y
    if kind == "border":
        start, step = _crossing(width_px, rng)
    turn = float(rng.choice([-1, 1])) * 180 / (SHOT_FRAMES - 1) if kind == "rotate" else 0.0
    first = int(rng.integers(10, SHOT_FRAMES - 10 - FLASH_FRAMES))
    return Head(pixels, _from_behind(pixels, rng), width_px, kind, start, step, turn, first)


def _crossing(
    width_px: float, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where a head begins outside of the picture, and its step across it."""
    axis, way = int(rng.integers(2)), int(rng.choice([-1, 1]))
    length = SIZE_PX[axis] + 1.8 * width_px
    begin = -0.9 * width_px if way > 0 else SIZE_PX[axis] + 0.9 * width_px
    beside = float(rng.uniform(0.3, 0.7)) * SIZE_PX[1 - axis]
    step = way * length / SHOT_FRAMES * float(rng.uniform(0.9, 1.6))
    return ((begin, beside), (step, 0.0)) if axis == 0 else ((beside, begin), (0.0, step))


def _from_behind(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a head of the colour of the hair above the forehead."""
    side = pixels.shape[0]
    top, bottom, left, right = (round(share * side) for share in HAIR)
    hair = pixels[top : bottom + 1, left:right]
    noise = cv2.resize(rng.normal(0, 14, (12, 24)).astype(np.float32), (side, side))
    filled = hair.mean(axis=(0, 1)) + noise[..., None]
    inner = _ellipse(side, 0.62, 0.85)[..., None]
    return (pixels * (1 - inner) + filled * inner).clip(0, 255).astype(np.float32)


def _frontal(time: float) -> float:
    back = FRONT_FRAMES + TURNING_FRAMES + AWAY_FRAMES
    leaving = (time - FRONT_FRAMES) / TURNING_FRAMES
    coming = (time - back) / TURNING_FRAMES
    return float(1 - np.clip(leaving, 0, 1) + np.clip(coming, 0, 1))


def _reflected(place: float, low: float, high: float) -> float:
    """Return a place between two ends that it is thrown back from."""
    if high <= low:
        return (low + high) / 2
    away = (place - low) % (2 * (high - low))
    return low + min(away, 2 * (high - low) - away)


def _ground(name: str) -> np.ndarray:
    pixels = np.asarray(getattr(data, name)())
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    height, width = pixels.shape[:2]
    scale = 1.25 * max(SIZE_PX[0] / width, SIZE_PX[1] / height)
    size = round(width * scale), round(height * scale)
    return cv2.resize(np.ascontiguousarray(pixels[..., :3]), size, interpolation=cv2.INTER_AREA)
