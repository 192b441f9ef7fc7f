"""Train the segmenter on drawn journeys of LFW's training people, resumable.

python tools/train_segmenter.py --data ../shared/lfw --output runs/segmenter --steps 20000
"""

from pathlib import Path

import torch
import tyro

from unveil.runtime import keep_freed_memory
from unveil.training.people import by_person, shuffled
from unveil.training.segmenting import SegmenterConfig, SegmenterTraining


def training_photos(data: Path) -> list[Path]:
    """Return the photos of the people whom no audit names (see ``unveil.training.people``)."""
    people = by_person(sorted(p.relative_to(data).as_posix() for p in data.rglob("*.jpg")))
    others = shuffled(people, 0)[1]
    return [data / photo for name in sorted(others) for photo in people[name]]


def train(
    data: Path,
    output: Path = Path("runs/segmenter"),
    steps: int = 20_000,
    workers: int = 1,
    threads: int = 1,
) -> None:
    """Train.

    Args:
        data: LFW's folder.
        output: folder of the state and the log; a run there goes on.
        steps: optimiser steps in all.
        workers: processes that draw pieces.
        threads: of torch.
    """
    keep_freed_memory()
    torch.set_num_threads(threads)
    training = SegmenterTraining(SegmenterConfig(steps=steps), output)
    print(f"{sum(p.numel() for p in training.model.parameters()):,} parameters")
    training.run(training_photos(data), workers)


if __name__ == "__main__":
    tyro.cli(train, description=__doc__)
