"""The JSON half of a checkpoint: what its weights are. Readable without torch."""

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
    """What a checkpoint's weights are and where they come from.

    Attributes:
        model: how to build the network.
        operator: text form of the operator that they undo, or the name of a family.
        storage: text form of how the training inputs were kept, or ``any``.
        run: the resolved configuration of the training run.
        data: photo counts and the fingerprint of the training data.
        provenance: device, precision, commit and versions.
        step: optimiser steps taken.
        loss: scale of the perceptual term and the VGG16 weights it was made with.
        term_sums: sums of the objective's terms over an unfinished epoch's steps.
        history: one entry an epoch (losses, validation scores, seconds).
        scores: test-split rows of shipped weights (see :mod:`unveil.report.rows`).
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
        """What the weights were trained on, in words."""
        return self.task.description


def read_card(folder: Path) -> Card:
    """Read the JSON half of the checkpoint in ``folder``.

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
        raise UnveilError(f"{path}: is no checkpoint that can be read ({error}).") from None
