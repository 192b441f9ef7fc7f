"""Embedders in ONNX files, run by ONNX Runtime."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from unveil.config import from_dict
from unveil.errors import UnveilError, UsageError
from unveil.extras import require
from unveil.faces.align import PADDING
from unveil.onnx.session import open_session


@dataclass(frozen=True)
class OnnxConfig:
    """Input and metric of an ONNX embedder: the JSON file beside it.

    Args:
        sha256: of the ONNX file.
        input_px: side of the aligned square.
        mean: subtracted from each colour (0 to 255).
        std: divides the difference.
        metric: how its authors compare two embeddings.
        padding: margin around the face in the square, as a share of the face's width.
        order: of the colours.
    """

    sha256: str
    input_px: int
    mean: tuple[float, float, float] = (127.5, 127.5, 127.5)
    std: tuple[float, float, float] = (127.5, 127.5, 127.5)
    metric: Literal["euclidean", "cosine"] = "cosine"
    padding: float = PADDING
    order: Literal["rgb", "bgr"] = "rgb"

    def __post_init__(self) -> None:
        if self.input_px < 1 or len(self.mean) != 3 or len(self.std) != 3 or 0 in self.std:
            raise UsageError(
                "input_px must be at least 1, and mean and std three numbers each, std without 0."
            )


def read_config(path: Path) -> OnnxConfig:
    """Read the JSON beside an ONNX file.

    Raises:
        UnveilError: it is missing, or not a valid description.
    """
    try:
        return from_dict(OnnxConfig, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UnveilError(
            f"{path}: is missing; it must say sha256, input_px, mean, std and metric."
        ) from None
    except (OSError, ValueError, TypeError, UsageError) as error:
        raise UnveilError(f"{path}: is not a valid description of an embedder ({error}).") from None


class OnnxNet(nn.Module):
    """A network in an ONNX file with one input, one output and batches of any size."""

    def __init__(self, session: Any, config: OnnxConfig) -> None:
        super().__init__()
        self.session, self.config = session, config
        self.input_name = session.get_inputs()[0].name

    def forward(self, faces: Tensor) -> Tensor:
        """Map aligned faces, ``B x 3 x input_px x input_px`` in [0,1], to ``B x D``."""
        mean, std = (torch.tensor(v)[:, None, None] for v in (self.config.mean, self.config.std))
        images = (faces.float().cpu() * 255 - mean) / std
        if self.config.order == "bgr":
            images = images.flip(1)
        found = self.session.run(None, {self.input_name: images.numpy()})[0]
        return torch.from_numpy(found).flatten(1)


def load_onnx_net(content: bytes, config: OnnxConfig) -> OnnxNet:
    """Build the network from the bytes of an ONNX file.

    Raises:
        UnveilError: the extra ``audit`` is not installed, or ONNX Runtime cannot run this file.
    """
    require("audit")
    try:
        session = open_session(content)
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        first = str(error).splitlines()[0]
        raise UnveilError(f"the ONNX embedder cannot be run ({first}).") from None
    return OnnxNet(session, config)
