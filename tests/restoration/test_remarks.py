"""What restoring says: which words, in which order, and what of it warns."""

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from unveil.degradation import (
    Degradation,
    Disk,
    GaussianBlur,
    Motion,
    Pixelate,
    Storage,
    UnevenPixelate,
)
from unveil.degradation.degrade import degrade
from unveil.errors import UsageError
from unveil.estimation.finding import Finding
from unveil.images.box import Box
from unveil.restoration.blurred import Attempt
from unveil.restoration.parts import said_of
from unveil.restoration.pipeline import (
    NOT_DRAWN,
    Restored,
    _as_kept,
    draw,
    restore,
    uncertainty_map,
)
from unveil.restoration.realism import LABEL
from unveil.restoration.restorers import ClosedForm, load
from unveil.restoration.steps import Request, assumed, decide, described, find, used

EIGHT_BIT = Storage("8bit")
BLUR, WIDE, ODD = GaussianBlur(11, 1.8), GaussianBlur(61, 12.0), Motion(7, 20.0)


def photo() -> np.ndarray:
    return data.astronaut()[40:100, 190:258].transpose(2, 0, 1)[None] / np.float32(255)


def words(done: Restored) -> list[tuple[str, bool]]:
    return [(remark.text, remark.is_warning) for remark in done.remarks]


def by_lmmse(model: str):
    """Load the closed form in place of weights."""
    return load("lmmse")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"realism": -0.1}, "realism -0.1 must be between 0 and 1"),
        ({"realism": 1.1}, "between 0 and 1"),
        ({"mask": np.ones((4, 4))}, "a mask needs the operator"),
        (
            {"mask": np.ones((4, 4)), "operator": BLUR, "box": Box(0, 0, 4, 4)},
            "no box and no model",
        ),
        ({"mask": np.ones((4, 4)), "operator": BLUR, "model": "lmmse"}, "no box and no model"),
        ({"mask": np.zeros((4, 4)), "operator": BLUR}, "the mask is black"),
    ],
)
def test_what_cannot_be_asked_is_refused(values, said):
    with pytest.raises(UsageError, match=said):
        Request(**values)


def test_what_can_be_asked_has_defaults():
    Request(operator=BLUR, mask=np.eye(4))
    assert Request(realism=1.0).realism == 1
    plain = Request()
    assert (plain.consistent, plain.force, plain.is_fast, plain.realism) == (False, False, False, 0)
    assert (plain.seed, plain.mask, plain.operator, plain.box, plain.model) == (None,) * 5


def test_a_mask_of_another_size_is_refused_in_width_and_height():
    request = Request(operator=BLUR, mask=np.ones((30, 40)))
    with pytest.raises(UsageError, match="the mask has 40x30 pixels, the picture 68x60"):
        find(photo(), EIGHT_BIT, request)


def test_a_statement_is_repeated_and_its_contradiction_warned_of():
    blurred = degrade(photo(), Degradation(BLUR))
    finding, (said,) = find(blurred, EIGHT_BIT, Request(operator=BLUR))
    assert (finding.operator, finding.confidence, finding.box) == (BLUR, None, None)
    assert (said.text, said.is_warning) == (f"stated: {BLUR}, kept as 8bit", False)
    box = Box(4, 4, 50, 50)
    _, remarks = find(blurred, EIGHT_BIT, Request(operator=Pixelate(8), box=box))
    assert remarks[0].text == f"stated: pixelate:block=8, in {box}, kept as 8bit"
    assert remarks[1].text.startswith("stated pixelate:block=8, but the image looks like no mosaic")
    assert remarks[1].is_warning


def test_nothing_to_undo_is_said():
    restorer, (said,) = decide(None, Request(), by_lmmse)
    assert restorer is None
    assert (said.text, said.is_warning) == ("nothing to undo: the input is left as it is", False)


@pytest.mark.parametrize(
    ("operator", "stated", "warns"),
    [(WIDE, True, True), (WIDE, False, False), (ODD, True, False)],
)
def test_what_is_beyond_all_weights_is_left_to_the_closed_form(operator, stated, warns):
    """A warning where weights of its family are there and somebody states it."""
    asked: list[str] = []
    request = Request(operator=operator if stated else None)
    restorer, remarks = decide(
        Degradation(operator), request, lambda name: asked.append(name) or load(name)
    )
    assert asked == ["lmmse"]
    assert isinstance(restorer, ClosedForm)
    assert [remark.is_warning for remark in remarks] == [warns, False]
    assert remarks[0].text.endswith(": using the closed form")
    assert remarks[1].text.startswith(f"undoing {Degradation(operator)} with lmmse on ")


def test_a_model_that_is_asked_for_is_taken():
    restorer, (said,) = decide(Degradation(BLUR), Request(model="tikhonov"), load)
    assert restorer.name == "tikhonov"
    assert said.text.startswith(f"undoing {BLUR}")
    assert described(Degradation(BLUR), restorer) == str(Degradation(BLUR))
    assert assumed(Request(model="tikhonov"), EIGHT_BIT, load) is None
    assert assumed(Request(), EIGHT_BIT, load) is None


def test_a_row_says_what_was_found_and_used():
    lmmse = load("lmmse")
    assert used(None, None) == {"model": None}
    assert used({"a": 1}, None) == {"a": 1, "model": None}
    assert used({"a": 1}, lmmse) == {"a": 1, "model": "lmmse", "runtime": str(lmmse.runtime)}
    assert used(None, lmmse, ["parts-blur"])["model"] == "lmmse, parts-blur"


def test_what_is_undone_just_as_stated_has_no_more_to_say():
    blurred = degrade(photo(), Degradation(BLUR))
    done = restore(blurred, EIGHT_BIT, Request(operator=BLUR), by_lmmse)
    assert [text.split(":")[0].split(" ")[0] for text, _ in words(done)] == ["stated", "undoing"]
    assert (done.is_plain, done.label, done.error) == (True, None, None)
    assert done.restorer.name == "lmmse"
    assert not any(warning for _, warning in words(done))


def test_what_is_not_undone_says_why_and_how_all_the_same():
    done = restore(photo(), EIGHT_BIT, Request(operator=BLUR), by_lmmse)
    text, warning = words(done)[-1]
    assert text.startswith("not undone: ")
    assert text.endswith("; --force undoes it all the same")
    assert warning
    assert done.restorer is None
    np.testing.assert_array_equal(done.images, photo())
    forced = restore(photo(), EIGHT_BIT, Request(operator=BLUR, force=True), by_lmmse)
    assert (forced.images != photo()).any()
    assert not any(text.startswith("not undone") for text, _ in words(forced))


def test_what_is_undone_nearly_says_so_and_is_not_made_consistent():
    rows, columns = np.mgrid[:60, :68]
    mask = np.clip(1.4 - np.hypot((rows - 30) / 22, (columns - 33) / 25), 0, 1).astype(np.float32)
    images = mask * degrade(photo(), Degradation(BLUR)) + (1 - mask) * photo()
    request = Request(operator=BLUR, mask=mask, consistent=True)
    done = restore(images, EIGHT_BIT, request, by_lmmse)
    said = [
        (text, warning)
        for text, warning in words(done)
        if not text.startswith(("stated", "undoing"))
    ]
    assert [warning for _, warning in said] == [False, True]
    assert said[0][0].startswith("undone nearly")
    assert said[1][0].startswith("not made consistent")
    assert not done.is_plain
    real = restore(images, EIGHT_BIT, replace(request, realism=1.0, consistent=False), by_lmmse)
    assert words(real)[-1][0] in (
        LABEL,
        "no detail is made up: blurred again, the picture would not be the input",
    )
    assert (real.label == LABEL) == ((real.images != done.images).any())


def test_real_pictures_are_labelled_and_drawn_from_the_seed():
    mosaic = degrade(photo(), Degradation(Pixelate(20)))
    request = Request(operator=Pixelate(20))
    done = restore(mosaic, EIGHT_BIT, request, by_lmmse)
    real = restore(mosaic, EIGHT_BIT, replace(request, realism=1.0), by_lmmse)
    assert (done.label, real.label) == (None, LABEL)
    assert words(real)[-1] == (LABEL, False)
    one, again, other = (draw(mosaic, done, request, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    nothing = restore(photo(), EIGHT_BIT, Request(operator=BLUR), by_lmmse)
    with pytest.raises(UsageError, match="--samples is for a blur or mosaic"):
        draw(photo(), nothing, request, 1)
    assert NOT_DRAWN.startswith("--samples")


def test_the_map_of_uncertainty_is_white_at_a_tenth():
    error = np.array([0.0, 0.025, 0.1, 0.2], np.float32).reshape(1, 1, 1, 4)
    found = uncertainty_map(error)
    assert found.shape == (1, 3, 1, 4)
    np.testing.assert_allclose(found[0, 2, 0], [0, 0.25, 1, 1], atol=1e-6)
    with pytest.raises(UsageError, match="no uncertainty is known here"):
        uncertainty_map(None)


def test_what_came_of_a_part_is_said_with_its_place_and_gain():
    part = Finding(BLUR, EIGHT_BIT, 0.9, None, Box(1, 2, 30, 40))
    images = photo()
    left = said_of(Attempt(images, reason="too small"), part).text
    assert left == f"{part.box}: left as it is (too small)"
    whole = said_of(Attempt(images, 1.26), replace(part, box=None)).text
    assert whole == "the whole picture: restored as nearly as it is known, about 1.3 dB"
    assert said_of(Attempt(images), part).text == f"{part.box}: restored as nearly as it is known"


def test_parts_are_kept_as_their_own_pixels_show():
    """Other parts are looked at, too; what is all of the picture stays as it was found."""
    part = Finding(BLUR, Storage("jpeg", 60), 0.9, None, Box(0, 0, 40, 40))
    whole = replace(part, box=None, others=(part,))
    found = _as_kept(photo(), EIGHT_BIT, whole)
    assert found.storage == Storage("jpeg", 60)
    assert found.others[0].storage == EIGHT_BIT
    assert _as_kept(photo(), EIGHT_BIT, part).storage == EIGHT_BIT


@pytest.mark.parametrize("operator", [Disk(3.0), UnevenPixelate(5.5)], ids=str)
def test_one_colour_is_left_as_it_is_whatever_is_stated(operator):
    plain = np.full((1, 3, 60, 68), 0.4, np.float32)
    done = restore(plain, EIGHT_BIT, Request(operator=operator, force=True), by_lmmse)
    np.testing.assert_array_equal(done.images, plain)
