"""Tables of attackers: trained ones, several photos of a person, surroundings, known seeds."""

from collections.abc import Callable, Sequence

from unveil.auditing.measured import RISK
from unveil.auditing.since import SINCE
from unveil.auditing.tuned import FUSED
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

AUDITED = (
    *("none", "gaussian:kernel=9,sigma=4", "gaussian:kernel=45,sigma=7.28", "pixelate:block=8"),
    *("pixelate:block=14", "pixelate:block=28", "solid:level=0"),
)
"""Operators in the audit's short table, on faces of ``AUDITED_FACE_PX``."""

AUDITED_FACE_PX = 112
SHARE = "{:.1%} ({:.1%} to {:.1%})"


def audit(rows: Sequence[Row]) -> str:
    """Lay out the share of faces identified behind well-known settings, among 1,000 people."""
    table = []
    for text in AUDITED:
        here = [r for r in rows if (r["operator"], r["face_px"]) == (text, AUDITED_FACE_PX)]
        # Several attackers were trained, and all are called fused: the strongest counts.
        shares = {row["attacker"]: row[RISK] for row in sorted(here, key=lambda r: r[RISK][0])}
        if not shares:
            continue
        strongest = max(shares, key=lambda name: shares[name][0])
        shown = {"as it is": "unaware", "strongest": strongest}
        named = {title: SHARE.format(*shares[name]) for title, name in shown.items()}
        table.append({"operator": text, **named, "who": strongest, "chance": "0.1%"})
    return markdown(table)


def _percent(share: Sequence[float]) -> str:
    value, low, high = (100 * part for part in share)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def tuned(rows: Sequence[Row]) -> str:
    """Lay out the steps of each attacker as columns; attackers are numbered by age."""
    published = {row["operator"]: row[RISK] for row in rows if row["step"] == "published"}
    newest = {
        (row["operator"], row["attacker_sha256"], row["step"]): row[RISK]
        for row in rows
        if row["attacker_sha256"] is not None
    }
    numbers = {
        sha256: number for number, sha256 in enumerate(dict.fromkeys(k[1] for k in newest), 1)
    }
    table = [
        {
            "operator": operator,
            "attacker": number,
            STEPS["published"]: _percent(published[operator]),
        }
        | {
            STEPS[step]: _percent(newest[operator, sha256, step])
            for step in STEPS
            if (operator, sha256, step) in newest
        }
        for operator in published
        for sha256, number in numbers.items()
        if any(key[:2] == (operator, sha256) for key in newest)
    ]
    return markdown(table)


def since(rows: Sequence[Row]) -> str:
    """Lay out what one attacker names before and after pictures went on, as columns.

    Args:
        rows: of pictures that went on, and the steps of the attackers.
    """
    attackers = {row["attacker_sha256"] for row in rows if "since" in row}
    newest = {
        (row["operator"], row.get("since", "nothing")): row[RISK]
        for row in rows
        if row["attacker_sha256"] in attackers and row["attacker"] == FUSED
    }
    operators = dict.fromkeys(row["operator"] for row in rows if "since" in row)
    return markdown(
        [
            {"operator": operator}
            | {
                since: _percent(newest[operator, since])
                for since in ("nothing", *SINCE)
                if (operator, since) in newest
            }
            for operator in operators
        ]
    )


def seeded(rows: Sequence[Row]) -> str:
    """Lay out the strongest attacker who has the tool, without the noise's seed and with it."""
    named: dict[str, dict[str, Sequence[float]]] = {}
    for row in rows:
        title = "named, key unknown" if row["seed"] is None else "named, seed known"
        found = named.setdefault(row["hidden_by"], {})
        found[title] = max(found.get(title, [0.0]), row[RISK])
    return markdown(
        [
            {"operator": operator} | {title: _percent(share) for title, share in found.items()}
            for operator, found in named.items()
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
    "audit": audit,
    "tuned": tuned,
    "sets": sets,
    "seeded": seeded,
    "since": since,
    "events": events,
    "learning": learning,
}
