"""`unveil serve` without a browser: the page is there, to this machine."""

import urllib.request


def test_the_page_is_served(address, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with urllib.request.urlopen(address) as answer:  # noqa: S310  # http, from the fixture
        assert '"title":"unveil"' in answer.read().decode()
