"""What may be asked: endpoints and the fields of their forms, to check and to document."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from unveil.auditing.covers import Shape, Style
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.images.box import parse_box

Schema = Mapping[str, Any]
"""A type, as OpenAPI says it."""


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes:
        name: of the field.
        words: what it means.
        parse: returns its value from text.
        schema: its type.
        default: its value where it is not sent.
        is_many: whether its value is a tuple of all that is sent.
        most: times that it may be sent; None for any number.
    """

    name: str
    words: str
    parse: Callable[[str], Any]
    schema: Schema
    default: Any = None
    is_many: bool = False
    most: int | None = 1


@dataclass(frozen=True)
class Endpoint:
    """Something that can be asked of a file.

    Attributes:
        name: its path is ``/api/NAME``.
        words: what it answers.
        fields: of its form, beside the file.
        has_mask: whether a mask may be sent, too.
        makes: what the answer is called beside the name of the file; None for no picture.
    """

    name: str
    words: str
    fields: tuple[Field, ...] = field(default=())
    has_mask: bool = False
    makes: str | None = None


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and low <= number <= high):
            raise ValueError
        return number

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError
        return number

    return parse


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise ValueError
        return text

    return parse


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _choice(name: str, words: str, names: Sequence[str], default: str) -> Field:
    return Field(name, words, _one_of(names), {"type": "string", "enum": list(names)}, default)


def _switch(name: str, words: str, *, default: bool) -> Field:
    return Field(name, words, _flag, {"type": "boolean"}, default)


TEXT: Schema = {"type": "string"}
BOX: Schema = {"type": "string", "pattern": r"^\d+,\d+,\d+,\d+$", "example": "120,80,64,64"}

BOXES = Field(
    "box", "X,Y,W,H: left, top, width, height of a part; once for each", parse_box, BOX, (), True,
    None,
)  # fmt: skip
ONE_BOX = replace(BOXES, words="X,Y,W,H: left, top, width, height of a part; one at most", most=1)
OPERATOR = Field(
    "operator", "what hides it, e.g. pixelate:block=8 (default: it is found)", parse_call, TEXT
)

ENDPOINTS = (
    Endpoint("inspect", "Find what hides a photo or a video, or a part of it.", (ONE_BOX,)),
    Endpoint(
        "audit",
        "Estimate the risk that a machine names each face.",
        (
            BOXES,
            OPERATOR,
            _switch("find", "whether faces are looked for beside those in boxes", default=True),
        ),
    ),
    Endpoint(
        "obfuscate",
        "Hide faces and parts, and check that they are hidden.",
        (
            BOXES,
            Field("spare", "X,Y,W,H of a face that stays as it is; once for each", parse_box, BOX,
                  (), True, None),
            Field(
                "strokes",
                "a part that is painted: RADIUS:X,Y X,Y ...; for each stroke",
                str,
                TEXT,
                "",
            ),
            _switch("find", "whether faces are looked for beside those in boxes", default=True),
            _choice("style", "a cover that shows nothing of the face", get_args(Style), "mosaic"),
            Field(
                "across",
                "in place of a cover, a mosaic of so many blocks across each face",
                _whole(1, 64),
                {"type": "integer", "minimum": 1, "maximum": 64},
            ),
            Field(
                "operator", "in place of both, an operator: gaussian:kernel=9,sigma=4", parse_call,
                TEXT,
            ),
            _choice("shape", "of what is hidden", get_args(Shape), "box"),
            _switch("check", "whether the result is checked beside the original", default=True),
        ),
        makes="hidden",
    ),
    Endpoint(
        "restore",
        "Undo a blur or a mosaic.",
        (
            ONE_BOX,
            OPERATOR,
            Field("strokes", "a part that is painted, as for obfuscate; state the operator", str,
                  TEXT, ""),
            Field(
                "realism", "from 0, least error, to 1, as detailed as a photo", _number(0, 1),
                {"type": "number", "minimum": 0, "maximum": 1}, 0.0,
            ),
            Field(
                "samples", "number of further plausible answers", _whole(0, 4),
                {"type": "integer", "minimum": 0, "maximum": 4}, 0,
            ),
        ),
        has_mask=True,
        makes="restored",
    ),
)  # fmt: skip


COVERS = ("style", "across", "operator")
"""Fields of which one says what covers a face."""


def parse(endpoint: Endpoint, sent: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the value of each field of a form.

    Args:
        endpoint: that is asked.
        sent: names and texts of the form's fields.

    Raises:
        UsageError: a field that there is not, that cannot be read, or is sent too often.
    """
    known = {one.name: one for one in endpoint.fields}
    values: dict[str, Any] = {name: one.default for name, one in known.items()}
    times = Counter(name for name, _ in sent)
    if len(covers := [name for name in COVERS if times[name]]) > 1:
        raise UsageError(f"{covers[0]} and {covers[1]}: two ways to cover a face; send one.")
    for name, text in sent:
        if name not in known:
            names = ", ".join(known)
            raise UsageError(f"{name[:40]!r} is no field of {endpoint.name}; there are {names}.")
        check_times(name, times[name], known[name].most)
        value = _value(known[name], text)
        values[name] = (*values[name], value) if known[name].is_many else value
    return values


def check_times(name: str, times: int, most: int | None) -> None:
    """Refuse a part of a form that is sent too often.

    Raises:
        UsageError: it is sent more than ``most`` times; None for any number.
    """
    if most is not None and times > most:
        raise UsageError(f"{name}: sent {times} times; send {most} at most.")


def _value(field: Field, text: str) -> Any:
    try:
        return field.parse(text)
    except UsageError as error:
        said = str(error)
        named = said if said.startswith(f"{field.name} ") else f"{field.name}: {said}"
        raise UsageError(named) from None
    except (ValueError, KeyError):
        raise UsageError(f"{field.name}: {text[:40]!r} is {_not_of(field.schema)}.") from None


def _not_of(schema: Schema) -> str:
    """Return what a text is not that is not of a type."""
    if "enum" in schema:
        return f"none of {', '.join(schema['enum'])}"
    if schema["type"] == "boolean":
        return "neither true nor false"
    number = "whole number" if schema["type"] == "integer" else "number"
    return f"no {number} from {schema['minimum']} to {schema['maximum']}"
