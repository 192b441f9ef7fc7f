"""Every claim that rows decide: it agrees with rows in which it is true, and only with those."""

import pytest

from tests.study.test_report import PSNR, cell_rows, entry, made_up, verdict
from unveil.study.plan import Cell


def run_of(loss, epochs, near_from=1, gained_late=0.0):
    """Return the rows of a CAE on the blur, near its best from one epoch on."""
    first, *others = cell_rows(Cell("blur", "cae", loss, epochs), PSNR[loss])
    scores = [PSNR[loss] - (1.0 if n < near_from else 0.0) for n in range(1, epochs + 1)]
    scores[-1] += gained_late
    history = [entry(n, psnr) for n, psnr in enumerate(scores, 1)]
    return [first | {"history": history}, *others]


@pytest.mark.parametrize(
    ("words", "experiment", "true", "false"),
    [
        ("The CAE restores the blur well", "blur-cae-pixel", 32.0, 27.0),
        ("Not even the perceptual loss", "pixelate-cae-perceptual", 23.0, 29.0),
        ("Residual blocks bring", "blur-rescae-pixel", 31.0, 34.0),
        ("VCAE could not be trained", "blur-vcae-pixel", 22.0, 32.0),
        ("limited on the mosaic", "pixelate-cae-pixel", 23.0, 40.0),
    ],
)
def test_a_claim_of_scores_is_decided_by_them(words, experiment, true, false):
    for psnr, wanted in ((true, "agrees"), (false, "does not agree")):
        changed = [r | {"psnr": psnr} if r["experiment"] == experiment else r for r in made_up()]
        assert verdict(changed, words) == wanted


@pytest.mark.parametrize("nearest", PSNR)
def test_what_looks_best_scores_worst_only_where_it_does(nearest):
    """The nearest in VGG16's features, against its place by PSNR: the lower half of four."""
    rows = made_up()
    for row in rows:
        if row["experiment"] == f"blur-cae-{nearest}" and "measured" in row:
            row["measured"]["vgg_relu2_2"] = [1.0, 1.0, 1.0]
    found = verdict(rows, "best looking reconstructions")
    assert found == ("agrees" if PSNR[nearest] < 30.5 else "does not agree")


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("needs fewer epochs than the pixel", "perceptual", "pixel"),
        ("needs fewer epochs still", "mixed-1", "perceptual"),
    ],
)
def test_who_is_near_its_best_sooner_needs_fewer_epochs(words, first, second):
    for near, wanted in (
        ((2, 4), "agrees"),
        ((4, 2), "does not agree"),
        ((3, 3), "does not agree"),
    ):
        rows = [*run_of(first, 6, near[0]), *run_of(second, 6, near[1])]
        assert verdict(rows, words) == wanted, near
    assert verdict([*run_of(first, 4), *run_of(second, 4)], words) == "undecided"


def test_a_loss_is_flat_where_its_last_third_gains_little():
    words = "The loss flattens"
    for gained, wanted in ((0.05, "agrees"), (0.3, "does not agree")):
        assert verdict(run_of("pixel", 15, gained_late=gained), words) == wanted
    assert verdict(run_of("pixel", 14), words) == "undecided"
