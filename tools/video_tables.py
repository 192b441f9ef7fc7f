"""The tables of faces that stay open on clips, and of one clip by several processes."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from unveil.report.rows import Row
from unveil.report.tables import markdown


def hidden(rows: Sequence[Row]) -> str:
    """Lay out what each way leaves open on clips, by how faces move: the newest row of a clip."""
    newest = {(row["split"], row["model"], row["clip"]): row for row in rows}
    halves = dict.fromkeys((row["split"], row["model"]) for row in rows)
    table = []
    for half, name in halves:
        clips = [row for key, row in newest.items() if key[:2] == (half, name)]
        beside = [newest[half, "deface", row["clip"]] for row in clips
                  if (half, "deface", row["clip"]) in newest]  # fmt: skip
        faces, bare = (_summed(row[key] for row in clips) for key in ("faces", "open"))
        unsaid = sum(sum(row["open"].values()) for row in clips if not row["status"])
        shown: Row = {"clips": half, "way": name, "face-pictures": sum(faces.values())}
        shown |= {"open": _of(bare, faces), "unsaid": unsaid}
        shown |= {kind: _of({kind: bare.get(kind, 0)}, {kind: faces[kind]}) for kind in faces}
        shown["picture covered"] = f"{np.mean([row['covered'] for row in clips]):.0%}"
        shown["status not 0"] = f"{sum(row['status'] > 0 for row in clips)} of {len(clips)}"
        over = _cpu(clips) / _cpu(beside) if beside else None
        shown["time over deface's"] = "" if over is None else f"{over:.1f}"
        table.append(shown)
    return markdown(table)


def clip_workers(rows: Sequence[Row]) -> str:
    """Lay out the last row of each way to do a command on one clip."""
    newest = {(row["command"], row["measured"]["way"]): row for row in rows}
    table = []
    for (command, way), row in newest.items():
        known = row["measured"]
        shown: Row = {"command": f"`{command}`", "clip": row["clip"], "way": way}
        shown |= {"seconds": f"{known['seconds']:.0f}"}
        shown |= {"of processors": f"{known['cpu_seconds']:.0f}"}
        shown |= {"frames a second": f"{known['frames_per_second']:.1f}"}
        table.append(shown)
    return markdown(table)


def _cpu(clips: Sequence[Row]) -> float:
    """Return the CPU seconds for a picture."""
    return sum(row["cpu_seconds"] for row in clips) / max(sum(row["images"] for row in clips), 1)


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))


def _of(part: dict[str, int], whole: dict[str, int]) -> str:
    return f"{sum(part.values()) / max(sum(whole.values()), 1):.2%}"
