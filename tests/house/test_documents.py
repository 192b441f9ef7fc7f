"""The documents keep to their size, and the map in docs/design.md is the package of today."""

import re
import tomllib

import pytest

import draw_map
from tests.house.snippets import ROOT

DESIGN = ROOT / "docs" / "design.md"
README = ROOT / "README.md"
MAX_WORDS = {DESIGN: 2500, README: 900}
MAX_TABLES = 4
MAX_VOCABULARY = 40
PACKAGE = ROOT / "src" / "unveil"
REFERENCE = ROOT / "docs" / "reference"
OTHER_PAGES = {"api": "index"}
"""Modules outside of rooms are on the page ground, but for these."""
ROW = re.compile(r"^\|(?! (word|---) ).*\|$", re.MULTILINE)


@pytest.mark.parametrize("document", MAX_WORDS, ids=lambda path: path.name)
def test_a_document_is_short(document):
    words = len(document.read_text(encoding="utf-8").split())
    assert words <= MAX_WORDS[document], f"{words} words"


def test_the_readme_has_few_tables():
    heads = re.findall(r"^\| ?:?---.*\|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert 0 < len(heads) <= MAX_TABLES


def test_the_vocabulary_is_short_and_explains_each_word_once():
    section = DESIGN.read_text(encoding="utf-8").split("\n## Vocabulary\n")[1].split("\n## ")[0]
    words = [match[0].split("|")[1].strip() for match in ROW.finditer(section)]
    assert 0 < len(words) <= MAX_VOCABULARY
    assert len(set(words)) == len(words)


def test_the_map_is_up_to_date():
    draw_map.main(check=True)


def test_a_map_that_is_out_of_date_is_noticed(tmp_path, monkeypatch):
    document = tmp_path / "design.md"
    document.write_text("<!-- map -->\nold\n<!-- end -->\n")
    monkeypatch.setattr(draw_map, "DOCUMENT", document)
    with pytest.raises(SystemExit, match="out of date"):
        draw_map.main(check=True)
    draw_map.main()
    draw_map.main(check=True)
    assert "degradation" in document.read_text()


def pages_of_modules():
    """Return the page in the reference that each module of the package belongs on."""
    pages = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names = parts[:-1] if parts[-1] == "__init__" else parts
        if names and not names[-1].startswith("_"):
            is_room = (PACKAGE / names[0]).is_dir()
            page = names[0] if is_room else OTHER_PAGES.get(names[0], "ground")
            pages[".".join(("unveil", *names))] = page
    return pages


def test_the_reference_has_every_module_on_the_page_of_its_room():
    listed = {
        name: path.stem
        for path in REFERENCE.glob("*.md")
        for name in re.findall(r"^::: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert listed == pages_of_modules()


def test_the_changelog_begins_with_the_version_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S*) \(\d{4}-\d\d-\d\d\)$", changelog, re.MULTILINE)
    assert newest
    assert newest[1] == project["version"]
