"""Augmented photos: parts of the photo, drawn by seed and step, all places as likely."""

import torch

from unveil.training.augment import augment


def numbered(batch: int = 400, side: int = 12) -> torch.Tensor:
    """Return images whose pixels say where they are."""
    return torch.arange(side * side).float().view(1, 1, side, side).expand(batch, 1, side, side)


def test_nothing_is_drawn_where_nothing_is_asked_for():
    images = numbered(3)
    assert torch.equal(augment(images, 0, 5, flip=False, shift_px=0), images)


def test_a_moved_photo_is_a_part_of_it_and_every_place_comes():
    found = augment(numbered(), 0, 0, flip=False, shift_px=2)
    assert found.shape == (400, 1, 8, 8)
    corners = found[:, 0, 0, 0].long()
    places = {(int(c) // 12, int(c) % 12) for c in corners}
    assert places == {(y, x) for y in range(5) for x in range(5)}
    assert torch.equal(found[:, 0, 3, 4], corners + 3 * 12 + 4)


def test_half_are_mirrored():
    found = augment(numbered(), 0, 0, flip=True, shift_px=0)
    mirrored = found[:, 0, 0, 0] == 11
    assert 150 < int(mirrored.sum()) < 250
    assert torch.equal(found[mirrored], numbered(int(mirrored.sum())).flip(-1))


def test_the_same_step_draws_the_same_and_another_step_another():
    first, again, other = (
        augment(numbered(), 1, step, flip=True, shift_px=2) for step in (7, 7, 8)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
