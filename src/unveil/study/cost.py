"""The expected training time of cells on this machine, from a few timed steps of each kind."""

from collections.abc import Sequence

from unveil import console
from unveil.config import LossConfig, RuntimeConfig
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row
from unveil.runtime import keep_freed_memory
from unveil.study.plan import Cell, Size, run_config
from unveil.training.data import Photos
from unveil.training.timing import step_seconds


def print_costs(
    cells: Sequence[Cell], size: Size, photos: Photos, loss: LossConfig, runtime: RuntimeConfig
) -> None:
    """Print each cell with its expected training time, and the sum."""
    keep_freed_memory()
    chosen = choose_runtime(runtime)
    seconds: dict[tuple[str, bool], float] = {}
    rows: list[Row] = []
    total_minutes = 0.0
    for cell in cells:
        kind = (cell.architecture, cell.is_perceptual)
        if kind not in seconds:
            config = run_config(cell, size, size.data, loss, RuntimeConfig())
            seconds[kind] = step_seconds(config, photos.crops.shape[1], chosen)
        steps = cell.epochs * (_training_photos(cell, photos) // size.batch)
        minutes = round(steps * seconds[kind] / 60, 1)
        rows.append({"cell": cell.name, "steps": steps, "minutes": minutes})
        total_minutes += minutes
    shown = [
        {name: row[name] for name in ("cell", "steps")}
        | {"time": console.duration(60 * row["minutes"])}
        for row in rows
    ]
    console.results(
        rows,
        f"{tables.markdown(shown)}\n\n"
        f"All {len(rows)} cells: {console.duration(60 * total_minutes)} of training on {chosen};\n"
        "validation and scoring come on top.",
    )


def _training_photos(cell: Cell, photos: Photos) -> int:
    return min(cell.photos or len(photos.paths), len(photos.splits["train"]))
