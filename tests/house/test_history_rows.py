"""The bench of pictures' past asks what happened, and counts the answers."""

from itertools import pairwise

import numpy as np
import pytest
from skimage import data

import history_rows
import wild_tables
from tests.estimation.test_scaling import drawn
from unveil.report.rows import append_row, read_rows

PHOTO = data.coffee()[:250, 100:350]


@pytest.mark.parametrize("codec", ["jpeg", "webp", "avif", "video"])
def test_a_codec_is_asked_for_by_its_name_and_quality(codec):
    answers = list(history_rows.of_codec(codec)(PHOTO, np.random.default_rng(0)))
    assert [is_so for _, _, is_so in answers] == [True, False]
    _, about, _ = answers[0]
    name, first, _, last = about.split()
    low, end = history_rows.QUALITIES[codec]
    assert name == codec
    assert low <= int(first) <= int(last) < end


def test_parts_of_the_qualities_meet():
    """Each quality is in the one part that says so; together they are all qualities."""
    for low, end in history_rows.QUALITIES.values():
        for quality in range(low, end):
            first, last = history_rows.third(quality, low, end)
            assert first <= quality <= last
        edges = sorted({history_rows.third(quality, low, end) for quality in range(low, end)})
        assert (edges[0][0], edges[-1][1], len(edges)) == (low, end - 1, 3)
        assert all(before[1] + 1 == after[0] for before, after in pairwise(edges))


def test_jpeg_noise_and_nothing_are_found():
    for seed in range(3):
        asked = {
            measure: [is_so for _, _, is_so in measure(PHOTO, np.random.default_rng(seed))]
            for measure in (history_rows.of_jpeg, history_rows.of_noise, history_rows.of_untouched)
        }
        assert all(asked[history_rows.of_jpeg])
        assert all(asked[history_rows.of_noise])
        assert not any(asked[history_rows.of_untouched])


def test_a_factor_that_is_said_is_asked_for_twice(monkeypatch):
    monkeypatch.setattr(history_rows, "FACTORS", (1.3, 1.55))  # found if scaled by Lanczos
    found = set()
    for seed in range(8):
        answers = list(history_rows.of_scaling(drawn(), np.random.default_rng(seed)))
        said = {about for question, about, _ in answers if "one is said" in question}
        right = {about for question, about, is_so in answers if "within" in question and is_so}
        assert right <= said
        found |= right
    assert "PNG" in found


def test_the_table_shows_the_newest_run(tmp_path):
    file = tmp_path / "rows.jsonl"
    for run, answers in (("1", [True]), ("2", [True, False])):
        for row in history_rows.summary({("codec right", "webp"): answers}):
            append_row(file, row | {"run": run})
    table = wild_tables.history(read_rows(file))
    assert "| codec right | webp | 50.0 % (9.4 to 90.5), n = 2 |" in table
    assert "100.0 %" not in table
