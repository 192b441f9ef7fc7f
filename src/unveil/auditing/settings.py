"""What a curve is measured on: settings (an operator at a face width) on a grid of strengths.

Half as wide a blur on half as wide a face obfuscates about as much, so strengths are counted in
face widths (:meth:`unveil.degradation.spec.Spec.strength`). A curve is named by the kind of its
operators (``gaussian``, ``pixelate``...).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg

from unveil.auditing.since import SINCE
from unveil.config import Output, RuntimeConfig
from unveil.degradation import (
    OPERATORS,
    BoxBlur,
    Downscale,
    DpPix,
    GaussianBlur,
    Median,
    Noise,
    Operator,
    Pixelate,
    Sample,
    Solid,
    Unchanged,
    UnevenPixelate,
    Window,
    parse_operator,
    parse_storage,
)
from unveil.errors import UsageError, unknown

PAPER_BLUR, PAPER_FACE_PX = GaussianBlur(9, 4.0), 112
"""The paper's blur, which is not on the grid: its kernel ends at one sigma."""

SPREADS = (0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.13, 0.18, 0.25)
"""Standard deviations of blurs in face widths."""

BLOCKS = tuple(1 / across for across in (32, 20, 14, 10, 8, 6, 5, 4, 3))
"""Sides of blocks in face widths; 14 blocks across are the paper's mosaic."""

DPPIX_BLOCKS_ACROSS = 14

GALLERIES = (10, 100, 1000)
"""Sizes of the galleries that the risk is stated for, beside the whole."""

MIN_CURVE_FACE_PX = 28
"""Narrowest faces of a curve: around smaller ones the metrics lack pixels (VIF needs 41)."""


@dataclass(frozen=True)
class Grid:
    """The strengths of one kind of operator that its curve is measured at.

    Attributes:
        strengths: from mild to strong.
        at: returns the operator of a strength on a face of a width in pixels. Its own lengths are
            rounded to what an image can have.
        fixed: what else all operators of the grid have in common, in words.
    """

    strengths: tuple[float, ...]
    at: Callable[[float, int], Operator]
    fixed: str = ""


def _odd(length_px: float) -> int:
    return 2 * round((length_px - 1) / 2) + 1 if length_px > 1 else 1


def _whole(length_px: float) -> int:
    return max(round(length_px), 1)


def _gaussian(sigma_px: float) -> GaussianBlur:
    return GaussianBlur(2 * math.ceil(3 * sigma_px) + 1, round(sigma_px, 3))


GRID: dict[str, Grid] = {
    "gaussian": Grid(SPREADS, lambda strength, face_px: _gaussian(strength * face_px)),
    "box": Grid(
        tuple(round(spread * 12**0.5, 3) for spread in SPREADS),
        lambda strength, face_px: BoxBlur(_odd(strength * face_px)),
    ),
    "pixelate": Grid(BLOCKS, lambda strength, face_px: Pixelate(_whole(strength * face_px))),
    "sample": Grid(BLOCKS, lambda strength, face_px: Sample(_whole(strength * face_px))),
    "median": Grid(
        (0.05, 0.1, 0.15, 0.22, 0.3, 0.4),
        lambda strength, face_px: Median(_odd(strength * face_px)),
    ),
    "downscale": Grid(
        BLOCKS, lambda strength, face_px: Downscale(max(round(strength * face_px, 2), 1.0))
    ),
    "noise": Grid((0.1, 0.2, 0.4, 0.8, 1.6), lambda strength, _: Noise(round(strength * 255, 2))),
    "dppix": Grid(
        (0.5, 1, 2, 4, 8, 16),
        lambda strength, face_px: DpPix(_whole(face_px / DPPIX_BLOCKS_ACROSS), 1 / strength),
        fixed=f"{DPPIX_BLOCKS_ACROSS} blocks across",
    ),
    "solid": Grid((1.0,), lambda *_: Solid()),
}
"""The kinds of operators that have a curve."""

NO_CHANGE = (BoxBlur(1), Median(1), Pixelate(1), Sample(1), Downscale(1.0))
"""What mild strengths come out as on small faces: operators that are not worth a row."""


def operator_at(kind: str, strength: float, face_px: int) -> Operator:
    """Return the operator of a kind and strength on a face of this width, in whole pixels.

    Raises:
        UsageError: the kind has no grid.
    """
    if kind not in GRID:
        raise unknown("operator", kind, GRID)
    return GRID[kind].at(strength, face_px)


def unit_of(kind: str) -> str:
    """Return what the strengths of a kind measure, for axes and tables."""
    fixed = GRID[kind].fixed if kind in GRID else ""
    return ", ".join(filter(None, (OPERATORS[kind].strength_unit, fixed)))


@dataclass(frozen=True)
class Setting:
    """An operator on faces of one width."""

    operator: Operator
    face_px: int

    @property
    def kind(self) -> str:
        """Name of the curve that the operator is on.

        A window is on that of the Gaussian, because those of real programs are nearly Gaussian;
        blocks that are not whole pixels wide are on that of means.
        """
        match self.operator:
            case Window():
                return GaussianBlur.name
            case UnevenPixelate():
                return Pixelate.name
            case operator:
                return operator.name

    @property
    def strength(self) -> float:
        """Strength of the operator on such a face."""
        return self.operator.strength(self.face_px)


def settings(kinds: tuple[str, ...], faces_px: tuple[int, ...]) -> Iterator[Setting]:
    """Yield clean faces and every setting of the grid that changes them, each once."""
    for face_px in faces_px:
        yield Setting(Unchanged(), face_px)
        for kind in kinds:
            found = [operator_at(kind, strength, face_px) for strength in GRID[kind].strengths]
            if (kind, face_px) == (PAPER_BLUR.name, PAPER_FACE_PX):
                found.append(PAPER_BLUR)
            for operator in dict.fromkeys(found):
                if operator not in NO_CHANGE:
                    yield Setting(operator, face_px)


@dataclass(frozen=True)
class CurveConfig:
    """What to measure."""

    data: Path | None = None
    """Folder of people, one folder each (default: downloaded LFW)."""
    out: Output = Path("runs/audit/rows.jsonl")
    """File of rows; settings that it has are not measured again."""
    kinds: tuple[str, ...] = tuple(GRID)
    """Operators."""
    faces_px: tuple[int, ...] = (112,)
    """Widths of the faces, in pixels."""
    storage: str = "8bit"
    """How the obfuscated photos are stored."""
    probes: int | None = None
    """Greatest number of people to identify (default: all)."""
    training: int | None = None
    """Greatest number of photos to learn from (default: all)."""
    vgg_weights: Path | None = None
    """File of VGG16 weights; adds the study's distance of features to the metrics."""
    attacker: Path | None = None
    """Folder of `unveil audit train-attacker`, to attack what it was trained on."""
    embedder: Path | None = None
    """ONNX file of another embedder, its JSON beside it (default: dlib's)."""
    seed: int = 0
    """Seed of the division into people to identify and people to learn from."""
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in GRID:
                raise unknown("operator", kind, GRID)
        parse_storage(self.storage)
        if not self.faces_px or min(self.faces_px) < MIN_CURVE_FACE_PX:
            raise UsageError(f"--faces-px must be at least {MIN_CURVE_FACE_PX} pixels.")
        for name, least in (("probes", 2), ("training", 20)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name} must be at least {least}.")


TUNED_OPERATORS = (
    *(f"pixelate:block={block}" for block in (8, 14, 19, 28)),
    *("gaussian:kernel=45,sigma=7.28", "gaussian:kernel=89,sigma=14.56", "downscale:factor=8"),
    *("median:kernel=25", "noise:std=102", "dppix:block=8,epsilon=2"),
)


@dataclass(frozen=True)
class AttackerConfig:
    """How an attacker is trained on obfuscated faces."""

    data: Path | None = None
    """Folder of people, one folder each (default: downloaded LFW); those of the audit are left
    out."""
    out: Output = Path("runs/attacker")
    """Folder of the attacker; a training that stopped there goes on."""
    operators: Annotated[UseAppendAction[tuple[str, ...]], arg(name="operator")] = ()
    """Operator to attack, e.g. pixelate:block=8, again for more (default: docs/audit.md's ten)."""
    storage: str = "8bit"
    """How the obfuscated photos are stored, e.g. jpeg:75."""
    since: Annotated[UseAppendAction[tuple[str, ...]], arg(name="since")] = ()
    """What pictures may have gone through since: jpeg, half or half-jpeg, again for more (default:
    nothing). The network then also learns from pictures that were scaled and compressed."""
    steps: int = 1000
    """Steps of training, 32 faces each."""
    minutes: float | None = None
    """Minutes of training after which to stop even before (default: no limit)."""
    share: float = 1.0
    """Share of the photos to train on, in (0,1]."""
    seed: int = 0
    """Seed of the division of people, as of the audit, and of the training."""
    threads: int | None = None
    """CPU threads (default: all cores); a fixed number makes runs bit-reproducible."""

    def __post_init__(self) -> None:
        for text in self.operators:
            parse_operator(text)
        parse_storage(self.storage)
        for name in self.since:
            if name not in SINCE:
                raise unknown("--since", name, SINCE)
        if self.steps < 1 or not 0 < self.share <= 1:
            raise UsageError("--steps must be at least 1, and --share above 0 and at most 1.")
        if self.minutes is not None and not self.minutes > 0:
            raise UsageError("--minutes must be above 0.")
        if self.threads is not None and self.threads < 1:
            raise UsageError("--threads must be at least 1.")
