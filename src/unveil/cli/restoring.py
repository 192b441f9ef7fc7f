"""`unveil restore` on photos: restorers on the engine asked for, and the pipeline's remarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unveil.config import Device, Engine, Precision
from unveil.images.photos import Photo, write_photo
from unveil.images.tensors import to_photo, to_tensor
from unveil.networks.shipped import SAMPLER
from unveil.restoration.pipeline import Load, Request, draw, restore, uncertainty_map
from unveil.restoration.remarks import show
from unveil.restoration.restorers import Network, Restorer, load


def loader(engine: Engine, device: Device, precision: Precision, prior: Path | None) -> Load:
    """Return a function that loads restorers by name on an engine, each once.

    Args:
        engine: what runs a network's convolutions; ``onnx`` does so on the CPU, in float32.
        device: where to compute.
        precision: arithmetic of a network.
        prior: file of the power spectrum that a closed form takes (default: the shipped one).
    """

    def load_one(name: str) -> Restorer:
        if engine == "torch":
            return load(name, device, precision, prior)
        from unveil.onnx.engine import with_onnx

        restorer = load(name, "cpu", "fp32", prior)
        return with_onnx(restorer) if isinstance(restorer, Network) else restorer

    return cache(load_one)


@dataclass(frozen=True)
class PhotoRestoring:
    """Restores photos, one after the other.

    Attributes:
        request: what the user asks for.
        load: loads restorers by name.
        uncertainty: file for the map of the expected error.
        samples: files for other restorations that agree with the input.
    """

    request: Request
    load: Load
    uncertainty: Path | None = None
    samples: Sequence[Path] = ()

    def __call__(self, photo: Photo) -> Photo:
        """Return the photo restored; write what was asked for beside it, show the remarks.

        Raises:
            UsageError: what was asked for is not to be had for this photo.
        """
        images, request = to_tensor(photo), self.request
        done = restore(images, photo.storage, request, self.load)
        show(done.remarks, done.finding.as_row() if done.finding else None, done.restorer)
        if done.restorer is None:
            return photo
        if self.uncertainty is not None:
            write_photo(to_photo(uncertainty_map(done.error)), self.uncertainty)
        for seed, path in enumerate(self.samples):
            drawn = draw(images, done.finding, self.load(SAMPLER), seed, request.tile_px)
            write_photo(to_photo(drawn, photo), path)
        return to_photo(done.images, photo)
