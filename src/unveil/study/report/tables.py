"""The tables of the study in Markdown; a function of the rows."""

import statistics
from collections.abc import Sequence

import numpy as np

from unveil.report.rows import Row
from unveil.report.tables import markdown
from unveil.study.plan import ARCHITECTURES, LOSSES, OPERATORS, PAPER, PAPER_ONE_PHOTO, REPEATED
from unveil.study.report.ranks import (
    correlations,
    disagreements,
    measured,
    photo_correlations,
    ranks,
)
from unveil.study.report.select import Results

TITLES = {"cae": "CAE", "vcae": "VCAE", "rescae": "ResCAE"}


def title(experiment: str) -> str:
    """Return the name of a run for tables and captions."""
    obfuscation, _, rest = experiment.partition("-")
    if not rest:
        return "blurred" if obfuscation == "blur" else "pixelated"
    architecture, _, loss = rest.partition("-")
    return f"{TITLES[architecture]}, {loss}"


def against_paper(results: Results, experiments: Sequence[str]) -> str:
    """Return a table of experiments with the paper's scores, PSNR in dB / ssim_deck.

    If the rows are not comparable with the paper, its columns are omitted.
    """
    table = []
    for experiment in experiments:
        row, stored = results.final(experiment), results.final(experiment, "8bit")
        if row is None or stored is None:
            continue
        table.append(
            {
                "run": title(experiment),
                "epochs": str(row.get("epochs", "")),
                "paper": pair(PAPER.get(experiment)),
                "float": _scores(row),
                "8bit": _scores(stored),
                "ssim (float)": row["ssim"],
                "reaches the paper": _reaches(row, PAPER.get(experiment)),
            }
        )
    left_out = () if results.is_comparable else ("paper", "reaches the paper")
    return markdown([{k: v for k, v in line.items() if k not in left_out} for line in table])


def architectures(results: Results) -> str:
    """Return the paper's first table: architectures, pixel loss, blur."""
    return against_paper(results, ["blur", *(f"blur-{name}-pixel" for name in ARCHITECTURES)])


def losses(results: Results) -> str:
    """Return the paper's second table: losses, CAE, blur."""
    return against_paper(results, ["blur", *(f"blur-cae-{name}" for name in LOSSES)])


def pixelation(results: Results) -> str:
    """Return the paper's third table: CAE on the mosaic."""
    return against_paper(results, ["pixelate", *(f"pixelate-cae-{name}" for name in LOSSES)])


def one_photo(results: Results) -> str:
    """Return a table of the scores of one photo: the paper's, which it does not name, and ours."""
    table = []
    for experiment, scores in PAPER_ONE_PHOTO.items():
        row = results.final(experiment)
        if row is None or not row.get("pictures"):
            continue
        name, own = next(iter(row["pictures"].items()))
        place = experiment.partition("-")[0]
        line: Row = {"on": place, "run": title(experiment), "paper, its photo": pair(scores)}
        table.append(line | {name: pair((own["psnr"], own["ssim_deck"]))})
    return markdown(table)


def combinations(results: Results) -> str:
    """Return a table of every architecture and loss: PSNR / ssim_deck (float) and epochs."""
    table = []
    for architecture in ARCHITECTURES:
        for loss in LOSSES:
            line = {"run": title(f"blur-{architecture}-{loss}")}
            for obfuscation in OPERATORS:
                row = results.final(f"{obfuscation}-{architecture}-{loss}")
                line[obfuscation] = _scores(row) if row else "not run"
                line[f"{obfuscation}, epochs"] = str(row["epochs"]) if row else ""
            table.append(line)
    return markdown(table)


def budgets(results: Results) -> str:
    """Return a table of all runs of the paper's experiments, with the effect of the budget."""
    rows = [
        row
        for experiment in PAPER
        for row in results.cell_rows(experiment)
        if row["model"] != "identity" and row["psnr"] is not None
    ]
    return markdown(
        [
            {
                "run": f"{row['obfuscation']}: {title(row['experiment'])}",
                "epochs": str(row["epochs"]),
                "seed": str(row["seed"]),
                "float": _scores(row),
                "trained in": f"{training_minutes(row):.0f} min",
                "on": f"{row['device']}, {row['precision']}",
                "commit": row["commit"][:12],
            }
            for row in rows
        ]
    )


def spread(results: Results) -> str:
    """Return a table of runs that differ only in the seed: mean and standard deviation."""
    table = []
    for experiment in REPEATED:
        for storage in ("float", "8bit"):
            rows = results.seeds(experiment, storage)
            if len(rows) < 2:
                continue
            line: Row = {"run": f"{rows[0]['obfuscation']}: {title(experiment)}"}
            line |= {"storage": storage, "epochs": str(rows[0]["epochs"]), "seeds": str(len(rows))}
            for name, digits in (("psnr", 2), ("ssim_deck", 4)):
                values = [row[name] for row in rows]
                mean, deviation = statistics.mean(values), statistics.stdev(values)
                line[name] = f"{mean:.{digits}f} ± {deviation:.{digits}f}"
            table.append(line)
    return markdown(table)


def kl_weights(results: Results) -> str:
    """Return a table of the effect of the KL weight on the VCAE."""
    return markdown(
        [
            {
                "KL weight": f"{row['kl_weight']:.0e}",
                "nats per element": f"{row['history'][-1]['kl']:.4f}",
                "float": _scores(row),
            }
            for row in results.kl_rows()
            if row["psnr"] is not None
        ]
    )


def metric_ranks(results: Results, obfuscation: str) -> str:
    """Return a table of the rank of each run by each metric; 1 is the best."""
    rows = results.combinations(obfuscation)
    found = measured(rows)
    by_metric = ranks(found)
    order = sorted(range(len(found.runs)), key=lambda run: by_metric["psnr"][run])
    return markdown(
        [
            {"run": title(found.runs[run]), "epochs": str(rows[run]["epochs"])}
            | {name: str(places[run]) for name, places in by_metric.items()}
            for run in order
        ]
    )


def metric_correlations(results: Results, obfuscation: str) -> str:
    """Return a table of the metrics' rank correlations over the runs, and with PSNR per photo."""
    found = measured(results.combinations(obfuscation))
    table = []
    for name, others in correlations(found).items():
        photos = np.nanmean(photo_correlations(found, name))
        line = {"metric": name} | {other: f"{value:.2f}" for other, value in others.items()}
        table.append(line | {"with psnr on one photo (mean)": f"{photos:.2f}"})
    return markdown(table)


def metric_disagreements(results: Results, obfuscation: str) -> str:
    """Return a table of the photos on which each metric disagrees most with PSNR."""
    inputs = results.final(obfuscation)
    names = inputs.get("measured_photos") if inputs else None
    found = measured(results.combinations(obfuscation))
    return markdown(
        [
            {
                "metric": item.metric,
                "photo": names[item.photo] if names else str(item.photo),
                "rank correlation": f"{item.correlation:.2f}",
                "best by psnr": title(found.runs[item.by_psnr]),
                "best by this metric": title(found.runs[item.by_metric]),
            }
            for item in disagreements(found)
        ]
    )


def training_minutes(row: Row) -> float:
    """Return the training time of a row in minutes, without validation."""
    return sum(float(row["photos"] / epoch["images_per_second"]) for epoch in row["history"]) / 60


def pair(scores: tuple[float, float] | None) -> str:
    """Format PSNR and SSIM as the paper does."""
    return f"{scores[0]:.2f} / {scores[1]:.2f}" if scores else ""


def _scores(row: Row) -> str:
    if row["psnr"] is None:
        return "stopped"
    text = f"{row['psnr']:.2f} / {row['ssim_deck']:.4f}"
    return f"{text} (stopped)" if row.get("stopped") else text


def _reaches(row: Row, paper: tuple[float, float] | None) -> str:
    if paper is None or row["model"] == "identity":
        return ""
    # The paper gives SSIM with two decimals; it is compared at that precision.
    reached = row["psnr"] is not None and row["psnr"] >= paper[0]
    return "yes" if reached and round(row["ssim_deck"], 2) >= paper[1] else "no"
