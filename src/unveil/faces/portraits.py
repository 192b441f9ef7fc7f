"""Portraits: one face each, scaled to one width, with its surroundings; found once and cached."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from unveil.console import progress
from unveil.faces.finder import Face, FaceFinder
from unveil.files import cache_folder, file_sha256, temporary_beside
from unveil.images.box import Box
from unveil.images.photos import read_rgb8

FORMAT = "portraits-1"
FACE_PX = 112
"""Width of the faces, as in the paper."""

SIDE_PX = 176
"""Side of the portraits: the part that alignment reads, and the reach of a blur around it."""


@dataclass(frozen=True)
class Portraits:
    """Faces of a folder's photos.

    Attributes:
        pixels: ``N x 3 x SIDE_PX x SIDE_PX`` uint8; what lies outside the photo is black.
        points: the five landmarks of each, ``N x 5 x 2`` float64, in these pixels.
        found: for each photo, the index of its portrait among the ``N``, or -1 without a face.
    """

    pixels: np.ndarray
    points: np.ndarray
    found: np.ndarray

    def part(self, numbers: np.ndarray, face_px: int = FACE_PX) -> tuple[np.ndarray, np.ndarray]:
        """Return portraits scaled to faces of ``face_px``: images in [0,1], and their landmarks."""
        images = self.pixels[numbers] / np.float32(255)
        points: np.ndarray = self.points[numbers]
        if face_px == FACE_PX:
            return images, points
        side = round(SIDE_PX * face_px / FACE_PX)
        small = np.stack([_resized(image, side, side) for image in images]).clip(0, 1)
        factor = side / SIDE_PX
        return small, (points + 0.5) * factor - 0.5


def open_portraits(folder: Path, paths: Sequence[str]) -> Portraits:
    """Return the portraits of the photos ``paths`` below ``folder``, from the cache if possible.

    Of several faces in a photo the one nearest to its center is taken.

    Raises:
        UnveilError: a photo cannot be read.
    """
    total = hashlib.sha256(f"{FORMAT} {FACE_PX} {SIDE_PX}\n".encode())
    for path in paths:
        total.update(f"{path}\0{file_sha256(folder / path)}\n".encode())
    cached = cache_folder() / f"{total.hexdigest()[:32]}.safetensors"
    try:
        return Portraits(**load_file(cached))
    except (OSError, SafetensorError, TypeError, ValueError):  # missing or damaged
        cached.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(cached) as partial:
            save_file(_portray(folder, paths), partial)
    return Portraits(**load_file(cached))


def _portray(folder: Path, paths: Sequence[str]) -> dict[str, np.ndarray]:
    finder = FaceFinder()
    pixels: list[np.ndarray] = []
    points: list[np.ndarray] = []
    found: list[int] = []
    for path in progress(paths, len(paths), "finding faces"):
        photo = read_rgb8(folder / path)
        face = most_central(finder.find(photo), photo)
        found.append(-1 if face is None else len(pixels))
        if face is not None:
            image, moved = portray(photo, face)
            pixels.append(image)
            points.append(moved)
    return {
        "pixels": np.array(pixels, np.uint8).reshape(-1, 3, SIDE_PX, SIDE_PX),
        "points": np.array(points, np.float64).reshape(-1, 5, 2),
        "found": np.array(found, np.int64),
    }


def most_central(faces: list[Face], photo: np.ndarray) -> Face | None:
    """Return the face nearest to the center of a photo; None without a face."""
    middle = np.array([photo.shape[1] / 2, photo.shape[0] / 2])
    distances = [np.linalg.norm(face.middle - middle) for face in faces]
    return faces[int(np.argmin(distances))] if faces else None


def portray(photo: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
    """Return a face's portrait, ``3 x SIDE_PX x SIDE_PX`` uint8, and its landmarks in it.

    Args:
        photo: ``H x W x 3`` uint8.
        face: the face in it.
    """
    factor = FACE_PX / face.width_px
    height, width = (max(round(side * factor), 1) for side in photo.shape[:2])
    scaled = _resized(photo.transpose(2, 0, 1).astype(np.float32), height, width).clip(0, 255)
    factors = np.array([width / photo.shape[1], height / photo.shape[0]])
    points, middle = ((at + 0.5) * factors - 0.5 for at in (face.points, face.middle))
    left, top = (round(float(at)) - SIDE_PX // 2 for at in middle)
    portrait = np.zeros((3, SIDE_PX, SIDE_PX), np.uint8)
    inside = Box(left, top, SIDE_PX, SIDE_PX).grown(0, 0, width, height)
    to = inside.within(Box(left, top, SIDE_PX, SIDE_PX))
    portrait[:, *to.place] = scaled[:, *inside.place].round()
    return portrait, points - np.array([left, top])


def _resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return ``C x H x W`` float32 in another size, by antialiased cubic interpolation."""
    planes = (
        Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC) for plane in image
    )
    return np.stack([np.asarray(plane) for plane in planes])
