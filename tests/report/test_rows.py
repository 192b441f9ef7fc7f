"""Rows in, tables out; documents that are not what the rows say are found."""

import json
from pathlib import Path

import pytest

from unveil.errors import UnveilError
from unveil.report import tables
from unveil.report.rows import REQUIRED, append_row, read_rows, read_whole_rows

ROOT = Path(__file__).parents[2]
ROWS = ROOT / "results" / "foundation.jsonl"
STUDY = ROOT / "results" / "study"
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "restorers.md"]


def row(**changes):
    return dict.fromkeys(REQUIRED, "x") | {"psnr": 30.0, "images": 7} | changes


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(
        "before\n\n<!-- table: foundation of rows.jsonl -->\nold\n<!-- end -->\n\nafter\n"
    )
    return path


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    for psnr in (20.0, 30.0):
        append_row(path, row(psnr=psnr))
    return path


def test_the_committed_documents_are_what_the_committed_rows_say():
    stale = [path for path in DOCUMENTS if tables.refresh(path, write=False)]
    assert not stale, "run `make tables`"


def test_a_table_is_rebuilt_between_its_marks_only(document, rows, cli):
    assert cli("report", document).status == 0
    text = document.read_text()
    assert text.startswith("before\n\n<!-- table: foundation of rows.jsonl -->\n| model |")
    assert text.endswith("|\n<!-- end -->\n\nafter\n")
    assert "30.00" in text
    assert "20.00" not in text  # of one experiment the newest row counts


def test_check_finds_a_stale_document_and_changes_nothing(document, rows, cli):
    before = document.read_text()
    done = cli("report", document, "--check")
    assert done.status == 1
    assert "out of date" in done.out
    assert document.read_text() == before
    assert cli("report", document).status == 0
    assert cli("report", document, "--check").status == 0


def test_rebuilding_gives_the_same_bytes(document, rows, cli):
    cli("report", document)
    first = document.read_bytes()
    cli("report", document)
    assert document.read_bytes() == first


def test_restorers_stand_side_by_side():
    """One line for each degradation; the newest row counts; what was not scored is left empty."""
    rows = [
        row(operator="b", storage="8bit", model="lmmse", psnr=37.0, ssim_deck=0.9),
        row(operator="b", storage="8bit", model="blur", psnr=38.0, ssim_deck=0.95),
        row(operator="b", storage="8bit", model="blur", psnr=39.0, ssim_deck=0.97),
        row(operator="m", storage="8bit", model="lmmse", psnr=24.0, ssim_deck=0.7),
    ]
    assert tables.TABLES["restorers"](rows).splitlines()[2:] == [
        "| b | 8bit | 37.00 / 0.9000 | 39.00 / 0.9700 |",
        "| m | 8bit | 24.00 / 0.7000 |  |",
    ]


def test_the_headline_has_the_studys_operators_and_the_best_weights():
    blur = {"operator": "gaussian:kernel=9,sigma=4", "storage": "8bit", "ssim_deck": 0.9}
    rows = [
        row(**blur, model="identity", psnr=26.8),
        row(**blur, model="lmmse", psnr=37.1),
        row(**blur, model="blur-study", psnr=40.0),
        row(**blur, model="blur", psnr=39.5),
        row(**blur | {"operator": "box:kernel=9"}, model="blur", psnr=50.0),
    ]
    assert tables.TABLES["headline"](rows).splitlines()[2:] == [
        "| gaussian:kernel=9,sigma=4 | 8bit | 26.80 / 0.900 | 37.10 / 0.900 | 40.00 / 0.900 "
        "| `blur-study` | 30.62 / 0.88 |"
    ]


def test_errors_are_in_levels_by_tenths():
    rows = [row(operator="b", expected_error=[1 / 255, 0.1], true_error=[0.002, 0.2])]
    assert tables.TABLES["uncertainty"](rows).splitlines()[2:] == [
        "| b | x | expected | 1.00 | 25.50 |",
        "| b | x | true | 0.51 | 51.00 |",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "line 3: is no JSON row"),
        ('{"psnr": 1}', "line 3: lacks model"),
        ("[]", "line 3"),
    ],
)
def test_a_line_that_is_no_row_is_named(line, said, rows):
    with rows.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UnveilError, match=said):
        read_rows(rows)


def test_the_whole_rows_of_a_damaged_file_are_read_and_the_others_named(rows):
    with rows.open("a") as file:
        file.write('{"psnr": 1}\n')
    append_row(rows, row(psnr=40.0))
    with rows.open("ab") as file:
        file.write(b"\0\xff\n\n")
    found, lost = read_whole_rows(rows)
    assert [item["psnr"] for item in found] == [20.0, 30.0, 40.0]
    assert [line.split(":")[0] for line in lost] == [f"{rows}, line {n}" for n in (3, 5, 6)]
    assert "lacks model, operator" in lost[0]
    assert lost[1].endswith("is no JSON row")


def test_wherever_a_crash_has_cut_the_last_row_later_rows_are_whole(rows):
    """At each of its bytes: nothing but the cut row is lost, and nothing is where it is whole."""
    content = rows.read_bytes()
    start = content.index(b"\n") + 1
    for end in range(start, len(content) + 1):
        rows.write_bytes(content[:end])
        for psnr in (40.0, 50.0):
            append_row(rows, row(psnr=psnr))
        found, lost = read_whole_rows(rows)
        is_whole = end >= len(content) - 1  # all but the line end
        assert [item["psnr"] for item in found] == [20.0, *[30.0] * is_whole, 40.0, 50.0]
        assert len(lost) == (not is_whole and end > start)
        assert rows.read_bytes().startswith(content[:end])
        assert rows.read_bytes().count(b"\n") == 3 + (end > start)


def test_rows_of_any_text_and_size_come_back(tmp_path):
    """Line separators of Unicode, and more than a buffer holds."""
    kept = [row(model="a\u2028b\x85c\nd"), row(model="x" * 100_000)]
    for item in kept:
        append_row(tmp_path / "new" / "rows.jsonl", item)
    assert read_whole_rows(tmp_path / "new" / "rows.jsonl") == (kept, [])


def test_rows_that_are_not_there_are_named(tmp_path):
    with pytest.raises(UnveilError, match=r"rows\.jsonl: cannot be read \(No such file"):
        read_whole_rows(tmp_path / "rows.jsonl")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marks", "has no"),
        ("<!-- table: x of rows.jsonl -->\n<!-- end -->", "unknown table 'x'"),
        ("<!-- table: peers of gone.jsonl -->\n<!-- end -->", r"gone\.jsonl: cannot be read"),
    ],
)
def test_documents_without_a_known_table_are_refused(text, said, document, rows):
    document.write_text(text)
    with pytest.raises(UnveilError, match=said):
        tables.refresh(document, write=True)
    assert document.read_text() == text


def test_the_committed_study_is_what_its_rows_say(tmp_path, cli):
    """The Markdown to the byte; a chart's bytes are its library's, so only that it is there."""
    done = cli("study", "report", STUDY, "--out", tmp_path, "--name", "study", "--no-page")
    assert done.status == 0, done.err
    written = (tmp_path / "study.md").read_text()
    assert (ROOT / "docs" / "study.md").read_text() == written, "out of date: make tables"
    names = {path.name for path in (tmp_path / "study").iterdir()}
    assert {path.name for path in (ROOT / "docs" / "study").iterdir()} == names
    assert all(f"(study/{name})" in written for name in names)


@pytest.mark.parametrize("path", [ROWS, STUDY / "rows.jsonl"], ids=["foundation", "study"])
def test_committed_rows_name_a_clean_commit_and_the_whole_split(path):
    for found in read_rows(path):
        assert found["images"] == 3708
        assert found["split"] == "test"
        assert len(found["commit"]) == 40, f"dirty or unknown: {json.dumps(found)[:200]}"
