"""What networks are trained on: drawn by seed and step, and what is refused later."""

import pytest

from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Degradation,
    Disk,
    GaussianBlur,
    Motion,
    Pixelate,
    Sample,
    Storage,
    UnevenPixelate,
    Window,
)
from unveil.degradation.families import (
    BLOCKS_PX,
    FAMILIES,
    PARTS,
    RADII_PX,
    SIGMAS_PX,
    WIDEST_BOX_PX,
    Task,
    family_of,
)
from unveil.errors import UsageError

BLUR, MOSAIC, OPTICS = Task("blur", "any"), Task("pixelate", "any"), Task("optics", "any")
STREAM = Task("streaming", "any")

FIRST_DRAWN = [
    "gaussian:kernel=21,sigma=6.806447528622565 in 8bit",
    "gaussian:kernel=29,sigma=4.047854501798144 in 8bit",
    "gaussian:kernel=37,sigma=5.2011769466224 in 8bit",
    "gaussian:kernel=25,sigma=4.884335757735605 in jpeg:63",
]


def drawn(task, steps, seed=0):
    return [degradation for step in range(steps) for degradation in task.draw(seed, step)]


@pytest.mark.parametrize("task", [BLUR, MOSAIC, OPTICS, STREAM], ids=lambda task: task.operator)
def test_what_is_drawn_is_covered(task):
    assert all(task.covers(degradation) for degradation in drawn(task, 500))


def test_the_widest_box_is_as_wide_as_the_widest_gaussian():
    """The variance of n equally likely whole numbers is (n² - 1) / 12."""
    assert WIDEST_BOX_PX % 2 == 1
    deviations = [
        ((size**2 - 1) / 12) ** 0.5 for size in range(WIDEST_BOX_PX - 2, WIDEST_BOX_PX + 3)
    ]
    assert deviations[1] < SIGMAS_PX[1] + 0.5
    assert deviations[-1] > SIGMAS_PX[1]


def test_a_step_always_draws_the_same():
    assert drawn(BLUR, 50, seed=3) == drawn(BLUR, 50, seed=3)
    assert drawn(BLUR, 50, seed=3) != drawn(BLUR, 50, seed=4)


def test_the_parts_of_a_batch_are_drawn_one_by_one():
    assert any(len(set(BLUR.draw(0, step))) == PARTS for step in range(5))


def test_a_family_is_drawn_from_end_to_end():
    blurs = drawn(BLUR, 1000)
    sigmas = [d.operator.sigma for d in blurs if isinstance(d.operator, GaussianBlur)]
    assert min(sigmas) < 1.05 * SIGMAS_PX[0]
    assert max(sigmas) > 0.95 * SIGMAS_PX[1]
    assert any(isinstance(d.operator, BoxBlur) for d in blurs)
    assert {d.storage.kind for d in blurs} == {"8bit", "jpeg"}
    mosaics = [degradation.operator for degradation in drawn(MOSAIC, 1000)]
    assert {m.block for m in mosaics} == set(range(BLOCKS_PX[0], BLOCKS_PX[1] + 1))
    assert {type(m) for m in mosaics} == {Pixelate, Sample}
    assert {m.left for m in mosaics if m.block == 4} == {0, 1, 2, 3}


def test_optics_are_drawn_from_end_to_end_and_in_every_direction():
    blurs = [degradation.operator for degradation in drawn(OPTICS, 1000)]
    assert {type(b) for b in blurs} == {GaussianBlur, BoxBlur, Disk, AnisotropicGaussian}
    radii = [b.radius for b in blurs if isinstance(b, Disk)]
    assert min(radii) < 1.05 * RADII_PX[0]
    assert max(radii) > 0.95 * RADII_PX[1]
    turned = [b for b in blurs if isinstance(b, AnisotropicGaussian)]
    assert min(b.angle_degrees for b in turned) < -85
    assert max(b.angle_degrees for b in turned) > 85
    assert max(b.sigma_x / b.sigma_y for b in turned) > 5


def test_what_the_shipped_blurs_were_drawn_as_stays():
    """Their weights can only be made again if a seed goes on meaning the same blurs."""
    first = [str(degradation) for degradation in BLUR.draw(0, 0)]
    assert first == FIRST_DRAWN


def test_one_operator_is_drawn_every_time():
    task = Task("gaussian:kernel=9,sigma=4", "8bit")
    assert {str(one) for one in drawn(task, 100)} == {"gaussian:kernel=9,sigma=4 in 8bit"}


@pytest.mark.parametrize(
    ("operator", "storage", "covered"),
    [
        (GaussianBlur(9, 4.0), Storage("8bit"), True),
        (GaussianBlur(9, 4.0), Storage("float"), True),
        (GaussianBlur(9, 4.0), Storage("jpeg", 49), False),
        (GaussianBlur(61, 10.0), Storage("8bit"), False),
        (GaussianBlur(3, 0.5), Storage("8bit"), False),
        (BoxBlur(9), Storage("8bit"), True),
        (BoxBlur(99), Storage("8bit"), False),
        (Window((4, 3, 1)), Storage("8bit"), False),
        (Disk(4.0), Storage("8bit"), False),
        (AnisotropicGaussian(4.0, 2.0), Storage("8bit"), False),
        (Pixelate(8), Storage("8bit"), False),
    ],
    ids=str,
)
def test_the_blur_family_has_bounds(operator, storage, covered):
    assert BLUR.covers(Degradation(operator, storage)) is covered


@pytest.mark.parametrize(
    ("operator", "storage", "covered"),
    [
        (Disk(4.0), Storage("8bit"), True),
        (Disk(1.0), Storage("8bit"), False),
        (Disk(4.0), Storage("jpeg", 30), False),
        (AnisotropicGaussian(4.0, 2.0, 30), Storage("jpeg", 75), True),
        (AnisotropicGaussian(2.0, 4.0), Storage("8bit"), True),
        (AnisotropicGaussian(4.0, 0.2), Storage("8bit"), False),
        (AnisotropicGaussian(9.0, 4.0), Storage("8bit"), False),
        (GaussianBlur(9, 4.0), Storage("8bit"), True),
        (Pixelate(8), Storage("8bit"), False),
    ],
    ids=str,
)
def test_optics_have_bounds(operator, storage, covered):
    assert OPTICS.covers(Degradation(operator, storage)) is covered


def test_blurs_of_lenses_are_a_family_of_their_own():
    assert family_of(Disk(4.0)) == family_of(AnisotropicGaussian(4.0, 2.0)) == "optics"
    assert family_of(GaussianBlur(9, 4.0)) == "blur"


@pytest.mark.parametrize("operator", [Motion(7, 30), UnevenPixelate(7.5), UnevenPixelate(8)])
def test_some_operators_are_in_no_family(operator):
    assert family_of(operator) is None
    assert not any(family.covers(operator) for family in FAMILIES.values())


def test_weights_for_every_quality_of_jpeg_help_with_h264():
    fine, coarse = Storage("h264", 23), Storage("h264", 40)
    one = Task("gaussian:kernel=9,sigma=4", "8bit")
    assert BLUR.helps(Degradation(GaussianBlur(9, 4.0), fine))
    assert not BLUR.covers(Degradation(GaussianBlur(9, 4.0), fine))
    assert not BLUR.helps(Degradation(GaussianBlur(9, 4.0), coarse))
    assert not one.helps(Degradation(GaussianBlur(9, 4.0), fine))


def test_a_task_that_is_none_is_refused():
    with pytest.raises(UsageError, match="blurr"):
        Task("blurr", "8bit")
    with pytest.raises(UsageError, match="anyy"):
        Task("blur", "anyy")
