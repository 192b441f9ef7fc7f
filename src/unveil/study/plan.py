"""The experiments of the study and their budgets. Imports no torch."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from unveil.config import (
    DataConfig,
    LossConfig,
    ModelConfig,
    Output,
    RunConfig,
    RuntimeConfig,
    Tap,
    TrainConfig,
)
from unveil.errors import unknown

SizeName = Literal["smoke", "laptop", "full"]

OPERATORS = {"blur": "gaussian:kernel=9,sigma=4", "pixelate": "pixelate:block=8"}
ARCHITECTURES = ("cae", "vcae", "rescae")
LOSSES = {
    "pixel": LossConfig(),
    "perceptual": LossConfig(loss="perceptual"),
    "mixed-0.5": LossConfig(loss="mixed", rho=0.5),
    "mixed-1": LossConfig(loss="mixed", rho=1.0),
}

PAPER: dict[str, tuple[float, float]] = {
    "blur": (26.67, 0.73),
    "blur-cae-pixel": (30.62, 0.88),
    "blur-vcae-pixel": (22.69, 0.54),
    "blur-rescae-pixel": (29.43, 0.84),
    "blur-cae-perceptual": (24.25, 0.79),
    "blur-cae-mixed-0.5": (26.59, 0.84),
    "blur-cae-mixed-1": (27.26, 0.86),
    "pixelate": (22.42, 0.48),
    "pixelate-cae-pixel": (25.40, 0.68),
    "pixelate-cae-mixed-1": (22.48, 0.61),
}
"""The paper's figures: PSNR in dB and SSIM (``ssim_deck``) on its test set, restored or obfuscated.

The paper gives two mixed results for blur without their rho, and one for the mosaic ("MPL1"). They
are read as the smaller rho first, as in its text, and as rho 1.
"""

PAPER_ONE_PHOTO: dict[str, tuple[float, float]] = {
    "blur": (25.42, 0.63),
    "blur-cae-pixel": (29.36, 0.82),
    "blur-vcae-pixel": (21.20, 0.49),
    "blur-rescae-pixel": (28.73, 0.82),
    "pixelate": (21.20, 0.44),
    "pixelate-cae-pixel": (25.83, 0.75),
    "pixelate-cae-mixed-1": (22.42, 0.68),
}
"""The same on the photo that the paper shows; it does not say which it is."""

REPEATED = (*(f"blur-{name}-pixel" for name in ARCHITECTURES), "pixelate-cae-pixel")
"""Experiments that are run with several seeds, so that differences have intervals."""

SMOKE_TEST = (
    "a smoke test, which shows that every part of the study runs: tiny networks, trained for a "
    "moment on a few pictures. Its scores are not comparable with the paper's, and decide nothing"
)
"""What a study of the smoke size is, after "This is"."""

KL_WEIGHTS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""KL weights in search of the VCAE's failure; that of a textbook VAE is 2.7 (docs/study.md)."""


@dataclass(frozen=True)
class StudyConfig:
    """Settings of `unveil study run`."""

    size: SizeName = "laptop"
    """Budget: smoke (a test, a minute), laptop (about 3 hours) or full (the paper's)."""
    data: Path | None = None
    """LFW, or another folder of photos (default: the downloaded LFW)."""
    out: Output = Path("runs/study")
    """Folder of the study; cells that it already holds are not run again."""
    only: tuple[str, ...] = ()
    """Prefixes of the names of the cells to run; `paper` for the paper's experiments
    (default: all)."""
    epochs: int | None = None
    """Number of epochs of every cell (default: that of the size)."""
    tap: Tap = "relu2_2"
    """VGG16 features that the perceptual term compares."""
    scale: Literal["calibrated", "raw"] = "calibrated"
    """Scale of the perceptual term: calibrated to equal the pixel term, or raw."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate after the warm-up: cosine decay to 0, or constant (the paper)."""
    vgg_weights: Path | None = None
    """File of VGG16 weights (default: what `unveil download vgg16` keeps)."""
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    join: bool = False
    """Join a study that is running in the folder; its cells are shared among the processes."""
    dry_run: bool = False
    """Print the cells and their training time on this machine, and run nothing."""


@dataclass(frozen=True)
class Cell:
    """One experiment: one training run of a network, at one budget."""

    obfuscation: str
    architecture: str
    loss: str
    epochs: int
    seed: int = 0
    kl_weight: float | None = None
    """Set in the cells that search for the VCAE's failure, which use few photos."""
    photos: int | None = None
    """Number of training photos (default: all)."""

    @property
    def experiment(self) -> str:
        """Name of the experiment that the paper may have: the cell without budget and seed."""
        kl = "" if self.kl_weight is None else f"-kl{self.kl_weight:.0e}"
        return f"{self.obfuscation}-{self.architecture}-{self.loss}{kl}"

    @property
    def name(self) -> str:
        """Name of the cell's folder; it is unique."""
        photos = "" if self.photos is None else f"-{self.photos}photos"
        return f"{self.experiment}-{self.epochs}epochs{photos}-seed{self.seed}"

    @property
    def is_perceptual(self) -> bool:
        """Whether training needs VGG16."""
        return LOSSES[self.loss].is_perceptual


@dataclass(frozen=True)
class Size:
    """A budget for the whole study."""

    pixel_epochs: int
    perceptual_epochs: int
    seeds: int
    """Number of runs of each experiment in ``REPEATED``."""
    kl_photos: int
    kl_epochs: int
    measured_photos: int
    """Number of test photos for the expensive metrics."""
    batch: int = 8
    schedule: Literal["cosine", "constant"] = "cosine"
    is_comparable: bool = True
    """Whether its scores may be held against the paper's."""
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)


SIZES: dict[SizeName, Size] = {
    "smoke": Size(
        *(3, 3, 2, 8, 1, 4),
        batch=4,
        is_comparable=False,
        data=DataConfig(crop_px=48, test_photos=8, validation_photos=4),
        model=ModelConfig(stem_kernel=3, widths=(4, 8), blocks=(0, 1)),
    ),
    "laptop": Size(2, 1, 3, 2000, 2, 200),
    "full": Size(15, 15, 3, 2000, 2, 200),
}


def plan(size: SizeName, epochs: int | None = None) -> list[Cell]:
    """Return the cells of a size in the order of running: the paper's first.

    Args:
        size: the budget.
        epochs: number of epochs of every cell except those that vary the KL weight (default: that
            of the size).
    """
    budget = SIZES[size]
    cells = [
        Cell(
            *(obfuscation, architecture, loss),
            epochs or (budget.perceptual_epochs if config.is_perceptual else budget.pixel_epochs),
        )
        for loss, config in LOSSES.items()
        for obfuscation in OPERATORS
        for architecture in ARCHITECTURES
    ]
    cells.sort(key=lambda cell: cell.experiment not in PAPER)
    seeds = [
        replace(cell, seed=seed)
        for seed in range(1, budget.seeds)
        for cell in cells
        if cell.experiment in REPEATED
    ]
    failure = [
        Cell(*("blur", "vcae", "pixel", budget.kl_epochs), kl_weight=weight, photos=photos)
        for photos in [budget.kl_photos]
        for weight in KL_WEIGHTS
    ]
    return [*cells, *seeds, *failure]


def choose(cells: list[Cell], only: tuple[str, ...]) -> list[Cell]:
    """Return the cells whose name starts with one of ``only``; all cells if it is empty.

    ``paper`` stands for the experiments of the paper.

    Raises:
        UsageError: no cell starts with one of the words.
    """
    for word in only:
        if word != "paper" and not any(cell.name.startswith(word) for cell in cells):
            raise unknown("cell", word, ["paper", *dict.fromkeys(c.experiment for c in cells)])
    return [
        cell
        for cell in cells
        if not only
        or any(cell.name.startswith(word) for word in only)
        or ("paper" in only and cell.experiment in PAPER and cell.seed == 0)
    ]


def run_config(
    cell: Cell, size: Size, data: DataConfig, loss: LossConfig, runtime: RuntimeConfig
) -> RunConfig:
    """Return the training run of ``cell``; tap, scale and VGG16 weights are those of ``loss``."""
    chosen = LOSSES[cell.loss]
    loss = replace(loss, loss=chosen.loss, rho=chosen.rho)
    if cell.kl_weight is not None:
        loss = replace(loss, kl_weight=cell.kl_weight, kl_warmup_steps=0)
    train = TrainConfig(
        operator=OPERATORS[cell.obfuscation],
        epochs=cell.epochs,
        batch=size.batch,
        schedule=size.schedule,
        seed=cell.seed,
        limit=cell.photos,
    )
    model = replace(size.model, architecture=cell.architecture)
    return RunConfig(data=data, model=model, train=train, loss=loss, runtime=runtime)
