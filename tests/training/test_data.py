"""The batches, the cache of crops, and augmentation."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from unveil.config import DataConfig
from unveil.errors import UnveilError
from unveil.files import cache_folder
from unveil.images.photos import list_photos
from unveil.training.augment import augment
from unveil.training.data import epoch_batches, open_photos


@pytest.fixture
def folder(photo_folder, tmp_path):
    """Return a copy of the photos that a test may change."""
    return shutil.copytree(photo_folder, tmp_path / "photos")


def config(folder, **changes):
    return DataConfig(
        **({"data": folder, "crop_px": 64, "test_photos": 6, "validation_photos": 4} | changes)
    )


def test_paths_are_sorted_relative_and_slashed(folder):
    paths = list_photos(folder)
    assert paths == sorted(paths)
    assert all((folder / path).is_file() and "/" in path for path in paths)


def test_crops_are_the_center_of_the_decoded_photos(folder):
    photos = open_photos(config(folder))
    for number, path in enumerate(photos.paths):
        pixels = np.asarray(Image.open(folder / path))
        np.testing.assert_array_equal(photos.crops[number], pixels[32:96, 32:96])


def test_a_batch_keeps_the_contract(folder):
    photos = open_photos(config(folder))
    batch = photos.batch(torch.tensor([5, 2]), "cpu")
    assert batch.shape == (2, 3, 64, 64)
    assert batch.dtype == torch.float32
    expected = torch.from_numpy(photos.crops[2].copy()).permute(2, 0, 1).float() / 255
    torch.testing.assert_close(batch[1], expected)


def test_the_cache_is_a_memory_map_and_is_used_again(folder):
    first = open_photos(config(folder))
    (cached,) = cache_folder().glob("*.npy")
    written = cached.stat().st_mtime_ns
    second = open_photos(config(folder))
    assert isinstance(second.crops, np.memmap)
    assert first.fingerprint == second.fingerprint
    assert cached.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: b"no array",
        lambda content: content.replace(b"(24, 64", b"(23, 64"),
    ],
    ids=["cut", "header cut", "empty", "something else", "another shape"],
)
def test_a_damaged_cache_is_made_again(folder, damage):
    first = np.array(open_photos(config(folder)).crops)
    (cached,) = cache_folder().glob("*.npy")
    cached.write_bytes(damage(cached.read_bytes()))
    again = open_photos(config(folder)).crops
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(np.load(cached), first)


def test_the_fingerprint_follows_content_names_and_crop(folder):
    before = open_photos(config(folder)).fingerprint
    assert open_photos(config(folder, crop_px=48)).fingerprint != before
    photo = folder / list_photos(folder)[0]
    renamed = photo.rename(photo.with_name("renamed.jpg"))
    assert open_photos(config(folder)).fingerprint != before
    renamed.rename(photo)
    assert open_photos(config(folder)).fingerprint == before
    Image.effect_noise((128, 128), 50).convert("RGB").save(photo)
    assert open_photos(config(folder)).fingerprint != before


def test_broken_and_small_photos_are_all_named_and_nothing_is_cached(folder):
    paths = [folder / path for path in list_photos(folder)]
    paths[3].write_bytes(paths[3].read_bytes()[:500])
    Image.new("RGB", (128, 40)).save(paths[7])
    with pytest.raises(UnveilError) as caught:
        open_photos(config(folder))
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert str(paths[3]) in lines[0]
    assert "damaged" in lines[0]
    assert str(paths[7]) in lines[1]
    assert "128x40" in lines[1]
    assert not list(cache_folder().iterdir())


class TestEpochs:
    numbers = torch.arange(100, 203)

    def epoch(self, seed=0, epoch=0):
        return torch.stack(list(epoch_batches(self.numbers, 8, seed, epoch)))

    def test_every_photo_comes_at_most_once_in_full_batches(self):
        batches = self.epoch()
        assert batches.shape == (12, 8)
        assert len(set(batches.flatten().tolist())) == 96

    def test_the_order_is_a_function_of_seed_and_epoch(self):
        assert torch.equal(self.epoch(), self.epoch())
        assert not torch.equal(self.epoch(), self.epoch(epoch=1))
        assert not torch.equal(self.epoch(), self.epoch(seed=1))


def test_a_margin_is_around_the_same_crop(folder):
    """Photos that can be moved are scored on the crop that all others are."""
    numbers, cpu = torch.arange(3), "cpu"
    plain, wide = open_photos(config(folder)), open_photos(config(folder), 4)
    crop = plain.batch(numbers, cpu)
    assert torch.equal(wide.batch(numbers, cpu), crop)
    assert torch.equal(wide.batch(numbers, cpu, 4)[..., 4:-4, 4:-4], crop)


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
