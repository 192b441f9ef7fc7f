"""Files of weights that the package ships, each checked against its sha256 before it is used."""

import hashlib
import json
from functools import cache
from pathlib import Path

from unveil.files import REINSTALL, read_checked

FOLDER = Path(__file__).parent / "weights"
"""Of this room; others have one of their own."""

CHECKSUMS = "checksums.json"


def read_weights(name: str, folder: Path = FOLDER) -> bytes:
    """Return the content of a file in a folder of weights.

    Raises:
        UnveilError: the file is missing, or is not the one that was shipped.
    """
    return read_checked(folder / name, checksums(folder)[name], REINSTALL)


def write_weights(name: str, content: bytes, folder: Path = FOLDER) -> Path:
    """Write a file into a folder of weights and note its sha256, for the tools that fit weights."""
    folder.mkdir(exist_ok=True)
    target = folder / name
    target.write_bytes(content)
    sums = checksums(folder) | {name: hashlib.sha256(content).hexdigest()}
    (folder / CHECKSUMS).write_text(json.dumps(dict(sorted(sums.items())), indent=1) + "\n")
    checksums.cache_clear()
    return target


@cache
def checksums(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a folder, by its name."""
    file = folder / CHECKSUMS
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found
