"""numpy and torch give the same numbers, for everything that computes on images."""

import numpy as np
import pytest

from tests.conftest import library_named
from tests.linear.test_linear import BLURS, MOSAICS, PRIOR, SLANTED, drawn
from unveil.degradation import OPERATORS, Degradation, Storage
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import obfuscate
from unveil.degradation.randomness import repeatable
from unveil.images.box import Box
from unveil.linear.closed_forms import restore_closed_form
from unveil.metrics.detail import detail
from unveil.metrics.nlpd import nlpd
from unveil.metrics.quality import METRICS
from unveil.restoration.consistency import make_consistent
from unveil.restoration.paste import paste

EVERY_OPERATOR = [*BLURS, *SLANTED, *MOSAICS, *(spec() for spec in OPERATORS.values())]
STORAGES = [Storage("float"), Storage("8bit"), Storage("jpeg", 75)]
FORMS = [
    *((name, operator) for name in ("lmmse", "tikhonov") for operator in [*BLURS, *SLANTED]),
    *(("richardson-lucy", operator) for operator in BLURS),
    *((name, operator) for name in ("lmmse", "bicubic", "lanczos") for operator in MOSAICS),
]

pytestmark = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def assert_alike(formula, *images, atol=1e-5):
    """Check that both libraries compute the same."""
    with_numpy, with_torch = (
        library_named(name).compute(formula, *images) for name in ("numpy", "torch")
    )
    assert with_numpy.dtype == with_torch.dtype
    np.testing.assert_allclose(with_numpy, with_torch, atol=atol, rtol=1e-5)


@pytest.mark.parametrize("operator", EVERY_OPERATOR, ids=str)
def test_operators(operator, dtype):
    drawing = repeatable(operator)
    assert_alike(lambda x: obfuscate(x, drawing), drawn().astype(dtype))


@pytest.mark.parametrize("storage", STORAGES, ids=str)
def test_storages(storage, dtype):
    known = Degradation(MOSAICS[0], storage)
    assert_alike(lambda x: degrade(x, known), drawn().astype(dtype))


@pytest.mark.parametrize(("name", "operator"), FORMS, ids=str)
def test_closed_forms(name, operator, dtype):
    known = Degradation(operator, Storage("8bit"))
    obfuscated = degrade(drawn().astype(dtype), known)
    assert_alike(lambda x: restore_closed_form(name, PRIOR, x, known), obfuscated)


@pytest.mark.parametrize("metric", [*METRICS.values(), nlpd, detail])
def test_metrics(metric, dtype):
    clean = drawn().astype(dtype)
    assert_alike(metric, obfuscate(clean, BLURS[0]), clean)


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, *MOSAICS], ids=str)
def test_consistency(operator, dtype):
    known, clean = Degradation(operator), drawn().astype(dtype)
    guess = drawn(seed=1).astype(dtype)
    obfuscated = degrade(clean, known)
    assert_alike(lambda x, y: make_consistent(x, y, known, PRIOR), guess, obfuscated)


def test_pasting(dtype):
    picture, restored = (drawn(1, seed=seed).astype(dtype) for seed in (0, 1))
    assert_alike(lambda x, y: paste(x, y, Box(10, 8, 24, 16), 8), picture, restored)
