"""The weights that the package ships, found and listed without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unveil.errors import UnveilError, UsageError, unknown
from unveil.files import read_checked
from unveil.networks.card import CARD_NAME, Card, read_card
from unveil.report.rows import Row

if TYPE_CHECKING:
    from unveil.linear.prior import Prior

FOLDER = Path(__file__).parent / "weights"
IDENTITY = "identity"
"""Name of the baseline that returns the obfuscated photo."""

SAMPLER = "pixelate-sampler"
"""Name of the weights that draw several answers to a mosaic."""

PRIOR = FOLDER / "prior.safetensors"
PRIOR_SHA256 = "b13276b5a1483c57d429b2454aacbf43bb03a98e47a3759261af91c5c1c7dbe0"
REINSTALL = "install unveil again"
SCORE_NAMES = ("operator", "storage", "split", "images", "psnr", "ssim", "ssim_deck")


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


def find_model(name: str) -> Path:
    """Return the checkpoint folder of shipped weights, or of a checkpoint or run folder.

    Of a run folder, the ``best`` checkpoint.

    Raises:
        UsageError: ``name`` is none of these; the shipped names are listed.
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


def read_prior(path: Path | None = None) -> "Prior":
    """Return a power spectrum of clean photos: the shipped one, or that of a file.

    Raises:
        UnveilError: the file cannot be read or is not a prior, or the shipped one is damaged.
    """
    if path is None:
        content = read_checked(PRIOR, PRIOR_SHA256, REINSTALL)
    else:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    from unveil.linear.prior import decode_prior

    return decode_prior(content, path or PRIOR)
