"""Embedders in ONNX files, run by ONNX Runtime."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unveil.config import from_dict
from unveil.documents import read_json
from unveil.errors import UnveilError, UsageError
from unveil.faces.align import PADDING, Alignment
from unveil.networks.onnx_engine import open_session


@dataclass(frozen=True)
class OnnxConfig:
    """Input and metric of an ONNX embedder: the JSON file beside it.

    Args:
        sha256: of the ONNX file.
        input_px: side of the aligned square.
        mean: subtracted from each colour (0 to 255).
        std: divides the difference.
        metric: how its authors compare two embeddings.
        alignment: whose square the face is laid into: dlib's, or ArcFace's, in which SFace and
            AdaFace were trained, too.
        padding: margin around the face in dlib's square, as a share of the face's width.
        order: of the colours.
    """

    sha256: str
    input_px: int
    mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    std: tuple[float, float, float] = (127.5, 127.5, 127.5)
    metric: Literal["euclidean", "cosine"] = "cosine"
    alignment: Alignment = "dlib"
    padding: float = PADDING
    order: Literal["rgb", "bgr"] = "rgb"

    def __post_init__(self) -> None:
        if self.input_px < 1 or len(self.mean) != 3 or len(self.std) != 3 or 0 in self.std:
            raise UsageError(
                "input_px must be at least 1, and mean and std three numbers each, std without 0."
            )
        if self.alignment == "arcface" and self.padding != PADDING:
            raise UsageError("padding is of dlib's square: leave it out with alignment arcface.")


def read_config(path: Path) -> OnnxConfig:
    """Read the JSON beside an ONNX file.

    Raises:
        UnveilError: it is missing, or not a valid description.
    """
    if not path.exists():
        raise UnveilError(
            f"{path}: is missing; it must say sha256, input_px, mean, std and metric."
        )
    plain = read_json(path)
    try:
        return from_dict(OnnxConfig, plain)
    except UsageError as error:
        raise UnveilError(f"{path}: is not a valid description of an embedder ({error}).") from None


class OnnxNet:
    """A network in an ONNX file with one input, one output and batches of any size."""

    def __init__(self, session: Any, config: OnnxConfig) -> None:
        self.session, self.config = session, config
        self.input_name = session.get_inputs()[0].name

    def __call__(self, faces: np.ndarray) -> np.ndarray:
        """Map aligned faces, ``B x 3 x input_px x input_px`` float32 in [0,1], to ``B x D``."""
        mean, std = (
            np.array(values, np.float32)[:, None, None]
            for values in (self.config.mean, self.config.std)
        )
        images = (faces * np.float32(255) - mean) / std
        if self.config.order == "bgr":
            images = np.ascontiguousarray(images[:, ::-1])
        found: np.ndarray = self.session.run(None, {self.input_name: images})[0]
        return found.reshape(len(faces), -1)


def load_onnx_net(content: bytes, config: OnnxConfig) -> OnnxNet:
    """Build the network from the bytes of an ONNX file.

    Raises:
        UnveilError: ONNX Runtime cannot run this file.
    """
    try:
        return OnnxNet(open_session(content), config)
    except UnveilError as error:
        raise UnveilError(f"the embedder's {error}") from None
