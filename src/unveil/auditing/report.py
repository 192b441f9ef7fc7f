"""The report of an audit as one page: verdict, charts, tables, protocol, limits."""

from collections.abc import Sequence
from pathlib import Path

from unveil.auditing.attack import UNAWARE
from unveil.auditing.charts import likeness_chart, risk_charts
from unveil.auditing.likeness import CORRELATION, correlations, counter_examples, metrics_of
from unveil.auditing.measured import PEOPLE, RISK, curves_of, mildest
from unveil.auditing.settings import GALLERIES
from unveil.degradation import OPERATORS, Solid, Unchanged
from unveil.errors import UnveilError
from unveil.files import write_text
from unveil.report.html import to_html
from unveil.report.rows import Row, read_rows
from unveil.report.tables import markdown

LIMITS = (0.02, 0.05, 0.2)
AUDITED = {RISK, "attacker", "kind", "strength", "face_px", "people"}
"""Keys of the rows of an audit; the first file's also say what was learnt from, by whom."""

TEXT = """# How much it hides

{verdict}

| what hides at all measured face sizes | {limits} |
| --- | {rules} |
{mildest}

"Risk" is how often a machine that knows {people:,} people by one clean photo each names a person
right at the first guess; the strongest of the attackers below counts. By chance it is {chance}.
Shares have 95 % intervals; a risk is under a limit if the upper end of its interval is.

## Risk against strength

{charts}

## Every setting

{settings}

## The strongest attacker of each setting

Share of faces named right at the first guess, or within five, in galleries of these sizes; then
verification: the share of a person's own photos that are accepted where 1 % or 0.1 % of strangers
are, and the rate at which both errors are equal (chance: 1 %, 0.1 % and 50 %).

{details}

## Do metrics predict privacy?

Similarity to the clean photo, and how often people are named: rank correlation over all settings,
obfuscated or restored.

{correlations}

![Metrics against risk]({name}/likeness.svg)

Even `{metric}`, which agrees best, is wrong about these pairs: the image that is more similar to
the clean face is named less often.

{counter}

## Protocol

- {probes} people to name, {gallery} people in the gallery, {training} photos of other people that
  the trained attacker learns from. Nobody is in two of these parts.
- Embedder: {embedder}. Faces are aligned by landmarks found on the clean photo: the attacker is
  assumed to know where the face is.
- Strengths are counted in face widths; faces of {widths} pixels, kept as {storage}.
- Attackers: *tuned* ones have trained a network on other people's faces that were hidden in this
  way, and *fused* weighs these and the others; they attacked some settings. *unaware* compares with
  clean photos; *mirrored* obfuscates these in the same way;
  *restoring* restores the face first; *trained* has learnt from other people how both change
  embeddings.

## What this does not prove

- Another embedder, or one trained on more obfuscated faces, may name more people.
- Where no *fused* attacker stands in the table, the risk may be higher than measured, by as much as
  at the settings beside it.
- The photos are of public figures of the early 2000s, mostly white men; others may be named more
  or less often.
- Hair, clothes, place, company, voice, gait and text name people too. A hidden face is not an
  anonymous person.
"""


def write_report(paths: Sequence[Path], out: Path) -> Path:
    """Write the report of an audit; return its path.

    Args:
        paths: files of rows, as for :func:`check_rows`.
        out: the HTML page, or with the suffix ``.md`` its Markdown, charts in a folder beside it.

    Raises:
        UnveilError: the file cannot be read, or has no rows with a gallery of ``PEOPLE``.
    """
    rows = check_rows(paths)
    text, files = compose(rows, out.stem)
    if out.suffix == ".md":
        for file, content in files.items():
            (out.parent / out.stem).mkdir(exist_ok=True)
            write_text(out.parent / out.stem / file, content.decode())
        write_text(out, text)
    else:
        write_text(out, to_html(text, out.stem, files))
    return out


def check_rows(paths: Sequence[Path]) -> list[Row]:
    """Return the rows of files, of each setting and attacker the one that names most.

    Args:
        paths: of ``unveil audit curve``, then of attackers that were trained for a setting.

    Raises:
        UnveilError: a file cannot be read, or has no rows with a gallery of ``PEOPLE``.
    """
    strongest: dict[tuple[str, int, str], Row] = {}
    for path in paths:
        rows = read_rows(path)
        wanted = AUDITED if strongest else AUDITED | {"training", "embedder"}
        if not rows or not all(row.keys() >= wanted and row["kind"] in OPERATORS for row in rows):
            raise UnveilError(
                f"{path}: no rows with a gallery of {PEOPLE:,} people; `unveil audit curve` makes "
                "them."
            )
        for row in rows:
            known = strongest.setdefault((*_setting(row), row["attacker"]), row)
            if row[RISK][0] > known[RISK][0]:
                strongest[*_setting(row), row["attacker"]] = row
    return [*strongest.values()]


def compose(rows: Sequence[Row], name: str) -> tuple[str, dict[str, bytes]]:
    """Return the report as Markdown, and its charts by file name.

    Args:
        rows: of ``unveil audit curve``.
        name: folder of the charts, beside the text.
    """
    charts = risk_charts(rows)
    files = {f"{kind}.svg": chart.encode() for kind, chart in charts.items()}
    files["likeness.svg"] = likeness_chart(rows, metrics_of(rows)).encode()
    first, agreed = rows[0], correlations(rows)
    metric = max(agreed, key=lambda row: abs(row[CORRELATION]))["metric"]
    text = TEXT.format(
        verdict=_verdict(rows),
        limits=" | ".join(f"risk under {limit:.0%}" for limit in LIMITS),
        rules=" | ".join("---" for _ in LIMITS),
        mildest=_mildest(rows),
        people=PEOPLE,
        chance=f"{1 / PEOPLE:.1%}",
        charts="\n\n".join(f"![Risk against strength, {k}]({name}/{k}.svg)" for k in charts),
        settings=_settings(rows),
        details=_details(rows),
        correlations=markdown(agreed),
        counter=markdown(counter_examples(rows, metric)),
        metric=metric,
        name=name,
        probes=first["images"],
        gallery=first["people"],
        training=first["training"],
        embedder=first["embedder"],
        widths=", ".join(str(px) for px in sorted({row["face_px"] for row in rows})),
        storage=", ".join(dict.fromkeys(row["storage"] for row in rows)),
    )
    return text, files


def _verdict(rows: Sequence[Row]) -> str:
    clean = [row[RISK][0] for row in rows if row["kind"] == Unchanged.name]
    hidden = [row for row in rows if row["kind"] not in (Unchanged.name, Solid.name)]
    unaware = [row for row in hidden if row["attacker"] == UNAWARE and row[RISK][2] <= LIMITS[1]]
    strongest = {_setting(row): row[RISK][0] for row in sorted(hidden, key=lambda r: r[RISK][0])}
    broken = [row for row in unaware if strongest[_setting(row)] > LIMITS[-1]]
    return (
        f"Clean faces are named in {max(clean, default=0):.0%} of cases. Of {len(unaware)} "
        f"settings that look safe (compared as they are, under {LIMITS[1]:.0%} are named) "
        f"{len(broken)} are not: the strongest attacker names over {LIMITS[-1]:.0%}."
    )


def _setting(row: Row) -> tuple[str, int]:
    return row["operator"], row["face_px"]


def _mildest(rows: Sequence[Row]) -> str:
    curves = curves_of(rows)
    widths = sorted({face_px for _, face_px in curves})
    lines = []
    for kind in dict.fromkeys(kind for kind, _ in curves if kind != Unchanged.name):
        cells = []
        for limit in LIMITS:
            found = [mildest(kind, limit, px, curves) for px in widths if (kind, px) in curves]
            cells.append("none measured" if None in found else f"`{found[-1]}`")
        lines.append(f"| {kind}, face of {widths[-1]} px | {' | '.join(cells)} |")
    return "\n".join(lines)


def _details(rows: Sequence[Row]) -> str:
    strongest: dict[tuple[str, int], Row] = {}
    for row in rows:
        now = strongest.setdefault(_setting(row), row)
        if row[RISK][0] > now[RISK][0]:
            strongest[_setting(row)] = row
    sizes = dict.fromkeys((*GALLERIES, rows[0]["gallery"]))  # rows of two runs may have other ones
    people = [size for size in sizes if all(f"rank1_of_{size}" in row for row in rows)]
    return markdown(
        [
            {
                **{name: row[name] for name in ("operator", "face_px")},
                "model": row["attacker"],
                **{f"1st of {size}": f"{row[f'rank1_of_{size}'][0]:.1%}" for size in people},
                f"5 of {PEOPLE}": f"{row[f'rank5_of_{PEOPLE}'][0]:.1%}",
                "accepted at 1 %": f"{row['tar_at_far_1e-2']:.1%}",
                "at 0.1 %": f"{row['tar_at_far_1e-3']:.1%}",
                "equal error": f"{row['eer']:.1%}",
            }
            for row in strongest.values()
        ]
        + [_chance(people)]
    )


def _chance(people: Sequence[int]) -> Row:
    return {
        "operator": "chance",
        "face_px": "",
        "model": "",
        **{f"1st of {size}": f"{1 / size:.2%}" for size in people},
        f"5 of {PEOPLE}": f"{5 / PEOPLE:.1%}",
        "accepted at 1 %": "1.0%",
        "at 0.1 %": "0.1%",
        "equal error": "50.0%",
    }


def _settings(rows: Sequence[Row]) -> str:
    table: dict[tuple[str, int], Row] = {}
    for row in rows:
        share, low, high = row[RISK]
        line = table.setdefault(
            _setting(row), {"operator": row["operator"], "face_px": row["face_px"]}
        )
        line[row["attacker"]] = f"{share:.1%} ({low:.1%} to {high:.1%})"
    attackers = dict.fromkeys(row["attacker"] for row in rows)
    chance = {"chance": f"{1 / PEOPLE:.1%}"}
    return markdown(
        [line | {a: line.get(a, "") for a in attackers} | chance for line in table.values()]
    )
