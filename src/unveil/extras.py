"""The packages that only the audit needs, and the files that one of them brings."""

import hashlib
import importlib.util
from pathlib import Path

from unveil.errors import UnveilError

PACKAGES = {
    "dlib": "dlib-bin",
    "face_recognition_models": "face-recognition-models",
}
"""Module to name of what the extra ``audit`` installs."""

EMBEDDER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
SHA256 = {
    EMBEDDER_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}


def check_installed() -> None:
    """Refuse where the extra is not installed.

    Raises:
        UnveilError: a package is missing; how to get it is said.
    """
    for module, name in PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            raise UnveilError(f"the audit needs {name}: pip install 'unveil[audit]'.")


def data_file(name: str) -> Path:
    """Return the path of a file of ``face_recognition_models``, its sha256 checked.

    The package is not imported: it asks for a module that setuptools no longer has.

    Raises:
        UnveilError: the package is missing, or the file is not the one that is known.
    """
    check_installed()
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or found.origin is None:
        raise UnveilError("face-recognition-models: no files; install 'unveil[audit]' again.")
    path = Path(found.origin).parent / "models" / name
    check_sha256(path, SHA256[name])
    return path


def check_sha256(path: Path, expected: str) -> bytes:
    """Return the content of a file.

    Raises:
        UnveilError: it cannot be read, or its sha256 is another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnveilError(f"{path}: cannot be read ({error.strerror}).") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise UnveilError(f"{path}: is not the file it should be (sha256 differs).")
    return content
