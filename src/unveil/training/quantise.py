"""Networks in 8 bits: a quarter of the file, faster, and what that costs in decibels.

Weights (a scale for each output of a layer) and what goes into each convolution (one scale for it
all) are rounded to 256 levels; everything else stays float32. The scales of what goes in are found
by watching photos go through, so photos are needed; what is lost is measured on others.
"""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from unveil.arrays import to_numpy
from unveil.degradation.degrade import degrade
from unveil.errors import UnveilError
from unveil.files import temporary_beside
from unveil.images.arrays import from_pixels
from unveil.images.photos import list_photos
from unveil.linear.prior import read_prior
from unveil.metrics.quality import psnr
from unveil.networks.export import quiet, set_metadata, to_onnx
from unveil.networks.graph import Source, metadata
from unveil.networks.onnx_engine import OnnxEngine, import_quantization, open_session
from unveil.restoration.restorers import NetworkRestorer
from unveil.training.crops import open_crops
from unveil.training.lfw import default_folder

CROP_PX = 64
"""Side of what is taken of each photo: small, so that small photos will do."""

WATCHED = 32
"""Photos that scales are found on, at most."""

MEASURED = 64
"""Photos that the loss is measured on, at most."""


@dataclass(frozen=True)
class Int8Report:
    """What was written, and what it lost.

    Attributes:
        path: the file.
        size_bytes: its size.
        float_psnr_db: mean PSNR of the network in float32.
        int8_psnr_db: that of the file.
        photos: how many were measured; none of them was watched to find scales.
        degradation: what they went through.
    """

    path: Path
    size_bytes: int
    float_psnr_db: float
    int8_psnr_db: float
    photos: int
    degradation: str

    @property
    def loss_db(self) -> float:
        """What 8 bits cost."""
        return self.float_psnr_db - self.int8_psnr_db

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.size_bytes / 1e6:.1f} MB, loses {self.loss_db:.2f} dB to 8 bits "
            f"({self.int8_psnr_db:.2f} for {self.float_psnr_db:.2f}; {self.photos} photos, "
            f"{self.degradation})"
        )

    def as_row(self) -> dict[str, object]:
        """Return the report as plain values for JSON."""
        return {**asdict(self), "path": str(self.path), "loss_db": self.loss_db}


def write_int8(source: Source, target: Path, data: Path | None) -> Int8Report:
    """Write ``source`` in 8 bits, all of it or nothing, and say what that costs.

    Args:
        source: in float32 on the CPU.
        target: the file.
        data: folder of clean photos like those to restore (default: the downloaded LFW).

    Raises:
        UnveilError: fewer than two photos, or some that cannot be used; an operator of the network
            has no counterpart in ONNX.
    """
    clean, undone = some_photos(data), source.card.task.example
    watched = min(WATCHED, len(clean) // 2)
    exported = to_onnx(source)
    content = to_int8(source, exported, clean[:watched])
    before, after = (
        psnr_db(in_onnx(source, graph), clean[watched:]) for graph in (exported, content)
    )
    said = {"int8_loss_db": f"{before - after:.2f}", "int8_loss_on": str(undone)}
    content = set_metadata(content, {**metadata(source), "weights": "int8", **said})
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_beside(target) as partial:
        partial.write_bytes(content)
    return Int8Report(target, len(content), before, after, len(clean) - watched, str(undone))


def some_photos(data: Path | None) -> np.ndarray:
    """Return the middles of some photos of a folder, ``N x 3 x H x W`` in [0,1], always the same.

    Raises:
        UnveilError: fewer than two, or some that cannot be used; each is named with its reason.
    """
    folder = data or default_folder()
    paths = list_photos(folder)
    if len(paths) < 2:
        raise UnveilError(
            f"{folder}: holds one photo; 8 bits are set by some and judged by others."
        )
    drawn = random.Random(0).sample(paths, min(WATCHED + MEASURED, len(paths)))  # noqa: S311
    crops, _ = open_crops(folder, drawn, CROP_PX)
    photos: np.ndarray = from_pixels(np.asarray(crops))
    return photos


def to_int8(source: Source, exported: bytes, clean: np.ndarray) -> bytes:
    """Return an ONNX file with its convolutions in 8 bits.

    Args:
        source: the network of the file.
        exported: the file, in float32.
        clean: photos to find the scales on, ``N x 3 x H x W`` in [0,1]; each goes through a
            degradation of those that the network undoes.
    """
    import onnx

    quantization = import_quantization()
    engine = OnnxEngine(open_session(exported), source.model.prior)
    with tempfile.TemporaryDirectory() as folder, quiet():
        quantised = Path(folder) / "int8.onnx"
        quantization.quantize_static(
            onnx.load_from_string(exported),
            quantised,
            _Watched(engine.feed(inputs) for inputs in _seen(source, engine, clean)),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "ConvTranspose"],
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return quantised.read_bytes()


def in_onnx(source: Source, content: bytes) -> NetworkRestorer:
    """Return a network as ONNX Runtime runs it from an ONNX file of it."""
    engine = OnnxEngine(open_session(content), source.model.prior)
    return NetworkRestorer(source.name, source.card, engine, engine.prior or read_prior())


def psnr_db(restorer: NetworkRestorer, clean: np.ndarray) -> float:
    """Return the mean PSNR of what a network restores of photos, ``N x 3 x H x W`` in [0,1]."""
    undone = restorer.card.task.example
    parts = np.split(clean, range(16, len(clean), 16))
    found = [psnr(restorer.restore(degrade(part, undone), undone), part) for part in parts]
    return float(np.concatenate(found).mean(dtype=np.float64))


def _seen(source: Source, engine: OnnxEngine, clean: np.ndarray) -> Iterator[np.ndarray]:
    """Give the inputs of the file for each photo, after one of the degradations it is for."""
    for number, image in enumerate(clean[:, None]):
        drawn = source.card.task.draw(0, number)
        undone = drawn[number % len(drawn)]
        yield to_numpy(engine.inputs(degrade(image, undone), undone)[...])


class _Watched:
    """What ONNX Runtime's calibration asks for its inputs."""

    def __init__(self, feeds: Iterator[dict[str, np.ndarray]]) -> None:
        self.feeds = feeds

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)
