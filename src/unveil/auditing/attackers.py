"""Attackers in folders: trained by `unveil audit train-attacker`, loaded for a curve.

A folder holds ``attacker.safetensors`` (the network and what is fitted), its card
``attacker.json``, and, of the training, ``run.json`` and ``state.safetensors``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from unveil.auditing.attack import View
from unveil.auditing.eyes import Eyes, Net
from unveil.auditing.helpers import names_of
from unveil.auditing.scene import Scene
from unveil.auditing.trained import Head
from unveil.auditing.tuned import Fitted
from unveil.degradation import Degradation, Operator
from unveil.documents import read_json
from unveil.errors import UnveilError
from unveil.faces.embedder import DLIB
from unveil.faces.onnx_net import load_onnx_net
from unveil.faces.portraits import Portraits
from unveil.files import read_checked, temporary_beside, write_text
from unveil.networks.dlib_net import Weights, face_model, published_weights
from unveil.tensors import check_weights, decode

FORMAT = "unveil-attacker-1"
WEIGHTS, CARD = "attacker.safetensors", "attacker.json"
REMEDY = "train it again: unveil audit train-attacker"
CARD_KEYS: dict[str, type] = {
    "sha256": str,
    "names_sha256": str,
    "storage": str,
    "face_px": int,
    "seed": int,
    "operators": list,
    "fusion": dict,
}
"""What is read of a card, and its types."""


@dataclass(frozen=True)
class Attacker:
    """A trained attacker.

    Attributes:
        card: what it was trained on, and how strong it is on the held-out people.
        published: dlib's network.
        tuned: its own.
        fitted: by :func:`fit_name`.
    """

    card: Mapping[str, Any]
    published: Net
    tuned: Net
    fitted: Mapping[str, Fitted]

    def covers(self, degradation: Degradation, face_px: int) -> bool:
        """Return whether it was trained on this operator, storage and width."""
        stored = str(degradation.storage) == self.card["storage"]
        return (
            stored and face_px == self.card["face_px"] and str(degradation.operator) in self.fitted
        )

    def eyes(self, portraits: Portraits, face_px: int) -> Eyes:
        """Return how it sees portraits scaled to faces of ``face_px``."""
        return Eyes(portraits, face_px, self.published, self.tuned)

    def distances(self, scene: Scene, degradation: Degradation, face_px: int) -> View:
        """Return the distances of a scene's probes to its gallery at each step, ``P x G``."""
        eyes = self.eyes(scene.portraits, face_px)
        probes = eyes.look(scene.probes, degradation)
        gallery = eyes.clean(scene.gallery) | eyes.mirror(scene.gallery, degradation)
        return self.fitted[fit_name(degradation.operator)].distances(probes, gallery)

    def check_apart(self, folder: Path, seed: int) -> None:
        """Check that it has learnt from nobody who is audited.

        Raises:
            UnveilError: it was trained on other photos, or with another seed.
        """
        if names_sha256(folder, seed) != self.card["names_sha256"]:
            raise UnveilError(
                f"{folder}: the attacker may have learnt from people who are audited here: give "
                f"it the photos it was trained on, with --seed {self.card['seed']}."
            )


def fit_name(operator: Operator, since: str = "") -> str:
    """Return the name of what is fitted to an operator, and to what pictures went through since."""
    return f"{operator}, then {since}" if since else str(operator)


def names_sha256(folder: Path, seed: int) -> str:
    """Return a checksum of the names of all whom an attacker learns from."""
    training, held_out = names_of(folder, seed)
    text = "\n".join([*training, "", *held_out])
    return hashlib.sha256(text.encode()).hexdigest()


def net_of(weights: Weights) -> Net:
    """Return a network of the shape of dlib's, run by ONNX Runtime on the CPU."""
    return load_onnx_net(face_model(weights), DLIB)


def write_attacker(
    folder: Path, net: Weights, fitted: Mapping[str, Fitted], card: Mapping[str, Any]
) -> dict[str, Any]:
    """Write an attacker; return its card, with its checksum."""
    tensors = {f"net.{name}": each for name, each in net.items()}
    for operator, one in fitted.items():
        tensors |= {f"{operator}|mean|{name}": each for name, each in one.means.items()}
        for name, head in one.heads.items():
            values = dict(zip((item.name for item in fields(Head)), astuple(head), strict=True))
            tensors |= {f"{operator}|head|{name}|{key}": each for key, each in values.items()}
    content = save({name: np.ascontiguousarray(each) for name, each in tensors.items()})
    fusion = {operator: dict(one.weights) for operator, one in fitted.items()}
    whole = {"format": FORMAT, **card, "fusion": fusion}
    whole["sha256"] = hashlib.sha256(content).hexdigest()
    with temporary_beside(folder / WEIGHTS) as partial:
        partial.write_bytes(content)
    write_text(folder / CARD, json.dumps(whole, indent=1) + "\n")
    return whole


def load_attacker(folder: Path) -> Attacker:
    """Load an attacker from its folder.

    Raises:
        UnveilError: the folder holds none, or a file is damaged.
    """
    card = _read_card(folder / CARD)
    path = folder / WEIGHTS
    tensors = decode(read_checked(path, card["sha256"], REMEDY), path, REMEDY)
    check_weights(tensors, path)
    try:
        net = {n.removeprefix("net."): t for n, t in tensors.items() if n.startswith("net.")}
        fusion = card["fusion"].items()
        fitted = {text: _fitted(tensors, text, weights) for text, weights in fusion}
        return Attacker(card, net_of(published_weights()), net_of(net), fitted)
    except (KeyError, TypeError, ValueError) as error:
        raise UnveilError(f"{folder}: is not an attacker ({error}); {REMEDY}.") from None


def _read_card(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UnveilError(f"{path.parent}: holds no attacker ({path.name} is missing); {REMEDY}.")
    card = read_json(path)
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise UnveilError(f"{path}: is not the card of an attacker of this version; {REMEDY}.")
    for key, kind in CARD_KEYS.items():
        if not isinstance(card.get(key), kind):
            raise UnveilError(f"{path}: {key} is missing or not {kind.__name__}; {REMEDY}.")
    return card


def _fitted(
    tensors: Mapping[str, np.ndarray], operator: str, weights: Mapping[str, float]
) -> Fitted:
    means, heads = {}, {}
    for key in tensors:
        match key.split("|"):
            case [text, "mean", name] if text == operator:
                means[name] = tensors[key]
            case [text, "head", name, "mean"] if text == operator:
                heads[name] = Head(
                    *(tensors[f"{operator}|head|{name}|{item.name}"] for item in fields(Head))
                )
    return Fitted(means, heads, weights)
