"""The paper's conclusions, each with the measured values and a verdict by a stated rule."""

from collections.abc import Callable
from typing import NamedTuple

from unveil.report.rows import Row
from unveil.report.tables import markdown
from unveil.study.plan import LOSSES, PAPER
from unveil.study.report.ranks import measured, ranks
from unveil.study.report.select import Results
from unveil.study.report.tables import title

MAX_MARGINAL_DB = 0.5
"""Largest gain in PSNR that counts as marginal."""

MAX_GAP_DB = 0.5
"""Largest gap to the best PSNR of a run at which it counts as converged."""

MIN_EPOCHS = 3
"""Smallest number of epochs from which convergence is judged."""


class Claim(NamedTuple):
    """A conclusion of the paper, the measured values, and whether they agree by the rule."""

    paper: str
    measured: str
    agrees: bool


def agreement(results: Results) -> str:
    """Return a table of the paper's conclusions for which there are enough rows."""
    found = [judge(results) for judge in JUDGES]
    return markdown(
        [
            {
                "the paper": claim.paper,
                "here": claim.measured,
                "verdict": "agrees" if claim.agrees else "does not agree",
            }
            for claim in found
            if claim is not None
        ]
    )


def _cae_restores(results: Results) -> Claim | None:
    gain = _difference(results, "blur-cae-pixel", "blur")
    if gain is None:
        return None
    paper = PAPER["blur-cae-pixel"][0] - PAPER["blur"][0]
    return Claim(
        f"The CAE restores the blur well ({paper:+.2f} dB).",
        f"{gain:+.2f} dB",
        agrees=gain >= paper,
    )


def _residual_blocks(results: Results) -> Claim | None:
    gain = _difference(results, "blur-rescae-pixel", "blur-cae-pixel")
    if gain is None:
        return None
    paper = PAPER["blur-rescae-pixel"][0] - PAPER["blur-cae-pixel"][0]
    return Claim(
        f"Residual blocks bring marginal improvements at best ({paper:+.2f} dB).",
        f"{gain:+.2f} dB (marginal: up to {MAX_MARGINAL_DB} dB)",
        agrees=gain <= MAX_MARGINAL_DB,
    )


def _variational(results: Results) -> Claim | None:
    gain = _difference(results, "blur-vcae-pixel", "blur")
    if gain is None:
        return None
    paper = PAPER["blur-vcae-pixel"][0] - PAPER["blur"][0]
    return Claim(
        f"The VCAE could not be trained ({paper:+.2f} dB against its own input).",
        f"{gain:+.2f} dB",
        agrees=gain <= 0,
    )


def _mosaic_is_harder(results: Results) -> Claim | None:
    blur = _difference(results, "blur-cae-pixel", "blur")
    mosaic = _difference(results, "pixelate-cae-pixel", "pixelate")
    if blur is None or mosaic is None:
        return None
    return Claim(
        "The CAE is clearly limited on the mosaic, as compared with the blur.",
        f"{mosaic:+.2f} dB on the mosaic, {blur:+.2f} dB on the blur",
        agrees=mosaic < blur,
    )


def _best_look_worst_scores(results: Results) -> Claim | None:
    rows = [results.final(f"blur-cae-{loss}") for loss in LOSSES]
    present = [row for row in rows if row is not None and row["psnr"] is not None]
    if len(present) < len(LOSSES):
        return None
    found = measured(present)
    by_metric = ranks(found)
    if "vgg_relu2_2" not in by_metric:
        return None
    closest = by_metric["vgg_relu2_2"].index(1)
    place = by_metric["psnr"][closest]
    return Claim(
        "The best looking reconstructions have the worst scores.",
        f"of the {len(present)} losses, the one nearest in VGG16's features "
        f"({title(found.runs[closest])}) is number {place} by PSNR",
        agrees=place > len(present) / 2,
    )


def _fewer_epochs(first: str, second: str, words: str) -> Callable[[Results], Claim | None]:
    def judge(results: Results) -> Claim | None:
        rows = [results.final(f"blur-cae-{loss}") for loss in (first, second)]
        counts = [_converged_epoch(row) for row in rows]
        if counts[0] is None or counts[1] is None or rows[0] is None or rows[1] is None:
            return None
        if rows[0]["epochs"] != rows[1]["epochs"]:
            return None
        return Claim(
            words,
            f"within {MAX_GAP_DB} dB of its own best after {counts[0]} epochs ({first}) and "
            f"{counts[1]} ({second}) of {rows[0]['epochs']}",
            agrees=counts[0] < counts[1],
        )

    return judge


JUDGES: tuple[Callable[[Results], Claim | None], ...] = (
    _cae_restores,
    _residual_blocks,
    _variational,
    _mosaic_is_harder,
    _best_look_worst_scores,
    _fewer_epochs("perceptual", "pixel", "The perceptual loss needs fewer epochs than the pixel."),
    _fewer_epochs("mixed-1", "perceptual", "The mixed loss needs fewer epochs still."),
)


def _difference(results: Results, first: str, second: str) -> float | None:
    rows = [results.final(first), results.final(second)]
    scores = [row["psnr"] for row in rows if row is not None and row["psnr"] is not None]
    return float(scores[0] - scores[1]) if len(scores) == 2 else None


def _converged_epoch(row: Row | None) -> int | None:
    """Return the first epoch near the best of the run; None if there are too few epochs."""
    if row is None or row["psnr"] is None or row["epochs"] < MIN_EPOCHS:
        return None
    best = max(entry["psnr"] for entry in row["history"])
    near = [entry["epoch"] for entry in row["history"] if entry["psnr"] >= best - MAX_GAP_DB]
    return int(near[0])
