"""`unveil serve` without a browser: the page is there, to this machine."""

import urllib.request


def test_the_page_is_served(address, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with urllib.request.urlopen(address) as answer:  # noqa: S310  # http, from the fixture
        page = answer.read().decode()
    assert '"title":"unveil"' in page
    assert '"run_history":false' in page  # else the browser stores what was asked
