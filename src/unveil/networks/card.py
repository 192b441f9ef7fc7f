"""Cards, the JSON files that describe weights, and the weights that the package ships.

Nothing here needs torch.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from unveil.config import ModelConfig, RunConfig, from_dict
from unveil.degradation.families import Task
from unveil.documents import read_json
from unveil.errors import UnveilError, UsageError, unknown
from unveil.report.rows import Row

CARD_NAME = "checkpoint.json"
FORMAT = 2
SCORE_NAMES = ("operator", "storage", "split", "images", "psnr", "ssim", "ssim_deck")

FOLDER = Path(__file__).parent / "weights"
IDENTITY = "identity"
"""Name of the baseline that returns the obfuscated photo."""


@dataclass(frozen=True)
class SplitSizes:
    """Numbers of photos in the splits of a data set."""

    train: int
    validation: int
    test: int

    def __post_init__(self) -> None:
        if min(self.train, self.validation, self.test) < 1:
            raise UsageError("a split must have at least 1 photo.")


@dataclass(frozen=True)
class DataRecord:
    """Number of photos of a data set, its fingerprint and its splits."""

    photos: int
    fingerprint: str
    splits: SplitSizes

    def __post_init__(self) -> None:
        if self.photos < 1:
            raise UsageError("a data set must have at least 1 photo.")


class Training(NamedTuple):
    """How weights were trained, and on which photos."""

    run: RunConfig
    photos: DataRecord


@dataclass(frozen=True)
class Card:
    """What the weights of a checkpoint are and where they come from.

    Attributes:
        model: configuration of the network.
        operator: text form of the operator that the weights undo, or the name of a family.
        storage: text form of the storage of the training inputs, or ``any``.
        run: complete configuration of the training run.
        data: numbers of photos and the fingerprint of the training data.
        provenance: device, precision, commit and versions.
        step: number of optimiser steps.
        loss: scale of the perceptual term and the VGG16 weights behind it.
        term_sums: sums of the objective's terms over the steps of an unfinished epoch.
        history: one entry per epoch: losses, validation scores, images per second.
        scores: rows of shipped weights on the test split (see :mod:`unveil.report.rows`).
        files: name and sha256 of each tensor file, by role.
        format: version of this layout.
    """

    model: ModelConfig
    operator: str
    storage: str
    run: dict[str, Any]
    data: dict[str, Any]
    provenance: dict[str, Any]
    loss: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    term_sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        if any(not {"name", "sha256"} <= entry.keys() for entry in self.files.values()):
            raise UsageError("each of its files must have a name and a sha256.")

    @property
    def task(self) -> Task:
        """What the weights undo."""
        return Task(self.operator, self.storage)

    def read_training(self, name: object) -> Training:
        """Return how the weights were trained, and on which photos.

        Args:
            name: of the checkpoint, for messages.

        Raises:
            UnveilError: the card does not say so, or not as this version reads it.
        """
        try:
            return Training(from_dict(RunConfig, self.run), from_dict(DataRecord, self.data))
        except UsageError as error:
            raise UnveilError(
                f"{name}: its card does not say how it was trained ({error})."
            ) from None

    @property
    def trained_on(self) -> str:
        """Description of what the weights were trained on."""
        return self.task.description


def read_card(folder: Path) -> Card:
    """Read the card of the checkpoint in ``folder``.

    Raises:
        UnveilError: no checkpoint there, or one that this version cannot read.
    """
    path = folder / CARD_NAME
    if not path.exists():
        raise UnveilError(f"{folder}: no checkpoint here ({CARD_NAME} is missing).")
    plain = read_json(path)
    try:
        found = plain.get("format") if isinstance(plain, dict) else None
        if found != FORMAT:
            raise UnveilError(f"{path}: format {found!r}, but this version reads {FORMAT}.")
        card = from_dict(Card, plain)
        _ = card.task  # parsed: what cannot be is told of this file, not of the command line
    except UsageError as error:
        raise UnveilError(f"{path}: is damaged or not a checkpoint ({error}).") from None
    return card


@dataclass(frozen=True)
class Shipped:
    """One set of shipped weights."""

    name: str
    folder: Path
    card: Card

    @property
    def size_bytes(self) -> int:
        """Size of the tensor file."""
        return (self.folder / self.card.files["weights"]["name"]).stat().st_size

    def summary(self) -> Row:
        """Return the row that ``unveil models`` prints."""
        weights = self.card.files["weights"]
        return {
            "name": self.name,
            "operator": self.card.operator,
            "storage": self.card.storage,
            "size_mb": round(self.size_bytes / 1e6, 2),
            "sha256": weights["sha256"],
            "training_data": f"{self.card.data['splits']['train']} photos of LFW",
            "scores": [{name: row[name] for name in SCORE_NAMES} for row in self.card.scores],
        }


def list_shipped() -> list[Shipped]:
    """Return all shipped weights, sorted by name.

    Examples:
        >>> [item.name for item in list_shipped()][:2]
        ['blur', 'blur-fast']
    """
    folders = sorted(path.parent for path in FOLDER.glob(f"*/{CARD_NAME}"))
    return [Shipped(folder.name, folder, read_card(folder)) for folder in folders]


def name_of(folder: Path) -> str:
    """Return what the checkpoint in ``folder`` is called: a run's best goes by the run's name."""
    path = folder.absolute()
    is_of_run = path.name == "best" and (path.parent / "last" / CARD_NAME).is_file()
    return path.parent.name if is_of_run else path.name


def find_model(name: str) -> Path:
    """Return the checkpoint folder of shipped weights, or of a checkpoint or run folder.

    Of a run folder, the ``best`` checkpoint.

    Raises:
        UsageError: ``name`` is none of these; the shipped names are listed.
    """
    if (FOLDER / name / CARD_NAME).exists():
        return FOLDER / name
    folder = Path(name)
    for candidate in (folder, folder / "best"):
        if (candidate / CARD_NAME).exists():  # a pipe, too: it is named when it is read
            return candidate
    if folder.is_dir():
        raise UsageError(f"{folder}: no checkpoint here ({CARD_NAME} is missing).")
    raise unknown("model", name, [item.name for item in list_shipped()])
