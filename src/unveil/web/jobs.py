"""One request in the worker: its file, and the models that all answers share."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from unveil.console import Remark
from unveil.estimation.finding import Finding
from unveil.faces.finder import FaceFinder
from unveil.faces.places import UNSEEN
from unveil.faces.sights import smallest_px
from unveil.images.box import Box
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.report.rows import Row
from unveil.restoration.restorers import Restorer, load
from unveil.web.limits import Limits
from unveil.web.worker import Tell

LOOKED_PX = 3_000_000
"""Pixels of the largest picture that faces are looked for in."""

REMEMBERED = 4
"""Photos whose faces are remembered, by a checksum: a preview is asked for many times."""

Answered = tuple[Row, Sequence[Path]]
"""JSON values, of which ``words`` are sentences, and files in the folder of the request."""


@dataclass(frozen=True)
class Named:
    """What the files of a request are called.

    Attributes:
        stem: of the names of results: no character in it means anything to programs.
        own: what the one who asks calls the file, without folders.
        mask: what the mask is called; None for none.
    """

    stem: str
    own: str
    mask: str | None = None


@dataclass(frozen=True)
class Job:
    """One request.

    Attributes:
        tell: takes what happens.
        file: the photo or the video, in a folder for what is written.
        mask: a photo, white where something is hidden; None for none.
        named: what the files are called.
        limits: on the request.
        remarks: what was said of the result, without progress.
    """

    tell: Tell
    file: Path
    mask: Path | None
    named: Named
    limits: Limits
    remarks: list[Remark] = field(default_factory=list)

    def hear(self, remark: Remark) -> None:
        """Pass on what a command would print, and keep what stays true."""
        if not remark.is_progress:
            self.remarks.append(remark)
        self.tell(sentence(remark))

    def read(self) -> Photo:
        """Return the photo."""
        self.tell("Reading the photo.")
        return read_photo(self.file, self.limits.max_pixels)

    def write(self, photo: Photo, name: str) -> Path:
        """Write a picture beside the file; return its path."""
        path = self.file.with_name(f"{self.named.stem}-{name}.png")
        write_photo(photo, path)
        return path


def sentence(remark: Remark) -> str:
    """Return a remark as a sentence."""
    words = f"Warning: {remark.text}" if remark.is_warning else remark.text
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."


def only(boxes: Sequence[Box]) -> Box | None:
    """Return the box of a field that is sent once at most; None for none."""
    return boxes[0] if boxes else None


def numbers(box: Box) -> list[int]:
    """Return left, top, width and height."""
    return [box.left, box.top, box.width, box.height]


def part_row(part: Finding) -> Row:
    """Return a hidden part as JSON values; its box is a list, as all boxes of answers are."""
    row = part.as_row() | {"box": part.box and numbers(part.box)}
    return row | ({"others": [part_row(one) for one in part.others]} if part.others else {})


@cache
def restorer(name: str) -> Restorer:
    """Return a restorer, loaded once."""
    return load(name)


def unseen(height: int, width: int) -> str:
    """Return in a sentence which faces of a photo of this size may have been missed."""
    scale = _scale(height, width)
    px = round(smallest_px(round(height * scale), round(width * scale)) / scale)
    return f"{UNSEEN.format(px=px)}."


def _scale(height: int, width: int) -> float:
    return min(1.0, (LOOKED_PX / (height * width)) ** 0.5)


class _Remembering(FaceFinder):
    """Finds faces in time for a page: in large photos made smaller.

    Of the last few photos it knows where they are, and nothing else.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[bytes, list[Box]] = {}

    def find_boxes(self, rgb: np.ndarray) -> list[Box]:
        """Return the boxes of the faces of a photo."""
        key = hashlib.sha256(rgb.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self._look(rgb)
            while len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]
        return list(self._known[key])

    def _look(self, rgb: np.ndarray) -> list[Box]:
        height, width = rgb.shape[:2]
        if (scale := _scale(height, width)) == 1:
            return super().find_boxes(rgb)
        size = round(width * scale), round(height * scale)
        small = super().find_boxes(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
        sides = [(one.left, one.top, one.width, one.height) for one in small]
        boxes = [Box(*(round(side / scale) for side in one)) for one in sides]
        return [box for one in boxes if (box := one.inside(width, height, 0.0)) is not None]


@cache
def finder() -> FaceFinder:
    """Return the face detector, loaded once."""
    return _Remembering()
