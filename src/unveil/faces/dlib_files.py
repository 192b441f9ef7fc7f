"""dlib's trained models: the files that the package ``face_recognition_models`` contains."""

import importlib.util
from pathlib import Path

from unveil.errors import UnveilError
from unveil.extras import require
from unveil.files import read_checked

EMBEDDER_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
SHA256 = {
    EMBEDDER_FILE: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}
REMEDY = "install face-recognition-models again"


def model_file(name: str) -> Path:
    """Return the path of one of the files, after checking its sha256.

    The package is located, not imported: it imports ``pkg_resources``, which setuptools no
    longer contains.

    Raises:
        UnveilError: the extra ``audit`` is not installed, or the file is damaged.
    """
    require("audit")
    package = importlib.util.find_spec("face_recognition_models")
    if package is None or package.origin is None:
        raise UnveilError(f"face-recognition-models: contains no files; {REMEDY}.")
    path = Path(package.origin).parent / "models" / name
    read_checked(path, SHA256[name], REMEDY)
    return path
