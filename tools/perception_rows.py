"""Choose and lay out the rows of how real restored photos look."""

from collections.abc import Sequence

from unveil.networks.card import IDENTITY
from unveil.report.rows import Row
from unveil.report.tables import markdown

COLUMNS = {
    "psnr": "{:.2f}",
    "ssim": "{:.3f}",
    "nlpd": "{:.3f}",
    "cvvdp": "{:.2f}",
    "vgg_relu2_2": "{:.0f}",
    "detail": "{:.2f}",
    "face": "{:.3f}",
    "frechet_face": "{:.3f}",
    "frechet_vgg": "{:.0f}",
}
"""Metrics in the table, each with the format of its values."""


def newest(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Return the last row of each operator and restorer."""
    return {(row["operator"], row["model"]): row for row in rows}


def table(rows: Sequence[Row]) -> str:
    """Lay out the restorers of each operator; of another person, how alike the face is."""
    lines = []
    for (operator, model), row in newest(rows).items():
        if model == IDENTITY:
            stranger = _line(operator, "another person", {"face": row["stranger"]})
            lines.append(stranger | {"images": row["images"], "faces": row["faces"]})
        shown = _line(operator, model, row)
        lines.append(shown | {"images": row["images"], "faces": row["faces"]})
    return markdown(lines)


def _line(operator: str, model: str, row: Row) -> Row:
    values = {
        name: "" if row.get(name) is None else text.format(row[name])
        for name, text in COLUMNS.items()
    }
    return {"operator": operator, "model": model} | values
