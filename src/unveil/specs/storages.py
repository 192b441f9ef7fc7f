"""Storages: how an obfuscated image is kept."""

from dataclasses import dataclass
from typing import Literal

from unveil.errors import UsageError, unknown
from unveil.specs.numbers import parse_number


@dataclass(frozen=True)
class Storage:
    """How the obfuscated image is kept before anyone restores it; a step of its own.

    ``float`` keeps every bit (the study), ``8bit`` rounds to 256 levels (any real file),
    ``jpeg`` goes through the real codec at ``quality`` with 4:2:0 chroma.
    """

    kind: Literal["float", "8bit", "jpeg"] = "8bit"
    quality: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "jpeg" and not (self.quality and 1 <= self.quality <= 100):
            raise UsageError(f"jpeg: quality {self.quality} must be from 1 to 100, as in jpeg:75.")

    def __str__(self) -> str:
        return f"jpeg:{self.quality}" if self.kind == "jpeg" else self.kind


def parse_storage(text: str) -> Storage:
    """Read the text form of a storage: ``float``, ``8bit`` or ``jpeg:QUALITY``.

    Raises:
        UsageError: anything else.
    """
    if text == "float":
        return Storage("float")
    if text == "8bit":
        return Storage("8bit")
    kind, _, quality = text.partition(":")
    if kind != "jpeg":
        raise unknown("storage", text, ["float", "8bit", "jpeg:75"])
    return Storage("jpeg", int(parse_number("jpeg: quality", quality, whole=True)))
