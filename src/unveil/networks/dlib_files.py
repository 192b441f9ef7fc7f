"""dlib's trained models: downloaded, or from the package ``face_recognition_models``.

Two files, in the public domain (CC0), by D. E. King. The package holds two more, which are never
opened; one of them, of 68 landmarks, is not for commercial use.
"""

import bz2
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from unveil import downloads
from unveil.errors import UnveilError
from unveil.files import cache_folder, file_sha256, read_checked, temporary_beside

EMBEDDER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
SHA256 = {
    EMBEDDER_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}
ARCHIVE_SHA256 = {
    EMBEDDER_FILE: "abb1f61041e434465855ce81c2bd546e830d28bcbed8d27ffbe5bb408b11553a",
    LANDMARKS_FILE: "6e787bbebf5c9efdb793f6cd1f023230c4413306605f24f299f12869f95aa472",
}
"""Sha256 of the files as they are downloaded, compressed by bzip2."""

COMMIT = "2a61575dd45d818271c085ff8cd747613a48f20d"
URLS = {
    name: f"https://github.com/davisking/dlib-models/raw/{COMMIT}/{name}.bz2" for name in SHA256
}
MAX_BYTES = 30_000_000
REMEDY = "run `unveil download faces` (27 MB), or install face-recognition-models"


def model_file(name: str) -> Path:
    """Return the path of one of the files, after checking its sha256.

    Raises:
        UnveilError: it is missing or damaged.
    """
    path = next((path for path in _places(name) if path.is_file()), None)
    if path is None:
        raise UnveilError(f"dlib's trained models are missing; {REMEDY}.")
    read_checked(path, SHA256[name], REMEDY)
    return path


def _places(name: str) -> Iterator[Path]:
    yield target_folder() / name
    # Located, not imported: it imports pkg_resources, which setuptools no longer contains.
    package = importlib.util.find_spec("face_recognition_models")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "models" / name


def target_folder() -> Path:
    """Return the folder of the downloaded files, whether it exists or not."""
    return cache_folder() / "dlib"


def download() -> Path:
    """Download the files (27 MB) into the cache folder; return their folder.

    Raises:
        UnveilError: the download failed.
    """
    folder = target_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name, sha256 in SHA256.items():
        target, partial = folder / name, folder / f"{name}.bz2.part"
        if target.exists() and file_sha256(target) == sha256:
            continue
        archive = ARCHIVE_SHA256[name]
        downloads.download(URLS[name], partial, archive, max_bytes=MAX_BYTES)
        with temporary_beside(target) as unpacked, bz2.open(partial) as packed:
            unpacked.write_bytes(packed.read())
        partial.unlink()
    return folder
