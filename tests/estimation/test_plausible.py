"""What may have blurred a part: shares, widths, and what no answer is given for."""

from dataclasses import replace

import pytest

from unveil.degradation import GaussianBlur, Storage, Unchanged
from unveil.degradation.kernels import spread_px
from unveil.estimation.finding import Finding
from unveil.estimation.plausible import KINDS, blur_of, plausible, reach_px

FOUND = Finding(
    GaussianBlur(25, 4.0), Storage("8bit"), 0.8, None, None, "gaussian", 4.0, 3.2, 5.0
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [0.9, 2.0, 3.7])
def test_blurs_of_a_width_have_that_width(kind, width):
    assert spread_px(blur_of(kind, width)) == pytest.approx(width, rel=0.06)


def test_shares_are_chances():
    """They sum to 1; the found kind has its confidence and its part of what is left."""
    blurs = plausible(FOUND)
    assert blurs is not None
    assert sum(share for share, _ in blurs) == pytest.approx(1)
    gaussian = sum(share for share, blur in blurs if isinstance(blur, GaussianBlur))
    assert gaussian == pytest.approx(0.8 + 0.2 * 0.6 / 3)
    assert sum(share for share, b in blurs if isinstance(b, Unchanged)) == pytest.approx(0.08)
    assert reach_px(blurs) >= 12


def test_the_interval_sets_how_far_widths_lie_apart():
    def widths(finding: Finding) -> list[float]:
        return [blur.sigma for _, blur in plausible(finding) or () if hasattr(blur, "sigma")]

    wide, narrow = (widths(replace(FOUND, low_px=low, high_px=16 / low)) for low in (2, 3.5))
    assert min(wide) < min(narrow) < 4 < max(narrow) < max(wide)


@pytest.mark.parametrize(
    "other",
    [{"kind": "motion"}, {"kind": "other"}, {"strength_px": None}, {"low_px": None}],
)
def test_what_is_no_blur_of_a_known_width_has_none(other):
    assert plausible(replace(FOUND, **other)) is None


def test_a_short_kernel_is_narrower_than_its_sigma():
    """Of sigma 3.2 in 7 pixels, 1.9: as wide as its sigma, it made a picture 7 dB worse."""
    short = replace(FOUND, operator=GaussianBlur(7, 3.2), strength_px=3.2, low_px=3.1, high_px=3.3)
    blurs = [blur for _, blur in plausible(short) or () if isinstance(blur, GaussianBlur)]
    assert all(1.7 < spread_px(blur) < 2.1 for blur in blurs)
