"""Score the networks that are trained on drawn journeys, on people not trained on.

    python tools/score_refining.py --data ../shared/lfw

Draws pictures as training does, of the other half of LFW's people. Appends a row for each kind of
hiding to ``results/refining.jsonl``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

import fill_tables
import script
from train_parts import DRAWS, STARTS, Kind, start_of
from unveil.linear.prior import read_prior
from unveil.networks.refiner import Refiner
from unveil.report.rows import REQUIRED, Row, append_row
from unveil.restoration.refining import correct
from unveil.runtime import Runtime, provenance
from unveil.training.journeys.undone import Undone
from unveil.training.people import by_person, shuffled

SEED = 1_000_000
"""No shard has such a number."""

WORSE_DB = 0.1


@dataclass(frozen=True)
class Options:
    """What to score.

    Attributes:
        data: LFW's folder.
        networks: which.
        pictures: of each network.
        out: file that the rows are appended to.
    """

    data: Path
    networks: tuple[Kind, ...] = ("blur", "mosaic", "blind")
    pictures: int = 300
    out: Path = Path("results/refining.jsonl")


def main(options: Options) -> None:
    """Score the networks and print the table."""
    photos, prior, rows = other_photos(options.data), read_prior(), []
    for network in options.networks:
        drawn = [
            DRAWS[network](photos, np.random.default_rng((SEED, number)), prior)
            for number in range(options.pictures)
        ]
        for kind in sorted({one.kind for one in drawn}):
            rows.append(score(network, [one for one in drawn if one.kind == kind]))
            append_row(options.out, rows[-1])
    print(fill_tables.refining(rows))


def other_photos(data: Path) -> list[Path]:
    """Return the photos of the people who are not in training."""
    people = by_person(sorted(p.relative_to(data).as_posix() for p in data.rglob("*.jpg")))
    return [data / photo for name in sorted(shuffled(people, 0)[0]) for photo in people[name]]


def score(network: Kind, pictures: Sequence[Undone]) -> Row:
    """Return the row of pictures of one kind: gains in dB where they were hidden."""
    gains = np.array([_gains(network, one) for one in pictures])
    name = f"parts-{network}" if network != "blind" else STARTS["blind"][0]
    about: Row = dict.fromkeys(REQUIRED) | {"model": name, "split": "test"}
    return about | {
        "operator": pictures[0].kind,
        "images": len(pictures),
        "linear_db": round(float(gains[:, 0].mean()), 3),
        "network_db": round(float(gains[:, 1].mean()), 3),
        "worse": round(float((gains[:, 1] < -WORSE_DB).mean()), 4),
        "worst_db": round(float(gains[:, 1].min()), 3),
        **provenance(Runtime()),
    }


def _gains(network: Kind, one: Undone) -> tuple[float, float]:
    answer = _answered(network, one.planes[None])[0, :3]
    came, nearly, done = (
        np.square(pixels - one.clean / 255)[:, one.changes].mean() + 1e-7
        for pixels in (one.planes[:3], one.planes[3:6], answer)
    )
    return float(10 * np.log10(came / nearly)), float(10 * np.log10(came / done))


def _answered(network: Kind, planes: np.ndarray) -> np.ndarray:
    if network != "blind":
        return correct(network, planes)
    with torch.inference_mode():
        return blind().correct(torch.from_numpy(planes)).numpy()


@cache
def blind() -> Refiner:
    """Return the shipped network for compression and noise."""
    return start_of("blind").eval()


if __name__ == "__main__":
    script.run(main, __doc__)
