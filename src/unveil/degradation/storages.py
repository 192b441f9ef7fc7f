"""Storages: how a file keeps an obfuscated image. Needs no torch."""

from dataclasses import dataclass
from typing import Literal

from unveil.degradation.numbers import parse_value
from unveil.errors import UsageError, unknown

MAX_CRF = 51
"""x264's coarsest constant rate factor, at 8 bits."""


@dataclass(frozen=True)
class Storage:
    """How a file keeps the obfuscated image before it is restored.

    Args:
        kind: ``float`` keeps every bit, as in the paper; ``8bit`` rounds to 256 levels, as every
            lossless file does; ``jpeg`` is libjpeg with 4:2:0 chroma; ``h264`` is a frame of an
            x264 video (see :mod:`unveil.degradation.codecs`).
        quality: of ``jpeg`` 1 to 100; of ``h264`` the constant rate factor, 0 to ``MAX_CRF``.

    Raises:
        UsageError: the quality is missing or out of range.

    Examples:
        >>> str(Storage("h264", 23))
        'h264:crf=23'
    """

    kind: Literal["float", "8bit", "jpeg", "h264"] = "8bit"
    quality: int | None = None

    def __post_init__(self) -> None:
        if self.kind == "jpeg" and not (self.quality and 1 <= self.quality <= 100):
            raise UsageError(f"jpeg: quality {self.quality} must be from 1 to 100, as in jpeg:75.")
        if self.kind == "h264" and (self.quality is None or not 0 <= self.quality <= MAX_CRF):
            raise UsageError(f"h264: crf={self.quality} must be from 0 to {MAX_CRF}.")

    def __str__(self) -> str:
        match self.kind:
            case "jpeg":
                return f"jpeg:{self.quality}"
            case "h264":
                return f"h264:crf={self.quality}"
            case kind:
                return kind


def parse_storage(text: str) -> Storage:
    """Parse the text form of a storage: ``float``, ``8bit``, ``jpeg:QUALITY`` or ``h264:crf=CRF``.

    Raises:
        UsageError: it is none of these, or its quality is out of range.

    Examples:
        >>> parse_storage("jpeg:75")
        Storage(kind='jpeg', quality=75)
    """
    if text == "float":
        return Storage("float")
    if text == "8bit":
        return Storage("8bit")
    kind, _, quality = text.partition(":")
    if kind == "h264" and quality.startswith("crf="):
        return Storage("h264", int(parse_value("h264: crf", quality[len("crf=") :], int)))
    if kind != "jpeg":
        raise unknown("storage", text, ["float", "8bit", "jpeg:75", "h264:crf=23"])
    return Storage("jpeg", int(parse_value("jpeg: quality", quality, int)))
