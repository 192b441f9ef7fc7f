"""Put the measured curve into the package: what verdicts are read from.

    python tools/ship_curve.py

Takes from ``results/audit/rows.jsonl`` what a verdict needs and drops the rest.
"""

import json
from pathlib import Path

import script
from unveil.auditing.verdict import CURVE, PEOPLE
from unveil.files import write_text
from unveil.report.rows import read_rows

ROWS = Path(__file__).parents[1] / "results" / "audit" / "rows.jsonl"
NEEDED = ("kind", "strength", "face_px", "attacker", f"rank1_of_{PEOPLE}")
PROTOCOL = ("images", "people", "training", "embedder", "embedder_sha256", "storage", "commit")


def ship(rows: Path = ROWS, out: Path = CURVE) -> None:
    """Write the package's curve.

    Args:
        rows: of `unveil audit curve`.
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
