"""Draw mutants: copies of our code with one small fault each, by the syntax tree.

A place may be an operator, a comparison, a number, ``True``, a ``not``, a condition, what is
returned, two arguments, or a call whose result nobody takes. Annotations, decorators, messages of
errors and what only states an assumption (``assert``, ``strict=``) are left as they are.
"""

import ast
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
"""How each is written, and what may stand in its place: the same without or with the end, or its
opposite."""

OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}

STATED = {"strict"}
"""Arguments that only state an assumption."""

SYMMETRIC = {"min", "max", "minimum", "maximum", "hypot", "logaddexp"}
"""Functions whose first two arguments may change places."""


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes:
        path: of the file, from the root of the repository.
        what: the kind of fault.
        start: first byte that is replaced.
        end: byte after the last one.
        new: what stands there instead.
        lines: first and last line that a test has to run to see it; None for all of the file.
    """

    path: str
    what: str
    start: int
    end: int
    new: str
    lines: tuple[int, int] | None

    def apply(self, source: bytes) -> bytes:
        """Return the file with the fault."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def line(self, source: bytes) -> int:
        """Return the number of the first line that is changed."""
        return source.count(b"\n", 0, self.start) + 1

    def diff(self, source: bytes) -> tuple[str, str]:
        """Return the changed lines, before and after, in one line each."""
        first = source.rfind(b"\n", 0, self.start) + 1
        last = source.find(b"\n", self.end)
        before = source[first:last]
        after = self.apply(source)[first : last + len(self.new.encode()) - (self.end - self.start)]
        return " ".join(before.decode().split()), " ".join(after.decode().split())


def draw(root: Path, paths: Iterable[Path], seed: int) -> Iterator[Mutant]:
    """Yield one mutant of every place of some files, in an order drawn from a seed.

    Args:
        root: of the repository.
        paths: of the files.
        seed: of the order, and of what is drawn for each place.
    """
    rng = random.Random(seed)  # noqa: S311  # nothing secret
    places = [place for path in sorted(paths) for place in places_of(root, path)]
    rng.shuffle(places)
    for place in places:
        mutant = rng.choice(place)
        if _is_code(mutant.apply((root / mutant.path).read_bytes())):
            yield mutant


def places_of(root: Path, path: Path) -> list[list[Mutant]]:
    """Return what may be changed in a file: for each place, one mutant or several."""
    source = path.read_bytes()
    drawer = _Drawer(path.relative_to(root).as_posix(), source)
    drawer.visit(ast.parse(source))
    return drawer.places


def _is_code(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


class _Drawer(ast.NodeVisitor):
    """Collects the mutants of a file."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path, self.source = path, source
        self.starts = [0, *(match.end() for match in re.finditer(b"\n", source))]
        self.places: list[list[Mutant]] = []
        self.lines: tuple[int, int] | None = None
        self.is_in_function = False

    def visit(self, node: ast.AST) -> None:
        """Draw a node and what is in it."""
        if isinstance(node, ast.stmt) and self.is_in_function:
            self.lines = _own_lines(node)
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Draw defaults, which whoever runs the body sees, and the body."""
        outside = self.lines, self.is_in_function
        self.lines = node.body[0].lineno, node.end_lineno or node.lineno
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self.is_in_function = True
        for statement in node.body:
            self.visit(statement)
        self.lines, self.is_in_function = outside

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Leave decorators out."""
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Leave the annotation out."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave messages out."""

    visit_Assert = visit_Import = visit_ImportFrom = visit_JoinedStr = visit_Raise  # type: ignore[assignment]  # noqa: N815

    def visit_Return(self, node: ast.Return) -> None:
        """Return None."""
        if node.value is not None and ast.unparse(node.value) != "None":
            self._add("return", node.value, "None")
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        """Never take the branch."""
        self._add("branch", node.test, "False")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Take one of the two values, always."""
        self._add("branch", node.test, "False", "True")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Leave nothing out by a condition."""
        for test in node.ifs:
            self._add("branch", test, "True")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Leave ``not`` or the sign out."""
        if isinstance(node.op, ast.Not | ast.USub):
            what = "not" if isinstance(node.op, ast.Not) else "sign"
            self._add(what, node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Take another operator; ``|`` outside of functions is of types."""
        known = OPERATORS.get(type(node.op))
        if known and (self.is_in_function or not isinstance(node.op, ast.BitOr)):
            self._between("operator", node.left, node.right, known[0], known[1])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Take another operator."""
        if known := OPERATORS.get(type(node.op)):
            self._between("operator", node.target, node.value, f"{known[0]}=", f"{known[1]}=")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Take ``or`` for ``and``, and the reverse."""
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self._between("operator", node.values[0], node.values[1], old, new)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Take another comparison."""
        old, new = COMPARISONS[type(node.ops[0])]
        self._between("comparison", node.left, node.comparators[0], old, *new)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Take one more or less; twice or half; the other truth."""
        value = node.value
        if isinstance(value, bool):
            self._add("truth", node, str(not value))
        elif isinstance(value, int):
            self._add("number", node, f"{value + 1}", f"{value - 1}")
        elif isinstance(value, float):
            self._add(
                "number", node, *((f"{value * 2}", f"{value / 2}") if value else ("1.0", "-1.0"))
            )

    def visit_Call(self, node: ast.Call) -> None:
        """Swap the first two arguments."""
        name = ast.unparse(node.func).rpartition(".")[2]
        if len(node.args) > 1 and name not in SYMMETRIC:
            self._swap(*node.args[:2])
        node.keywords = [one for one in node.keywords if one.arg not in STATED]
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave a call out."""
        if isinstance(node.value, ast.Call):
            self._add("call", node, "pass")
        self.generic_visit(node)

    def _between(self, what: str, one: ast.expr, other: ast.expr, old: str, *new: str) -> None:
        """Replace an operator between two operands."""
        begin, end = self._span(one)[1], self._span(other)[0]
        word = r"\b" if old.isalpha() else ""
        pattern = word + re.escape(old).replace(r"\ ", r"\s+") + word
        if found := re.search(pattern, self.source[begin:end].decode()):
            self._place(what, begin + found.start(), begin + found.end(), *new)

    def _swap(self, one: ast.expr, other: ast.expr) -> None:
        if not isinstance(one, ast.Starred) and self._text(one) != self._text(other):
            (begin, first), (second, end) = self._span(one), self._span(other)
            new = self._text(other) + self.source[first:second].decode() + self._text(one)
            self._place("arguments", begin, end, new)

    def _add(self, what: str, node: ast.expr | ast.stmt, *new: str) -> None:
        self._place(what, *self._span(node), *new)

    def _place(self, what: str, start: int, end: int, *new: str) -> None:
        self.places.append(
            [Mutant(self.path, what, start, end, one, self.lines) for one in new]
        )  # fmt: skip

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[last - 1] + column

    def _text(self, node: ast.expr) -> str:
        begin, end = self._span(node)
        return self.source[begin:end].decode()


def _own_lines(node: ast.stmt) -> tuple[int, int]:
    """Return the lines of a statement without those of its body."""
    body: list[ast.stmt] = getattr(node, "body", [])
    last = node.end_lineno or node.lineno
    return node.lineno, max(node.lineno, body[0].lineno - 1) if body else last
