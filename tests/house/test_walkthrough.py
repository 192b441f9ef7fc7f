"""Walk-throughs: read from a section, made where they fit, refused where they do not."""

import pytest

from tests.house.snippets import ROOT
from tests.house.walkthrough import Walkthrough, follow, read_walkthrough, run

DOCUMENT = """# Title

```diff
-lost
```

## One

In `a.py`:

```diff
 x = 1
+y = 2

-z = 3
@@
+w = 4
 end = 5
```

### Below

New, `b.py`:

```diff
+made = True
```

```console
$ unveil models
```

## Two
"""


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(DOCUMENT)
    return path


def test_a_section_is_read_up_to_the_next_as_high(document):
    walkthrough = read_walkthrough(document, "One")
    assert [change.path for change in walkthrough.changes] == ["a.py", "a.py", "b.py"]
    assert walkthrough.changes[0].before == ["x = 1", "", "z = 3"]
    assert walkthrough.changes[0].after == ["x = 1", "y = 2", ""]
    assert walkthrough.commands == ["unveil models"]
    assert read_walkthrough(document, "Two") == Walkthrough([], [])


def test_changes_are_made_where_they_fit(document, tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n\nz = 3\nend = 5\n")
    follow(read_walkthrough(document, "One"), tmp_path)
    assert (tmp_path / "a.py").read_text() == "x = 1\ny = 2\n\nw = 4\nend = 5\n"
    assert (tmp_path / "b.py").read_text() == "made = True\n"


@pytest.mark.parametrize("there", ["x = 2\n\nz = 3\nend = 5\n", 2 * "x = 1\n\nz = 3\nend = 5\n"])
def test_a_change_that_does_not_fit_is_refused(document, tmp_path, there):
    (tmp_path / "a.py").write_text(there)
    with pytest.raises(ValueError, match=r"a.md:11: these lines are \d times in a.py"):
        follow(read_walkthrough(document, "One"), tmp_path)


def test_a_new_file_replaces_none(document, tmp_path):
    (tmp_path / "b.py").write_text("")
    (tmp_path / "a.py").write_text("x = 1\n\nz = 3\nend = 5\n")
    with pytest.raises(ValueError, match="is there already"):
        follow(read_walkthrough(document, "One"), tmp_path)


def test_a_diff_without_a_file_and_an_unknown_heading_are_refused(document):
    with pytest.raises(ValueError, match="names no file"):
        read_walkthrough(document, "Title")
    with pytest.raises(ValueError, match="no heading 'Three'"):
        read_walkthrough(document, "Three")


def test_a_command_that_fails_is_noticed(tmp_path):
    with pytest.raises(ValueError, match="unknown operator or preset 'posterize'"):
        run(ROOT, "unveil obfuscate a.png -o b.png --operator posterize", tmp_path)
