"""The tool that puts faults into a copy of our code and counts those that tests see."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import mutants
import mutate
from mutants import draw, places_of
from reached import Reach

ROOT = Path(__file__).parents[2]

SOURCE = '''"""Is 1 < 2?"""
__all__ = ["grow"]
LIMIT: int | None = 3


def grow(size: int, by: float = 2.0, *, twice: bool = False) -> float:
    """Return more than 1."""
    if size <= 0 or not by:
        raise ValueError(f"size {size - 1} is below {1}")
    assert size < 10
    found = [size * by for part in (1, 2) if part != 2]
    found.append(max(size, by))
    return pow(sum(found), -1) if twice else found[0]
'''

WANTED = {
    ("LIMIT: int | None = 3", "LIMIT: int | None = 4"),
    ("if size <= 0 or not by:", "if size < 0 or not by:"),
    ("if size <= 0 or not by:", "if size > 0 or not by:"),
    ("if size <= 0 or not by:", "if size <= 0 and not by:"),
    ("if size <= 0 or not by:", "if size <= 0 or (by):"),
    ("if size <= 0 or not by:", "if False:"),
    ("found.append(max(size, by))", "pass"),
}
"""Some of what is to be drawn: the lines before and after."""

KEPT = ('"""Is', "__all__", '"""Return', "raise", "assert")
"""How lines begin that stay as they are."""


@pytest.fixture
def tree(tmp_path) -> Path:
    """A repository with one module of one room, a test that sees its faults, and one that fails."""
    root = tmp_path / "repository"
    for name, text in {
        "src/unveil/linear/growing.py": SOURCE,
        "src/unveil/linear/__init__.py": "",
        "src/unveil/__init__.py": "",
        "tests/linear/test_growing.py": (
            "from unveil.linear.growing import grow\n\n"
            "def test_it_grows():\n    assert grow(2, 3.0) == 6\n\n"
            "def test_it_fails():\n    assert grow(2, 3.0) == 7\n"
        ),
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def module(root: Path) -> Path:
    return root / "src" / "unveil" / "linear" / "growing.py"


def test_every_kind_of_place_is_drawn_and_messages_and_types_are_not(tree):
    source = module(tree).read_bytes()
    found = [one for place in places_of(tree, module(tree)) for one in place]
    changes = [one.diff(source) for one in found]
    assert set(changes) >= WANTED
    assert all(before != after for before, after in changes)
    assert not [before for before, _ in changes if before.startswith(KEPT)]
    assert {one.what for one in found} == {
        *("arguments", "branch", "call", "comparison", "not", "number", "operator", "return"),
        *("sign", "truth"),
    }
    for one in draw(tree, [module(tree)], 0):
        compile(one.apply(source), "mutant", "exec")
    defaults = [one for one in found if one.diff(source)[0].startswith("def grow")]
    assert {one.lines for one in defaults} == {(7, 13)}
    assert {one.lines for one in found if "LIMIT" in one.diff(source)[0]} == {None}


def test_a_seed_repeats_the_order_and_more_are_the_same_and_others(tree):
    once, again, other = ([*draw(tree, [module(tree)], seed)] for seed in (1, 1, 2))
    assert once == again != other
    assert len({(one.start, one.end, one.what) for one in once}) == len(once)


def test_the_rooms_own_tests_and_fast_ones_come_first():
    own, fast, slow = "tests/linear/a::b", "tests/cli/a::fast", "tests/cli/a::slow"
    seconds = {own: 3.0, fast: 0.1, slow: 200.0}
    path = "src/unveil/linear/growing.py"
    reach = Reach({path: {8: {slow, fast, own, "tests/cli/a::failed"}, 9: {own}}}, seconds)
    assert reach.of(path, (8, 8)) == reach.of(path, None) == [own, fast, slow]
    assert reach.of(path, (9, 9)) == [own]
    assert reach.of("src/unveil/linear/other.py", None) == []
    naming = replace(reach, texts={"tests/cli/a": "from unveil.linear.other import LIMIT"})
    assert naming.of("src/unveil/linear/other.py", None) == [fast, slow]
    assert naming.of("src/unveil/linear/other.py", (1, 9)) == []
    assert mutate.allowed([own, fast, slow], reach) == ([own, fast], 1)


@pytest.mark.slow
def test_faults_are_put_into_a_copy_and_tests_that_pass_see_them(tree):
    """The tool stands in a small repository, and is run there twice: nothing is done again."""
    for name in ("mutate", "mutants", "reached", "script"):
        (tree / "tools").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tools" / f"{name}.py", tree / "tools")
    before = module(tree).read_bytes()
    flags = ("--count", "3", "--seed", "9", "--rooms", "linear", "--marks", "", "--output", "runs")
    words = [sys.executable, tree / "tools" / "mutate.py", *flags]
    said = []
    for _ in range(2):
        places = os.pathsep.join(str(ROOT / name) for name in ("src", "tools"))
        environment = os.environ | {"PYTHONPATH": places}
        done = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.partition("2 of 3 caught, 0 not run yet\n")[2])
    assert module(tree).read_bytes() == before
    rows = [json.loads(line) for line in (tree / "runs" / "rows.jsonl").read_text().splitlines()]
    assert sorted(row["end"] for row in rows) == ["caught", "caught", "survived"]
    assert {row["test"] for row in rows} == {None, "tests/linear/test_growing.py::test_it_grows"}
    assert said[0] == said[1]
    (survived,) = (row["mutant"] for row in rows if row["end"] == "survived")
    assert said[0].endswith(f"  + {survived.partition(' ==> ')[2]}\n")


def test_the_tool_draws_from_every_room_that_computes():
    root = mutate.ROOT
    for room in mutate.ROOMS:
        (path, *_) = sorted((root / "src" / "unveil" / room).rglob("*[a-z].py"))
        assert next(mutants.draw(root, [path], 0)).path.startswith(f"src/unveil/{room}/")
