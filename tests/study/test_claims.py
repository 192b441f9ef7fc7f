"""Every claim that rows decide: it agrees with rows in which it is true, and only with those."""

import pytest

from tests.conftest import assert_told
from tests.study.test_report import PSNR, cell_rows, entry, made_up, verdict, write_study
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


BELOW, COLOURS = "scores below its own input", "lets colours drift"


def raw_rows(perceptual, mixed, before=(26.0, 0.1)):
    """Return rows with a raw perceptual term; of each run, the PSNR and the shift of colours."""
    found = [*run_of("perceptual", 1), *run_of("mixed-1", 1), made_up()[0]]
    spreads = ((-1, 0, 1), (1, 0, -1), (1, -1, 0))  # of three photos
    runs = zip((found[0], found[2], found[4]), (perceptual, mixed, before), spreads, strict=True)
    for row, (psnr, shift), spread in runs:
        row["measured"] = {
            "psnr": [psnr + part / 10 for part in spread],
            "colour_shift": [shift * (1 + part / 100) for part in spread],
        }
    return found


@pytest.mark.parametrize(
    ("perceptual", "mixed", "below", "colours"),
    [
        ((24.0, 9.0), (27.0, 2.0), "agrees", "agrees"),
        ((29.0, 9.0), (27.0, 12.0), "does not agree", "does not agree"),
        ((26.0, 0.5), (27.0, 0.2), "undecided", "does not agree"),
        ((24.0, 9.0), (27.0, 4.5), "agrees", "undecided"),
        ((24.0, 9.0), (27.0, 8.0), "agrees", "does not agree"),
    ],
)
def test_raw_losses_are_judged_by_scores_and_by_mean_colours(perceptual, mixed, below, colours):
    raw = raw_rows(perceptual, mixed)
    assert verdict(made_up(), BELOW, raw) == below
    assert verdict(made_up(), COLOURS, raw) == colours


def test_raw_losses_are_undecided_without_their_runs():
    whole = raw_rows((24.0, 9.0), (27.0, 2.0))
    diverged = [{**whole[0], "psnr": None, "measured": {}}, *whole[1:]]
    longer = [{**whole[0], "epochs": 2}, *whole[1:]]
    one = [{**row, "measured": {"psnr": [24.0], "colour_shift": [9.0]}} for row in whole]
    for raw in (None, whole[:2], diverged, longer, one):
        for words in (BELOW, COLOURS):
            assert verdict(made_up(), words, raw) == "undecided"


def test_a_study_of_raw_losses_is_judged_beside_another_and_alone(tmp_path, cli):
    study = write_study(tmp_path / "study", made_up())
    raw = write_study(tmp_path / "raw", raw_rows((24.0, 9.0), (27.0, 2.0)), scale="raw")
    for words in ((study, "--raw", raw), (raw,)):
        assert cli("study", "report", *words, "--output", tmp_path / "out").status == 0
        said = (tmp_path / "out" / "report.md").read_text()
        assert "9.0 levels, with the pixel term by 2.0, in the input by 0.1" in said
        assert "-2.00 ± 0.20 dB after 1 epoch(s); with the pixel term +1.00 ±" in said
    done = cli("study", "report", raw, "--raw", study)
    assert done.status == 0  # alone it is its own
    assert_told(cli("study", "report", study, "--raw", study), 1, study, "takes a raw one")
    assert_told(cli("study", "report", study, "--raw", tmp_path), 1, "not the folder of a study")
