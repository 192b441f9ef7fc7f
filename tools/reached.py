"""Record which tests reach which lines of our code, and how long each takes; a plugin of pytest.

One step is the files of one folder of tests. A file of tests that was changed since is recorded
anew; after a change of the code all are.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from coverage import CoverageData

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "--no-header")

TIMES = "UNVEIL_TEST_TIMES"
"""Environment variable: the file that the plugin writes into."""

RAN = (0, 1, 5)
"""Statuses of pytest: all passed, some failed, none was wanted."""

Tests = dict[str, dict[int, set[str]]]
"""By file and line of our code."""


def pytest_runtest_logreport(report) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    """Write how a part of a test went: this module is the plugin of its own runs."""
    if path := os.environ.get(TIMES):
        row = {"test": report.nodeid, "seconds": report.duration, "passed": report.passed}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


@dataclass(frozen=True)
class Reach:
    """Which tests reach a line, and how long they take.

    Attributes:
        tests: by file and line.
        seconds: of each test that passed.
        texts: of the files of tests, by name.
        marks: of the tests that count, as ``pytest -m`` takes them.
    """

    tests: Tests
    seconds: dict[str, float]
    texts: Mapping[str, str] = field(default_factory=dict)
    marks: str = ""

    def of(self, path: str, lines: tuple[int, int] | None) -> list[str]:
        """Return the tests that reach lines of a file, the room's own first, then the fastest.

        Args:
            path: of the file, from the root.
            lines: first and last; None for all, and for what is run when the module is imported:
                then the tests of files that name the module count, too.
        """
        reached = self.tests.get(path, {})
        first, last = lines or (0, max(reached, default=0))
        found = set().union(*(reached.get(line, ()) for line in range(first, last + 1)))
        if lines is None:
            module = ".".join(Path(path).with_suffix("").parts[1:])
            naming = {name for name, text in self.texts.items() if module in text}
            found |= {test for test in self.seconds if test.partition("::")[0] in naming}
        own = f"tests/{Path(path).parts[2]}/"
        return sorted(
            found & self.seconds.keys(),
            key=lambda test: (not test.startswith(own), self.seconds[test], test),
        )


@dataclass(frozen=True)
class Recorder:
    """Records the tests of a copy of the repository.

    Attributes:
        copy: of the repository.
        folder: of the records.
        marks: the tests that count, as ``pytest -m`` takes them.
        code: files that are looked at, from the root.
    """

    copy: Path
    folder: Path
    marks: str
    code: Sequence[str]

    def missing(self, names: Collection[str] = ()) -> Iterator[list[str]]:
        """Yield the files of tests that have no record, folder by folder.

        Args:
            names: of the folders; all if it is empty.
        """
        there = self._recorded()
        tests = self.copy / "tests"
        folders = {path.parent for path in tests.rglob("test_*.py")}
        for folder in sorted(each for each in folders if not names or each.name in names):
            files = [path.relative_to(self.copy).as_posix() for path in folder.glob("test_*.py")]
            if new := [name for name in sorted(files) if there.get(name) != self._digest(name)]:
                yield new

    def record(self, files: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run files of tests, and write what they reached.

        Raises:
            SystemExit: pytest could not run them.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        name = self.folder / f"{len(list(self.folder.glob('*.json')))}"
        settings = name.with_suffix(".ini")
        folders = "".join(sorted({f"\n    {Path(path).parent}" for path in self.code}))
        text = f"[run]\nrelative_files = true\nsource ={folders}\n"
        settings.write_text(text, encoding="utf-8")
        flags = ("--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report=")
        times, data = name.with_suffix(".times"), name.with_suffix(".coverage")
        times.unlink(missing_ok=True)
        own = {TIMES: str(times), "COVERAGE_FILE": str(data)}
        done = subprocess.run(  # noqa: S603  # words of our own
            [*PYTEST, "-p", "reached", *flags, "-m", self.marks, *files],
            cwd=self.copy, env={**environment, **own}, check=False,
        )  # fmt: skip
        if done.returncode not in RAN:
            raise SystemExit(f"pytest cannot run {files[0]} and others: {done.returncode}.")
        digests = {file: self._digest(file) for file in files}
        name.with_suffix(".json").write_text(json.dumps(digests), encoding="utf-8")

    def read(self) -> Reach:
        """Return what all records say together of tests that are as they were."""
        tests: Tests = {}
        seconds: dict[str, float] = {}
        for path in self._records():
            kept = json.loads(path.read_text(encoding="utf-8"))
            fresh = {name for name, digest in kept.items() if digest == self._digest(name)}
            took = _times(path.with_suffix(".times"))
            passed = {test: s for test, s in took.items() if test.partition("::")[0] in fresh}
            _add_lines(tests, path.with_suffix(".coverage"), self.code, passed.keys())
            seconds |= passed
        files = {test.partition("::")[0] for test in seconds}
        texts = {name: (self.copy / name).read_text(encoding="utf-8") for name in files}
        return Reach(tests, seconds, texts, self.marks)

    def _records(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"), key=lambda path: int(path.stem))

    def _recorded(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for path in self._records():
            found |= json.loads(path.read_text(encoding="utf-8"))
        return found

    def _digest(self, name: str) -> str:
        """Return what a file of tests, the code and the marks are, in short."""
        seen = hashlib.sha256(self.marks.encode())
        for path in (name, *self.code):
            file = self.copy / path
            seen.update(file.read_bytes() if file.exists() else b"")
        return seen.hexdigest()[:16]


def _times(path: Path) -> dict[str, float]:
    """Return the seconds of each test that passed, with what it set up."""
    took: dict[str, float] = {}
    lost = set()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        took[row["test"]] = took.get(row["test"], 0) + row["seconds"]
        if not row["passed"]:
            lost.add(row["test"])
    return {test: seconds for test, seconds in took.items() if test not in lost}


def _add_lines(tests: Tests, path: Path, code: Iterable[str], wanted: Set[str]) -> None:
    """Add the lines that a record of coverage names for the wanted tests."""
    if not path.exists():
        return
    data = CoverageData(str(path))
    data.read()
    for name in code:
        for line, contexts in data.contexts_by_lineno(name).items():
            found = {context.rpartition("|")[0] for context in contexts}
            tests.setdefault(name, {}).setdefault(line, set()).update(found & wanted)
