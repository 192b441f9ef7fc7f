"""What a dry run says of the time that a study takes."""

from unveil.study.cost import duration


def test_times_are_words_that_a_person_reads():
    assert [duration(minutes) for minutes in (0.5, 12.4, 100)] == ["30 s", "12 min", "1 h 40 min"]
