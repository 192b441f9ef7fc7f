"""Rows of results name the code that made them."""

import json
import subprocess
from pathlib import Path

import pytest

import trace_commits

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no git, or no checkout: {done.stderr.strip()[:60]}")
    return done.stdout


@pytest.fixture(scope="module")
def commits() -> set[str]:
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("a checkout without its history")
    return set(git("rev-list", "HEAD").split())


def test_rows_and_weights_name_a_commit_that_exists_or_are_traced_to_one(commits):
    """`python tools/trace_commits.py` traces those that were rewritten, or not committed."""
    traced = json.loads((RESULTS / "commits.json").read_text())
    named = set().union(*trace_commits.named().values())
    assert set(traced.values()) <= commits
    assert set(traced) <= named
    for name in named - commits - set(traced):  # a branch that was rebased since
        assert git("log", f"-S{name}", "--format=%H", "--", "results", "src"), name
