"""The fast tier: `make test` reaches every room of the package, wherever its tests lie."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.snippets import ROOT

ROOMS = sorted(path.parent.name for path in (ROOT / "src" / "unveil").glob("*/__init__.py"))
SLOWER = ("pytest.mark.slow", "pytest.mark.lfw")


def fast_tests(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """The names of the tests in a module or class that no mark takes out of the fast tier."""
    for item in node.body:
        if isinstance(item, ast.Assign) and is_slower(item.value):  # pytestmark = ...
            return
        if not isinstance(item, ast.ClassDef | ast.FunctionDef):
            continue
        if any(map(is_slower, item.decorator_list)):
            continue
        if isinstance(item, ast.ClassDef):
            yield from fast_tests(item)
        elif item.name.startswith("test_"):
            yield item.name


def is_slower(expression: ast.expr) -> bool:
    """Return whether an expression is a mark of another tier, or a list that holds one."""
    items = expression.elts if isinstance(expression, ast.List) else [expression]
    return any(ast.unparse(item) in SLOWER for item in items)


def modules(room: str) -> list[Path]:
    return sorted((ROOT / "tests" / room).glob("test_*.py"))


def test_tests_lie_in_folders_named_like_the_rooms():
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert folders == {*ROOMS, "house"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_fast_tier(room):
    assert any(name for path in modules(room) for name in fast_tests(ast.parse(path.read_text())))


def test_marks_are_seen():
    module = ast.parse("""
@pytest.mark.slow
def test_a(): pass

@pytest.mark.slow
class TestB:
    def test_b(self): pass

class TestC:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.slow), 2])
    def test_c(self, x): pass

def helper(): pass
pytestmark = [pytest.mark.skipif(True, reason="x"), pytest.mark.lfw]
def test_d(): pass
""")
    assert list(fast_tests(module)) == ["test_c"]
