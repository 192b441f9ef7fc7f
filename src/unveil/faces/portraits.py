"""Portraits: one face each, scaled to one width, with its surroundings; found once and cached."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from unveil.console import progress
from unveil.faces.finder import Face, FaceFinder
from unveil.files import cache_folder, file_sha256, temporary_beside
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

    pixels: Tensor
    points: Tensor
    found: Tensor

    def part(self, numbers: Tensor, face_px: int = FACE_PX) -> tuple[Tensor, Tensor]:
        """Return portraits scaled to faces of ``face_px``: images in [0,1], and their landmarks."""
        images, points = self.pixels[numbers].float() / 255, self.points[numbers]
        if face_px == FACE_PX:
            return images, points
        side = round(SIDE_PX * face_px / FACE_PX)
        small = F.interpolate(images, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
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
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(cached) as partial:
            save_file(_portray(folder, paths), partial)
    return Portraits(**load_file(cached))


def _portray(folder: Path, paths: Sequence[str]) -> dict[str, Tensor]:
    finder = FaceFinder()
    pixels: list[Tensor] = []
    points: list[Tensor] = []
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
        "pixels": torch.stack(pixels) if pixels else torch.zeros(0, 3, SIDE_PX, SIDE_PX).byte(),
        "points": torch.stack(points) if points else torch.zeros(0, 5, 2).double(),
        "found": torch.tensor(found),
    }


def most_central(faces: list[Face], photo: np.ndarray) -> Face | None:
    """Return the face nearest to the center of a photo; None without a face."""
    middle = torch.tensor([photo.shape[1] / 2, photo.shape[0] / 2], dtype=torch.float64)
    distances = [float((face.middle - middle).norm()) for face in faces]
    return faces[int(np.argmin(distances))] if faces else None


def portray(photo: np.ndarray, face: Face) -> tuple[Tensor, Tensor]:
    """Return a face's portrait, ``3 x SIDE_PX x SIDE_PX`` uint8, and its landmarks in it.

    Args:
        photo: ``H x W x 3`` uint8.
        face: the face in it.
    """
    factor = FACE_PX / face.width_px
    image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float()
    size = [max(round(side * factor), 1) for side in image.shape[-2:]]
    scaled = F.interpolate(image, size, mode="bicubic", antialias=True).clamp(0, 255)
    factors = torch.tensor([size[1] / photo.shape[1], size[0] / photo.shape[0]])
    points, middle = ((at + 0.5) * factors - 0.5 for at in (face.points, face.middle))
    left, top = (round(float(at)) - SIDE_PX // 2 for at in middle)
    edges = (-left, left + SIDE_PX - size[1], -top, top + SIDE_PX - size[0])
    portrait = F.pad(scaled, edges)[0].round().byte()
    return portrait, points - torch.tensor([left, top])
