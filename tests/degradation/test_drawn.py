"""What networks are trained on, draw by draw, as the shipped ones were; and numbers in text."""

from pathlib import Path

import numpy as np
import pytest

from tests.pins import Numbers, check, pin
from unveil.degradation import Degradation, GaussianBlur, Pixelate, Solid, Storage, parse_operator
from unveil.degradation.families import FAMILIES, STORAGES, STREAMING, STREAMING_TRIALS, Task
from unveil.degradation.numbers import check_between, check_length, number, parse_value
from unveil.errors import UsageError

PINNED = Path(__file__).with_name("draws.json")
KINDS = ("float", "8bit", "jpeg", "h264")


def of_draws() -> Numbers:
    """Of 400 steps of each family: operators by kind and strength, storages by kind and quality."""
    found = {}
    for name in FAMILIES:
        drawn = [one for step in range(400) for one in Task(name, STORAGES).draw(3, step)]
        kinds = sorted({one.operator.name for one in drawn})
        found |= {
            f"{name}: kinds": np.array([kinds.index(one.operator.name) for one in drawn]),
            f"{name}: strengths": np.array([one.operator.strength(112) for one in drawn]),
            f"{name}: storages": np.array([KINDS.index(one.storage.kind) for one in drawn]),
            f"{name}: qualities": np.array([one.storage.quality or 0 for one in drawn]),
            f"{name}: first": np.array([len(str(one)) for one in drawn[:200]]),
        }
        one = [Task(name, "8bit").draw(3, step)[0] for step in range(50)]
        assert {each.storage for each in one} == {Storage("8bit")}
        found[f"{name}: in 8 bits"] = np.array([each.operator.strength(112) for each in one])
    return found


def test_draws_are_those_of_the_shipped_networks():
    check(PINNED, of_draws)


def test_streaming_is_scored_on_what_it_is_trained_on():
    task = Task(STREAMING, STORAGES)
    for operator, storage in STREAMING_TRIALS:
        kind, _, quality = storage.replace("crf=", "").partition(":")
        kept = Storage(kind, int(quality) if quality else None)
        known = Degradation(parse_operator(operator), kept)
        assert task.covers(known), known
    assert not task.covers(Degradation(Solid()))
    assert not task.covers(Degradation(GaussianBlur(9, 2.0)))


@pytest.mark.parametrize(
    ("storage", "helps"),
    [(Storage("h264", 30), True), (Storage("h264", 31), False), (Storage("jpeg", 50), True),
     (Storage("jpeg", 49), False), (Storage("float"), True)],
)  # fmt: skip
def test_weights_help_up_to_the_coarsest_that_is_known(storage, helps):
    assert Task("pixelate", STORAGES).helps(Degradation(Pixelate(8), storage)) == helps


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("9", int, 9), (" 9 ", int, 9), ("-3", int, -3), ("9", int | None, 9), ("2.5", float, 2.5),
     (".5", float, 0.5), ("1e3", float, 1000.0), ("4/3/1", tuple[float, ...], (4.0, 3.0, 1.0)),
     ("4", tuple[float, ...], (4.0,))],
)  # fmt: skip
def test_a_value_is_parsed_by_its_kind(text, kind, value):
    assert parse_value("x", text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [("9.0", int), ("6_7", int), ("4/3", int), ("4/3", float), ("a", float), ("", int),
     ("4//3", tuple[float, ...]), ("1" * 20, int)],
)  # fmt: skip
def test_what_is_no_value_of_a_kind_is_refused(text, kind):
    with pytest.raises(UsageError, match=r"x='.*' must be a"):
        parse_value("x", text, kind)


def test_ranges_hold_their_ends_and_are_named_as_people_write_them():
    check_between("x", 3, 3, 5)
    check_between("x", 5, 3, 5)
    for value in (2.9, 5.1, float("nan")):
        with pytest.raises(UsageError, match=rf"x={value} must be from 3 to 5 px\.$"):
            check_between("x", value, 3, 5, "px")
    written = ((10_000, "10,000"), (511.5, r"511\.5"), (1e18, r"1e\+18"), (999_999, "999,999"))
    for most, said in written:
        with pytest.raises(UsageError, match=rf"from 3 to {said}\.$"):
            check_between("x", 2, 3, most)
    check_length("x", 0.001)
    check_length("x", 10_000)
    for value in (0.0009, 10_001):
        with pytest.raises(UsageError, match="pixels"):
            check_length("x", value)
    texts = ["4", "0.5", "0.1234567891", "1e-09"]
    assert [number(float(text)) for text in texts] == texts


if __name__ == "__main__":
    pin(PINNED, (of_draws,))
