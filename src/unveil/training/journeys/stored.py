"""A drawn picture that was compressed, made noisy or scaled, of which the network is told nothing.

Photos as people have them went through several of these, one after another; the families' own
draws (:mod:`unveil.degradation.families`), of one or two, are among them.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.degradation.families import FAMILIES, NOISE_STDS, STREAMING
from unveil.linear.prior import Prior
from unveil.networks import blind
from unveil.training.journeys import travels
from unveil.training.journeys.draws import chance, log_between
from unveil.training.journeys.pieces import draw_subject
from unveil.training.journeys.undone import SIDE_PX, Undone

MIN_CHANGE_LEVELS = 0.3
"""Mean change of 255 levels from which there is something to undo."""


def draw_stored(photos: Sequence[Path], rng: np.random.Generator, _: Prior) -> Undone:
    """Draw a picture after a journey in which no part was hidden."""
    while True:
        clean, sent = (_drawn_family if chance(rng, 0.4) else _drawn_journey)(photos, rng)
        if np.abs(sent.astype(np.int16) - clean).mean() < MIN_CHANGE_LEVELS:
            continue
        images = torch.from_numpy(sent.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        planes = blind.read(images)[0].numpy()
        everywhere = np.ones(clean.shape[:2], bool)
        return Undone(planes, np.ascontiguousarray(clean.transpose(2, 0, 1)), everywhere, "stored")


def _drawn_family(
    photos: Sequence[Path], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture and what one operator and one storage make of it."""
    clean, _ = draw_subject(photos, SIDE_PX, rng)
    family, draw = FAMILIES[STREAMING], random.Random(int(rng.integers(2**31)))  # noqa: S311
    operator = family.draw(draw)
    known = Degradation(operator, family.draw_storage(draw, operator))
    images = clean.transpose(2, 0, 1)[None].astype(np.float32) / 255
    kept = np.asarray(degrade(images, known))[0].transpose(1, 2, 0)
    return clean, np.rint(kept * 255).clip(0, 255).astype(np.uint8)


def _drawn_journey(
    photos: Sequence[Path], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture after a journey, and the same had nothing been lost on it."""
    side = SIDE_PX + travels.MAX_SHIFT_PX
    factor = 1.0 if chance(rng, 0.5) else log_between(rng, 0.7, 2.0)
    clean, _ = draw_subject(photos, round(side * min(factor, 1.4)), rng)
    sent = clean
    if chance(rng, 0.35):
        sent = travels.noisy(sent, log_between(rng, *NOISE_STDS), rng)
    if chance(rng, 0.4):
        sent = travels.store(sent, rng)
    if chance(rng, 0.2):
        small = travels.resize(sent, round(len(sent) / log_between(rng, 1.3, 3.0)), rng)
        sent = travels.resize(small, len(sent), rng)
    if len(clean) != side:
        seed = int(rng.integers(2**31))
        clean, sent = (
            travels.resize(one, side, np.random.default_rng(seed)) for one in (clean, sent)
        )
    seed = int(rng.integers(2**31))
    clean = travels.edit(clean, np.random.default_rng(seed), adds_noise=False)
    sent = travels.store(travels.edit(sent, np.random.default_rng(seed)), rng)
    top, left = (int(v) for v in rng.integers(0, travels.MAX_SHIFT_PX + 1, 2))
    place = np.s_[top : top + SIDE_PX, left : left + SIDE_PX]
    return np.ascontiguousarray(clean[place]), np.ascontiguousarray(sent[place])
