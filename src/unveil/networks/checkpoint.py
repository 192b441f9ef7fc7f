"""Checkpoints: safetensors for tensors, JSON for everything else; nothing is ever unpickled.

A checkpoint is a folder::

    checkpoint.json        the card: model, training, data, metrics, provenance,
                           and the name and sha256 of each tensor file
    weights-000952.safetensors
    optimizer-000952.safetensors     only where training can resume

Convolution kernels may be packed in 8 bits, which fits twice the parameters into a file of the same
size. Each output channel has its own scale, so that its largest weight becomes 127; the loss of
quality is measured when weights are released (``tools/release_weights.py``).

``checkpoint.json`` is replaced last and atomically, and names its tensor files: a crash at any
point leaves the previous checkpoint intact.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from unveil import files
from unveil.config import to_plain
from unveil.errors import UnveilError
from unveil.networks.card import CARD_NAME, Card
from unveil.tensors import SCALES_SUFFIX, check_weights, decode

REMEDY = "copy the whole checkpoint again (install unveil again if the file is part of it)"
MAX_INT8 = 127
WEIGHTS = "weights"


def write(folder: Path, card: Card, tensors: dict[str, dict[str, Tensor]]) -> None:
    """Write a checkpoint, replacing the one in ``folder``.

    Args:
        folder: created if missing.
        card: its ``files`` are filled in here.
        tensors: named tensors by role, e.g. ``{"weights": ..., "optimizer": ...}``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {}
    for role, values in tensors.items():
        content = save({name: value.detach().contiguous() for name, value in values.items()})
        name = f"{role}-{card.step:06d}.safetensors"
        with files.temporary_beside(folder / name) as partial:
            partial.write_bytes(content)
        listed[role] = {"name": name, "sha256": hashlib.sha256(content).hexdigest()}
    write_card(folder, replace(card, files=listed))
    kept = {entry["name"] for entry in listed.values()}
    for old in folder.glob("*.safetensors"):
        if old.name not in kept:
            old.unlink()


def write_card(folder: Path, card: Card) -> None:
    """Write the card of the checkpoint in ``folder``, in place of the one that is there."""
    files.write_text(folder / CARD_NAME, json.dumps(to_plain(card), indent=2) + "\n")


def read_tensors(folder: Path, card: Card, role: str) -> dict[str, Tensor]:
    """Read one tensor file of a checkpoint and verify its sha256.

    Raises:
        UnveilError: the file is missing, its sha256 differs from the card's, it holds no tensors,
            or weights that are not finite.
    """
    if role not in card.files:
        raise UnveilError(f"{folder}: this checkpoint holds no {role}.")
    path = folder / Path(card.files[role]["name"]).name
    content = files.read_checked(path, card.files[role]["sha256"], REMEDY)
    found = decode(content, path, REMEDY)
    if role == WEIGHTS:
        check_weights(found, path)
    # Copied, since torch wants arrays that can be written to.
    return {name: torch.from_numpy(np.array(values)) for name, values in found.items()}


def load_weights(model: nn.Module, folder: Path, card: Card) -> None:
    """Load the verified weights of a checkpoint into ``model``.

    Raises:
        UnveilError: the file is missing or damaged, or names or shapes differ from the model's.
    """
    try:
        model.load_state_dict(unpack(read_tensors(folder, card, "weights")), strict=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UnveilError(f"{folder}: the weights do not fit the model ({reason}).") from None


def load_start(model: nn.Module, folder: Path, card: Card) -> None:
    """Initialise ``model`` with the weights of a network that may have fewer channels.

    Additional weights are 0, so that at first both networks compute the same.

    Raises:
        UnveilError: a tensor has another name or number of dimensions, or is larger.
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
    """Round the kernels among ``weights`` to int8, and add their scales as tensors.

    Args:
        weights: by name; tensors of four dimensions are kernels, output channels first.

    Examples:
        >>> packed = pack({"kernel": torch.tensor([0.5, -1.0]).view(1, 2, 1, 1)})
        >>> packed["kernel"].flatten(), sorted(packed)
        (tensor([  64, -127], dtype=torch.int8), ['kernel', 'kernel.scales'])
        >>> unpack(packed)["kernel"].flatten()
        tensor([ 0.5039, -1.0000])
    """
    packed = dict(weights)
    for name, values in weights.items():
        if values.ndim == 4:
            scales = (
                values.float().abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12) / MAX_INT8
            )
            packed[name] = (values.float() / scales).round().to(torch.int8)
            packed[name + SCALES_SUFFIX] = scales
    return packed


def unpack(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo :func:`pack`; other weights are returned unchanged."""
    scales = {
        name.removesuffix(SCALES_SUFFIX): values
        for name, values in tensors.items()
        if name.endswith(SCALES_SUFFIX)
    }
    return {
        name: values.float() * scales[name] if name in scales else values
        for name, values in tensors.items()
        if not name.endswith(SCALES_SUFFIX)
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the per-parameter state of an optimiser as named tensors."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
    }


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Load the tensors of :func:`optimizer_tensors` into ``optimizer``."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
