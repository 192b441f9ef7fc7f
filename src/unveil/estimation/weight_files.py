"""The files of weights of this room, each checked against its sha256 before it is used."""

import hashlib
import json
from functools import cache
from pathlib import Path

from unveil.files import REINSTALL, read_checked

FOLDER = Path(__file__).parent / "weights"
CHECKSUMS = FOLDER / "checksums.json"


def read_weights(name: str) -> bytes:
    """Return the content of a file in ``FOLDER``.

    Raises:
        UnveilError: the file is missing, or is not the one that was shipped.
    """
    return read_checked(FOLDER / name, _checksums()[name], REINSTALL)


def write_weights(name: str, content: bytes) -> Path:
    """Write a file into ``FOLDER`` and note its sha256, for the tools that fit weights."""
    target = FOLDER / name
    target.write_bytes(content)
    sums = _checksums() | {name: hashlib.sha256(content).hexdigest()}
    CHECKSUMS.write_text(json.dumps(dict(sorted(sums.items())), indent=1) + "\n")
    _checksums.cache_clear()
    return target


@cache
def _checksums() -> dict[str, str]:
    found: dict[str, str] = json.loads(CHECKSUMS.read_text()) if CHECKSUMS.exists() else {}
    return found
