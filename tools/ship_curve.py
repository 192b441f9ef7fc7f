"""Put the measured curves into the package, for verdicts.

    python tools/ship_curve.py

Takes the keys that a verdict needs from ``results/audit/rows.jsonl``.
"""

import json
from pathlib import Path

import script
from unveil.auditing.verdict import CURVE, RISK
from unveil.files import write_text
from unveil.report.rows import read_rows

ROWS = Path(__file__).parents[1] / "results" / "audit" / "rows.jsonl"
NEEDED = ("kind", "strength", "face_px", "attacker", RISK)
PROTOCOL = ("images", "people", "training", "embedder", "embedder_sha256", "storage", "commit")


def ship(rows: Path = ROWS, out: Path = CURVE) -> None:
    """Write the package's curves.

    Args:
        rows: file of rows of `unveil audit curve`.
        out: the package's file.
    """
    measured = read_rows(rows)
    content = {
        "protocol": {name: measured[-1][name] for name in PROTOCOL},
        "rows": [{name: row[name] for name in NEEDED} for row in measured],
    }
    write_text(out, json.dumps(content, indent=1) + "\n")
    print(f"{out}: {len(measured)} rows")


if __name__ == "__main__":
    script.run(ship, __doc__)
