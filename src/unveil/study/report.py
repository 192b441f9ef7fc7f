"""The study's report: one Markdown text and one self-contained HTML page, from rows only.

The same rows and pictures give the same bytes.
"""

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path

from markdown_it import MarkdownIt

from unveil.errors import UnveilError
from unveil.files import temporary_beside, write_text
from unveil.study.charts import charts
from unveil.study.figures import figures
from unveil.study.folder import StudyFolder, read_manifest
from unveil.study.select import results_of
from unveil.study.text import compose

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0 }}
th, td {{ padding: 0.3rem 0.7rem; border-bottom: 1px solid #ddd; text-align: left }}
img {{ max-width: 100%; height: auto }}
code {{ background: #f3f3f3; padding: 0.1rem 0.2rem }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def write_report(folder: Path, out: Path, name: str, *, page: bool) -> list[Path]:
    """Write ``NAME.md``, its figures in ``NAME/`` and, for ``page``, ``NAME.html``.

    Args:
        folder: a study's folder, or any with its ``study.json`` and ``rows.jsonl``.
        out: where to write.
        name: of the report.
        page: write the HTML page too, all figures inside it.

    Returns:
        The files that were written.

    Raises:
        UnveilError: no study in ``folder``, or no rows.
    """
    manifest, study = read_manifest(folder), StudyFolder(folder)
    rows, lost = study.rows()
    if not rows:
        raise UnveilError(f"{study.rows_path}: no rows yet; `unveil study run` makes them.")
    results = results_of(rows)
    files = {f"{chart}.svg": svg.encode() for chart, svg in charts(results).items()}
    files |= {f"{strip}.png": png for strip, png in figures(results, folder / "cells").items()}
    text = compose(results, manifest, name, files.keys(), lost)
    written = [out / f"{name}.md", *(out / name / file for file in files)]
    (out / name).mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        with temporary_beside(out / name / file) as partial:
            partial.write_bytes(content)
    write_text(out / f"{name}.md", text)
    if page:
        write_text(out / f"{name}.html", to_html(text, name, files))
        written.append(out / f"{name}.html")
    return written


def to_html(text: str, name: str, files: Mapping[str, bytes]) -> str:
    """Render Markdown as one page that needs no other file; no script, no outside resource."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)

    def inline(match: re.Match[str]) -> str:
        file = match["file"]
        kind = "svg+xml" if file.endswith(".svg") else "png"
        content = base64.b64encode(files[file]).decode()
        return f'src="data:image/{kind};base64,{content}"'

    body = re.sub(rf'src="{re.escape(name)}/(?P<file>[\w.-]+)"', inline, body)
    title = text.partition("\n")[0].lstrip("# ")
    return PAGE.format(title=html.escape(title), body=body)
