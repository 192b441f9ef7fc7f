"""Tables of the trained attacker: its steps, several photos of a person, surroundings, learning."""

from collections.abc import Callable, Sequence

from unveil.auditing.verdict import RISK
from unveil.report.rows import Row
from unveil.report.tables import markdown

STEPS = {
    "published": "strongest published",
    "tuned": "trained network",
    "tuned, flips": "and flips",
    "tuned, head": "and head",
    "tuned, restored": "and restored",
    "fused": "all fused",
}
"""What is done, by the step in a row."""


def _percent(share: Sequence[float]) -> str:
    value, low, high = (100 * part for part in share)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def tuned(rows: Sequence[Row]) -> str:
    """Lay out the attacker's steps as columns: the newest row of each operator and step."""
    newest = {(row["operator"], row["step"]): row[RISK] for row in rows}
    operators = dict.fromkeys(operator for operator, _ in newest)
    return markdown(
        [
            {"operator": operator}
            | {title: _percent(newest[operator, step]) for step, title in STEPS.items()}
            for operator in operators
        ]
    )


def sets(rows: Sequence[Row]) -> str:
    """Lay out several photos of a person beside one photo of the same people."""
    newest = {(row["operator"], row["of"], row["photos"]): row for row in rows}
    several = [row for row in newest.values() if row["photos"] > 1]
    return markdown(
        [
            {
                "operator": row["operator"],
                "photos": row["photos"],
                "people": row["images"],
                "named by one": _percent(newest[row["operator"], row["of"], 1][RISK]),
                "named by all": _percent(row[RISK]),
            }
            for row in several
        ]
    )


def events(rows: Sequence[Row]) -> str:
    """Lay out pairs of photos with the same surroundings beside the others."""
    newest = {(row["operator"], row["attacker"], row["pairs"]): row for row in rows}
    table = []
    for operator, attacker in dict.fromkeys(key[:2] for key in newest):
        here = {pairs: newest[operator, attacker, pairs] for pairs in ("all", "alike", "different")}
        shares = {
            f"{pairs}, of {row['images']}": _percent(row[RISK]) for pairs, row in here.items()
        }
        table.append({"operator": operator, "attacker": attacker, **shares})
    return markdown(table)


def learning(rows: Sequence[Row]) -> str:
    """Lay out the share of held-out faces named by photos and steps of the training."""
    newest = {(row["steps"], row["share"], row["operator"]): row for row in rows}
    laid_out: dict[tuple[int, float], Row] = {}
    for (steps, share, operator), row in sorted(newest.items(), key=lambda item: item[0][:2]):
        minutes = f"{row['minutes']:.1f}" if steps else ""
        shown = laid_out.setdefault(
            (steps, share), {"photos": row["photos"], "steps": steps, "minutes": minutes}
        )
        shown[operator] = _percent(row["named"])
    return markdown(list(laid_out.values()))


TABLES: dict[str, Callable[[Sequence[Row]], str]] = {
    "tuned": tuned,
    "sets": sets,
    "events": events,
    "learning": learning,
}
