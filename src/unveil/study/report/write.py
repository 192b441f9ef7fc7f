"""Writes the report of the study: one Markdown file and one self-contained HTML page.

The output is a deterministic function of the rows and images.
"""

from pathlib import Path

from unveil import console
from unveil.errors import UnveilError
from unveil.files import temporary_beside, write_text
from unveil.report.html import to_html
from unveil.report.rows import Row
from unveil.study.folder import StudyFolder, read_manifest
from unveil.study.plan import SMOKE_TEST
from unveil.study.report.charts import charts
from unveil.study.report.figures import figures
from unveil.study.report.select import Results, results_of
from unveil.study.report.text import compose


def write_report(
    folder: Path,
    out: Path,
    name: str,
    *,
    page: bool,
    raw: Path | None = None,
    dry_run: bool = False,
) -> list[Path]:
    """Write ``NAME.md``, its figures in ``NAME/`` and, for ``page``, ``NAME.html``.

    Args:
        folder: folder of a study, or one that holds its ``study.json`` and ``rows.jsonl``.
        out: folder to write to.
        name: name of the report.
        page: also write the HTML page, with all figures embedded.
        raw: folder of a study with a raw perceptual term, whose claims are judged, too.
        dry_run: compose the report, but write nothing.

    Returns:
        The files that were, or would be, written.

    Raises:
        UnveilError: ``folder`` or ``raw`` holds no study, its study has no rows, or the term of
            ``raw`` is not raw.
    """
    manifest = read_manifest(folder)
    rows, lost = _rows(folder)
    if manifest.smoke:
        console.note(f"{folder}: this is {SMOKE_TEST}")
    of_raw = _raw_results(folder if manifest.scale == "raw" else raw)
    results = results_of(rows, is_comparable=not manifest.smoke, raw=of_raw)
    files = {f"{chart}.svg": svg.encode() for chart, svg in charts(results).items()}
    files |= {f"{strip}.png": png for strip, png in figures(results, folder / "cells").items()}
    text = compose(results, manifest, name, files.keys(), lost)
    written = [out / f"{name}.md", *(out / name / file for file in files)]
    page_path = out / f"{name}.html"
    written += [page_path] if page else []
    if dry_run:
        return written
    (out / name).mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        with temporary_beside(out / name / file) as partial:
            partial.write_bytes(content)
    write_text(out / f"{name}.md", text)
    if page:
        write_text(page_path, to_html(text, name, files))
    return written


def _rows(folder: Path) -> tuple[list[Row], list[str]]:
    """Return the rows of a study, and an error for each line of its file that is lost."""
    study = StudyFolder(folder)
    rows, lost = study.rows()
    if not rows:
        raise UnveilError(f"{study.rows_path}: no rows yet; `unveil study run` makes them.")
    return rows, lost


def _raw_results(folder: Path | None) -> Results | None:
    if folder is None:
        return None
    if read_manifest(folder).scale != "raw":
        raise UnveilError(f"{folder}: its perceptual term is calibrated; --raw takes a raw one.")
    return results_of(_rows(folder)[0])
