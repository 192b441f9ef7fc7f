"""Lists of files: a path on each line, or JSON; read as a stream, of any length."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unveil.batch.item import Item
from unveil.documents import parse_json
from unveil.errors import UnveilError
from unveil.files import check_regular

MAX_LINE_BYTES = 1 << 16
"""Of a line; a path has at most 4,096 bytes on Linux."""

SHOWN_CHARACTERS = 60

NameOutput = Callable[[str], str]
"""Returns where the result of a file is written, if the list does not say it."""


class LineError(Exception):
    """What is wrong with a line of a list, in words without a full stop."""


@dataclass(frozen=True)
class Manifest:
    """A list of files.

    Attributes:
        path: of the list.
        name_output: names outputs that the list does not; None if nothing is written.
    """

    path: Path
    name_output: NameOutput | None

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield each line that is not empty: its place in the file in bytes, its number, itself.

        Raises:
            UnveilError: the list cannot be read.
        """
        check_regular(self.path)
        try:
            with self.path.open("rb") as file:
                yield from _split(file.readline)
        except OSError as error:
            raise UnveilError(f"{self.path}: cannot be read ({error.strerror}).") from None

    def place(self, number: int) -> str:
        """Return how messages about a line begin."""
        return f"{self.path}, line {number}: "

    def parse(self, line: bytes) -> tuple[str, str]:
        """Return the file that a line names, and where its result is written; "" if nothing is.

        Raises:
            LineError: it names none.
        """
        source, target = self.named(line)
        return source, target or self.default_output(source)

    def default_output(self, source: str) -> str:
        """Return where the result of a file is written whose line does not say it.

        Raises:
            LineError: it has no place below the folder of results.
        """
        return "" if self.name_output is None else self.name_output(source)

    def named(self, line: bytes) -> tuple[str, str]:
        """Return the file and the result that a line itself names; "" for no result.

        Raises:
            LineError: it names no file.
        """
        if len(line) > MAX_LINE_BYTES:
            raise LineError(f"has more than {MAX_LINE_BYTES:,} bytes")
        if line.startswith(b"{"):
            source, target = _parse_json(line)
        else:
            source, target = os.fsdecode(line), ""
        if "\0" in source + target:
            raise LineError("holds a zero byte")
        return source, target if self.name_output else ""

    def items_at(self, places: Iterator[tuple[int, int]]) -> Iterator[Item]:
        """Yield the files that the lines at these places, of these numbers, name."""
        with self.path.open("rb") as file:
            for offset, number in places:
                file.seek(offset)
                source, target = self.parse(_stripped(file.readline(MAX_LINE_BYTES + 2)))
                yield Item(source, target, place=self.place(number))


def _split(readline: Callable[[int], bytes]) -> Iterator[tuple[int, int, bytes]]:
    offset, number = 0, 0
    while piece := readline(MAX_LINE_BYTES + 2):
        number += 1
        start, offset = offset, offset + len(piece)
        while not piece.endswith(b"\n") and (more := readline(MAX_LINE_BYTES)):
            offset += len(more)  # the rest of a line that is too long, which nobody needs
            if more.endswith(b"\n"):
                break
        if line := _stripped(piece):
            yield start, number, line


def _stripped(line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")


def _parse_json(line: bytes) -> tuple[str, str]:
    try:
        known = parse_json(line.decode())
    except ValueError as error:
        raise LineError(f"is not valid JSON ({error})") from None
    found = [known.get(name, "") for name in ("input", "output")]
    if not all(isinstance(one, str) for one in found) or not found[0]:
        shown = line[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        raise LineError(f'must have an "input", and that and "output" be texts: {shown}')
    return found[0], found[1]


def one_spelling(path: str, here: str) -> str:
    """Return a path without needless parts; below the folder ``here/``, as seen from there."""
    # Of a million paths most are plain.
    if path[:1] == "." or "//" in path or "/." in path:
        path = os.path.normpath(path)
    return path.removeprefix(here)


def mirrored(source: str, output: str) -> str:
    """Return a path below a folder that keeps the folders of a file's own path.

    Raises:
        LineError: the path leads upwards.
    """
    # Of a million paths most are plain, and are not taken apart.
    if os.sep == "/" and source[0] not in "./" and "//" not in source and "/." not in source:
        return f"{output}/{source}"
    parts = [part for part in source.replace(os.sep, "/").split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise LineError(f'{source}: name its "output", for its path leads upwards')
    return os.path.join(output, *parts)  # noqa: PTH118  # a million of them
