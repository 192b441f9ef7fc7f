"""The report of an audit: each sentence and table against rows that were made up by hand."""

import json
import re

import pytest

pytest.importorskip("matplotlib", reason="the extra study is not installed")
from unveil.auditing.attack import TRAINED, UNAWARE
from unveil.auditing.charts import likeness_chart, risk_charts
from unveil.auditing.measured import RISK
from unveil.auditing.report import (
    _details,
    _mildest,
    _settings,
    _verdict,
    check_rows,
    compose,
    write_report,
)
from unveil.errors import UnveilError
from unveil.report.rows import REQUIRED
from unveil.runtime import Runtime, provenance


def row(operator: str, share: float, attacker: str = UNAWARE, face_px: int = 112, **more) -> dict:
    kind, _, block = operator.partition(":block=")
    ends = [share, max(share - 0.03, 0), min(share + 0.03, 1)]
    sizes = {f"rank{rank}_of_{size}": ends for rank in (1, 5) for size in (10, 100, 1000)}
    return {
        "operator": operator, "kind": kind, "strength": int(block or 0) / face_px,
        "face_px": face_px, "attacker": attacker, "psnr": 20.0 + 10 * share, "ssim": 0.5,
        "people": 1500, "gallery": 1000, "images": 900, "training": 400, "embedder": "dlib",
        "storage": "8bit", "tar_at_far_1e-2": 0.25, "tar_at_far_1e-3": 0.125, "eer": 0.0625,
        **sizes, **more,
    }  # fmt: skip


ROWS = [
    row("none", 0.97, psnr=None, ssim=None),
    row("pixelate:block=8", 0.01),
    row("pixelate:block=8", 0.6, "restoring lmmse"),
    row("pixelate:block=14", 0.01),
    row("pixelate:block=14", 0.15, TRAINED),
    row("pixelate:block=28", 0.001),
    row("pixelate:block=28", 0.001, TRAINED),
    row("solid", 0.001),
]


def test_the_verdict_counts_settings_that_look_safe_and_are_not():
    """Three are under 5 % as they are, by the upper end; one of them is named by an attacker."""
    assert _verdict(ROWS) == (
        "Clean faces are named in 97% of cases. Of 3 settings that look safe (compared as they "
        "are, under 5% are named) 1 are not: the strongest attacker names over 20%."
    )
    doubtful = [*ROWS, row("pixelate:block=4", 0.021), row("pixelate:block=5", 0.02)]
    assert "Of 4 settings" in _verdict(doubtful)
    assert "named in 0%" in _verdict([])


def test_the_mildest_settings_are_under_each_limit_at_all_widths():
    lines = _mildest(ROWS).splitlines()
    assert lines == [
        "| pixelate, face of 112 px | none measured | `pixelate:block=28` | `pixelate:block=14` |",
        "| solid, face of 112 px | none measured | `solid:level=0` | `solid:level=0` |",
    ]
    more = (
        row(f"pixelate:block={px}", share, face_px=224) for px, share in ((32, 0.4), (56, 0.02))
    )
    wide = [*ROWS, *more]
    assert _mildest(wide).splitlines()[0] == (
        "| pixelate, face of 224 px | none measured | `pixelate:block=56` | `pixelate:block=56` |"
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_details_are_of_the_strongest_attacker_beside_chance():
    lines = [cells(line) for line in _details(ROWS).splitlines()]
    assert lines[0] == [
        "operator", "face_px", "model", "1st of 10", "1st of 100", "1st of 1000", "5 of 1000",
        "accepted at 1 %", "at 0.1 %", "equal error",
    ]  # fmt: skip
    assert len(lines) == 2 + 5 + 1
    assert lines[3] == [
        "pixelate:block=8", "112", "restoring lmmse", *["60.0%"] * 4, "25.0%", "12.5%", "6.2%",
    ]  # fmt: skip
    assert lines[5][2] == UNAWARE  # of two that are as strong, the first
    assert lines[-1] == [
        "chance", "", "", "10.00%", "1.00%", "0.10%", "0.5%", "1.0%", "0.1%", "50.0%",
    ]  # fmt: skip


def test_sizes_of_galleries_that_one_row_lacks_are_left_out():
    small = {name: value for name, value in ROWS[1].items() if name[5:] != "_of_100"}
    (line, *_) = _details([row("none", 0.9), small]).splitlines()
    assert [name for name in cells(line) if name.startswith("1st")] == ["1st of 10", "1st of 1000"]
    whole = [{**one, "gallery": 30, "rank1_of_30": [0.5, 0.4, 0.6]} for one in ROWS]
    assert "1st of 30" in cells(_details(whole).splitlines()[0])


def test_every_setting_has_a_share_with_its_interval_for_each_attacker():
    lines = [cells(line) for line in _settings(ROWS).splitlines()]
    assert lines[0] == ["operator", "face_px", UNAWARE, "restoring lmmse", TRAINED, "chance"]
    assert lines[3] == [
        "pixelate:block=8", "112", "1.0% (0.0% to 4.0%)", "60.0% (57.0% to 63.0%)", "", "0.1%",
    ]  # fmt: skip
    assert len(lines) == 2 + 5


def write(path, rows):
    same = dict.fromkeys(REQUIRED) | provenance(Runtime(reason="pytest"))
    path.write_text("".join(json.dumps(same | one) + "\n" for one in rows))
    return path


def test_of_two_files_the_row_that_names_more_counts(tmp_path):
    tuned = [
        {name: value for name, value in row("pixelate:block=8", share, attacker).items()
         if name not in ("training", "embedder")}
        for share, attacker in ((0.7, "restoring lmmse"), (0.005, UNAWARE), (0.8, "fused"))
    ]  # fmt: skip
    paths = [write(tmp_path / "one.jsonl", ROWS), write(tmp_path / "two.jsonl", tuned)]
    found = {(one["operator"], one["attacker"]): one[RISK][0] for one in check_rows(paths)}
    assert len(found) == len(ROWS) + 1
    assert found["pixelate:block=8", "restoring lmmse"] == 0.7
    assert found["pixelate:block=8", UNAWARE] == 0.01
    assert found["pixelate:block=8", "fused"] == 0.8
    with pytest.raises(UnveilError, match=r"two\.jsonl: no rows with a gallery of 1,000 people"):
        check_rows(paths[::-1])


@pytest.mark.parametrize("without", ["kind", "embedder", "training", "people"])
def test_rows_of_something_else_are_refused(without, tmp_path):
    rows = [*ROWS[:1], {name: value for name, value in ROWS[1].items() if name != without}]
    with pytest.raises(UnveilError, match="no rows with a gallery"):
        check_rows([write(tmp_path / "rows.jsonl", rows)])
    with pytest.raises(UnveilError, match="no rows with a gallery"):
        check_rows([write(tmp_path / "rows.jsonl", [row("swirl:block=3", 0.1)])])


def test_the_report_names_its_people_widths_and_the_metric_that_agrees_best(tmp_path):
    text, files = compose(ROWS, "audit")
    assert set(files) == {"pixelate.svg", "likeness.svg"}
    for said in (
        "900 people to name, 1500 people in the gallery, 400 photos", "Embedder: dlib.",
        "faces of 112 pixels, kept as 8bit", "Even `psnr`, which agrees best",
        "![Risk against strength, pixelate](audit/pixelate.svg)", "By chance it is 0.1%",
        "risk under 2% | risk under 5% | risk under 20%", "| --- | --- | --- | --- |",
        "![Metrics against risk](audit/likeness.svg)",
    ):  # fmt: skip
        assert said in text, said
    out = write_report([write(tmp_path / "rows.jsonl", ROWS)], tmp_path / "audit.md")
    assert out.read_text() == text
    assert (tmp_path / "audit" / "pixelate.svg").exists()


def lines_of(chart: str) -> list[str]:
    """Return the lines of a chart that have dots."""
    lines = re.findall(r'<g clip-path="[^"]+">(.*?)</g>', chart, re.DOTALL)
    return [line for line in lines if "<use " in line]


def test_charts_draw_shares_and_only_rows_of_their_kind():
    """A dot for each setting of a line; the ends of intervals are no dots."""
    rows = [*ROWS, row("median:block=9", 0.3), row("median:block=15", 0.1)]
    charts = risk_charts(rows)
    assert list(charts) == ["pixelate", "median"]
    dots = [[line.count("<use ") for line in lines_of(one)] for one in charts.values()]
    assert dots == [[1, 1, 1, 3, 1, 2], [1, 2]]  # bands of intervals, then lines
    wide = [{**one, RISK: [one[RISK][0], 0.0, 1.0]} for one in rows]
    assert lines_of(likeness_chart(rows, ["psnr"])) == lines_of(likeness_chart(wide, ["psnr"]))


def test_a_page_is_written_where_no_markdown_is_asked_for(tmp_path):
    out = write_report([write(tmp_path / "rows.jsonl", ROWS)], tmp_path / "audit.html")
    page = out.read_text()
    assert page.lower().startswith("<!doctype html")
    assert "How much it hides" in page
    assert not (tmp_path / "audit").exists()
