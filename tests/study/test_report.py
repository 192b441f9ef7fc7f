"""The report is a function of the rows: the same rows, the same bytes; other rows, other words."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.conftest import assert_told
from unveil.study.plan import ARCHITECTURES, KL_WEIGHTS, LOSSES, PAPER, Cell, plan
from unveil.study.report import charts, tables
from unveil.study.report.claims import Interval
from unveil.study.report.select import results_of
from unveil.study.report.verdicts import agreement

PSNR = {"pixel": 32.0, "mixed-1": 31.0, "mixed-0.5": 30.0, "perceptual": 29.0}
PHOTOS = ["A/A_0001.jpg", "B/B_0001.jpg", "C/C_0001.jpg"]


def entry(epoch, psnr):
    return {
        "epoch": epoch,
        "psnr": psnr,
        "ssim_deck": 0.8,
        "kl": 0.5,
        "validation_loss": 4 * 10 ** (-psnr / 10),
        "images_per_second": 50.0,
    }


def make_row(name, experiment, psnr, storage, **more):
    obfuscation = experiment.partition("-")[0]
    return {
        "cell": name,
        "experiment": experiment,
        "obfuscation": obfuscation,
        "model": name,
        "operator": "gaussian:kernel=9,sigma=4",
        "storage": storage,
        "split": "test",
        "images": 8,
        "psnr": psnr,
        "ssim": 0.9,
        "ssim_deck": 0.8765,
        "images_per_second": 60.0,
        "device": "a CPU",
        "precision": "bf16",
        "commit": "c" * 40,
        "versions": {},
        "measures_absent": ["lpips: not here"],
        **more,
    }


def cell_rows(cell: Cell, psnr):
    about = {
        "architecture": cell.architecture,
        "loss": cell.loss,
        "epochs": cell.epochs,
        "seed": cell.seed,
        "photos": 600,
        "kl_weight": cell.kl_weight,
        "vgg": "oxford",
    }
    history = [entry(n + 1, psnr - 2 / (n + 1)) for n in range(cell.epochs)]
    values = [psnr - 1, psnr, psnr + 1]
    details = {
        "history": history,
        "measured": {"psnr": values, "vgg_relu2_2": [1000 * v for v in values]},
        "pictures": {path: {"psnr": psnr, "ssim_deck": 0.5} for path in PHOTOS},
    }
    return [
        make_row(cell.name, cell.experiment, psnr, "float", **about, **details),
        make_row(cell.name, cell.experiment, psnr - 0.1, "8bit", **about),
    ]


def made_up():
    """Rows of a whole study, scores made up: each run's PSNR follows from its name."""
    found = []
    for name, psnr in (("blur", 26.0), ("pixelate", 22.0)):
        more = {"measured_photos": PHOTOS, "pictures": {}}
        found.append(make_row(name, name, psnr, "float", **more) | {"model": "identity"})
        found.append(make_row(name, name, psnr, "8bit") | {"model": "identity"})
    for cell in plan("laptop", epochs=4):
        psnr = PSNR[cell.loss] - (6 if cell.obfuscation == "pixelate" else 0) + cell.seed / 10
        if cell.kl_weight is not None:
            psnr -= 10 * KL_WEIGHTS.index(cell.kl_weight) / len(KL_WEIGHTS)
        found += cell_rows(cell, psnr)
    return found


@pytest.fixture
def rows():
    return made_up()


def write_study(folder, rows, scale="calibrated"):
    folder.mkdir()
    data = {"fingerprint": "f" * 64, "splits": {"train": 600, "validation": 8, "test": 8}}
    model = {"stem_stride": 1, "widths": [64, 64, 128, 256]}
    manifest = {"format": 1, "version": "0.1.0", "data": {"photos": 616} | data, "model": model}
    manifest |= {"batch": 8, "tap": "relu2_2", "scale": scale}
    (folder / "study.json").write_text(json.dumps(manifest))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def study(rows, tmp_path):
    return write_study(tmp_path / "study", rows)


def written(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(study, tmp_path, cli):
    for out in ("first", "second"):
        done = cli("study", "report", study, "--output", tmp_path / out)
        assert done.status == 0, done.err
    first, second = written(tmp_path / "first"), written(tmp_path / "second")
    assert first.keys() == second.keys() >= {"report.md", "report.html", "report/kl-weight.svg"}
    assert first == second


def test_every_table_of_the_paper_has_its_figures_and_ours(study, cli):
    cli("study", "report", study)
    text = (study / "report.md").read_text()
    for experiment, scores in PAPER.items():
        lines = [line for line in text.splitlines() if tables.pair(scores) in line]
        assert lines, experiment
        assert any("/ 0.8765" in line for line in lines)


def test_the_page_needs_nothing_from_outside(study, cli):
    cli("study", "report", study)
    page = (study / "report.html").read_text()
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.append((tag, dict(attributes)))

    Reader().feed(page)
    sources = [attributes["src"] for tag, attributes in found if tag == "img"]
    assert len(sources) == 4
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in found}
    assert all("alt" in attributes for tag, attributes in found if tag == "img")
    assert sum(tag == "table" for tag, _ in found) == 15


def test_the_longest_budget_speaks_for_an_experiment(rows):
    longer = cell_rows(Cell("blur", "cae", "pixel", 15), 35.5)
    table = tables.architectures(results_of([*longer, *rows]))
    assert "| CAE, pixel | 15 | 30.62 / 0.88 | 35.50 / 0.8765 | 35.40 / 0.8765 |" in table


def test_the_newest_row_of_a_cell_counts(rows):
    again = cell_rows(Cell("blur", "cae", "pixel", 4), 33.25)
    assert "33.25 / 0.8765" in tables.architectures(results_of([*rows, *again]))


def test_the_spread_is_over_the_seeds_of_one_budget(rows):
    longer = cell_rows(Cell("blur", "cae", "pixel", 15), 99.0)
    table = tables.spread(results_of([*rows, *longer]))
    values = [32.0, 32.1, 32.2]
    expected = f"| 4 | 3 | {np.mean(values):.2f} ± {np.std(values, ddof=1):.2f} |"
    assert expected in table.splitlines()[2]


def test_below_the_papers_figure_the_table_says_no(rows):
    table = tables.losses(results_of([*rows, *cell_rows(Cell("blur", "cae", "pixel", 4), 30.61)]))
    verdicts = {
        line.split(" | ")[0].strip("| "): line.split(" | ")[-1] for line in table.splitlines()[2:]
    }
    assert verdicts["CAE, pixel"] == "no |"
    assert verdicts["CAE, perceptual"] == "yes |"


@pytest.mark.parametrize(
    ("experiment", "psnr", "words"),
    [
        ("blur-vcae-pixel", 22.7, "VCAE could not be trained"),
        ("blur-rescae-pixel", 32.1, "Residual blocks"),
        ("pixelate-cae-pixel", 22.5, "limited on the mosaic"),
    ],
)
def test_a_verdict_turns_with_the_rows(rows, experiment, psnr, words):
    def judged(psnr):
        changed = [row | {"psnr": psnr} if row["experiment"] == experiment else row for row in rows]
        return verdict(changed, words)

    assert judged(psnr) == "agrees"
    assert judged(99.0) == "does not agree"


def verdict(rows, words, raw=None):
    """Return the verdict in the line of a claim."""
    results = results_of(rows, raw=None if raw is None else results_of(raw))
    (line,) = [x for x in agreement(results).splitlines() if words in x]
    return line.split(" | ")[2]


def without(rows, experiment, *, seeds=(0, 1, 2)):
    """Return the rows of all but some seeds of an experiment."""
    return [r for r in rows if r["experiment"] != experiment or r.get("seed", 0) not in seeds]


def test_a_claim_is_undecided_within_its_interval_and_without_its_runs(rows):
    residual = "Residual blocks"
    # CAE 32.1 +- 0.1 over three seeds: 0.35 dB of the limit of 0.5 are within the interval.
    for psnr, wanted in ((32.2, "agrees"), (32.56, "undecided"), (33.2, "does not agree")):
        changed = [
            row | {"psnr": psnr} if row["experiment"] == "blur-rescae-pixel" else row
            for row in rows
        ]
        assert verdict(changed, residual) == wanted, psnr
    assert verdict(without(rows, "blur-rescae-pixel"), residual) == "undecided"


def test_no_claim_is_decided_by_runs_of_unequal_length(rows):
    longer = cell_rows(Cell("blur", "rescae", "pixel", 15), 35.5)
    assert verdict([*rows, *longer], "Residual blocks") == "undecided"
    table = agreement(results_of([*rows, *longer]))
    assert "not equally many epochs: 4 and 15" in table
    assert "`unveil study run --only blur-rescae-pixel blur-cae-pixel --epochs 5`" in table


def test_without_another_seed_no_difference_has_an_interval(rows):
    single = [row for row in rows if not row.get("seed")]
    table = agreement(results_of(single))
    assert table.count("no run was repeated with another seed") >= 4
    assert verdict(single, "The CAE restores the blur well") == "undecided"


def test_every_claim_has_a_line_even_without_a_row():
    lines = agreement(results_of([])).splitlines()[2:]
    assert len(lines) == 17
    assert all(" | undecided | " in line for line in lines)
    assert not any(line.endswith(" |  |") for line in lines)


def test_the_half_interval_is_that_of_student():
    found = Interval(0.46, 0.1)
    assert found.verdict(0.5, above=False) == "undecided"
    assert found.verdict(0.3, above=True) == "agrees"
    assert found.verdict(0.3, above=False) == "does not agree"


def test_cells_are_points_by_their_means_and_distances_stay_positive(rows):
    cells = charts.measured_cells(results_of(rows), "pixelate")
    assert len(cells) == len(ARCHITECTURES) * len(LOSSES)
    found = {(cell["architecture"], cell["loss"]): cell for cell in cells}
    for loss, psnr in PSNR.items():
        point = found["vcae", loss]
        assert point["psnr"] == pytest.approx(psnr - 6)
        assert point["vgg_relu2_2"] == pytest.approx(1000 * (psnr - 6))


def test_the_curve_of_perception_has_every_loss_and_none_without_vgg(rows):
    chart = charts.perception(results_of(rows))
    for loss in LOSSES:
        assert f">{loss} loss<" in chart
    for row in rows:
        row.get("measured", {}).pop("vgg_relu2_2", None)
    assert charts.perception(results_of(rows)) == ""


def test_a_study_with_few_cells_is_reported_too(tmp_path, cli):
    found = cell_rows(Cell("blur", "cae", "pixel", 2), 31.0)
    study = write_study(tmp_path / "study", found)
    assert cli("study", "report", study).status == 0
    assert "not run" in (study / "report.md").read_text()


def test_a_run_that_stopped_is_named(rows, tmp_path, cli):
    stopped = [
        row | {"stopped": "the loss became nan by step 7"}
        for row in cell_rows(Cell("blur", "rescae", "pixel", 4), 20.0)
    ]
    nothing = [
        row | {"psnr": None, "ssim": None, "ssim_deck": None, "stopped": "at once"}
        for row in cell_rows(Cell("blur", "vcae", "pixel", 4), 0.0)
    ]
    for row in nothing:
        row.pop("history", None)
        row.pop("measured", None)
    study = write_study(tmp_path / "study", [*rows, *stopped, *nothing])
    done = cli("study", "report", study)
    assert done.status == 0, done.err
    text = (study / "report.md").read_text()
    assert "- blur-rescae-pixel-4epochs-seed0: the loss became nan by step 7" in text
    assert "20.00 / 0.8765 (stopped)" in text
    assert re.search(r"\| VCAE, pixel \| 4 \| 22.69 / 0.54 \| stopped \| stopped \|", text)


def test_a_row_cut_short_is_named_and_the_rest_is_used(study, cli):
    whole = (study / "rows.jsonl").read_text()
    (study / "rows.jsonl").write_text(whole[:-40])
    assert cli("study", "report", study).status == 0
    lines = len(whole.splitlines())
    assert f"rows.jsonl, line {lines}: is not a JSON row" in (study / "report.md").read_text()


def test_a_folder_without_a_study_is_refused(tmp_path, cli):
    assert_told(cli("study", "report", tmp_path), 1, tmp_path, "not the folder of a study")
    write_study(tmp_path / "empty", [])
    assert_told(cli("study", "report", tmp_path / "empty"), 1, "no rows yet", "unveil study run")
