"""Rows are appended and read whole; the committed ones are complete."""

import json
from pathlib import Path

import pytest

from unveil.errors import UnveilError
from unveil.report.rows import REQUIRED, append_row, read_rows, read_whole_rows

ROOT = Path(__file__).parents[2]
ROWS = ROOT / "results" / "foundation.jsonl"
STUDY = ROOT / "results" / "study"


def row(**changes):
    numbers = {"psnr": 30.0, "ssim": 0.9, "ssim_deck": 0.8, "images_per_second": None, "images": 7}
    return dict.fromkeys(REQUIRED, "x") | numbers | {"versions": {}} | changes


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    for psnr in (20.0, 30.0):
        append_row(path, row(psnr=psnr))
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "line 3: is not a JSON row"),
        ('{"psnr": 1}', "line 3: lacks model"),
        ("[]", "line 3"),
        (json.dumps(row(psnr="30")), "line 3: psnr of another type"),
        (json.dumps(row(psnr=True, model=["x"])), "line 3: model, psnr of another type"),
        (json.dumps(row(model="a\x1b[31m")), "line 3: model of another type"),
        (json.dumps(row(device=None)), "line 3: device of another type"),
        (json.dumps(row(rank1_of_10=[0.5, 0.4])), "line 3: rank1_of_10 of another type"),
        (json.dumps(row()).replace("30.0", "1e999"), "line 3: is not a JSON row"),
        (json.dumps(row()).replace("30.0", "9" * 400), "line 3: is not a JSON row"),
        (json.dumps(row(images=2**63)), "line 3: is not a JSON row"),
    ],
)
def test_a_line_that_is_no_row_is_named(line, said, rows):
    with rows.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UnveilError, match=said):
        read_rows(rows)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"strength": -5}, "strength"),
        ({"gallery": -5}, "gallery"),
        ({"gallery": 77}, "gallery"),
        ({"rank1_of_1000": [9.0, 0.1, 0.2]}, "rank1_of_1000"),
        ({"rank1_of_1000": [0.1, -3, 0.2]}, "rank1_of_1000"),
        ({"rank1_of_1000": [0.3, 0.1, 0.2]}, "rank1_of_1000"),
        ({"eer": 1.5, "images": -1}, "images, eer"),
        ({"ssim": 7}, "ssim"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_number_that_nothing_can_be_measured_as_is_named(changes, named, tmp_path):
    good = row(gallery=1000, rank1_of_1000=[0.1, 0.1, 0.2], strength=0, eer=0.5, threads=1)
    append_row(tmp_path / "rows.jsonl", good)
    append_row(tmp_path / "rows.jsonl", good | changes)
    kept, lost = read_whole_rows(tmp_path / "rows.jsonl")
    assert kept == [good]
    assert lost == [f"{tmp_path / 'rows.jsonl'}, line 2: {named} out of range"]


def test_the_attacker_of_a_row_is_read_in_the_committed_form_and_in_todays(tmp_path):
    """Only rows of the audit's curve have a kind; elsewhere ``model`` is a restorer."""
    curve = {"kind": "solid", "strength": 1.0}
    today = row(**curve, attacker="trained")
    del today["model"]
    path = tmp_path / "rows.jsonl"
    for item in (row(**curve, model="trained"), today, row(model="blur")):
        append_row(path, item)
    committed, read_today, other = read_rows(path)
    assert committed == read_today == today
    assert other["model"] == "blur"


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
    assert lost[1].endswith("is not a JSON row")


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
    with pytest.raises(UnveilError, match=r"rows\.jsonl: no such file"):
        read_whole_rows(tmp_path / "rows.jsonl")


def test_the_committed_study_is_what_its_rows_say(tmp_path, cli):
    """The Markdown to the byte; a chart's bytes are its library's, so only that it is there."""
    words = (STUDY, "--raw", f"{STUDY}-raw", "--output", tmp_path, "--name", "study", "--no-page")
    done = cli("study", "report", *words)
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
