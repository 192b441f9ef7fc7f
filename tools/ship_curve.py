"""Put the measured curves into the package, for verdicts.

    python tools/ship_curve.py

Takes the keys that a verdict needs from ``results/audit/rows.jsonl``, and from ``tuned.jsonl`` the
trained attacker's; verdicts take the strongest attacker of each setting.
"""

import json
from pathlib import Path

import script
from unveil.auditing.measured import CURVE, RISK
from unveil.files import write_text
from unveil.report.rows import read_rows

RESULTS = Path(__file__).parents[1] / "results" / "audit"
NEEDED = ("kind", "strength", "face_px", "attacker", RISK)
PROTOCOL = ("images", "people", "training", "embedder", "embedder_sha256", "storage", "commit")


def ship(
    rows: Path = RESULTS / "rows.jsonl", tuned: Path = RESULTS / "tuned.jsonl", out: Path = CURVE
) -> None:
    """Write the package's curves.

    Args:
        rows: file of rows of `unveil audit curve`.
        tuned: file of rows of trained attackers; of each, the newest of each step counts.
        out: the package's file.
    """
    measured = read_rows(rows)
    key = ("operator", "step", "attacker_sha256")
    newest = {tuple(row[name] for name in key): row for row in read_rows(tuned)}
    shipped = measured + [row for row in newest.values() if row["step"] != "published"]
    content = {
        "protocol": {name: measured[-1][name] for name in PROTOCOL},
        "rows": [{name: row[name] for name in NEEDED} for row in shipped],
    }
    write_text(out, json.dumps(content, indent=1) + "\n")
    print(f"{out}: {len(shipped)} rows")


if __name__ == "__main__":
    script.run(ship, __doc__)
