"""The card of a checkpoint: the JSON file that describes its weights, read without torch."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unveil.config import ModelConfig, from_dict
from unveil.degradation.families import Task
from unveil.errors import UnveilError, UsageError

CARD_NAME = "checkpoint.json"
FORMAT = 2


@dataclass(frozen=True)
class Card:
    """What the weights of a checkpoint are and where they come from.

    Attributes:
        model: configuration of the network.
        operator: text form of the operator that the weights undo, or the name of a family.
        storage: text form of the storage of the training inputs, or ``any``.
        run: complete configuration of the training run.
        data: numbers of photos and the fingerprint of the training data.
        provenance: device, precision, commit and versions.
        step: number of optimiser steps.
        loss: scale of the perceptual term and the VGG16 weights behind it.
        term_sums: sums of the objective's terms over the steps of an unfinished epoch.
        history: one entry per epoch: losses, validation scores, images per second.
        scores: rows of shipped weights on the test split (see :mod:`unveil.report.rows`).
        files: name and sha256 of each tensor file, by role.
        format: version of this layout.
    """

    model: ModelConfig
    operator: str
    storage: str
    run: dict[str, Any]
    data: dict[str, Any]
    provenance: dict[str, Any]
    loss: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    term_sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def task(self) -> Task:
        """What the weights undo."""
        return Task(self.operator, self.storage)

    @property
    def trained_on(self) -> str:
        """Description of what the weights were trained on."""
        return self.task.description


def read_card(folder: Path) -> Card:
    """Read the card of the checkpoint in ``folder``.

    Raises:
        UnveilError: no checkpoint there, or one that this version cannot read.
    """
    path = folder / CARD_NAME
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["format"] != FORMAT:
            raise UnveilError(f"{path}: format {plain['format']}, but this version reads {FORMAT}.")
        return Card(**{**plain, "model": from_dict(ModelConfig, plain["model"])})
    except FileNotFoundError:
        raise UnveilError(f"{folder}: no checkpoint here ({CARD_NAME} is missing).") from None
    except (OSError, ValueError, TypeError, KeyError, UsageError) as error:
        raise UnveilError(f"{path}: is damaged or not a checkpoint ({error}).") from None
