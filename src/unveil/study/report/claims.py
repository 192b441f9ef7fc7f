"""What the paper claims, and the verdicts on it; those that no row of a study decides."""

from typing import Literal, NamedTuple

Verdict = Literal["agrees", "does not agree", "undecided"]


class Claim(NamedTuple):
    """A claim of the paper.

    Attributes:
        paper: what it says.
        measured: what was measured, or why nothing decides it.
        verdict: whether they agree.
        by: the rule, or what would decide it.
    """

    paper: str
    measured: str
    verdict: Verdict
    by: str


class Interval(NamedTuple):
    """A difference in dB, and half of its 95 % interval."""

    value: float
    half: float

    def __str__(self) -> str:
        return f"{self.value:+.2f} ± {self.half:.2f} dB"

    def verdict(self, limit: float, *, above: bool) -> Verdict:
        """Return whether the difference is above a limit (or below), or may be on either side."""
        if abs(self.value - limit) < self.half:
            return "undecided"
        return "agrees" if (self.value > limit) == above else "does not agree"


BY_EYE = (
    "people's choices: `tools/draw_pairs.py` writes a page of pairs, `score_choices.py` reads them"
)
UNMEASURED: tuple[Claim, ...] = (
    Claim(
        "The perceptual loss is a significant boost in perceived quality.",
        "nobody has chosen between pictures",
        "undecided",
        BY_EYE,
    ),
    Claim(
        "To a human observer, facial features appear lost behind this blur.",
        "nobody was asked; machines name people behind it (docs/audit.md)",
        "undecided",
        "asking people",
    ),
    Claim(
        "The glasses in one photo come back; behind the mosaic an eye comes back tilted.",
        "one photo each, judged by eye",
        "undecided",
        BY_EYE,
    ),
    Claim(
        "Batch 8, a rate of 5e-4 and an L2 of 1e-5 are the best of a small grid.",
        "the grid was not searched over LFW",
        "undecided",
        "`unveil study search`",
    ),
    Claim(
        "PSNR is outperformed by other metrics of quality.",
        "nobody has rated these runs",
        "undecided",
        BY_EYE,
    ),
    Claim(
        "The CAE is an effective alternative to GANs.",
        "no GAN was trained on this task",
        "undecided",
        "training one",
    ),
)
"""Claims that no row of a study decides."""
