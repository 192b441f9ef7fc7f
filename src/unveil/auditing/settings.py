"""What a curve is measured on: settings, which are an operator at a face size with its strength.

A face of half the width needs a blur of half the width to be hidden as well, so strength counts
per face width. A setting is named by its kind (``gaussian``, ``pixelate``...) and its strength.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unveil.config import RuntimeConfig
from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Disk,
    Downscale,
    DpPix,
    GaussianBlur,
    Median,
    Noise,
    Operator,
    Pixelate,
    Poisson,
    Sample,
    Solid,
    Unchanged,
    Window,
    parse_storage,
)
from unveil.errors import UsageError, unknown

BLOCKS_ACROSS = (32, 20, 14, 10, 8, 6, 5, 4, 3)
"""Blocks across a face; 14 is the study's mosaic."""

SPREADS = (0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.13, 0.18, 0.25)

GRID: dict[str, tuple[float, ...]] = {
    "gaussian": SPREADS,
    "box": tuple(round(spread * 12**0.5, 3) for spread in SPREADS),
    "pixelate": tuple(1 / across for across in BLOCKS_ACROSS),
    "sample": tuple(1 / across for across in BLOCKS_ACROSS),
    "median": (0.05, 0.1, 0.15, 0.22, 0.3, 0.4),
    "downscale": tuple(1 / across for across in BLOCKS_ACROSS),
    "noise": (0.1, 0.2, 0.4, 0.8, 1.6),
    "dppix": (0.5, 1, 2, 4, 8, 16),
    "solid": (1.0,),
}
"""Strengths of each kind, mild to strong; :func:`strength_of` says what they count."""

DPPIX_BLOCKS_ACROSS = 14

CLEAN = "none"

STUDY_BLUR, STUDY_FACE_PX = GaussianBlur(9, 4.0), 112
"""The study's other obfuscation; its window is cut at one sigma."""

UNITS = {
    "gaussian": "standard deviation per face width",
    "box": "window per face width",
    "pixelate": "block per face width",
    "sample": "block per face width",
    "median": "window per face width",
    "downscale": "pixel per face width",
    "noise": "standard deviation, of black to white",
    "dppix": f"1 / epsilon, {DPPIX_BLOCKS_ACROSS} blocks across",
    "solid": "",
}
"""What a strength counts, for axes and tables."""

GALLERIES = (10, 100, 1000)
"""Sizes of the galleries that the risk is stated for, beside the whole."""

MIN_FACE_PX = 28
"""Around smaller faces there are too few pixels for the metrics (VIF wants 41)."""


@dataclass(frozen=True)
class Setting:
    """An operator, or none, on faces of one width."""

    operator: Operator | None
    face_px: int

    @property
    def operator_text(self) -> str:
        """Text form of the operator, or ``none``."""
        return CLEAN if self.operator is None else str(self.operator)

    @property
    def kind(self) -> str:
        """Name of the operator, or ``none``; any bell-shaped window counts as a Gaussian."""
        bell = isinstance(self.operator, Window)
        return "gaussian" if bell else self.operator_text.partition(":")[0]

    @property
    def strength(self) -> float:
        """What hides; more of it hides more."""
        return 0.0 if self.operator is None else strength_of(self.operator, self.face_px)


def strength_of(operator: Operator, face_px: float) -> float:  # noqa: C901  # one case each
    """Return the strength of an operator on a face of this width, in the units of ``UNITS``."""
    match operator:
        case GaussianBlur(kernel, sigma):
            distances = range(kernel // 2 + 1)
            bell = [math.exp(-0.5 * (distance / sigma) ** 2) for distance in distances]
            return _spread_px(bell) / face_px
        case Window(across, down):
            return min(_spread_px(across), _spread_px(down or across)) / face_px
        case Disk(radius):
            return radius / face_px
        case AnisotropicGaussian(sigma_x, sigma_y):
            return min(sigma_x, sigma_y) / face_px
        case BoxBlur(kernel) | Median(kernel):
            return kernel / face_px
        case Pixelate(block) | Sample(block):
            return block / face_px
        case Downscale(factor):
            return factor / face_px
        case Unchanged():
            return 0.0
        case Poisson(photons):
            return 1 / photons
        case Noise(std):
            return std / 255
        case DpPix():
            return 1 / operator.epsilon
        case Solid():
            return 1.0


def _spread_px(weights: Sequence[float]) -> float:
    """Return the standard deviation of a symmetric window, given from its middle outwards."""
    total = 2 * sum(weights) - weights[0]
    return math.sqrt(2 * sum(w * distance**2 for distance, w in enumerate(weights)) / total)


def operator_at(kind: str, strength: float, face_px: int) -> Operator:
    """Return the operator of this kind and strength on a face of this width, in whole pixels."""
    size = strength * face_px
    match kind:
        case "gaussian":
            return GaussianBlur(2 * math.ceil(3 * size) + 1, round(size, 3))
        case "box":
            return BoxBlur(_odd(size))
        case "median":
            return Median(_odd(size))
        case "pixelate":
            return Pixelate(max(round(size), 1))
        case "sample":
            return Sample(max(round(size), 1))
        case "downscale":
            return Downscale(max(round(size, 2), 1.0))
        case "noise":
            return Noise(round(strength * 255, 2))
        case "dppix":
            return DpPix(max(round(face_px / DPPIX_BLOCKS_ACROSS), 1), 1 / strength)
        case _:
            return Solid()


def _odd(size: float) -> int:
    return 2 * round((size - 1) / 2) + 1 if size > 1 else 1


def settings(kinds: tuple[str, ...], faces_px: tuple[int, ...]) -> Iterator[Setting]:
    """Yield clean faces and all settings of the grid that change them; each once."""
    for face_px in faces_px:
        yield Setting(None, face_px)
        for kind in kinds:
            found = [operator_at(kind, strength, face_px) for strength in GRID[kind]]
            if (kind, face_px) == ("gaussian", STUDY_FACE_PX):
                found.append(STUDY_BLUR)
            for operator in dict.fromkeys(found):
                if operator not in (BoxBlur(1), Median(1), Pixelate(1), Sample(1), Downscale(1.0)):
                    yield Setting(operator, face_px)


@dataclass(frozen=True)
class CurveConfig:
    """What to measure.

    Args:
        data: folder of people, one folder each (default: downloaded LFW).
        out: rows to write; those that are there are not measured again.
        kinds: operators.
        faces_px: widths of the faces, in pixels.
        storage: how the obfuscated photos are kept.
        probes: no more people to name than this.
        training: no more photos to learn from than this.
        vgg_weights: file of VGG16 weights; adds the study's distance of features to the metrics.
        embedder: ONNX file of another embedder, its JSON beside it (default: dlib's).
        seed: of the division of the people.
        runtime: where to compute.
    """

    data: Path | None = None
    out: Path = Path("runs/audit/rows.jsonl")
    kinds: tuple[str, ...] = tuple(GRID)
    faces_px: tuple[int, ...] = (112,)
    storage: str = "8bit"
    probes: int | None = None
    training: int | None = None
    vgg_weights: Path | None = None
    embedder: Path | None = None
    seed: int = 0
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in GRID:
                raise unknown("operator", kind, GRID)
        parse_storage(self.storage)
        if not self.faces_px or min(self.faces_px) < MIN_FACE_PX:
            raise UsageError(f"--faces-px must be at least {MIN_FACE_PX} pixels.")
        for name, least in (("probes", 2), ("training", 20)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name} must be at least {least}.")
