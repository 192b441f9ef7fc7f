"""Measure how strong a trained attacker is by the photos and the steps of its training.

    python tools/attacker_learning.py --data ../shared/lfw --attacker runs/attacker

Trains networks on a quarter, a half and all of the photos, and appends a row for each, for dlib's
network as it is, and for the attacker's to ``results/audit/learning.jsonl``. All name people who
were held out of the training, by the cosine alone; nobody of the audit is looked at. Resumable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import script
from unveil.auditing.attack import CLEAN
from unveil.auditing.attackers import load_attacker, net_of
from unveil.auditing.curve import risks
from unveil.auditing.eyes import TUNED, Eyes, Net, ways
from unveil.auditing.helpers import Crowd, Helpers, open_helpers
from unveil.auditing.tuned import directions, roles
from unveil.auditing.tuning import draw_batch
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.faces.embedder import distances_between
from unveil.faces.portraits import FACE_PX
from unveil.networks.dlib_net import HALVING, published_weights
from unveil.report.rows import append_row, read_rows
from unveil.runtime import Runtime, keep_freed_memory, provenance, set_threads
from unveil.training.face_tuning import Tuning, TuningConfig


@dataclass(frozen=True)
class Options:
    """What is trained.

    Attributes:
        data: folder of LFW.
        attacker: folder of `unveil audit train-attacker`.
        out: file of rows.
        runs: folder of the trainings.
        shares: of the photos.
        steps: of each training.
        threads: CPU threads.
    """

    data: Path
    attacker: Path
    out: Path = Path("results/audit/learning.jsonl")
    runs: Path = Path("runs/learning")
    shares: tuple[float, ...] = (0.25, 0.5, 1.0)
    steps: int = 200
    threads: int = 1


@dataclass(frozen=True)
class Test:
    """The held-out people, and what hides them."""

    helpers: Helpers
    clean: np.ndarray
    mean: np.ndarray
    degradations: list[Degradation]
    published: Net

    def named(self, net: Net) -> dict[str, list[float]]:
        """Return the share of held-out faces that a network names, by operator."""
        eyes = Eyes(self.helpers.portraits, FACE_PX, self.published, net)
        crowd = self.helpers.held_out
        known, shown, mates = roles(crowd)
        gallery = directions(self.clean[known], self.mean)
        shares = {}
        for degradation in self.degradations:
            seen = eyes.mirror(crowd.photos[shown], degradation)[TUNED + ways(degradation)[-1]]
            distances = distances_between(directions(seen, self.mean), gallery)
            shares[str(degradation.operator)] = risks(distances, mates)[f"rank1_of_{len(known)}"]
        return shares


def main(options: Options) -> None:
    """Train, measure and append all rows that are not there yet."""
    keep_freed_memory()
    set_threads(options.threads)
    attacker = load_attacker(options.attacker)
    card, published = attacker.card, published_weights()
    helpers = open_helpers(options.data, card["seed"])
    net = net_of(published)
    eyes = Eyes(helpers.portraits, FACE_PX, net, net)
    storage = parse_storage(card["storage"])
    degradations = [Degradation(parse_operator(text), storage) for text in card["operators"]]
    mean = next(iter(attacker.fitted.values())).means[CLEAN]
    test = Test(helpers, eyes.clean(helpers.held_out.photos)[CLEAN], mean, degradations, net)
    write = partial(_append, options.out, card, test)
    write(0, 0.0, 0.0, 0, net)
    write(card["steps"], card["share"], card["minutes"], card["photos"], attacker.tuned)
    for share in options.shares:
        if _is_there(options.out, options.steps, share):
            continue
        crowd: Crowd = helpers.training.cut(share)
        clean = eyes.clean(crowd.photos)[CLEAN]
        config = TuningConfig(options.steps, threads=options.threads)
        tuning = Tuning(published, HALVING, mean, config, options.runs / f"{share:g}")
        tuned = tuning.run(
            partial(draw_batch, helpers.portraits, crowd, clean, degradations, card["seed"])
        )
        minutes = round(tuning.seconds / 60, 2)
        write(options.steps, share, minutes, len(crowd.photos), net_of(tuned))


def _append(
    out: Path,
    card: Mapping[str, Any],
    test: Test,
    steps: int,
    share: float,
    minutes: float,
    photos: int,
    net: Net,
) -> None:
    if _is_there(out, steps, share):
        return
    for operator, named in test.named(net).items():
        row: dict[str, Any] = {
            "model": "tuned" if steps else "published",
            "operator": operator,
            "storage": card["storage"],
            "split": "held out",
            "images": len(roles(test.helpers.held_out)[1]),
            **dict.fromkeys(("psnr", "ssim", "ssim_deck", "images_per_second")),
            "steps": steps,
            "share": share,
            "minutes": minutes,
            "photos": photos,
            "people": len(np.unique(test.helpers.held_out.people)),
            "named": named,
        }
        append_row(out, row | provenance(Runtime(reason="ONNX Runtime")))


def _is_there(out: Path, steps: int, share: float) -> bool:
    rows = read_rows(out) if out.exists() else []
    return any((row["steps"], row["share"]) == (steps, share) for row in rows)


if __name__ == "__main__":
    script.run(main, __doc__)
