"""Trace rows of results, and shipped weights, to commits that exist.

    python tools/trace_commits.py

A row names the commit of the code that made it, and so does the card of weights. Some of these were
rewritten before they came into this repository, or had changes that were not committed.
``results/commits.json`` says for each with which commit it came in, which holds that code or what
became of it.
"""

import json
import subprocess
from pathlib import Path

import script
from unveil.files import write_text
from unveil.networks.card import CARD_NAME, list_shipped
from unveil.report.rows import read_rows

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
TRACED = RESULTS / "commits.json"


def main() -> None:
    """Write the file anew, and say how many commits it traces."""
    there = existing()
    traced = {
        name: came_in_with(name, path)
        for path, names in named().items()
        for name in sorted(names - there)
    }
    write_text(TRACED, json.dumps(dict(sorted(traced.items())), indent=1) + "\n")
    print(f"{TRACED}: {len(traced)} commits")


def named() -> dict[Path, set[str]]:
    """Return the commits that rows and cards name, by file."""
    rows = {
        path: {row["commit"] for row in read_rows(path)}
        for path in sorted(RESULTS.rglob("*.jsonl"))
    }
    cards = {item.folder / CARD_NAME: {item.card.provenance["commit"]} for item in list_shipped()}
    return rows | cards


def existing() -> set[str]:
    """Return all commits of this branch."""
    return set(git("rev-list", "HEAD").split())


def came_in_with(name: str, path: Path) -> str:
    """Return the commit that brought the first row that names a commit.

    Raises:
        SystemExit: there is none.
    """
    found = git("log", f"-S{name}", "--format=%H", "--reverse", "--", str(path)).split()
    if not found:
        raise SystemExit(f"{path}: {name} came in with no commit; commit its rows first.")
    return found[0]


def git(*words: str) -> str:
    """Return what git says of this repository."""
    done = subprocess.run(  # noqa: S603  # words of our own
        ["git", *words],  # noqa: S607  # git of the PATH
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


if __name__ == "__main__":
    script.run(main, __doc__)
