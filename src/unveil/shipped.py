"""The weights inside the package, found and listed without torch."""

from dataclasses import dataclass
from pathlib import Path

from unveil.card import CARD_NAME, Card, read_card
from unveil.errors import UsageError, unknown
from unveil.results import Row
from unveil.specs import Operator

FOLDER = Path(__file__).parent / "weights"
IDENTITY = "identity"
SCORE_NAMES = ("operator", "storage", "split", "images", "psnr", "ssim", "ssim_deck")


@dataclass(frozen=True)
class Shipped:
    """One set of shipped weights."""

    name: str
    folder: Path
    card: Card

    def summary(self) -> Row:
        """Return what ``unveil models`` says of them."""
        weights = self.card.files["weights"]
        size_bytes = (self.folder / weights["name"]).stat().st_size
        return {
            "name": self.name,
            "operator": self.card.operator,
            "storage": self.card.storage,
            "size_mb": round(size_bytes / 1e6, 2),
            "sha256": weights["sha256"],
            "training_data": f"{self.card.data['splits']['train']} photos of LFW",
            "scores": [{name: row[name] for name in SCORE_NAMES} for row in self.card.scores],
        }


def list_shipped() -> list[Shipped]:
    """Return all shipped weights, sorted by name."""
    folders = sorted(path.parent for path in FOLDER.glob(f"*/{CARD_NAME}"))
    return [Shipped(folder.name, folder, read_card(folder)) for folder in folders]


def find_model(name: str) -> Path:
    """Return the checkpoint folder that ``name`` means: a shipped name, or a folder.

    A run folder means its ``best`` checkpoint.

    Raises:
        UsageError: neither; the shipped names are listed.
    """
    if (FOLDER / name / CARD_NAME).is_file():
        return FOLDER / name
    folder = Path(name)
    for candidate in (folder, folder / "best"):
        if (candidate / CARD_NAME).is_file():
            return candidate
    if folder.is_dir():
        raise UsageError(f"{folder}: no checkpoint here ({CARD_NAME} is missing).")
    raise unknown("model", name, [item.name for item in list_shipped()])


def model_for(operator: Operator) -> str:
    """Return the name of the shipped weights that undo ``operator``.

    Raises:
        UsageError: there are none; what there is is listed.
    """
    there = {item.card.operator: item.name for item in list_shipped()}
    if str(operator) not in there:
        raise UsageError(
            f"no shipped weights undo {operator}; there are some for {', '.join(there) or 'none'}. "
            "Train your own with `unveil train` and name its folder with --model."
        )
    return there[str(operator)]
