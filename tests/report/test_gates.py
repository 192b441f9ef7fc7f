"""What pipelines read of the gate: how many faces fail, and which."""

import json
from xml.etree import ElementTree as ET

import pytest

from unveil.report.gates import Outcome, junit, page, sarif

OUTCOMES = [
    Outcome("a.png", "face in 1,2,3,4: hidden", True),
    Outcome("b.png", "face in 5,6,7,8: bare", False),
    Outcome("c.png", "face in 9,9,9,9: hidden", True),
]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_junit_counts_the_faces_and_those_that_fail(count):
    suite = ET.fromstring(junit(OUTCOMES[:count]))  # noqa: S314  # our own
    failed = [case for case in suite.iter("testcase") if case.find("failure") is not None]
    assert suite.get("tests") == str(count)
    assert suite.get("failures") == str(len(failed)) == str(int(count > 1))
    assert [case.get("classname") for case in failed] == ["b.png"] * (count > 1)


def test_sarif_has_a_result_for_each_face_that_fails_and_no_other():
    (run,) = json.loads(sarif(OUTCOMES))["runs"]
    (result,) = run["results"]
    assert (result["level"], result["message"]["text"]) == ("error", "face in 5,6,7,8: bare")
    assert "b.png" in json.dumps(result["locations"])
    assert json.loads(sarif(OUTCOMES[:1]))["runs"][0]["results"] == []


def test_the_page_says_how_many_fail():
    pytest.importorskip("markdown_it", reason="the extra study is not installed")
    assert "1 of 3 fail" in page(OUTCOMES)
    assert "0 of 1 fail" in page(OUTCOMES[:1])
