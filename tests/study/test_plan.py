"""The plan of the study: every combination once, the paper's first, names that tell cells apart."""

import dataclasses
import itertools
import re
from pathlib import Path

import pytest

from unveil.config import DataConfig, LossConfig, RuntimeConfig
from unveil.degradation import GaussianBlur, Pixelate, parse_operator
from unveil.errors import UsageError
from unveil.study.plan import (
    KL_WEIGHTS,
    LOSSES,
    OPERATORS,
    PAPER,
    REPEATED,
    SIZES,
    Cell,
    choose,
    plan,
    run_config,
)

NUMBERS_OF_THE_PAPER = """
    blur obfuscated         26.67 / 0.73
    blur CAE pixel          30.62 / 0.88
    blur VCAE pixel         22.69 / 0.54
    blur ResCAE pixel       29.43 / 0.84
    blur CAE perceptual     24.25 / 0.79
    blur CAE mixed-0.5      26.59 / 0.84
    blur CAE mixed-1        27.26 / 0.86
    pixelate obfuscated     22.42 / 0.48
    pixelate CAE pixel      25.40 / 0.68
    pixelate CAE mixed-1    22.48 / 0.61
"""
"""Copied by hand from the tables of the paper, as the protocol gives them."""

CELL = Cell("blur", "vcae", "pixel", epochs=2, kl_weight=1e-3, photos=100)
every_size = pytest.mark.parametrize("size", SIZES)


def combination(cell):
    return cell.architecture, cell.loss, cell.obfuscation


def configured(cell, size="full", **loss):
    return run_config(cell, SIZES[size], DataConfig(), LossConfig(**loss), RuntimeConfig())


@every_size
@pytest.mark.parametrize("epochs", [None, 3])
def test_every_combination_is_there_once(size, epochs):
    found = [combination(cell) for cell in plan(size, epochs) if not cell.seed and not cell.photos]
    losses = ("pixel", "perceptual", "mixed-0.5", "mixed-1")
    wanted = set(itertools.product(("cae", "vcae", "rescae"), losses, ("blur", "pixelate")))
    assert len(wanted) == len(found) == 24
    assert set(found) == wanted


@every_size
def test_what_is_not_a_combination_is_another_seed_or_a_kl_weight(size):
    others = [cell for cell in plan(size) if cell.seed or cell.photos]
    again = [cell for cell in others if cell.seed]
    wanted = itertools.product(range(1, SIZES[size].seeds), REPEATED)
    assert sorted((cell.seed, cell.experiment) for cell in again) == sorted(wanted)
    varied = [cell for cell in others if not cell.seed]
    assert [cell.kl_weight for cell in varied] == list(KL_WEIGHTS)
    assert {combination(cell) for cell in varied} == {("vcae", "pixel", "blur")}


@pytest.mark.parametrize("size", ["laptop", "full"])
def test_main_cells_have_three_seeds(size):
    found = [(cell.experiment, cell.seed) for cell in plan(size) if cell.experiment in REPEATED]
    architectures = [f"blur-{name}-pixel" for name in ("cae", "vcae", "rescae")]
    wanted = itertools.product([*architectures, "pixelate-cae-pixel"], range(3))
    assert sorted(found) == sorted(wanted)


@every_size
def test_the_papers_cells_come_first(size):
    in_paper = [cell.experiment in PAPER and not cell.seed for cell in plan(size)]
    assert sum(in_paper) == 8
    assert all(in_paper[:8])


@every_size
def test_all_of_the_paper_is_there(size):
    assert PAPER.keys() - OPERATORS.keys() <= {cell.experiment for cell in plan(size)}


def test_the_papers_numbers_are_those_of_the_protocol():
    numbers = {}
    for line in NUMBERS_OF_THE_PAPER.strip().splitlines():
        obfuscation, what, *loss, psnr, _, ssim = line.split()
        experiment = "-".join([obfuscation, what.lower(), *loss])
        numbers[experiment.removesuffix("-obfuscated")] = (float(psnr), float(ssim))
    assert numbers == PAPER


def test_the_full_size_is_the_papers_budget():
    for cell in plan("full"):
        train = configured(cell).train
        assert (train.batch, train.learning_rate, train.l2) == (8, 5e-4, 1e-5)
        assert cell.photos or cell.epochs == 15


def test_names_are_unique_over_all_budgets():
    """Laptop and full may share a folder, and so may any --epochs: one name, one cell."""
    cells = [cell for size in SIZES for epochs in (None, 2, 15) for cell in plan(size, epochs)]
    assert len({cell.name for cell in cells}) == len(set(cells))


@pytest.mark.parametrize("size", SIZES)
def test_no_size_has_a_cell_twice(size):
    names = [cell.name for cell in plan(size)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "changes",
    [
        {"obfuscation": "pixelate"},
        {"architecture": "cae"},
        {"loss": "mixed-1"},
        {"epochs": 20},
        {"seed": 1},
        {"kl_weight": 1e-2},
        {"kl_weight": None},
        {"photos": 200},
        {"photos": None},
    ],
    ids=str,
)
def test_whatever_differs_is_in_the_name(changes):
    assert dataclasses.replace(CELL, **changes).name != CELL.name


@every_size
def test_names_are_plain_folder_names(size):
    for cell in plan(size):
        assert re.fullmatch(r"[a-z0-9.+-]+", cell.name), cell.name


def test_epochs_change_all_cells_but_those_that_vary_the_kl_weight():
    for usual, asked in zip(plan("laptop"), plan("laptop", 7), strict=True):
        assert asked == (usual if usual.photos else dataclasses.replace(usual, epochs=7))


@every_size
def test_a_cell_is_configured_as_its_name_says(size):
    operators = {"blur": GaussianBlur(9, 4), "pixelate": Pixelate(8)}
    rho = {"mixed-0.5": 0.5, "mixed-1": 1.0}
    for cell in plan(size):
        config = configured(cell, size)
        assert config.model.architecture == cell.architecture
        assert parse_operator(config.train.operator) == operators[cell.obfuscation]
        assert config.loss.loss == cell.loss.split("-")[0]
        assert cell.loss not in rho or config.loss.rho == rho[cell.loss]
        assert (config.train.epochs, config.train.seed) == (cell.epochs, cell.seed)
        assert config.train.limit == cell.photos
        assert cell.is_perceptual == (cell.loss != "pixel")


def test_a_varied_kl_weight_counts_from_the_first_step():
    assert configured(CELL).loss.kl_weight == 1e-3
    assert configured(CELL).loss.kl_warmup_steps == 0
    usual = configured(dataclasses.replace(CELL, kl_weight=None)).loss
    assert (usual.kl_weight, usual.kl_warmup_steps) == (1e-4, 1000)


@pytest.mark.parametrize("loss", LOSSES)
def test_tap_scale_and_weights_are_the_studys(loss):
    shared = {"tap": "conv3_3", "scale": "raw", "vgg_weights": Path("vgg.pth")}
    found = configured(Cell("blur", "cae", loss, 1), **shared).loss
    assert {name: getattr(found, name) for name in shared} == shared


class TestChoose:
    cells = plan("laptop")

    def test_all_of_them_where_nothing_is_asked_for(self):
        assert choose(self.cells, ()) == self.cells

    def test_the_word_paper_stands_for_its_experiments(self):
        chosen = choose(self.cells, ("paper",))
        assert {cell.experiment for cell in chosen} == PAPER.keys() - OPERATORS.keys()
        assert [cell.seed for cell in chosen] == [0] * 8

    def test_a_beginning_takes_all_that_begin_so(self):
        chosen = choose(self.cells, ("pixelate-rescae",))
        assert [cell.loss for cell in chosen] == list(LOSSES)
        assert {combination(cell)[::2] for cell in chosen} == {("rescae", "pixelate")}

    def test_a_whole_name_takes_one_cell(self):
        assert [choose(self.cells, (cell.name,)) for cell in self.cells] == [
            [cell] for cell in self.cells
        ]

    def test_several_words_keep_the_order_and_take_nothing_twice(self):
        words = ("pixelate", "blur-cae", "paper", "pixelate-cae")
        wanted = [
            cell
            for cell in self.cells
            if cell.name.startswith(("pixelate", "blur-cae"))
            or (cell.experiment in PAPER and not cell.seed)
        ]
        assert choose(self.cells, words) == wanted

    @pytest.mark.parametrize("only", [("blurr-cae-pixel",), ("paper", "blur-cea-pixel")])
    def test_an_unknown_word_is_refused_with_the_nearest(self, only):
        with pytest.raises(UsageError, match="did you mean 'blur-cae-pixel") as refused:
            choose(self.cells, only)
        assert f"unknown cell {only[-1]!r}" in str(refused.value)
