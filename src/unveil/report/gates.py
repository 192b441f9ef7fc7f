"""What a gate found, as files that build servers and code hosts read: JUnit and SARIF."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

from unveil.errors import UsageError

Outcome = tuple[str, bool]
"""What is said of one face, and whether it passes."""

Writer = Callable[[str, Sequence[Outcome]], str]

RULE = "face-not-hidden"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def gate_writer(path: Path) -> Writer:
    """Return what writes a file of a suffix.

    Raises:
        UsageError: another suffix than ``.xml`` and ``.sarif``.
    """
    if (write := WRITERS.get(path.suffix.lower())) is None:
        raise UsageError(f"{path}: name a report .xml (JUnit) or .sarif.")
    return write


def junit(picture: str, outcomes: Sequence[Outcome]) -> str:
    """Return a JUnit file: one case a face."""
    failed = sum(not passes for _, passes in outcomes)
    suite = ET.Element(
        "testsuite", name="unveil audit", tests=str(len(outcomes)), failures=str(failed)
    )
    for number, (words, passes) in enumerate(outcomes, start=1):
        case = ET.SubElement(suite, "testcase", classname=_shown(picture), name=f"face {number}")
        if not passes:
            ET.SubElement(case, "failure", message=_shown(words))
    ET.indent(suite)
    return ET.tostring(suite, "unicode", xml_declaration=True) + "\n"


def sarif(picture: str, outcomes: Sequence[Outcome]) -> str:
    """Return a SARIF 2.1.0 file: one result a face that does not pass."""
    place = {"physicalLocation": {"artifactLocation": {"uri": quote(Path(picture).as_posix())}}}
    results = [
        {"ruleId": RULE, "level": "error", "message": {"text": words}, "locations": [place]}
        for words, passes in outcomes
        if not passes
    ]
    rule = {"id": RULE, "shortDescription": {"text": "A face is bare, or hidden too weakly"}}
    driver = {"name": "unveil", "rules": [rule]}
    content = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(content, indent=2) + "\n"


def _shown(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


WRITERS: dict[str, Writer] = {".xml": junit, ".sarif": sarif}
