"""--consistent: the answer, obfuscated again, is the input."""

import pytest
import torch

from tests.linear.test_linear import BLURS, MOSAICS, PRIOR, SLANTED, drawn
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import block_means, obfuscate
from unveil.restoration.consistency import make_consistent


@pytest.mark.parametrize("operator", MOSAICS, ids=str)
def test_a_mosaics_blocks_are_kept_to_half_a_level(operator):
    degradation = Degradation(operator)
    clean = drawn()
    obfuscated = degrade(clean, degradation)
    guess = (clean + 0.2 * torch.randn_like(clean)).clamp(0, 1)
    found = make_consistent(guess, obfuscated, degradation, PRIOR)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (obfuscate(found, operator) - obfuscated).abs().max() < 0.5 / 255


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED], ids=str)
@pytest.mark.parametrize("storage", [Storage("8bit"), Storage("jpeg", 80)], ids=str)
def test_a_blurs_residual_is_the_storages_noise(operator, storage):
    degradation = Degradation(operator, storage)
    clean = drawn()
    obfuscated = degrade(clean, degradation)
    noise = (obfuscated - obfuscate(clean, operator)).square().mean()
    found = make_consistent(torch.full_like(clean, 0.5), obfuscated, degradation, PRIOR)
    residual = (obfuscate(found, operator) - obfuscated).square().mean()
    assert residual < 1.5 * noise


def test_a_mosaics_projection_is_orthogonal_where_nothing_clips():
    """What changes is constant in every block: the nearest consistent picture."""
    operator = Pixelate(6, 2, 3)
    clean = 0.3 + 0.4 * drawn()
    guess = 0.3 + 0.4 * drawn(seed=1)
    obfuscated = obfuscate(clean, operator)
    change = make_consistent(guess, obfuscated, Degradation(operator), PRIOR) - guess
    torch.testing.assert_close(obfuscate(change, operator), change, atol=1e-6, rtol=0)


def test_what_is_consistent_is_left_alone():
    clean, operator = drawn(), Pixelate(8)
    found = make_consistent(clean, obfuscate(clean, operator), Degradation(operator), PRIOR)
    torch.testing.assert_close(found, clean, atol=1e-6, rtol=0)


def test_black_and_white_blocks_stay_within_range():
    hard = drawn().round()
    operator = Pixelate(4, 1, 0)
    obfuscated = obfuscate(hard, operator)
    found = make_consistent(torch.rand_like(hard), obfuscated, Degradation(operator), PRIOR)
    miss = (block_means(found, 4, 1, 0) - block_means(obfuscated, 4, 1, 0)).abs()
    assert miss.max() < 0.5 / 255
