"""Verdicts on the paper's claims, by stated rules, or why there is none.

A claim about scores is decided where its runs had equally many epochs, and where the interval of
what was measured lies on one side of the rule's limit. All others are undecided, with the reason
and, where there is one, the command that would decide them.
"""

import math
import statistics
from collections.abc import Callable, Sequence

from unveil.report.rows import Row
from unveil.report.tables import markdown
from unveil.study.plan import ARCHITECTURES, LOSSES, OPERATORS, PAPER
from unveil.study.report.claims import UNMEASURED, Claim, Interval, Verdict
from unveil.study.report.ranks import measured, ranks
from unveil.study.report.raw_losses import judge_raw
from unveil.study.report.select import Results
from unveil.study.report.tables import title

MAX_MARGINAL_DB = 0.5
"""Largest gain in PSNR that counts as marginal."""

MAX_GAP_DB = 0.5
"""Largest gap to the best PSNR of a run at which it counts as converged."""

FLAT_DB = 0.1
"""Smallest gain in PSNR over the last third of a run that is no longer flat."""

MIN_EPOCHS = 5
"""Smallest number of epochs from which convergence is judged."""

PAPER_EPOCHS = 15
T_95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78}
"""Student's t of a 95 % interval, by degrees of freedom; more are taken for 4."""


def agreement(results: Results) -> str:
    """Return a table of all claims of the paper."""
    found = [*(judge(results) for judge in JUDGES), *judge_raw(results.raw), *UNMEASURED]
    return markdown(
        [
            {"the paper": one.paper, "here": one.measured, "verdict": one.verdict, "by": one.by}
            for one in found
        ]
    )


def _cae_restores(results: Results) -> Claim:
    paper = PAPER["blur-cae-pixel"][0] - PAPER["blur"][0]
    said = f"The CAE restores the blur well ({paper:+.2f} dB)."
    return _judged(results, said, ("blur-cae-pixel", "blur"), paper, above=True)


def _residual_blocks(results: Results) -> Claim:
    paper = PAPER["blur-rescae-pixel"][0] - PAPER["blur-cae-pixel"][0]
    said = f"Residual blocks bring marginal improvements at best ({paper:+.2f} dB)."
    runs = ("blur-rescae-pixel", "blur-cae-pixel")
    return _judged(results, said, runs, MAX_MARGINAL_DB, above=False)


def _variational(results: Results) -> Claim:
    paper = PAPER["blur-vcae-pixel"][0] - PAPER["blur"][0]
    said = f"The VCAE could not be trained ({paper:+.2f} dB against its own input)."
    return _judged(results, said, ("blur-vcae-pixel", "blur"), 0.0, above=False)


def _judged(
    results: Results, said: str, runs: tuple[str, str], limit_db: float, *, above: bool
) -> Claim:
    """Judge a claim that one run is above or below another by so many dB."""
    found = _difference(results, *runs)
    if isinstance(found, str):
        return Claim(said, found, "undecided", _command(runs))
    verdict = found.verdict(limit_db, above=above)
    rule = f"{'above' if above else 'at most'} {limit_db:+.2f} dB"
    by = f"{rule}; {_command(runs)}" if verdict == "undecided" else rule
    return Claim(said, str(found), verdict, by)


def _mosaic_is_harder(results: Results) -> Claim:
    said = "The CAE is clearly limited on the mosaic, as compared with the blur."
    gains = [_difference(results, f"{name}-cae-pixel", name) for name in OPERATORS]
    blur, mosaic = gains
    if isinstance(blur, str) or isinstance(mosaic, str):
        runs = tuple(f"{name}-cae-pixel" for name in OPERATORS)
        return Claim(
            said, next(g for g in gains if isinstance(g, str)), "undecided", _command(runs)
        )
    apart = Interval(blur.value - mosaic.value, math.hypot(blur.half, mosaic.half))
    verdict = apart.verdict(0.0, above=True)
    return Claim(said, f"{mosaic} on the mosaic, {blur} on the blur", verdict, "gains less")


def _mosaic_losses(results: Results) -> Claim:
    said = "Not even the perceptual loss saves it on the mosaic."
    runs = ("pixelate-cae-perceptual", "pixelate-cae-pixel")
    found = _difference(results, *runs)
    if isinstance(found, str):
        return Claim(said, found, "undecided", _command(runs))
    return Claim(said, str(found), found.verdict(0.0, above=False), "no gain in PSNR")


def _best_look_worst_scores(results: Results) -> Claim:
    said = "The best looking reconstructions have the worst scores."
    runs = tuple(f"blur-cae-{loss}" for loss in LOSSES)
    present = [row for row in map(results.final, runs) if row and row["psnr"] is not None]
    if reason := _unequal(present, len(runs)):
        return Claim(said, reason, "undecided", _command(runs))
    found = measured(present)
    by_metric = ranks(found)
    if "vgg_relu2_2" not in by_metric:
        return Claim(said, "VGG16's features were not compared", "undecided", _command(runs))
    closest = by_metric["vgg_relu2_2"].index(1)
    place = by_metric["psnr"][closest]
    text = (
        f"of the {len(present)} losses, the one nearest in VGG16's features "
        f"({title(found.runs[closest])}) is number {place} by PSNR"
    )
    agrees = place > len(present) / 2
    return Claim(said, text, "agrees" if agrees else "does not agree", "in the lower half by PSNR")


def _fewer_epochs(first: str, second: str, said: str) -> Callable[[Results], Claim]:
    runs = (f"blur-cae-{first}", f"blur-cae-{second}")

    def judge(results: Results) -> Claim:
        rows = [row for row in map(results.final, runs) if row and row["psnr"] is not None]
        reason = _unequal(rows, 2)
        if not reason and rows[0]["epochs"] < MIN_EPOCHS:
            reason = f"{rows[0]['epochs']} epochs are too few to tell"
        if reason:
            return Claim(said, reason, "undecided", _command(runs))
        counts = [_converged_epoch(row) for row in rows]
        text = (
            f"within {MAX_GAP_DB} dB of its own best after {counts[0]} epochs ({first}) and "
            f"{counts[1]} ({second}) of {rows[0]['epochs']}"
        )
        return Claim(
            said, text, "agrees" if counts[0] < counts[1] else "does not agree", "fewer epochs"
        )

    return judge


def _flattens(results: Results) -> Claim:
    said = f"The loss flattens at around {PAPER_EPOCHS} epochs."
    run = "blur-cae-pixel"
    row = results.final(run)
    if row is None or row["psnr"] is None or row["epochs"] < PAPER_EPOCHS:
        had = f"{row['epochs']} epochs were run" if row else "not run"
        return Claim(said, had, "undecided", _command((run,), PAPER_EPOCHS))
    scores = [entry["psnr"] for entry in row["history"]]
    gain = max(scores) - max(scores[: -(len(scores) // 3)])
    verdict: Verdict = "agrees" if gain < FLAT_DB else "does not agree"
    rule = f"below {FLAT_DB} dB over the last third"
    return Claim(
        said, f"{gain:+.2f} dB over the last third of {row['epochs']} epochs", verdict, rule
    )


JUDGES: tuple[Callable[[Results], Claim], ...] = (
    _cae_restores,
    _residual_blocks,
    _variational,
    _mosaic_is_harder,
    _mosaic_losses,
    _flattens,
    _best_look_worst_scores,
    _fewer_epochs("perceptual", "pixel", "The perceptual loss needs fewer epochs than the pixel."),
    _fewer_epochs("mixed-1", "perceptual", "The mixed loss needs fewer epochs still."),
)


def _difference(results: Results, first: str, second: str) -> Interval | str:
    """Return by how many dB one run is above another, or why that is not known.

    Runs of several seeds count by their mean. A run of one seed is taken to vary as much as those
    of several do.
    """
    parts = [_scores(results, name) for name in (first, second)]
    for name, rows in zip((first, second), parts, strict=True):
        if not rows:
            return f"{title(name)}: not run"
    epochs = {row["epochs"] for rows in parts for row in rows if row.get("epochs")}
    if len(epochs) > 1:
        return f"not equally many epochs: {' and '.join(map(str, sorted(epochs)))}"
    spread, degrees = _spread(results)
    if not degrees:
        return "no run was repeated with another seed"
    means = [statistics.fmean(row["psnr"] for row in rows) for rows in parts]
    # The obfuscated photos themselves have no seed.
    shares = [1 / len(rows) for rows in parts if rows[0].get("epochs")]
    half = T_95.get(degrees, T_95[max(T_95)]) * spread * math.sqrt(sum(shares))
    return Interval(means[0] - means[1], half)


def _scores(results: Results, experiment: str) -> list[Row]:
    """Return the rows of all seeds of the largest budget that have scores."""
    rows = [row for row in results.cell_rows(experiment) if row["psnr"] is not None]
    most = max((row.get("epochs") or 0 for row in rows), default=0)
    return [row for row in rows if (row.get("epochs") or 0) == most]


def _spread(results: Results) -> tuple[float, int]:
    """Return the largest standard deviation over seeds of any run on the blur, and its degrees."""
    found = [(0.0, 0)]
    for architecture in ARCHITECTURES:
        values = [row["psnr"] for row in _scores(results, f"blur-{architecture}-pixel")]
        if len(values) > 1:
            found.append((statistics.stdev(values), len(values) - 1))
    return max(found)


def _unequal(rows: Sequence[Row], wanted: int) -> str:
    """Return why runs cannot be compared; empty if they can."""
    if len(rows) < wanted:
        return f"{len(rows)} of {wanted} runs are there"
    epochs = [row["epochs"] for row in rows]
    if len(set(epochs)) > 1:
        return f"not equally many epochs: {', '.join(map(str, epochs))}"
    return ""


def _command(runs: Sequence[str], epochs: int = MIN_EPOCHS) -> str:
    """Return the command that would decide a claim about some runs."""
    trained = [run for run in runs if run not in OPERATORS]
    return f"`unveil study run --only {' '.join(trained)} --epochs {epochs}`"


def _converged_epoch(row: Row) -> int:
    """Return the first epoch near the best of the run."""
    best = max(entry["psnr"] for entry in row["history"])
    near = [entry["epoch"] for entry in row["history"] if entry["psnr"] >= best - MAX_GAP_DB]
    return int(near[0])
