"""Weights of the estimation are used only if they are those that were shipped."""

import shutil
from pathlib import Path

import pytest

from unveil.errors import UnveilError
from unveil.estimation.weight_files import (
    CHECKSUMS,
    FOLDER,
    checksums,
    read_weights,
    write_weights,
)
from unveil.restoration import refining


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the folder of weights."""
    return Path(shutil.copytree(FOLDER, tmp_path / "weights"))


@pytest.mark.parametrize("folder", [FOLDER, refining.FOLDER])
def test_every_file_is_known(folder: Path) -> None:
    """Each shipped file has its checksum, and there is none of another."""
    names = {path.name for path in folder.iterdir()} - {CHECKSUMS}
    assert names == set(checksums(folder))
    assert all(read_weights(name, folder) for name in names)


def test_a_damaged_file_is_refused(copied: Path) -> None:
    """One changed byte is enough; the error names the file and the remedy."""
    path = copied / "confidence.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UnveilError, match=r"confidence\.json.*install unveil again"):
        read_weights("confidence.json", copied)


def test_a_missing_file_is_refused(copied: Path) -> None:
    """In one line."""
    (copied / "segmenter.onnx").unlink()
    with pytest.raises(UnveilError, match=r"segmenter\.onnx"):
        read_weights("segmenter.onnx", copied)


def test_a_written_file_is_known(copied: Path) -> None:
    """The tools that fit weights note the sha256 of what they write."""
    write_weights("confidence.json", b"{}", copied)
    assert read_weights("confidence.json", copied) == b"{}"
    assert read_weights("segmenter.onnx", copied) == (copied / "segmenter.onnx").read_bytes()
