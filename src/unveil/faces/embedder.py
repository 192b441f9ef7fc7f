"""Embedders: networks that map an aligned face to a vector, close together for one person.

dlib's network (:mod:`unveil.networks.dlib_net`), or any network in an ONNX file, described by a
JSON file beside it. ONNX Runtime runs both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unveil.arrays import Array, to_numpy
from unveil.errors import UnveilError
from unveil.faces.align import align, similarity
from unveil.faces.onnx_net import OnnxConfig, load_onnx_net, read_config
from unveil.files import read_checked
from unveil.networks.dlib_files import EMBEDDER_FILE, SHA256, model_file
from unveil.networks.dlib_net import MEAN, SIDE_PX, STD, dlib_model

BATCH = 64
REMEDY = "get the file that its JSON describes, or correct the sha256 there"
DLIB = OnnxConfig(SHA256[EMBEDDER_FILE], SIDE_PX, MEAN, STD, metric="euclidean")


@dataclass(frozen=True)
class Embedder:
    """A face recognition network and its input.

    Attributes:
        name: in rows and reports.
        net: maps ``B x 3 x input_px x input_px`` float32 in [0,1] to ``B x D``.
        config: the network's input, and how two embeddings are compared.
    """

    name: str
    net: Callable[[np.ndarray], np.ndarray]
    config: OnnxConfig

    def embed(self, images: Array, points: np.ndarray) -> np.ndarray:
        """Return the embedding of each face, ``B x D`` float32.

        Args:
            images: one face each, ``B x 3 x H x W`` in [0,1].
            points: their landmarks, ``B x 5 x 2``, (x, y) in pixels.

        Raises:
            UnveilError: the network returned NaN or infinity.
        """
        images = to_numpy(images)
        starts = range(0, len(images), BATCH)
        parts = (slice(start, start + BATCH) for start in starts)
        found = np.concatenate([self._embed(images[part], points[part]) for part in parts])
        if not np.isfinite(found).all():
            raise UnveilError(f"embedder {self.name} returned NaN or infinity.")
        if self.config.metric == "cosine":
            found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return found

    def _embed(self, images: np.ndarray, points: np.ndarray) -> np.ndarray:
        side = self.config.input_px
        matrices = similarity(points, side, self.config.padding, self.config.alignment)
        return self.net(align(images.astype(np.float32), matrices, side))


def load_embedder(path: Path | None) -> Embedder:
    """Load dlib's embedder, or the one in an ONNX file. It runs on the CPU.

    Args:
        path: the ONNX file, with its JSON beside it (:class:`unveil.faces.onnx_net.OnnxConfig`).

    Raises:
        UnveilError: a file is missing or damaged, or not the one that its JSON describes.
    """
    if path is None:
        model = dlib_model(model_file(EMBEDDER_FILE).read_bytes())
        return Embedder("dlib", load_onnx_net(model, DLIB), DLIB)
    config = read_config(path.with_suffix(".json"))
    content = read_checked(path, config.sha256, REMEDY)
    return Embedder(path.stem, load_onnx_net(content, config), config)


def distances_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances between embeddings, ``N x M``.

    By differences: equal embeddings are exactly 0 apart, and equally far from any other.

    Args:
        one: ``N x D``.
        other: ``M x D``.

    Examples:
        >>> distances_between(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]))
        array([[5., 1.]])
    """
    rows = [np.linalg.norm(other - each, axis=1) for each in one]
    return np.stack(rows) if rows else np.zeros((0, len(other)))
