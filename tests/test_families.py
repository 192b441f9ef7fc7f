"""What networks are trained on: drawn by seed and step, and what is refused later."""

import pytest

from unveil.errors import UsageError
from unveil.families import BLOCKS_PX, PARTS, SIGMAS_PX, Task
from unveil.specs import BoxBlur, Degradation, GaussianBlur, Pixelate, Sample, Storage, Window

BLUR, MOSAIC = Task("blur", "any"), Task("pixelate", "any")


def drawn(task, steps, seed=0):
    return [degradation for step in range(steps) for degradation in task.draw(seed, step)]


@pytest.mark.parametrize("task", [BLUR, MOSAIC], ids=["blur", "pixelate"])
def test_what_is_drawn_is_covered(task):
    assert all(task.covers(degradation) for degradation in drawn(task, 500))


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
        (Pixelate(8), Storage("8bit"), False),
    ],
    ids=str,
)
def test_the_blur_family_has_bounds(operator, storage, covered):
    assert BLUR.covers(Degradation(operator, storage)) is covered


def test_a_task_that_is_none_is_refused():
    with pytest.raises(UsageError, match="blurr"):
        Task("blurr", "8bit")
    with pytest.raises(UsageError, match="anyy"):
        Task("blur", "anyy")
