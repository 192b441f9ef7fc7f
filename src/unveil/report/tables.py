"""Markdown tables, made from rows only; documents carry them between marks."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.files import write_text
from unveil.linear import CLOSED_FORMS
from unveil.networks.shipped import IDENTITY
from unveil.report.rows import Row, read_rows

RESULT_COLUMNS = ("model", "operator", "storage", "images", "psnr", "ssim", "ssim_deck")
DECK = {
    "gaussian:kernel=9,sigma=4": {"identity": (26.67, 0.73), "cae": (30.62, 0.88)},
    "pixelate:block=8": {"identity": (22.42, 0.48), "cae": (25.40, 0.68)},
}
"""PSNR and SSIM that the study reports, float inputs: of the obfuscated photos and its CAE."""


def markdown(rows: Sequence[Row]) -> str:
    """Lay out rows of equal keys as a Markdown table, numbers to the right; no rows, no table."""
    if not rows:
        return ""
    names = list(rows[0])
    align = ["---:" if isinstance(rows[0][name], int | float) else "---" for name in names]
    lines = [names, align, *([_cell(name, row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def models(rows: Sequence[Row]) -> str:
    """Lay out the shipped weights: one line for each score on the first operator of each."""
    return markdown(
        [
            {
                "name": row["name"],
                "undoes": row["operator"],
                "trained on": f"{row['training_data']}, {row['storage']}",
                "size": f"{row['size_mb']} MB",
                "sha256": row["sha256"][:12],
                **{name: score[name] for name in ("storage", "psnr", "ssim", "ssim_deck")},
            }
            for row in rows
            for score in row["scores"]
            if score["operator"] == row["scores"][0]["operator"]
        ]
    )


def results(rows: Sequence[Row]) -> str:
    """Lay out evaluation rows: what was scored, and the means of the metrics."""
    return markdown([{name: row[name] for name in RESULT_COLUMNS} for row in rows])


def foundation(rows: Sequence[Row]) -> str:
    """Lay out the newest full-test-split row of each experiment beside the study's figures."""
    newest = {(row["operator"], row["model"], row["storage"]): row for row in rows}
    table = []
    for (operator, model, storage), row in sorted(newest.items(), key=_experiment_order):
        reported = DECK.get(operator, {}) if storage == "float" else {}
        deck = reported.get(model if model == IDENTITY else "cae")
        shown = {name: row[name] for name in RESULT_COLUMNS}
        table.append(shown | {"study": f"{deck[0]:.2f} / {deck[1]:.2f}" if deck else ""})
    return markdown(table)


def side_by_side(*keys: str) -> Callable[[Sequence[Row]], str]:
    """Return a table with one line for equal ``keys``: PSNR and ssim_deck of each restorer."""

    def lay_out(rows: Sequence[Row]) -> str:
        found: dict[tuple[Any, ...], dict[str, str]] = {}
        for row in rows:  # the newest counts
            scores = f"{row['psnr']:.2f} / {row['ssim_deck']:.4f}"
            found.setdefault(tuple(row[key] for key in keys), {})[row["model"]] = scores
        models = dict.fromkeys(row["model"] for row in rows)
        return markdown(
            [
                dict(zip(keys, line, strict=True)) | {m: scores.get(m, "") for m in models}
                for line, scores in found.items()
            ]
        )

    return lay_out


def headline(rows: Sequence[Row]) -> str:
    """Lay out the study's operators: the photo as it is, linear algebra, and the best network."""
    scores: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    for row in rows:  # the newest counts
        if row["operator"] in DECK and row["storage"] in ("8bit", "jpeg:75"):
            line = scores.setdefault((row["operator"], row["storage"]), {})
            line[row["model"]] = row["psnr"], row["ssim_deck"]
    table = []
    for (operator, storage), line in sorted(scores.items()):
        networks = {name: line[name] for name in line if name not in (IDENTITY, *CLOSED_FORMS)}
        best = max(networks, key=lambda name: networks[name])
        shown = {"as it is": IDENTITY, "linear algebra (`lmmse`)": "lmmse", "best weights": best}
        cells = {title: "{:.2f} / {:.3f}".format(*line[name]) for title, name in shown.items()}
        deck = "{:.2f} / {:.2f}".format(*DECK[operator]["cae"]) if storage == "8bit" else ""
        table.append(
            {"operator": operator, "storage": storage, **cells, "are": f"`{best}`", "study": deck}
        )
    return markdown(table)


def by_columns(*names: str) -> Callable[[Sequence[Row]], str]:
    """Return a table of the newest row of each model, operator and storage: these columns."""

    def lay_out(rows: Sequence[Row]) -> str:
        newest = {(row["model"], row["operator"], row["storage"]): row for row in rows}
        return markdown([{name: row[name] for name in names} for row in newest.values()])

    return lay_out


def uncertainty(rows: Sequence[Row]) -> str:
    """Lay out expected and true mean absolute error by tenths of the pixels."""
    newest = {(row["operator"], row["storage"]): row for row in rows}
    table = []
    for (operator, storage), row in newest.items():
        for kind in ("expected", "true"):
            values = enumerate(row[f"{kind}_error"], 1)
            tenths = {str(number): f"{255 * value:.2f}" for number, value in values}
            table.append({"operator": operator, "storage": storage, "error": kind, **tenths})
    return markdown(table)


AUDITED = (
    *("none", "gaussian:kernel=9,sigma=4", "gaussian:kernel=45,sigma=7.28", "pixelate:block=8"),
    *("pixelate:block=14", "pixelate:block=28", "solid:level=0"),
)
"""What the audit's short table shows, on faces as wide as the study's."""


SHARE = "{:.1%} ({:.1%} to {:.1%})"


def splits(rows: Sequence[Row]) -> str:
    """Lay out how often faces are named after each restorer, of 1,000 people."""
    named = (SHARE.format(*row["rank1_of_1000"]) for row in rows)
    shown = ("operator", "model", "psnr")
    return markdown(
        [
            {name: row[name] for name in shown} | {"named": share, "images": row["images"]}
            for row, share in zip(rows, named, strict=True)
        ]
    )


def audit(rows: Sequence[Row]) -> str:
    """Lay out how often faces are named behind well-known settings, of 1,000 people."""
    table = []
    for text in AUDITED:
        shares = {
            row["model"]: row["rank1_of_1000"]
            for row in rows
            if row["operator"] == text and row["face_px"] == 112
        }
        if not shares:
            continue
        strongest = max(shares, key=lambda name: shares[name][0])
        shown = {"as it is": "unaware", "strongest": strongest}
        named = {title: SHARE.format(*shares[name]) for title, name in shown.items()}
        table.append({"operator": text, **named, "who": strongest, "chance": "0.1%"})
    return markdown(table)


def networks(rows: Sequence[Row]) -> str:
    """Lay out what each network costs, from its newest row."""
    newest = {row["model"]: row for row in rows if row.get("parameters")}
    shown = ("model", "parameters", "macs", "trained_seconds", "images", "device", "precision")
    return markdown([{name: row[name] for name in shown} for row in newest.values()])


def onnx(rows: Sequence[Row]) -> str:
    """Lay out what 8 bits cost ONNX files: quality in float32 and int8, and size."""
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:  # the newest counts
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
    """Return what frames tell together, beside one by one: a row a clip, operator and way."""

    def laid_out(row: Row) -> Row:
        risk = row.get("rank1_of_1000")  # real clips: one person, of whom there is no other photo
        names = ("clip", "operator", "model", "psnr", "ssim")
        shown = {name: row[name] for name in names} | {"flicker": f"{row['flicker']:.2f}"}
        return shown | {"re-identified": _percent(risk) if risk else None, "images": row["images"]}

    return markdown([laid_out(row) for row in rows])


def _percent(share: Sequence[float]) -> str:
    value, low, high = (100 * part for part in share)
    return f"{value:.1f} % ({low:.0f} to {high:.0f})"


def parts(rows: Sequence[Row]) -> str:
    """Return how often mosaics in parts of photos are seen, and put in their place."""
    storages = list(dict.fromkeys(row["storage"] for row in rows))
    laid_out: dict[str, Row] = {}
    for row in rows:
        shown = laid_out.setdefault(
            row["operator"], {"operator": row["operator"]} | dict.fromkeys(storages)
        )
        is_clean = row["operator"] == "none"
        shown[row["storage"]] = f"{row['seen' if is_clean else 'placed']:.0%}"
    return markdown(list(laid_out.values()))


def video(rows: Sequence[Row]) -> str:
    """Return the speed of commands on videos: the newest row of each."""
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
    """Return how long a visitor of the page waits: the newest row of each question."""
    newest = {row["question"]: row for row in rows}
    names = {"question": "question", "first_seconds": "first, s", "seconds": "then, s"}
    return markdown(
        [
            {title: str(row[name]) for name, title in names.items()}
            | {"device": row["device"].partition(",")[0]}
            for row in newest.values()
        ]
    )


TABLES: dict[str, Callable[[Sequence[Row]], str]] = {
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
    "streaming": side_by_side("operator", "storage"),
    "networks": networks,
    "onnx": onnx,
    "audit": audit,
    "joint": joint,
    "parts": parts,
    "video": video,
    "page": page,
    "splits": splits,
}


def refresh(document: Path, *, write: bool) -> bool:
    """Rebuild the tables of ``document``; say whether any was out of date.

    A table stands between ``<!-- table: NAME of FILE -->`` and ``<!-- end -->``; the file of
    rows is named relative to the document.

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
        rows = read_rows(document.parent / match["file"])
        return f"{match['head']}\n{TABLES[match['name']](rows)}\n{match['tail']}"

    after, tables = MARKS.subn(rebuilt, before)
    if not tables:
        raise UnveilError(f"{document}: has no `<!-- table: NAME of FILE -->` mark.")
    if write and after != before:
        write_text(document, after)
    return after != before


MARKS = re.compile(
    r"(?P<head><!-- table: (?P<name>[\w-]+) of (?P<file>\S+) -->)\n.*?(?P<tail><!-- end -->)",
    re.DOTALL,
)


def _experiment_order(item: tuple[tuple[str, str, str], Row]) -> tuple[Any, ...]:
    operator, model, storage = item[0]
    return operator, model != IDENTITY, model, storage != "float", storage


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if name == "psnr" else f"{value:.4f}"
    return "" if value is None else str(value)
