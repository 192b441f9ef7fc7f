"""Compare restorers trained on the audit's people with restorers that were not.

    python tools/compare_splits.py --data ../shared/lfw

Weights could identify people better if they were trained on them. `blur-people` and
`pixelate-people` were trained on other people than those in the audit; `blur-fast` and
`pixelate-fast`, of the same architecture, on photos of all of them, and so were the large weights.
`pixelate-identity` is `pixelate-people`, trained on to keep who a face is.
Appends a row for each restorer to ``results/audit/splits.jsonl``.
"""

from dataclasses import dataclass
from pathlib import Path

import script
from unveil.auditing import attack
from unveil.auditing.curve import risks
from unveil.auditing.measured import RISK
from unveil.auditing.scene import MIN_TRAINING, open_scene
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur, Operator, Pixelate
from unveil.faces.embedder import distances_between, load_embedder
from unveil.metrics.quality import METRICS
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row, append_row, read_rows
from unveil.restoration.restorers import load
from unveil.runtime import keep_freed_memory, provenance

RESTORERS: dict[Operator, tuple[str, ...]] = {
    GaussianBlur(9, 4.0): ("lmmse", "blur-people", "blur-fast", "blur"),
    Pixelate(8): (*("lmmse", "pixelate-people", "pixelate-identity", "pixelate-fast", "pixelate"),),
}
FACE_PX = 112


@dataclass(frozen=True)
class Options:
    """Data of the comparison.

    Args:
        data: folder of LFW.
        out: file of rows.
        probes: greatest number of people to identify (default: all).
        only: restorers to score (default: all).
    """

    data: Path
    out: Path = Path("results/audit/splits.jsonl")
    probes: int | None = None
    only: tuple[str, ...] = ()


def main(options: Options) -> None:
    """Score every restorer and print the table."""
    keep_freed_memory()
    runtime = choose_runtime(RuntimeConfig())
    scene = open_scene(options.data, options.probes, MIN_TRAINING)
    faces = attack.Faces(scene.portraits, load_embedder(None), FACE_PX)
    gallery = attack.embed_clean(faces, scene.gallery)
    for operator, all_names in RESTORERS.items():
        names = [name for name in all_names if name in (options.only or all_names)]
        restorers = {name: load(name) for name in names}
        degradation = Degradation(operator)
        probes, means = attack.look(faces, scene.probes, degradation, restorers, METRICS)
        for name in names:
            found = risks(distances_between(probes[name], gallery), scene.mates)
            row: Row = {
                "model": name,
                "operator": str(operator),
                "storage": str(degradation.storage),
            }
            row |= {"split": "people", "images": len(scene.probes), "images_per_second": None}
            append_row(options.out, row | means[name] | found | provenance(runtime))
    rows = read_rows(options.out)
    shown = ("operator", "model", "psnr", RISK, "images")
    print(tables.markdown([{name: row[name] for name in shown} for row in rows]))


if __name__ == "__main__":
    script.run(main, __doc__)
