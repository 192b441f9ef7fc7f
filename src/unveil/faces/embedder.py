"""Embedders: networks that map an aligned face to a vector, close together for one person.

Two kinds with one interface: dlib's network (:mod:`unveil.faces.dlib_net`), and any network in an
ONNX file, described by a JSON file beside it.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from unveil.errors import UnveilError
from unveil.faces.align import PADDING, align, similarity
from unveil.faces.dlib_files import EMBEDDER_FILE, SHA256, model_file
from unveil.faces.dlib_net import SIDE_PX, load_dlib_net
from unveil.faces.onnx_net import load_onnx_net, read_config
from unveil.files import read_checked
from unveil.runtime import Runtime

BATCH = 64
REMEDY = "get the file that its JSON describes, or correct the sha256 there"


@dataclass(frozen=True)
class Embedder:
    """A face recognition network and its input.

    Attributes:
        name: in rows and reports.
        sha256: of its weights.
        net: maps ``B x 3 x input_px x input_px`` in [0,1] to ``B x D``.
        input_px: side of the aligned square.
        padding: margin around the face in the square, as a share of the face's width.
        metric: how two embeddings are compared: ``euclidean`` or ``cosine``.
        runtime: device and precision.
    """

    name: str
    sha256: str
    net: torch.nn.Module
    input_px: int
    padding: float
    metric: str
    runtime: Runtime

    @torch.inference_mode()
    def embed(self, images: Tensor, points: Tensor) -> Tensor:
        """Return the embedding of each face, ``B x D`` float32 on the CPU.

        Args:
            images: one face each, ``B x 3 x H x W`` in [0,1].
            points: their landmarks, ``B x 5 x 2``, (x, y) in pixels.

        Raises:
            UnveilError: the network returned NaN or infinity.
        """
        parts = zip(torch.split(images, BATCH), torch.split(points, BATCH), strict=True)
        found = torch.cat([self._embed(image, point) for image, point in parts])
        if not found.isfinite().all():
            raise UnveilError(f"embedder {self.name} returned NaN or infinity.")
        return F.normalize(found) if self.metric == "cosine" else found

    def _embed(self, images: Tensor, points: Tensor) -> Tensor:
        matrices = similarity(points, self.input_px, self.padding)
        squares = align(images, matrices, self.input_px).to(self.runtime.device)
        with self.runtime.autocast():
            found: Tensor = self.net(squares)
        return found.float().cpu()


def load_embedder(path: Path | None, runtime: Runtime) -> Embedder:
    """Load dlib's embedder, or the one in an ONNX file.

    Args:
        path: the ONNX file, with its JSON beside it (:class:`unveil.faces.onnx_net.OnnxConfig`).
        runtime: device and precision of dlib's network; an ONNX file runs on the CPU.

    Raises:
        UnveilError: a file is missing or damaged, or not the one that its JSON describes.
    """
    if path is None:
        net = load_dlib_net(model_file(EMBEDDER_FILE).read_bytes()).to(runtime.device)
        net.to(memory_format=torch.channels_last)
        sha256 = SHA256[EMBEDDER_FILE]
        return Embedder("dlib", sha256, net, SIDE_PX, PADDING, "euclidean", runtime)
    config = read_config(path.with_suffix(".json"))
    content = read_checked(path, config.sha256, REMEDY)
    other = load_onnx_net(content, config)
    side, padding = config.input_px, config.padding
    return Embedder(path.stem, config.sha256, other, side, padding, config.metric, runtime)
