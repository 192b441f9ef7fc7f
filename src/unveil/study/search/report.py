"""The results of a search: a table of its trials in Markdown, and Optuna's plots."""

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from matplotlib import pyplot as plt
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as plots

from unveil.files import temporary_beside, write_text
from unveil.report import tables
from unveil.report.rows import Row
from unveil.study.search.config import PAPER_CHOICE, SearchConfig

DIVERGED = "diverged"
"""User attribute of a trial whose loss or weights became NaN or infinite."""

PLOTS: dict[str, Callable[..., Any]] = {
    "history": plots.plot_optimization_history,
    "epochs": plots.plot_intermediate_values,
    "slices": plots.plot_slice,
    "parallel": plots.plot_parallel_coordinate,
}
"""Optuna's plots, without importances: of a few dozen trials, these depend on two or three."""

METADATA = {"Date": None}
"""No date, so that the same trials give the same bytes."""

MIN_COMPLETE = 2
"""Smallest number of complete trials for which plots are drawn."""


def write_report(config: SearchConfig, trials: Sequence[FrozenTrial]) -> str:
    """Write ``search.md`` and the plots to the folder of the search; return the text.

    The same trials give the same bytes.

    Args:
        config: the search.
        trials: all trials, finished, in the order of their places.
    """
    rows = trial_rows(trials)
    names = _draw(trials, config.out)
    told = f"{tables.markdown(rows)}\n\n{_verdict(config, rows)}\n"
    pictures = "".join(f"\n![{name}]({name}.svg)\n" for name in names)
    write_text(config.out / "search.md", f"# Hyper-parameter search\n\n{told}{pictures}")
    return told.rstrip("\n")


def trial_rows(trials: Sequence[FrozenTrial]) -> list[Row]:
    """Return one row per trial, best first; incomplete trials have no rank."""
    order = sorted(
        range(len(trials)),
        key=lambda place: (trials[place].state != TrialState.COMPLETE, -_psnr(trials[place])),
    )
    return [
        {
            "rank": rank if trials[place].state == TrialState.COMPLETE else None,
            "trial": place,
            **{name: f"{trials[place].params[name]:.3g}" for name in PAPER_CHOICE},
            "epochs": trials[place].user_attrs.get("epochs", 0),
            "state": _state(trials[place]),
            "psnr": trials[place].value,
            "ssim_deck": trials[place].user_attrs.get("ssim_deck"),
            "choice": "the paper's" if trials[place].params == PAPER_CHOICE else "",
        }
        for rank, place in enumerate(order, start=1)
    ]


def _psnr(trial: FrozenTrial) -> float:
    return -math.inf if trial.value is None else trial.value


def _state(trial: FrozenTrial) -> str:
    return DIVERGED if DIVERGED in trial.user_attrs else trial.state.name.lower()


def _verdict(config: SearchConfig, rows: Sequence[Row]) -> str:
    lines = [
        f"Validation scores of {config.model.architecture} on {config.operator}; epochs a trial: "
        f"{config.epochs}; sampler: {config.sampler}. Pruned and diverged trials have the score of "
        "their last epoch and no rank."
    ]
    complete = [row for row in rows if row["rank"] is not None]
    paper = next((row for row in complete if row["choice"]), None)
    if complete:
        lines.append(f"Best: `trials/{complete[0]['trial']}/best`.")
    if paper:
        behind = complete[0]["psnr"] - paper["psnr"]
        lines.append(
            f"The paper's choice is number {paper['rank']} of {len(rows)}, {behind:.2f} dB below "
            "the best."
        )
    return "\n".join(lines)


def _draw(trials: Sequence[FrozenTrial], folder: Path) -> list[str]:
    """Save Optuna's plots as SVG; return their names."""
    if sum(trial.state == TrialState.COMPLETE for trial in trials) < MIN_COMPLETE:
        return []
    # A study in memory, in which places are the trial numbers and lost trials are omitted.
    study = optuna.create_study(direction="maximize")
    study.add_trials(trials)
    mpl.use("agg")  # no windows
    with mpl.rc_context({"svg.hashsalt": "unveil"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about experimental plots and axes with a single value
        for name, plot in PLOTS.items():
            labels = {} if name == "epochs" else {"target_name": "validation PSNR (dB)"}
            axes = np.ravel(plot(study, **labels))[0]
            with temporary_beside(folder / f"{name}.svg") as partial:
                axes.figure.savefig(partial, format="svg", bbox_inches="tight", metadata=METADATA)
            plt.close(axes.figure)
    return list(PLOTS)
