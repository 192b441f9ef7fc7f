"""--consistent: the answer, obfuscated again, is the input. In both libraries."""

import numpy as np
import pytest

from tests.linear.test_linear import BLURS, MOSAICS, PRIOR, SLANTED, drawn
from unveil.degradation import Degradation, Pixelate, Sample, Storage
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import block_means, obfuscate
from unveil.restoration.consistency import make_consistent

MEANS = [operator for operator in MOSAICS if not isinstance(operator, Sample)]


@pytest.fixture
def consistent(library):
    """Return a function that makes numpy's images consistent in each library."""

    def consistent(restored: np.ndarray, obfuscated: np.ndarray, known: Degradation) -> np.ndarray:
        return library.compute(
            lambda found, seen: make_consistent(found, seen, known, PRIOR), restored, obfuscated
        )

    return consistent


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("operator", MOSAICS, ids=str)
def test_a_mosaics_blocks_are_kept_to_half_a_level(operator, dtype, consistent):
    degradation = Degradation(operator)
    clean = drawn().astype(dtype)
    obfuscated = degrade(clean, degradation)
    noise = 0.2 * np.random.default_rng(0).standard_normal(clean.shape, dtype=dtype)
    found = consistent((clean + noise).clip(0, 1), obfuscated, degradation)
    assert found.dtype == dtype
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.abs(obfuscate(found, operator) - obfuscated).max() < 0.5 / 255


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED], ids=str)
@pytest.mark.parametrize("storage", [Storage("8bit"), Storage("jpeg", 80)], ids=str)
def test_a_blurs_residual_is_the_storages_noise(operator, storage, consistent):
    degradation = Degradation(operator, storage)
    clean = drawn()
    obfuscated = degrade(clean, degradation)
    noise = np.square(obfuscated - obfuscate(clean, operator)).mean()
    found = consistent(np.full_like(clean, 0.5), obfuscated, degradation)
    residual = np.square(obfuscate(found, operator) - obfuscated).mean()
    assert residual < 1.5 * noise


@pytest.mark.parametrize("operator", MEANS, ids=str)
def test_a_mosaics_projection_is_orthogonal_where_nothing_clips(operator, consistent):
    """What changes is constant in every block: the nearest consistent picture."""
    clean = 0.3 + 0.4 * drawn()
    guess = 0.3 + 0.4 * drawn(seed=1)
    obfuscated = obfuscate(clean, operator)
    change = consistent(guess, obfuscated, Degradation(operator)) - guess
    np.testing.assert_allclose(obfuscate(change, operator), change, atol=1e-6)


def test_what_is_consistent_is_left_alone(consistent):
    clean, operator = drawn(), Pixelate(8)
    found = consistent(clean, obfuscate(clean, operator), Degradation(operator))
    np.testing.assert_allclose(found, clean, atol=1e-6)


@pytest.mark.parametrize("operator", MEANS, ids=str)
def test_black_and_white_blocks_stay_within_range(operator, consistent):
    hard = drawn().round()
    obfuscated = obfuscate(hard, operator)
    guess = np.random.default_rng(0).random(hard.shape, dtype=np.float32)
    found = consistent(guess, obfuscated, Degradation(operator))
    miss = np.abs(block_means(found, operator) - block_means(obfuscated, operator))
    assert miss.max() < 0.5 / 255
