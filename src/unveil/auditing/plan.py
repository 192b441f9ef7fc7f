"""What a curve is to be measured on."""

from dataclasses import dataclass, field
from pathlib import Path

from unveil.auditing.settings import GRID
from unveil.config import RuntimeConfig
from unveil.degradation import parse_storage
from unveil.errors import UsageError, unknown

GALLERIES = (10, 100, 1000)
"""Sizes of the galleries that the risk is stated for, beside the whole."""

LEAST_FACE_PX = 28
"""Around smaller faces there are too few pixels for the metrics (VIF wants 41)."""


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
        if not self.faces_px or min(self.faces_px) < LEAST_FACE_PX:
            raise UsageError(f"--faces-px must be at least {LEAST_FACE_PX} pixels.")
        for name, least in (("probes", 2), ("training", 20)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name} must be at least {least}.")
