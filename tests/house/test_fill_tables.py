"""Documents hold the tables that the committed rows give; one that does not is found."""

import subprocess
import sys

import pytest

import fill_tables
from tests.conftest import assert_told
from unveil.errors import UnveilError
from unveil.report.rows import REQUIRED, append_row


def row(**changes):
    numbers = {"psnr": 30.0, "ssim": 0.9, "ssim_deck": 0.8, "images_per_second": None, "images": 7}
    return dict.fromkeys(REQUIRED, "x") | numbers | {"versions": {}} | changes


def run(*words):
    """Run the tool as a process of its own."""
    command = [sys.executable, fill_tables.__file__, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    for psnr in (20.0, 30.0):
        append_row(path, row(psnr=psnr))
    return path


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(
        "before\n\n<!-- table: foundation of rows.jsonl -->\nold\n<!-- end -->\n\nafter\n"
    )
    return path


def test_the_committed_documents_are_what_the_committed_rows_say():
    documents = fill_tables.with_tables()
    assert {"README.md", "restorers.md", "audit.md"} <= {path.name for path in documents}
    stale = [path for path in documents if fill_tables.refresh(path, write=False)]
    assert not stale, "run `make tables`"


def test_a_table_is_rebuilt_between_its_marks_only(document, rows):
    assert fill_tables.main((document,)) == 0
    text = document.read_text()
    assert text.startswith("before\n\n<!-- table: foundation of rows.jsonl -->\n| model |")
    assert text.endswith("|\n<!-- end -->\n\nafter\n")
    assert "30.00" in text
    assert "20.00" not in text  # of one experiment the newest row counts


def test_check_finds_a_stale_document_and_changes_nothing(document, rows):
    before = document.read_text()
    done = run(document, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (1, f"{document}: out of date\n", "")
    assert document.read_text() == before
    assert fill_tables.main((document,)) == 0
    assert fill_tables.main((document,), check=True) == 0


def test_rebuilding_gives_the_same_bytes(document, rows):
    fill_tables.main((document,))
    first = document.read_bytes()
    fill_tables.main((document,))
    assert document.read_bytes() == first


def test_restorers_stand_side_by_side():
    """One line for each degradation; the newest row counts; what was not scored is left empty."""
    rows = [
        row(operator="b", storage="8bit", model="lmmse", psnr=37.0, ssim_deck=0.9),
        row(operator="b", storage="8bit", model="blur", psnr=38.0, ssim_deck=0.95),
        row(operator="b", storage="8bit", model="blur", psnr=39.0, ssim_deck=0.97),
        row(operator="m", storage="8bit", model="lmmse", psnr=24.0, ssim_deck=0.7),
    ]
    assert fill_tables.TABLES["restorers"](rows).splitlines()[2:] == [
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
    assert fill_tables.TABLES["headline"](rows).splitlines()[2:] == [
        "| gaussian:kernel=9,sigma=4 | 8bit | 26.80 / 0.900 | 37.10 / 0.900 | 40.00 / 0.900 "
        "| `blur-study` | 30.62 / 0.88 |"
    ]


def test_errors_are_in_levels_by_tenths():
    rows = [row(operator="b", expected_error=[1 / 255, 0.1], true_error=[0.002, 0.2])]
    assert fill_tables.TABLES["uncertainty"](rows).splitlines()[2:] == [
        "| b | x | expected | 1.00 | 25.50 |",
        "| b | x | true | 0.51 | 51.00 |",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marks", "has no"),
        ("<!-- table: x of rows.jsonl -->\n<!-- end -->", "unknown table 'x'"),
        ("<!-- table: peers of gone.jsonl -->\n<!-- end -->", r"gone\.jsonl: no such file"),
    ],
)
def test_documents_without_a_known_table_are_refused(text, said, document, rows):
    document.write_text(text)
    with pytest.raises(UnveilError, match=said):
        fill_tables.refresh(document, write=True)
    assert document.read_text() == text


def test_a_document_that_is_not_there_is_one_line(tmp_path):
    done = run(tmp_path / "gone.md")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"fill_tables.py: {tmp_path / 'gone.md'}: cannot be read")
    assert done.stderr.count("\n") == 1


def test_the_command_that_it_was_names_it(cli, document):
    assert_told(cli("report", document, "--check"), 2, "python tools/fill_tables.py")
