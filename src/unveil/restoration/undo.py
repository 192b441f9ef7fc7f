"""What `unveil restore` and `unveil inspect` do with one photo file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from unveil import console
from unveil.config import TILE_PX, Device, Engine, Precision
from unveil.degradation import Degradation, Linear, Storage
from unveil.degradation.families import FAMILIES
from unveil.errors import UsageError
from unveil.estimation.finding import Finding, inspect
from unveil.images.box import Box
from unveil.images.photos import MAX_PIXELS, Photo, read_photo, write_photo
from unveil.images.tensors import to_photo, to_tensor
from unveil.networks.shipped import SAMPLER, model_for, read_prior
from unveil.restoration.pipeline import Outcome, draw, find, restore_finding
from unveil.restoration.restorers import Network, Restorer, load


def inspect_photo(path: Path, box: Box | None = None, max_pixels: int = MAX_PIXELS) -> Finding:
    """Find what hides the photo in a file, or the part of it in ``box``.

    Raises:
        UnveilError: the file is missing, damaged, too large or no photo.
        UsageError: the box is not inside the picture.
    """
    photo = read_photo(path, max_pixels)
    return inspect(to_tensor(photo), photo.storage, read_prior(), box)


FALLBACK = "lmmse"
"""Knows every operator and storage, if less of photos."""


@dataclass(frozen=True)
class Undo:
    """What the user asks for.

    Attributes:
        operator: what hides the photos; None to find out.
        box: the part that is hidden; None to find out.
        model: name or folder; None to choose.
        consistent: whether the answer must give the input when obfuscated again.
        force: whether to use weights beyond what they were trained on.
        prior: file of the power spectrum of photos like these (default: the shipped one).
        tile_px: side of the pieces that large photos are restored in.
        engine: what runs a network's convolutions; onnx does it on the CPU, in float32.
    """

    operator: Linear | None = None
    box: Box | None = None
    model: str | None = None
    consistent: bool = False
    force: bool = False
    prior: Path | None = None
    tile_px: int = TILE_PX
    engine: Engine = "torch"

    def on(
        self,
        device: Device,
        precision: Precision,
        uncertainty: Path | None = None,
        samples: Sequence[Path] = (),
    ) -> Callable[[Photo], Photo]:
        """Return the function that restores one photo on ``device``, saying what it does.

        Args:
            device: where to compute.
            precision: arithmetic of the network.
            uncertainty: file for the map of the expected error.
            samples: files for other answers that agree with the input.
        """
        loaded = cache(lambda name: self.load(name, device, precision))
        chosen: Restorer | None = loaded(self.model) if self.model else None

        def process(photo: Photo) -> Photo:
            images = to_tensor(photo)
            finding = self._find(images, photo.storage, chosen)
            if finding.degradation is None:
                console.note("nothing to undo: the photo is written as it is.")
                console.add(model=None)
                return photo
            restorer = chosen or loaded(self.choose(finding.degradation))
            undone = finding.degradation
            how = f"with {restorer.name} on {restorer.runtime}"
            console.note(f"undoing {said(undone, restorer)} {how}")
            console.add(model=restorer.name, runtime=str(restorer.runtime))
            if chosen is None and isinstance(restorer, Network):
                say_if_beyond(restorer, undone)
            outcome = restore_finding(
                images, finding, restorer, consistent=self.consistent, tile_px=self.tile_px
            )
            if uncertainty is not None:
                write_photo(to_photo(uncertainty_map(outcome)), uncertainty)
            for seed, path in enumerate(samples):
                drawn = draw(images, finding, loaded(SAMPLER), seed, tile_px=self.tile_px)
                write_photo(to_photo(drawn, photo), path)
            return to_photo(outcome.restored, photo)

        return process

    def load(self, name: str, device: Device, precision: Precision) -> Restorer:
        """Return the restorer ``name``, on the engine that was asked for."""
        if self.engine == "torch":
            return load(name, device, precision, self.prior)
        from unveil.onnx.engine import with_onnx

        restorer = load(name, "cpu", "fp32", self.prior)
        return with_onnx(restorer) if isinstance(restorer, Network) else restorer

    def choose(self, degradation: Degradation) -> str:
        """Return the best model; where nothing was told, there is always one."""
        try:
            return model_for(degradation, force=self.force)
        except UsageError:
            if self.operator is not None:
                raise
            console.note("beyond what the shipped weights were trained on: taking the closed form.")
            return FALLBACK

    def _find(self, images: Tensor, storage: Storage, restorer: Restorer | None) -> Finding:
        """Return what hides the photo, and say how that is known."""
        if isinstance(restorer, Network) and not restorer.needs_degradation:
            return Finding(restorer.card.task.example.operator, storage, 1.0, None, self.box)
        prior = read_prior(self.prior)
        finding, warning = find(images, storage, self.operator, self.box, prior)
        console.note(f"{'told' if self.operator else 'found'}: {finding}")
        console.add(**finding.as_row())
        if warning:
            console.warn(warning)
        return finding


def said(degradation: Degradation, restorer: Restorer) -> str:
    """Return what is undone, in words; a network that is not told which of a family undoes any."""
    if isinstance(restorer, Network) and not restorer.needs_degradation:
        family = FAMILIES.get(restorer.card.operator)
        return family.description if family else str(degradation)
    return str(degradation)


def say_if_beyond(network: Network, degradation: Degradation) -> None:
    """Say what weights were trained on, where it was something else."""
    if not network.card.task.covers(degradation):
        console.note(f"{network.name} was not trained on that, but on {network.card.trained_on}.")


WHITE = 0.1
"""Expected absolute error, of values in [0,1], that the map shows as white."""


def uncertainty_map(outcome: Outcome) -> Tensor:
    """Return the expected absolute error as a gray picture, ``1 x 3 x H x W``.

    Raises:
        UsageError: the restorer knows no error.
    """
    if outcome.error is None:
        raise UsageError("this model knows no uncertainty; leave --model out, or take `blur`.")
    return (outcome.error / WHITE).clamp(0, 1).expand(-1, 3, -1, -1)
