"""Checkpoints: safetensors for tensors, JSON for everything else; nothing is ever unpickled.

A checkpoint is a folder::

    checkpoint.json        what the weights are: model, training, data, metrics, provenance,
                           and the name and sha256 of each tensor file
    weights-000952.safetensors
    optimizer-000952.safetensors     only where training may go on from here

Kernels may be packed in 8 bits a weight, which fits twice the parameters into a file of the same
size. Each output channel has its own scale, so that its largest weight is 127 steps; the loss of
quality is measured when weights are released (``tools/release_weights.py``).

``checkpoint.json`` is replaced last and in one step, and names the files it goes with: a
crash at any point leaves the previous checkpoint whole.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from unveil import files
from unveil.config import to_plain
from unveil.errors import UnveilError
from unveil.networks.card import CARD_NAME, Card

REMEDY = "copy the whole checkpoint again (install unveil again if the file is part of it)"
SCALES = ".scales"
STEPS = 127


def write(folder: Path, card: Card, tensors: dict[str, dict[str, Tensor]]) -> None:
    """Write a checkpoint, replacing the one that ``folder`` held.

    Args:
        folder: made if missing.
        card: its ``files`` are filled in here.
        tensors: what to store by role, e.g. ``{"weights": ..., "optimizer": ...}``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {}
    for role, values in tensors.items():
        content = save({name: value.detach().contiguous() for name, value in values.items()})
        name = f"{role}-{card.step:06d}.safetensors"
        with files.temporary_beside(folder / name) as partial:
            partial.write_bytes(content)
        listed[role] = {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
    plain = to_plain(replace(card, files=listed))
    files.write_text(folder / CARD_NAME, json.dumps(plain, indent=2) + "\n")
    kept = {entry["name"] for entry in listed.values()}
    for old in folder.glob("*.safetensors"):
        if old.name not in kept:
            old.unlink()


def read_tensors(folder: Path, card: Card, role: str) -> dict[str, Tensor]:
    """Read one tensor file of a checkpoint after checking its sha256.

    Raises:
        UnveilError: the file is missing, or its sha256 is not the one on the card.
    """
    if role not in card.files:
        raise UnveilError(f"{folder}: this checkpoint holds no {role}.")
    path = folder / Path(card.files[role]["name"]).name
    return load(files.read_checked(path, card.files[role]["sha256"], REMEDY))


def load_weights(model: nn.Module, folder: Path, card: Card) -> None:
    """Load the checked weights of a checkpoint into ``model``; every name must match."""
    try:
        model.load_state_dict(unpack(read_tensors(folder, card, "weights")), strict=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UnveilError(f"{folder}: the weights do not fit the model ({reason}).") from None


def load_start(model: nn.Module, folder: Path, card: Card) -> None:
    """Start ``model`` from the weights of another, which may have had fewer inputs.

    What is new sees zeros: at first the model does what the other did.

    Raises:
        UnveilError: layers that differ in more than that.
    """
    own = model.state_dict()
    for name, values in unpack(read_tensors(folder, card, "weights")).items():
        fits = name in own and own[name].ndim == values.ndim
        if not fits or any(n > m for n, m in zip(values.shape, own[name].shape, strict=True)):
            raise UnveilError(f"{folder}: its weights {name!r} do not fit the model.")
        own[name] = torch.zeros_like(own[name])
        own[name][tuple(slice(size) for size in values.shape)] = values
    model.load_state_dict(own)


def pack(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Round the kernels among ``weights`` to int8, each beside its scales.

    Args:
        weights: by name; those of four dimensions are kernels, output channels first.
    """
    packed = dict(weights)
    for name, values in weights.items():
        if values.ndim == 4:
            scales = values.float().abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12) / STEPS
            packed[name] = (values.float() / scales).round().to(torch.int8)
            packed[name + SCALES] = scales
    return packed


def unpack(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo :func:`pack`; weights that were not packed stay as they are."""
    return {
        name: values.float() * tensors[name + SCALES] if name + SCALES in tensors else values
        for name, values in tensors.items()
        if not name.endswith(SCALES)
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Flatten an optimiser's per-parameter state into named tensors."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put the tensors of :func:`optimizer_tensors` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
