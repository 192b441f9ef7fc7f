"""What a gate found, as files that build servers and code hosts read, and a page."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

from unveil.errors import UsageError
from unveil.report.html import to_html


@dataclass(frozen=True)
class Outcome:
    """What became of one face.

    Attributes:
        place: the picture it is in; of a clip, with the time.
        words: what is said of it.
        passes: whether that is enough.
        seen: a PNG file of it as it is in the output, where it fails.
    """

    place: str
    words: str
    passes: bool
    seen: bytes | None = None


Writer = Callable[[Sequence[Outcome]], str]

RULE = "face-not-hidden"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def gate_writer(path: Path) -> Writer:
    """Return what writes a file of a suffix.

    Raises:
        UsageError: another suffix than ``.xml``, ``.sarif`` and ``.html``.
    """
    if (write := WRITERS.get(path.suffix.lower())) is None:
        raise UsageError(f"{path}: name a report .xml (JUnit), .sarif or .html.")
    return write


def junit(outcomes: Sequence[Outcome]) -> str:
    """Return a JUnit file: one case a face."""
    failed = sum(not one.passes for one in outcomes)
    suite = ET.Element(
        "testsuite", name="unveil audit", tests=str(len(outcomes)), failures=str(failed)
    )
    for number, one in enumerate(outcomes, start=1):
        case = ET.SubElement(suite, "testcase", classname=_shown(one.place), name=f"face {number}")
        if not one.passes:
            ET.SubElement(case, "failure", message=_shown(one.words))
    ET.indent(suite)
    return ET.tostring(suite, "unicode", xml_declaration=True) + "\n"


def sarif(outcomes: Sequence[Outcome]) -> str:
    """Return a SARIF 2.1.0 file: one result a face that does not pass."""
    results = [
        {
            "ruleId": RULE,
            "level": "error",
            "message": {"text": one.words},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(one.place)}}}],
        }
        for one in outcomes
        if not one.passes
    ]
    rule = {"id": RULE, "shortDescription": {"text": "A face is bare, or hidden too weakly"}}
    driver = {"name": "unveil", "rules": [rule]}
    content = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(content, indent=2) + "\n"


def page(outcomes: Sequence[Outcome]) -> str:
    """Return an HTML page of one file: the faces that fail, as they are in the output."""
    failed = [one for one in outcomes if not one.passes]
    lines = [f"# {len(failed)} of {len(outcomes)} fail", ""]
    files = {}
    for number, one in enumerate(failed, start=1):
        lines += [f"## {_escaped(one.place)}", "", _escaped(one.words), ""]
        if one.seen is not None:
            files[f"{number}.png"] = one.seen
            lines += [f"![face {number}](faces/{number}.png)", ""]
    lines += [f"- {_escaped(f'{one.place}: {one.words}')}" for one in outcomes if one.passes]
    return to_html("\n".join(lines) + "\n", "faces", files)


def _uri(place: str) -> str:
    return quote(Path(place).as_posix())


def _escaped(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(_shown(text).split()))


def _shown(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


WRITERS: dict[str, Writer] = {".xml": junit, ".sarif": sarif, ".html": page}
