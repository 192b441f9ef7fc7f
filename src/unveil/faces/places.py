"""Which faces of a picture are meant: found ones, told ones, and none that is to be spared.

A file of boxes says so for many pictures: it is written where there is none, read where there is
one, and can be edited between.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unveil.documents import read_json
from unveil.errors import UnveilError, UsageError
from unveil.faces.finder import Face, FaceFinder
from unveil.faces.sights import smallest_px
from unveil.files import check_folder, write_text
from unveil.images.box import Box, parse_box
from unveil.images.pixels import to_8bit

FORMAT = 1
MAX_FILE_BYTES = 20_000_000

UNSEEN = (
    "not seen are faces under {px} px and from behind; others may be missed, turned, covered or "
    "cut by the border: look, and add them with --box X,Y,W,H"
)


@dataclass(frozen=True)
class Boxes:
    """The boxes of the faces of one picture, its size, and the sha256 of its pixels if known."""

    width: int
    height: int
    faces: tuple[Box, ...]
    sha256: str | None = None


@dataclass
class BoxFile:
    """Boxes by the name of their picture.

    Attributes:
        path: of the file.
        known: what it says, or will say.
        is_read: whether it was there: then nothing is searched for.
    """

    path: Path
    known: dict[str, Boxes] = field(default_factory=dict)
    is_read: bool = False

    def of(self, name: str, rgb: np.ndarray) -> tuple[Box, ...]:
        """Return the boxes of a picture, ``H x W x 3``.

        Raises:
            UnveilError: the file has none, or those of another picture of its name.
        """
        height, width = rgb.shape[:2]
        if (boxes := self.known.get(name)) is None:
            raise UnveilError(f"{self.path}: names no picture {name}; remove the file to search.")
        if (boxes.width, boxes.height) != (width, height):
            raise UnveilError(
                f"{self.path}: its {name} has {boxes.width}x{boxes.height} pixels, this one "
                f"{width}x{height}: it is another picture."
            )
        if boxes.sha256 not in (None, _sha256(rgb)):
            raise UnveilError(f"{self.path}: its {name} is another picture of that name and size.")
        try:
            for box in boxes.faces:
                box.check_inside(width, height)
        except UsageError as error:
            raise UnveilError(f"{self.path}: its {name}: {error}") from None
        return boxes.faces

    def write(self) -> None:
        """Write what is known."""
        pictures = {
            name: {
                "width": one.width, "height": one.height, "sha256": one.sha256,
                "faces": [str(box) for box in one.faces],
            }
            for name, one in self.known.items()
        }  # fmt: skip
        write_text(self.path, json.dumps({"format": FORMAT, "pictures": pictures}, indent=2) + "\n")


def open_boxes(path: Path) -> BoxFile:
    """Return the boxes of a file, or of none yet.

    Raises:
        UnveilError: it is no file of boxes, or none can be written there.
    """
    if not path.exists():
        check_folder(path.parent)
        return BoxFile(path)
    content = read_json(path, MAX_FILE_BYTES)
    try:
        _check_keys("the file", content, ("format", "pictures"))
        if type(content["format"]) is not int or content["format"] != FORMAT:
            raise UsageError(f"format {_brief(content['format'])} must be {FORMAT}.")
        if not isinstance(content["pictures"], dict):
            raise UsageError("pictures must be an object with an entry for each picture.")
        known = {name: _boxes(name, one) for name, one in content["pictures"].items()}
    except UsageError as error:
        raise UnveilError(f"{path}: not boxes that unveil wrote: {error}") from None
    return BoxFile(path, known, is_read=True)


def _boxes(name: str, one: Any) -> Boxes:
    """Return the boxes of a picture from its entry.

    Raises:
        UsageError: the entry has a key too many or too few, or a value of the wrong kind.
    """
    _check_keys(name[:80], one, ("width", "height", "faces"), ("sha256",))
    for side in ("width", "height"):
        if type(one[side]) is not int or one[side] < 1:
            raise UsageError(
                f"{name[:80]}: {side} {_brief(one[side])} must be a whole number of pixels."
            )
    if not isinstance(one.get("sha256"), str | None):
        raise UsageError(f"{name[:80]}: sha256 must be a text.")
    faces = one["faces"]
    if not (isinstance(faces, list) and all(isinstance(text, str) for text in faces)):
        raise UsageError(f'{name[:80]}: faces must be a list of texts "X,Y,W,H".')
    boxes = tuple(parse_box(text) for text in faces)
    return Boxes(one["width"], one["height"], boxes, one.get("sha256"))


def _check_keys(
    what: str, found: Any, wanted: Collection[str], optional: Collection[str] = ()
) -> None:
    """Refuse what is no object of JSON with these keys: a key misspelt is a face left bare.

    Raises:
        UsageError: says which key is missing or unknown.
    """
    if not isinstance(found, Mapping):
        raise UsageError(f"{what} must be an object with {', '.join(wanted)}.")
    for key in wanted:
        if key not in found:
            raise UsageError(f"{what}: {key} is missing.")
    for key in found:
        if key not in (*wanted, *optional):
            raise UsageError(f"{what}: {_brief(key)} is not known; remove it.")


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _sha256(rgb: np.ndarray) -> str:
    return hashlib.sha256(rgb.tobytes()).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """What a user says of the faces of pictures.

    Attributes:
        added: boxes of faces, beside those that are found.
        spared: boxes whose faces are left as they are.
        file: boxes by picture.
    """

    added: Sequence[Box] = ()
    spared: Sequence[Box] = ()
    file: BoxFile | None = None

    @property
    def needs_search(self) -> bool:
        """Whether faces have to be found."""
        return self.file is None or not self.file.is_read


@dataclass(frozen=True)
class Chosen:
    """The faces of a picture that are meant.

    Attributes:
        faces: each with its box inside the picture.
        found: how many of them were found.
        spared: how many were left out.
        smallest_px: width of the smallest face that was looked for; None where none was.
    """

    faces: list[tuple[Face, Box]]
    found: int
    spared: int
    smallest_px: int | None

    def __str__(self) -> str:
        faces = "1 face" if len(self.faces) == 1 else f"{len(self.faces)} faces"
        told = len(self.faces) - self.found
        said = f"{faces} ({self.found} found, {told} told, {self.spared} spared)"
        unseen = "" if self.smallest_px is None else f"; {UNSEEN.format(px=self.smallest_px)}"
        return f"{said}{unseen}."


def choose_faces(rgb: np.ndarray, name: str, wanted: Wanted, finder: FaceFinder) -> Chosen:
    """Return the faces of a picture that are meant, and note them in the file of boxes.

    Args:
        rgb: ``H x W x 3``, uint8 or uint16.
        name: of the picture in the file of boxes.
        wanted: what the user says of its faces.
        finder: finds and aligns faces.

    Raises:
        UsageError: a box is not inside the picture, or no face is where one is to be spared.
        UnveilError: the file of boxes is of another picture.
    """
    height, width = rgb.shape[:2]
    for box in (*wanted.added, *wanted.spared):
        box.check_inside(width, height)
    told, pixels = list(wanted.added), to_8bit(rgb)
    if wanted.file is not None and wanted.file.is_read:
        told += wanted.file.of(name, rgb)
    found = finder.find_with_boxes(rgb) if wanted.needs_search else []
    everyone = found + [(finder.align(pixels, box), box) for box in dict.fromkeys(told)]
    faces = [one for one in everyone if not any(box.has_middle_of(one[1]) for box in wanted.spared)]
    for box in wanted.spared:
        if not any(box.has_middle_of(place) for _, place in everyone):
            raise UsageError(f"--spare {box}: no face was found or told there.")
    if wanted.file is not None and not wanted.file.is_read:
        places = tuple(place for _, place in faces)
        wanted.file.known[name] = Boxes(width, height, places, _sha256(rgb))
    count = sum(any(one is other for other in found) for one in faces)
    smallest = smallest_px(height, width) if wanted.needs_search else None
    return Chosen(faces, count, len(everyone) - len(faces), smallest)


def find_in_alpha(alpha: np.ndarray | None, finder: FaceFinder) -> list[Box]:
    """Return the boxes of the faces that the transparency of a picture shows by itself.

    Args:
        alpha: ``H x W``, uint8 or uint16; None for an opaque picture.
        finder: finds faces.
    """
    if alpha is None or alpha.min() == alpha.max():
        return []
    return finder.find_boxes(np.repeat(alpha[..., None], 3, axis=2))
