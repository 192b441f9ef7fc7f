"""Weights of the estimation are used only if they are those that were shipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from unveil.errors import UnveilError
from unveil.estimation import weight_files
from unveil.estimation.weight_files import FOLDER, read_weights, write_weights


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the folder of weights, which is used instead of it."""
    folder = tmp_path / "weights"
    shutil.copytree(FOLDER, folder)
    monkeypatch.setattr(weight_files, "FOLDER", folder)
    monkeypatch.setattr(weight_files, "CHECKSUMS", folder / "checksums.json")
    weight_files._checksums.cache_clear()
    yield folder
    weight_files._checksums.cache_clear()


def test_every_file_is_known() -> None:
    """Each shipped file has its checksum, and there is none of another."""
    names = {path.name for path in FOLDER.iterdir()} - {"checksums.json"}
    assert names == set(weight_files._checksums())
    assert all(read_weights(name) for name in names)


def test_a_damaged_file_is_refused(copied: Path) -> None:
    """One changed byte is enough; the error names the file and the remedy."""
    path = copied / "confidence.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UnveilError, match=r"confidence\.json.*install unveil again"):
        read_weights("confidence.json")


def test_a_missing_file_is_refused(copied: Path) -> None:
    """In one line."""
    (copied / "segmenter.onnx").unlink()
    with pytest.raises(UnveilError, match=r"segmenter\.onnx"):
        read_weights("segmenter.onnx")


def test_a_written_file_is_known(copied: Path) -> None:
    """The tools that fit weights note the sha256 of what they write."""
    write_weights("confidence.json", b"{}")
    assert read_weights("confidence.json") == b"{}"
    assert read_weights("segmenter.onnx") == (copied / "segmenter.onnx").read_bytes()
