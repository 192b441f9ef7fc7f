"""A whole smoke study from the command line, what its rows say, and what is not done again."""

import functools
import json
import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch.optim import Adam

from tests.conftest import SMOKE, assert_told
from tests.training.test_loop import tensors
from unveil.networks.card import read_card
from unveil.report.rows import read_rows, read_whole_rows
from unveil.study import plan
from unveil.study.folder import MANIFEST
from unveil.study.plan import OPERATORS
from unveil.study.report.tables import pair

CELLS = {cell.name: cell for cell in plan.plan("smoke")}
LAST = list(CELLS)[-1]
PIXEL = [name for name, cell in CELLS.items() if not cell.is_perceptual]
NOTE = f"this is {plan.SMOKE_TEST}\n"
"""What a study of the smoke size says before anything else."""

SPLIT = ("--crop-px", 48, "--test-photos", 8, "--validation-photos", 4)


@pytest.fixture
def copied(smoke, tmp_path):
    """A copy of the study's folder, to be changed."""
    return shutil.copytree(smoke[1], tmp_path / "study", copy_function=shutil.copy2)


def named(rows):
    return {(row["cell"], row["storage"]): row for row in rows}


@pytest.fixture(scope="module")
def rows(smoke):
    return named(read_rows(smoke[1] / "rows.jsonl"))


def begun(done):
    """Return the cells that a command said it begins."""
    return re.findall(r"^cell \d+/\d+: (\S+)$", done.err, re.MULTILINE)


def contents(folder):
    """Return what a look at the folder tells of each file, and when it was last written."""
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", ".rows.lock")
    }


def deep_without(value, *names):
    if isinstance(value, dict):
        return {key: deep_without(value[key], *names) for key in value.keys() - set(names)}
    return [deep_without(item, *names) for item in value] if isinstance(value, list) else value


def same_result(row):
    """Drop what a clock decides, and the metric whose weights the smoke size draws anew."""
    return deep_without(row, "images_per_second", "vgg_relu2_2", "commit")


@pytest.mark.slow
class TestWhole:
    def test_it_ends_well_and_tells_each_cell(self, smoke):
        done, _ = smoke
        assert done.status == 0, done.err
        assert begun(done) == list(CELLS)

    def test_every_cell_and_input_has_a_row_for_each_storage(self, smoke):
        found = [(row["cell"], row["storage"]) for row in read_rows(smoke[1] / "rows.jsonl")]
        wanted = [(name, kind) for name in [*OPERATORS, *CELLS] for kind in ("float", "8bit")]
        assert found == wanted

    @pytest.mark.parametrize("name", CELLS)
    def test_a_row_says_what_was_trained(self, name, rows):
        cell, calibrated = CELLS[name], CELLS[name].is_perceptual
        for storage in ("float", "8bit"):
            row = rows[name, storage]
            for said in ("experiment", "obfuscation", "architecture", "loss", "epochs", "seed"):
                assert row[said] == getattr(cell, said)
            assert row["operator"] == OPERATORS[cell.obfuscation]
            assert (row["split"], row["images"], row["stopped"]) == ("test", 8, None)
            assert row["photos"] == min(cell.photos or 12, 12)
            assert (row["batch"], row["learning_rate"], row["l2"]) == (4, 5e-4, 1e-5)
            assert row["trained_storage"] == "8bit"
            assert row["tap"] == ("relu2_2" if calibrated else None)
            assert row["perceptual"] == ("calibrated" if calibrated else None)
            assert row.get("vgg") == ("untrained" if calibrated else None)
            assert row.get("scale", 0) > 0 if calibrated else "scale" not in row
            kl_weight = cell.kl_weight or 1e-4 if cell.architecture == "vcae" else None
            assert row["kl_weight"] == kl_weight
            assert (row["precision"], row["threads"]) == ("fp32", 1)

    @pytest.mark.parametrize("name", CELLS)
    def test_both_storages_are_scored_with_the_same_weights(self, name, smoke, rows):
        card = read_card(smoke[1] / "cells" / name / "best")
        assert rows[name, "float"]["weights_sha256"] == rows[name, "8bit"]["weights_sha256"]
        assert rows[name, "8bit"]["weights_sha256"] == card.files["weights"]["sha256"]
        assert card.run["train"]["epochs"] == CELLS[name].epochs

    def test_no_two_cells_have_the_same_weights(self, rows):
        assert len({row["weights_sha256"] for row in rows.values()}) == len(CELLS) + 1

    @pytest.mark.parametrize("name", ["blur", PIXEL[0], LAST])
    @pytest.mark.parametrize("storage", ["float", "8bit"])
    def test_unveil_evaluate_gives_the_same_scores(self, name, storage, smoke, rows, cli):
        out, row = smoke[1], rows[name, storage]
        model = "identity" if name in OPERATORS else out / "cells" / name / "best"
        words = ("--data", out / "photos", *SPLIT, "--operator", row["operator"])
        words = (*words, "--storage", storage, "--precision", "fp32", "--threads", 1, "--json")
        again = json.loads(cli("evaluate", model, *words).out)
        scores = ("psnr", "ssim", "ssim_deck", "weights_sha256", "data_fingerprint")
        assert {name: again[name] for name in scores} == {name: row[name] for name in scores}

    @pytest.mark.parametrize("name", [*OPERATORS, *CELLS])
    def test_the_float_row_has_the_scores_of_single_photos(self, name, rows):
        row = rows[name, "float"]
        assert row["measured"].keys() >= {"psnr", "ssim", "ssim_deck", "ms_ssim", "vif"}
        assert {len(values) for values in row["measured"].values()} == {4}
        shown = [scores["psnr"] for scores in row["pictures"].values()]
        assert shown[:4] == pytest.approx(row["measured"]["psnr"], rel=1e-4)
        assert any("lpips" in line for line in row["measures_absent"]) != (
            "lpips" in row["measured"]
        )

    @pytest.mark.parametrize("name", CELLS)
    def test_the_float_row_has_the_history(self, name, rows):
        history = rows[name, "float"]["history"]
        assert [entry["epoch"] for entry in history] == list(range(1, CELLS[name].epochs + 1))
        assert all(entry.keys() >= {"loss", "psnr", "validation_loss"} for entry in history)
        assert rows[name, "float"]["training"]["threads"] == 1

    def test_it_says_that_it_is_a_smoke_test_and_judges_nothing(self, smoke, tmp_path, cli):
        """In what the run prints, in what the report prints, and in the report."""
        done = cli("study", "report", smoke[1], "--output", tmp_path, "--no-page")
        assert smoke[0].err.startswith(NOTE)
        assert done.err == f"{smoke[1]}: {NOTE}"
        text = (tmp_path / "report.md").read_text()
        assert text.startswith(f"# A smoke test of the study\n\n**This is {plan.SMOKE_TEST}.**")
        assert "| run | epochs | float | 8bit | ssim (float) |" in text
        for word in ("reaches the paper", "What agrees", "verdict", "VCAE failed", "| paper |"):
            assert word not in text
        for scores in plan.PAPER.values():
            assert pair(scores) not in text
        assert "the paper" not in (tmp_path / "report" / "kl-weight.svg").read_text()

    def test_its_pictures_are_in_its_page(self, smoke, tmp_path, cli):
        """With a real run's pictures: a photo a person, a column a run, the caption's numbers."""
        done = cli("study", "report", smoke[1], "--output", tmp_path)
        assert done.status == 0, done.err
        assert 'src="data:image/png;base64,' in (tmp_path / "report.html").read_text()
        for name in ("architectures", "losses", "pixelation", "vcae-samples", "disagreements-blur"):
            picture = np.asarray(Image.open(tmp_path / "report" / f"{name}.png"))
            assert picture.std() > 10


@pytest.mark.slow
class TestAgain:
    def test_the_same_command_runs_nothing(self, copied, cli):
        before = contents(copied)
        done = cli(*SMOKE, "--output", copied)
        assert (done.status, done.err) == (0, NOTE)
        assert contents(copied) == before

    def test_a_part_of_it_has_the_same_rows_elsewhere(self, rows, tmp_path, cli):
        """Bit for bit: a cell depends on nothing that ran before it."""
        out, names = tmp_path / "study", ("blur-cae-mixed-1", LAST)
        assert cli(*SMOKE, "--output", out, "--only", *names).status == 0
        found = named(read_rows(out / "rows.jsonl"))
        assert len(found) == 6
        for key, row in found.items():
            assert same_result(row) == same_result(rows[key])

    @pytest.mark.parametrize(
        ("line", "end"),
        [(-1, 400), (-1, 1), (-2, -20)],
        ids=["half a row", "a byte", "half of the float row"],
    )
    def test_a_row_cut_by_a_crash_is_scored_again(self, line, end, copied, rows, cli):
        path, last = copied / "rows.jsonl", copied / "cells" / LAST / "last"
        checkpoint = contents(last)
        cut, number = cut_at(path, line, end)
        done = cli(*SMOKE, "--output", copied)
        assert done.status == 0, done.err
        assert f"{path}, line {number}: is not a JSON row" in done.err
        assert begun(done) == [LAST]
        assert not re.search(r"^epoch", done.err, re.MULTILINE)
        assert contents(last) == checkpoint

        found, lost = read_whole_rows(path)
        assert len(lost) == 1
        assert path.read_bytes().startswith(cut + b"\n")
        assert {key: same_result(row) for key, row in named(found).items()} == {
            key: same_result(row) for key, row in rows.items()
        }
        before = path.read_bytes()
        assert begun(cli(*SMOKE, "--output", copied)) == []
        assert path.read_bytes() == before

    def test_a_row_that_lacks_its_line_end_only_is_whole(self, copied, cli):
        cut, _ = cut_at(copied / "rows.jsonl", -1, -1)
        done = cli(*SMOKE, "--output", copied)
        assert (done.status, done.err) == (0, NOTE)
        assert (copied / "rows.jsonl").read_bytes() == cut


def cut_at(path, line, end):
    """End a file within a line; return what is left, and the line's number."""
    lines = path.read_bytes().splitlines(keepends=True)
    cut = b"".join(lines[:line]) + lines[line][:end]
    path.write_bytes(cut)
    return cut, len(lines) + line + 1


class TestRefused:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--tap", "conv3_3"), 'tap "relu2_2", not "conv3_3"'),
            (("--scale", "raw"), 'scale "calibrated", not "raw"'),
            (("--data", "other"), "data {"),
        ],
    )
    def test_another_setting_in_the_same_folder(self, words, said, copied, monkeypatch, cli):
        other = shutil.copytree(copied / "photos", copied.parent / "other")
        shutil.copy(other / "Person_A" / "Person_A_0001.jpg", other / "Person_B")
        monkeypatch.chdir(copied.parent)
        before = contents(copied)
        done = cli(*SMOKE, "--output", copied, *words)
        assert_told(done, 1, f"{copied}: holds a study with", said, "choose another --output")
        assert contents(copied) == before

    @pytest.mark.slow
    def test_a_study_of_another_version(self, copied, cli):
        manifest = copied / MANIFEST
        plain = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(plain | {"version": "0.0.1"}))
        before = contents(copied)
        assert_told(cli(*SMOKE, "--output", copied), 1, 'version "0.0.1", not "', "choose another")
        assert contents(copied) == before

    def test_an_unknown_cell(self, tmp_path, cli):
        out = tmp_path / "study"
        done = cli(*SMOKE, "--output", out, "--only", "blurr-cae-pixel")
        assert_told(done, 2, "unknown cell 'blurr-cae-pixel'", "did you mean 'blur-cae-pixel")
        assert not out.exists()

    def test_a_file_in_the_place_of_the_folder(self, photo, cli):
        assert_told(cli(*SMOKE, "--output", photo / "study"), 1, f"{photo}: is a file")


class TestDryRun:
    @pytest.mark.parametrize("only", [PIXEL[-9:], ["pixelate-cae-mixed", "paper"]], ids=len)
    def test_it_prints_each_cell_and_leaves_nothing(self, only, tmp_path, cli):
        out = tmp_path / "study"
        done = cli(*SMOKE, "--output", out, "--dry-run", "--only", *only)
        assert (done.status, done.err) == (0, NOTE)
        told = re.findall(r"^\| (\S+) \| (\d+) \| ([\dsminh ]+) \|$", done.out, re.MULTILINE)
        wanted = plan.choose(list(CELLS.values()), tuple(only))
        assert [(name, int(steps)) for name, steps, _ in told] == [
            (cell.name, cell.epochs * (min(cell.photos or 12, 12) // 4)) for cell in wanted
        ]
        assert re.search(
            rf"All {len(wanted)} cells: [\dsminh ]+ of training on cpu, fp32", done.out
        )
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_it_changes_nothing_in_a_study(self, copied, cli):
        before = contents(copied)
        assert cli(*SMOKE, "--output", copied, "--dry-run", "--only", PIXEL[0]).status == 0
        assert contents(copied) == before


@pytest.mark.slow
class TestDiverged:
    GOOD, BAD = 1e-6, 1e39
    """KL weights: the first as in the study; the second is infinite in float32."""

    def test_a_cell_whose_loss_is_no_number_stops_and_the_others_go_on(
        self, tmp_path, monkeypatch, cli
    ):
        monkeypatch.setattr(plan, "KL_WEIGHTS", (self.BAD, self.GOOD))
        out, only = tmp_path / "study", ("--only", "blur-vcae-pixel-kl")
        done = cli(*SMOKE, "--output", out, *only)
        assert done.status == 0, done.err
        bad, good = begun(done)
        rows = named(read_rows(out / "rows.jsonl"))
        for storage in ("float", "8bit"):
            row = rows[bad, storage]
            assert re.search(r"became NaN or infinite by step \d", row["stopped"])
            assert row["psnr"] is row["ssim"] is row["weights_sha256"] is None
            assert (row["images"], row["kl_weight"]) == (0, self.BAD)
            assert rows[good, storage]["stopped"] is None
            assert rows[good, storage]["psnr"] > 0
        before = contents(out)
        assert begun(cli(*SMOKE, "--output", out, *only)) == []
        assert contents(out) == before

    def test_it_keeps_and_scores_the_last_good_checkpoint(self, tmp_path, monkeypatch, cli):
        """The weights are spoiled in the second epoch of the first cell."""
        spoil_at_step(5, monkeypatch)
        out, only = tmp_path / "study", ("--only", "blur-cae-pixel", "pixelate-cae-pixel")
        done = cli(*SMOKE, "--epochs", 3, "--output", out, *only)
        assert done.status == 0, done.err
        spoiled, *others = begun(done)
        rows = named(read_rows(out / "rows.jsonl"))
        row = rows[spoiled, "float"]
        assert "became NaN or infinite by step 6" in row["stopped"]
        assert row["psnr"] > 0
        assert [entry["epoch"] for entry in row["history"]] == [1]
        for folder in ("best", "last"):
            card = read_card(out / "cells" / spoiled / folder)
            assert card.step == 3
            kept = tensors(out / "cells" / spoiled / folder)
            assert all(value.isfinite().all() for value in kept.values())
        assert [rows[name, "float"]["stopped"] for name in others] == [None] * 3

    def test_weights_spoiled_by_the_very_last_step_stop_the_cell_only(
        self, tmp_path, monkeypatch, cli
    ):
        """No loss tells it: the last step's loss was still a number."""
        spoil_at_step(3, monkeypatch)
        words = ("--epochs", 1, "--only", "blur-cae-pixel", "pixelate-cae-pixel")
        done = cli(*SMOKE, "--output", tmp_path / "study", *words)
        assert done.status == 0, done.err
        spoiled, *others = begun(done)
        rows = named(read_rows(tmp_path / "study" / "rows.jsonl"))
        assert rows[spoiled, "float"]["stopped"] is not None
        assert [rows[name, "float"]["stopped"] for name in others] == [None] * 3


def spoil_at_step(number, monkeypatch):
    """Let the optimiser's step ``number`` of this process leave weights that are no numbers."""
    step, taken = Adam.step, iter(range(1, 10_000))

    @functools.wraps(step)
    def spoiling(self, *args, **kwargs):
        result = step(self, *args, **kwargs)
        if next(taken) == number:
            with torch.no_grad():
                self.param_groups[0]["params"][0].fill_(torch.nan)
        return result

    monkeypatch.setattr(Adam, "step", spoiling)
