"""Training an attacker: its network on helper people, then heads and fusion on those held out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unveil.auditing.attack import CLEAN, OBFUSCATED
from unveil.auditing.attackers import fit_name, names_sha256, net_of, write_attacker
from unveil.auditing.eyes import PUBLISHED, TUNED, Eyes, squares, ways
from unveil.auditing.helpers import Crowd, Helpers, open_helpers
from unveil.auditing.risk import closer_strangers, mean_with_interval
from unveil.auditing.settings import TUNED_OPERATORS, AttackerConfig
from unveil.auditing.since import SINCE, draw_since
from unveil.auditing.tuned import FUSED, Fitted, fit
from unveil.console import note, progress
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.degradation.degrade import degrade
from unveil.degradation.randomness import repeatable
from unveil.documents import read_json
from unveil.errors import UnveilError
from unveil.faces.portraits import FACE_PX, Portraits
from unveil.files import check_folder, write_text
from unveil.networks.dlib_net import HALVING, MEAN, STD, Weights, published_weights
from unveil.runtime import Runtime, keep_freed_memory, provenance, set_threads
from unveil.training.lfw import default_folder

if TYPE_CHECKING:
    from unveil.training.face_tuning import Batch

RUN = "run.json"
FACES_A_STEP = 32
JITTER_PX = 2
"""Most that a face is moved, so that it lies otherwise under the same grid."""

DIRECT_EVERY = 3
"""One in so many parts of a batch is shown as it is, the others restored."""


def train_attacker(config: AttackerConfig) -> dict[str, Any]:
    """Train an attacker, or go on with one, fit it and write it; return its card.

    Raises:
        UnveilError: the photos cannot be used, or the folder holds another training.
        TuningInterruptedError: after Ctrl-C, once the state is saved.
    """
    keep_freed_memory()
    set_threads(config.threads)
    folder = config.data or default_folder()
    degradations = degradations_of(config)
    _claim(config, folder)
    helpers = open_helpers(folder, config.seed)
    published = published_weights()
    looking = Eyes(helpers.portraits, FACE_PX, net_of(published), net_of(published))
    crowd = helpers.training.cut(config.share)
    clean = looking.clean(crowd.photos, flips=False)[CLEAN]
    mean = clean.mean(axis=0)
    draw = partial(
        draw_batch,
        helpers.portraits,
        crowd,
        clean,
        degradations,
        config.seed,
        goes_on=bool(config.since),
    )
    net, step, seconds = _tune(config, published, mean, draw)
    note("fitting heads and fusion to the held-out people")
    eyes = Eyes(helpers.portraits, FACE_PX, looking.published, net_of(net))
    fitted, shares = fit_all(eyes, helpers, degradations, mean, config.since)
    card = {
        "operators": [str(each.operator) for each in degradations],
        "since": [*config.since],
        "storage": str(degradations[0].storage),
        "face_px": FACE_PX,
        "steps": step,
        "minutes": round(seconds / 60, 2),
        "seed": config.seed,
        "share": config.share,
        "people": len(np.unique(crowd.people)),
        "photos": len(crowd.photos),
        "held_out_people": len(np.unique(helpers.held_out.people)),
        "held_out_photos": len(helpers.held_out.photos),
        "names_sha256": names_sha256(folder, config.seed),
        "held_out_rank1": shares,
        **provenance(Runtime(reason="an attacker is trained on the CPU")),
    }
    return write_attacker(config.out, net, fitted, card)


def degradations_of(config: AttackerConfig) -> list[Degradation]:
    """Return what the attacker is trained to see through."""
    storage = parse_storage(config.storage)
    texts = config.operators or TUNED_OPERATORS
    return [Degradation(parse_operator(text), storage) for text in dict.fromkeys(texts)]


def _claim(config: AttackerConfig, folder: Path) -> None:
    """Note what is trained in the output folder; refuse one that holds another training.

    Raises:
        UnveilError: it does, or its note cannot be read.
    """
    path = config.out / RUN
    ours = {
        "operators": [str(each.operator) for each in degradations_of(config)],
        "storage": config.storage,
        "since": [*config.since],
        "steps": config.steps,
        "share": config.share,
        "seed": config.seed,
        "names_sha256": names_sha256(folder, config.seed),
    }
    check_folder(config.out)
    if not path.exists():
        config.out.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(ours, indent=1) + "\n")
        return
    theirs = read_json(path)
    if theirs != ours:
        other = [
            name for name in ours if not isinstance(theirs, dict) or theirs.get(name) != ours[name]
        ]
        raise UnveilError(
            f"{config.out}: holds another training (other {', '.join(other)}); choose another "
            "--output."
        )


def _tune(
    config: AttackerConfig, start: Weights, mean: np.ndarray, draw: Callable[[int], "Batch"]
) -> tuple[Weights, int, float]:
    """Train the network; return its weights, steps and seconds."""
    from unveil.training.face_tuning import Tuning, TuningConfig

    chosen = TuningConfig(config.steps, minutes=config.minutes, threads=config.threads)
    tuning = Tuning(start, HALVING, mean, chosen, config.out)
    return tuning.run(draw), tuning.step, tuning.seconds


def draw_batch(
    portraits: Portraits,
    crowd: Crowd,
    clean: np.ndarray,
    degradations: list[Degradation],
    seed: int,
    step: int,
    *,
    goes_on: bool = False,
) -> "Batch":
    """Return the batch of a step: faces under each operator, some restored.

    Args:
        portraits: the faces.
        crowd: the people in training.
        clean: clean embeddings of their photos, ``N x D``.
        degradations: an equal part of the batch is drawn for each.
        seed: of the training.
        step: number of the step.
        goes_on: whether some pictures go on after they are hidden, scaled and compressed.
    """
    from unveil.training.face_tuning import Batch

    rng = np.random.default_rng((seed, step))
    places = rng.integers(len(crowd.photos), size=FACES_A_STEP)
    parts = []
    for number, part in enumerate(np.array_split(places, len(degradations))):
        degradation = degradations[number]
        images, points = portraits.part(crowd.photos[part])
        dx, dy = rng.integers(-JITTER_PX, JITTER_PX + 1, size=2)
        images = np.roll(images, (dy, dx), axis=(2, 3))
        all_ways = ways(degradation)
        way = OBFUSCATED if (step + number) % DIRECT_EVERY == 0 else all_ways[-1]
        drawn = repeatable(degradation.operator, seed=int(rng.integers(2**31)))
        seen = degrade(images, Degradation(drawn, degradation.storage))
        since = draw_since(rng) if goes_on else None
        seen = seen if since is None else since(seen)
        parts.append(squares(seen, points + np.array([dx, dy]), degradation, way))
    faces = np.concatenate(parts)
    faces = np.where(rng.random(len(faces))[:, None, None, None] < 0.5, faces[..., ::-1], faces)
    return Batch(
        as_input(faces), clean[places], clean[_gallery(crowd, places, rng)], crowd.people[places]
    )


def _gallery(crowd: Crowd, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the place of a photo of each person, another than those in ``places`` if there is."""
    order = rng.permutation(len(crowd.people))
    # Photos of the batch come last, so that they are taken only where a person has no other.
    order = np.concatenate([order[~np.isin(order, places)], order[np.isin(order, places)]])
    first: np.ndarray = np.unique(crowd.people[order], return_index=True)[1]
    return order[first]


def as_input(faces: np.ndarray) -> np.ndarray:
    """Return aligned faces in [0,1] as dlib's network takes them, float32."""
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN, STD))
    return np.ascontiguousarray((faces * np.float32(255) - mean) / std, np.float32)


def fit_all(
    eyes: Eyes,
    helpers: Helpers,
    degradations: list[Degradation],
    mean: np.ndarray,
    since: Sequence[str] = (),
) -> tuple[dict[str, Fitted], dict[str, dict[str, list[float]]]]:
    """Fit heads and fusion for each operator to the held-out people.

    Args:
        eyes: how the attacker sees.
        helpers: the people it learns from.
        degradations: what hides faces.
        mean: of clean embeddings, ``D``.
        since: what pictures went through since, by name, besides nothing.

    Returns:
        What is fitted, and the share of probes named among all held-out people at each step with
        its interval, by :func:`unveil.auditing.attackers.fit_name`.
    """
    crowd, others = helpers.held_out.split()
    known = eyes.clean(crowd.photos)
    strangers = eyes.clean(others.photos) if len(others.photos) else {}
    fitted, shares = {}, {}
    pairs = [(each, name) for each in degradations for name in ("", *since)]
    for degradation, name in progress(pairs, len(pairs), "fitting"):
        eyes = replace(eyes, since=SINCE.get(name))
        probes = eyes.look(crowd.photos, degradation)
        last = ways(degradation)[-1]
        gallery = known | {name: probes[name] for name in (PUBLISHED + last, TUNED + last)}
        alone = {name: each[:0] for name, each in gallery.items()}
        if strangers:
            alone = strangers | eyes.mirror(others.photos, degradation)
        text = fit_name(degradation.operator, name)
        fitted[text], found, mates = fit(probes, gallery, alone, crowd, mean)
        named = {name: closer_strangers(each, mates) == 0 for name, each in found.items()}
        shares[text] = {
            name: [round(value, 4) for value in astuple(mean_with_interval(each))]
            for name, each in named.items()
        }
        note(f"{text}: {shares[text][FUSED][0]:.1%} of held-out faces are named")
    return fitted, shares
