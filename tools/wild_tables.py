"""Lay out the rows of the bench of pictures as people have them."""

from collections.abc import Callable, Sequence

from unveil.report.rows import Row
from unveil.report.tables import markdown

GOALS = (
    ("regions found (IoU 0.6 or more)", "region found", "all", "", ">= 85 %"),
    ("pictures seen as hidden", "picture seen as hidden", "all", "", ""),
    ("clean pictures called hidden", "clean called hidden", "all", "", "<= 1 %"),
    ("kind right, place told", "kind right, place told", "all", "", ">= 90 %"),
    ("Gaussian width within 10 %: PNG", "strength within 10 %", "gaussian", "png", ">= 95 %"),
    (
        *("... JPEG 75 or better", "strength within 10 %", "gaussian", "jpeg 75 or better"),
        ">= 85 %",
    ),
    ("... after resize and JPEG", "strength within 10 %", "gaussian", "resized, jpeg", ">= 75 %"),
    ("block within 2 %, both axes", "block within 2 %", "all", "", ">= 90 %"),
    ("phase within half a pixel, both axes", "phase within half a pixel", "all", "", ">= 90 %"),
    ("motion: length 15 %, angle 10 degrees", "motion: 15 % and 10 degrees", "all", "", ">= 80 %"),
    ("90 % intervals that hold the truth", "90 % interval holds", "all", "", "85 to 95 %"),
)
"""Title, question, by what, of which value, and what is wanted."""


def newest(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of the newest run of each half."""
    last = {row["split"]: row["run"] for row in rows}
    return {
        half: [row for row in rows if row["split"] == half and row["run"] == run]
        for half, run in sorted(last.items())
    }


def percent(row: Row | None) -> str:
    """Return a share with its interval and count."""
    if row is None:
        return ""
    return f"{_percents(row['share'])}, n = {row['images']}"


def restored(rows: Sequence[Row]) -> str:
    """Lay out what restoring made of the pictures, by what hid them."""
    return markdown(
        [
            {
                "half": half,
                "pictures": row["role"] if row["by"] == "all" else row["value"],
                "n": row["images"],
                "mean gain, dB": f"{row['mean_db']:.2f}",
                "worst, dB": f"{row['worst_db']:.1f}",
                "worse": _percents(row["worse"]),
                "better": _percents(row["better"]),
            }
            for half, some in newest(rows).items()
            for row in some
            if "mean_db" in row
            if row["by"] == "all" or (row["role"], row["by"]) == ("hidden", "kind")
        ]
    )


def told(rows: Sequence[Row]) -> str:
    """Lay out what restoring made of pictures of which the operator is told, the newest rows."""
    last = {(row["place"], row["case"]): row for row in rows}
    return markdown(
        [
            {
                "what is different": row["case"],
                "told": row["told"],
                "place": row["place"],
                "n": row["images"],
                "mean gain, dB": f"{row['mean_db']:.2f}",
                "least, dB": f"{row['least_db']:.1f}",
                "worse": row["worse"],
            }
            for row in last.values()
        ]
    )


def _percents(share: Sequence[float]) -> str:
    value, low, high = (100 * part for part in share)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _of(rows: Sequence[Row], question: str, by: str) -> dict[str, Row]:
    return {row["value"]: row for row in rows if row["question"] == question and row["by"] == by}


def goals(rows: Sequence[Row]) -> str:
    """Lay out what is wanted, and what the newest run of each half reached."""
    halves = newest(rows)
    table = []
    for title, question, by, value, wanted in GOALS:
        shares = {
            half: percent(_of(some, question, by).get(value)) for half, some in halves.items()
        }
        table.append({"what": title, **shares, "wanted": wanted})
    errors = {
        half: "; ".join(
            f"{row['error']:.3f} {row['by']}, n = {row['images']}"
            for row in some
            if row["question"] == "calibration error"
        )
        for half, some in halves.items()
    }
    return markdown([*table, {"what": "calibration error", **errors, "wanted": "<= 0.05"}])


def breakdown(question: str, *columns: str) -> Callable[[Sequence[Row]], str]:
    """Return what lays out the shares of a question by each of ``columns``."""

    def lay_out(rows: Sequence[Row]) -> str:
        halves = newest(rows)
        table = []
        for by in columns:
            found = {half: _of(some, question, by) for half, some in halves.items()}
            for value in sorted({value for values in found.values() for value in values}):
                shares = {half: percent(values.get(value)) for half, values in found.items()}
                table.append({"by": by, "": value, **shares})
        return markdown(table)

    return lay_out


def reliability(rows: Sequence[Row]) -> str:
    """Lay out the share that is right beside the mean confidence, by bins of the confidence."""
    table = []
    for half, some in newest(rows).items():
        for row in some:
            if row["question"] == "confidence":
                mean = f"{row['stated']:.3f}"
                about = {"half": half, "asked": row["by"], "confidence": row["value"]}
                table.append(about | {"mean": mean, "right": percent(row)})
    return markdown(table)


def history(rows: Sequence[Row]) -> str:
    """Lay out what the newest run found of pictures' past."""
    return markdown(
        [
            {"what": row["question"], "of": row["value"], half: percent(row)}
            for half, some in newest(rows).items()
            for row in sorted(some, key=lambda row: (row["question"], row["value"]))
        ]
    )


TABLES: dict[str, Callable[[Sequence[Row]], str]] = {
    "wild": goals,
    "wild-found": breakdown("region found", "kind", "mask", "journey"),
    "wild-clean": breakdown("clean called hidden", "control", "journey"),
    "wild-kinds": breakdown("kind right, place told", "kind"),
    "wild-strengths": breakdown("strength within 10 %", "kind"),
    "wild-confidence": reliability,
    "wild-history": history,
    "wild-restore": restored,
    "wild-told": told,
}
