"""A rectangle of pixels."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from unveil.errors import UsageError

BOX_FORM = " *,".join([" *-?[0-9]{1,9}"] * 4) + " *"


@dataclass(frozen=True)
class Box:
    """Left, top, width and height in pixels; text form ``X,Y,W,H``."""

    left: int
    top: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.width},{self.height}"

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array with."""
        return (
            slice(self.top, self.top + self.height),
            slice(self.left, self.left + self.width),
        )

    def within(self, other: "Box") -> "Box":
        """Return the box as counted from the corner of another."""
        return Box(self.left - other.left, self.top - other.top, self.width, self.height)

    def grown(self, across_px: int, down_px: int, width: int, height: int) -> "Box":
        """Return the box larger on each side, as far as a picture of this size goes."""
        left, top = max(self.left - across_px, 0), max(self.top - down_px, 0)
        right = min(self.left + self.width + across_px, width)
        bottom = min(self.top + self.height + down_px, height)
        return Box(left, top, right - left, bottom - top)

    def inside(self, width: int, height: int, least: float) -> "Box | None":
        """Return the part inside a picture of this size; None where that is too small a share."""
        left, top = max(self.left, 0), max(self.top, 0)
        right, bottom = min(self.left + self.width, width), min(self.top + self.height, height)
        part = Box(left, top, max(right - left, 0), max(bottom - top, 0))
        share = part.width * part.height / max(self.width * self.height, 1)
        return part if share >= max(least, 1e-9) else None

    def hull(self, other: "Box") -> "Box":
        """Return the smallest box that contains both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right = max(self.left + self.width, other.left + other.width)
        bottom = max(self.top + self.height, other.top + other.height)
        return Box(left, top, right - left, bottom - top)

    def overlap(self, other: "Box") -> float:
        """Return the intersection of both over their union."""
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        shared = max(right - max(self.left, other.left), 0)
        shared *= max(bottom - max(self.top, other.top), 0)
        return shared / (self.width * self.height + other.width * other.height - shared)

    def has_middle_of(self, other: "Box") -> bool:
        """Return whether the middle of another box lies in this one.

        Examples:
            >>> Box(0, 0, 10, 10).has_middle_of(Box(5, 5, 8, 8))
            True
        """
        down, across = other.top + other.height / 2, other.left + other.width / 2
        return (
            self.top <= down <= self.top + self.height
            and self.left <= across <= self.left + self.width
        )

    def check_inside(self, width: int, height: int) -> None:
        """Refuse a box that is empty or reaches beyond an image of this size.

        Raises:
            UsageError: says box and size.
        """
        inside = self.left >= 0 and self.top >= 0 and self.width > 0 and self.height > 0
        fits = self.left + self.width <= width and self.top + self.height <= height
        if not (inside and fits):
            raise UsageError(f"box {self} is not inside the picture of {width}x{height} pixels.")


def as_box(box: object) -> Box:
    """Return a box that is stated as one, as ``X,Y,W,H`` or as four whole numbers.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(box, Box):
        return box
    if isinstance(box, str):
        return parse_box(box)
    if isinstance(box, Sequence) and len(box) == 4 and all(type(x) is int for x in box):
        return Box(*box)
    raise UsageError(f"box {box!r} must be four whole numbers of pixels: left, top, width, height.")


def parse_box(text: str) -> Box:
    """Read ``X,Y,W,H``.

    Raises:
        UsageError: anything else.
    """
    # Python's int() takes 6_7 and the digits of all scripts, too, which no person means as pixels.
    if not re.fullmatch(BOX_FORM, text):
        raise UsageError(f"box {text[:80]!r} must be four whole numbers of pixels: X,Y,W,H.")
    return Box(*map(int, text.split(",")))
