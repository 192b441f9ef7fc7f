"""Attack the audit's people with a trained attacker, by one photo and by several.

    unveil audit train-attacker --data ../shared/lfw --output runs/attacker
    python tools/attack_tuned.py --data ../shared/lfw --attacker runs/attacker

Appends to ``results/audit/tuned.jsonl`` a row for each operator and step of the attacker, beside
the strongest of ``rows.jsonl``; to ``sets.jsonl`` rows for several photos of one person, whose
embeddings are averaged; to ``events.jsonl`` rows for pairs of photos whose surroundings are alike,
or not; to ``since.jsonl`` rows for pictures that were compressed or scaled after they were hidden.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import script
from unveil.auditing.attack import MIRRORED, View
from unveil.auditing.attackers import Attacker, fit_name, load_attacker
from unveil.auditing.curve import risks
from unveil.auditing.eyes import PUBLISHED, Eyes, ways
from unveil.auditing.measured import RISK
from unveil.auditing.scene import MIN_TRAINING, Scene, open_scene
from unveil.auditing.settings import Setting
from unveil.auditing.since import SINCE
from unveil.auditing.tuned import FUSED, Fitted
from unveil.degradation import Degradation, Pixelate, parse_operator, parse_storage
from unveil.faces.embedder import distances_between
from unveil.faces.portraits import FACE_PX, Portraits, open_portraits
from unveil.images.photos import list_photos
from unveil.report.rows import Row, append_row, read_rows
from unveil.runtime import Runtime, keep_freed_memory, provenance, set_threads
from unveil.training.people import by_person, divide

RESULTS = Path("results/audit")
SETS = (1, 2, 5, 20)
SET_OPERATORS = (Pixelate(8), Pixelate(14))
COARSE = Pixelate(28)
"""A mosaic that leaves next to nothing of a face: surroundings name people behind it."""

CELLS = 8
"""Cells across a portrait; the outer ring of them is its surroundings."""

ALIKE_SHARE = 0.01
"""Surroundings are alike that are nearer than those of this share of pairs of two people."""


@dataclass(frozen=True)
class Options:
    """What is attacked.

    Attributes:
        data: folder of LFW.
        attacker: folder of `unveil audit train-attacker`.
        results: folder of the rows.
        threads: CPU threads.
        only: parts of the measurement: steps, sets, events, since.
        since_operators: operators that pictures were hidden by which went on since.
    """

    data: Path
    attacker: Path
    results: Path = RESULTS
    threads: int = 1
    only: tuple[str, ...] = ("steps", "sets", "events", "since")
    since_operators: tuple[str, ...] = (
        *("pixelate:block=8", "pixelate:block=14"),
        *("gaussian:kernel=45,sigma=7.28", "downscale:factor=8"),
    )


@dataclass(frozen=True)
class Bench:
    """What all parts share."""

    options: Options
    attacker: Attacker
    scene: Scene
    eyes: Eyes
    clean: View

    def degradation(self, operator: Any) -> Degradation:
        """Return an operator with the storage that the attacker was trained on."""
        return Degradation(operator, parse_storage(self.attacker.card["storage"]))

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Append a row to the file ``name``, with what all rows hold."""
        scores = dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second"))
        same: Row = {
            **scores,
            "storage": self.attacker.card["storage"],
            "split": "people",
            "face_px": FACE_PX,
            "attacker_sha256": self.attacker.card["sha256"],
            **provenance(Runtime(reason="ONNX Runtime")),
        }
        append_row(self.options.results / name, same | dict(row))


def main(options: Options) -> None:
    """Measure and append all rows."""
    keep_freed_memory()
    set_threads(options.threads)
    attacker = load_attacker(options.attacker)
    seed = attacker.card["seed"]
    attacker.check_apart(options.data, seed)
    scene = open_scene(options.data, None, MIN_TRAINING, seed)
    eyes = attacker.eyes(scene.portraits, FACE_PX)
    bench = Bench(options, attacker, scene, eyes, eyes.clean(scene.gallery))
    for text in attacker.card["operators"]:
        operator = parse_operator(text)
        if "steps" in options.only or operator in SET_OPERATORS:
            measure(bench, operator)
        if "since" in options.only and text in options.since_operators:
            compose(bench, operator)
    if "events" in options.only:
        coarse(bench)


def measure(bench: Bench, operator: Any) -> None:
    """Append the rows on one operator that the attacker was trained on."""
    degradation, scene, options = bench.degradation(operator), bench.scene, bench.options
    fitted = bench.attacker.fitted[fit_name(operator)]
    gallery = bench.clean | bench.eyes.mirror(scene.gallery, degradation)
    if "sets" in options.only and operator in SET_OPERATORS:
        for row in attack_sets(bench, operator, fitted, gallery):
            bench.append("sets.jsonl", row)
    if not {"steps", "events"} & set(options.only):
        return
    probes = bench.eyes.look(scene.probes, degradation)
    found = fitted.distances(probes, gallery)
    if "steps" in options.only:
        for row in step_rows(operator, found, scene):
            bench.append("tuned.jsonl", row)
    if "events" in options.only and isinstance(operator, Pixelate):
        last = PUBLISHED + ways(degradation)[-1]
        both = {f"{last}, {MIRRORED}": distances_between(probes[last], gallery[last])}
        both[FUSED] = found[FUSED]
        for row in event_rows(operator, both, scene):
            bench.append("events.jsonl", row)


def compose(bench: Bench, operator: Any) -> None:
    """Append rows on pictures that went on after they were hidden; the attacker copies that."""
    degradation, scene = bench.degradation(operator), bench.scene
    for name in bench.attacker.card.get("since", ()):
        fitted = bench.attacker.fitted[fit_name(operator, name)]
        eyes = replace(bench.eyes, since=SINCE[name])
        probes = eyes.look(scene.probes, degradation)
        gallery = bench.clean | eyes.mirror(scene.gallery, degradation)
        found = fitted.distances(probes, gallery)[FUSED]
        row = {"attacker": FUSED, "operator": str(operator), "since": name}
        share = risks(found, scene.mates)[RISK]
        bench.append("since.jsonl", row | {"images": len(scene.probes), RISK: share})


def step_rows(operator: Any, found: View, scene: Scene) -> Iterator[Row]:
    """Yield the strongest row that is published, and one for each step of the attacker."""
    setting = Setting(operator, FACE_PX)
    same = {"operator": str(operator), "kind": setting.kind, "strength": round(setting.strength, 5)}
    known = [
        row
        for row in read_rows(RESULTS / "rows.jsonl")
        if (row["operator"], row["face_px"]) == (str(operator), FACE_PX)
    ]
    yield max(known, key=lambda row: row[RISK][0]) | {"step": "published", "attacker_sha256": None}
    sizes = {"images": len(scene.probes), "people": len(scene.gallery)}
    for name, distances in found.items():
        yield {"attacker": name, "step": name, **same, **risks(distances, scene.mates), **sizes}


def attack_sets(bench: Bench, operator: Any, fitted: Fitted, gallery: View) -> Iterator[Row]:
    """Yield rows for several photos of each person, embeddings averaged.

    For each number of photos, also one photo of the same people.
    """
    portraits, photos, owners = other_photos(bench)
    eyes = bench.attacker.eyes(portraits, FACE_PX)
    view = eyes.look(photos, bench.degradation(operator))
    counts = np.bincount(owners, minlength=len(bench.scene.gallery))
    for wanted in SETS[1:]:
        people = np.flatnonzero(counts >= wanted)
        starts = np.searchsorted(owners, people)
        for used in (1, wanted):
            places = starts[:, None] + np.arange(used)
            averaged = {name: each[places].mean(axis=1) for name, each in view.items()}
            found = fitted.distances(averaged, gallery)[FUSED]
            yield {
                "attacker": FUSED,
                "operator": str(operator),
                "photos": used,
                "of": wanted,
                "images": len(people),
                RISK: risks(found, people)[RISK],
            }


def other_photos(bench: Bench) -> tuple[Portraits, np.ndarray, np.ndarray]:
    """Return portraits of audited people besides those of the gallery, in order of people.

    Returns:
        The portraits; the index of each photo in them; and its person's column in the gallery.
    """
    data, seed = bench.options.data, bench.attacker.card["seed"]
    paths = list_photos(data)
    people, split = by_person(paths), divide(paths, seed)
    has_face = bench.scene.portraits.found[: len(split.gallery)] >= 0
    chosen, columns = [], []
    for column, known in enumerate(np.array(split.gallery)[has_face]):
        others = [path for path in people[known.rpartition("/")[0]] if path != known]
        if len(others) >= SETS[2]:
            taken = SETS[-1] if len(others) >= SETS[-1] else SETS[2]
            chosen += others[:taken]
            columns += [column] * taken
    portraits = open_portraits(data, chosen)
    found = portraits.found >= 0
    return portraits, portraits.found[found], np.array(columns)[found]


def coarse(bench: Bench) -> None:
    """Append the rows on a mosaic that leaves next to nothing of the face."""
    degradation, scene = bench.degradation(COARSE), bench.scene
    probes, gallery = (
        bench.eyes.mirror(each, degradation) for each in (scene.probes, scene.gallery)
    )
    last = PUBLISHED + ways(degradation)[-1]
    found = {f"{last}, {MIRRORED}": distances_between(probes[last], gallery[last])}
    for row in event_rows(COARSE, found, scene):
        bench.append("events.jsonl", row)


def event_rows(operator: Any, found: View, scene: Scene) -> Iterator[Row]:
    """Yield rows for probes whose surroundings are those of the gallery's photo, or are not."""
    alike = are_alike(scene)
    for name, distances in found.items():
        for pairs, here in (("all", alike | ~alike), ("alike", alike), ("different", ~alike)):
            yield {
                "attacker": name.removeprefix(PUBLISHED),
                "operator": str(operator),
                "pairs": pairs,
                "images": int(here.sum()),
                RISK: risks(distances[here], scene.mates[here])[RISK],
            }


def are_alike(scene: Scene) -> np.ndarray:
    """Return whether each probe's surroundings are those of its mate's photo, ``P``."""
    probes, gallery = (
        surroundings(scene.portraits, each) for each in (scene.probes, scene.gallery)
    )
    apart = np.stack([np.abs(gallery - one).mean(axis=1) for one in probes])
    own = np.take_along_axis(apart, scene.mates[:, None], axis=1)[:, 0]
    strangers = np.ones(apart.shape, bool)
    np.put_along_axis(strangers, scene.mates[:, None], values=False, axis=1)
    alike: np.ndarray = own <= np.quantile(apart[strangers], ALIKE_SHARE)
    return alike


def surroundings(portraits: Portraits, numbers: np.ndarray) -> np.ndarray:
    """Return the mean colours of the cells around each face, ``N x F``."""
    pixels = portraits.pixels[numbers]
    side = pixels.shape[-1] // CELLS
    cells = pixels.reshape(len(pixels), 3, CELLS, side, CELLS, side).mean(axis=(3, 5))
    ring = np.ones((CELLS, CELLS), bool)
    ring[1:-1, 1:-1] = False
    found: np.ndarray = cells[:, :, ring].reshape(len(pixels), -1)
    return found


if __name__ == "__main__":
    script.run(main, __doc__)
