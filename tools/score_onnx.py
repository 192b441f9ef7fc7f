"""Measure the loss of quality by int8 in ONNX files, on photos of LFW's test split.

    python tools/score_onnx.py --data ../shared/lfw

Scales are calibrated on photos of the validation split. Appends a row for each set of weights,
degradation and precision to ``results/onnx.jsonl``. ``benchmarks/engine_speed.py`` measures speed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fill_tables
import script
from unveil.config import DataConfig
from unveil.degradation import Degradation, parse_operator, parse_storage
from unveil.networks.export import load_for_export, to_onnx
from unveil.networks.graph import Source
from unveil.report.rows import Row, append_row
from unveil.runtime import keep_freed_memory
from unveil.training.data import Photos, open_photos
from unveil.training.evaluate import Scoring, make_row, score
from unveil.training.quantise import WATCHED, in_onnx, to_int8

SCORED = {
    "blur": (("gaussian:kernel=9,sigma=4", "8bit"), ("gaussian:kernel=25,sigma=4", "jpeg:75")),
    "pixelate": (("pixelate:block=8", "8bit"), ("pixelate:block=12", "jpeg:75")),
}
"""Operators and storages for the weights of a family; other weights have a single one."""


@dataclass(frozen=True)
class Options:
    """What to score."""

    data: Path
    out: Path = Path("results/onnx.jsonl")
    models: tuple[str, ...] = ("cae-blur", "cae-pixelate", "blur-fast", "pixelate-fast", "blur")
    photos: int = 200


def main(options: Options) -> None:
    """Score every model and print the table."""
    keep_freed_memory()
    photos = open_photos(DataConfig(options.data))
    rows = []
    for model in options.models:
        for row in score_model(load_for_export(model), photos, options.photos):
            append_row(options.out, row)
            rows.append(row)
    print(fill_tables.onnx(rows))


def score_model(source: Source, photos: Photos, count: int) -> Iterator[Row]:
    """Yield the rows of one set of weights, in float32 and in int8."""
    exported = to_onnx(source)
    int8 = to_int8(source, exported, photos.batch(photos.splits["validation"][:WATCHED]))
    files = {"fp32": exported, "int8": int8}
    restorers = {precision: in_onnx(source, content) for precision, content in files.items()}
    card = source.card
    example = (str(card.task.example.operator), str(card.task.example.storage))
    for operator, storage in SCORED.get(card.operator, (example,)):
        undone = Degradation(parse_operator(operator), parse_storage(storage))
        for precision, restorer in restorers.items():
            scoring = Scoring(photos, photos.splits["test"][:count], undone, restorer.runtime)
            sha256 = card.files["weights"]["sha256"]
            row = make_row(source.name, "test", scoring, score(restorer.restore, scoring), sha256)
            known = {"images_per_second": None, "file_bytes": len(files[precision])}
            yield row | known | {"precision": precision}


if __name__ == "__main__":
    script.run(main, __doc__)
