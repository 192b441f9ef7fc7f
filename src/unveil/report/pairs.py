"""A page that asks which of two restored pictures is nearer to the original, and its choices.

One self-contained file: nothing is fetched or sent. The person's browser keeps the choices and
hands them out as JSON lines.
"""

import base64
import hashlib
import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from unveil.documents import MAX_ROWS_BYTES, parse_json
from unveil.errors import UnveilError
from unveil.files import read_bytes

CLEAN = "clean"
"""The original, among the makers of a photo's pictures."""

Side = Literal["left", "right", "neither"]
"""What was preferred."""

TEMPLATE = Path(__file__).with_name("pairs.html")


@dataclass(frozen=True)
class Pair:
    """Two pictures to choose from.

    Attributes:
        photo: whose restorations they are.
        left: maker of the left picture: the name of its folder.
        right: of the right one.
    """

    photo: str
    left: str
    right: str


@dataclass(frozen=True)
class Choice:
    """A pair, and what was preferred."""

    pair: Pair
    preferred: Side


Pictures = Mapping[str, Mapping[str, bytes]]
"""PNG files by photo, then by maker, ``CLEAN`` among them."""


def draw_pairs(photos: Sequence[str], makers: Sequence[str], seed: int = 0) -> list[Pair]:
    """Return every pair of makers on every photo, in a random order, sides drawn too.

    Examples:
        >>> [pair.photo for pair in draw_pairs(["a", "b"], ["lmmse", "blur"])]
        ['b', 'a']
    """
    draws = random.Random(seed)  # noqa: S311  # no secret
    pairs = [
        Pair(photo, *draws.sample(two, 2))
        for photo in photos
        for two in itertools.combinations(makers, 2)
    ]
    draws.shuffle(pairs)
    return pairs


def pairs_page(pairs: Sequence[Pair], pictures: Pictures) -> str:
    """Return the page as HTML.

    The same pairs and pictures give the same bytes. Makers are not shown, but stand in the source.
    """
    shown = {
        photo: {maker: f"data:image/png;base64,{_base64(png)}" for maker, png in made.items()}
        for photo, made in pictures.items()
    }
    content = {"clean": CLEAN, "pairs": [asdict(pair) for pair in pairs], "pictures": shown}
    page = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    # A file may be named by what ends a script.
    study = json.dumps(content | {"page": page}).replace("<", "\\u003c")
    return TEMPLATE.read_text(encoding="utf-8").replace("@STUDY@", study)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def read_choices(path: Path) -> list[Choice]:
    """Read the choices that the page has handed out.

    Raises:
        UnveilError: the file cannot be read, or a line is no choice; it is named.
    """
    lines = read_bytes(path, MAX_ROWS_BYTES).decode(errors="replace").splitlines()
    return [_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]


def _parse(line: str, place: str) -> Choice:
    try:
        row = parse_json(line)
        pair = Pair(row["photo"], row["left"], row["right"])
        preferred = row["preferred"]
    except (ValueError, KeyError, TypeError):
        raise UnveilError(f"{place}: is not a choice of the page of pairs.") from None
    if preferred not in get_args(Side):
        raise UnveilError(f"{place}: preferred is left, right or neither, not {preferred!r}.")
    return Choice(pair, preferred)
