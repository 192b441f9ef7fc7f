"""`unveil doctor`: what is installed, and what of it is broken."""

import json
import shutil

from packaging.requirements import Requirement

from tests.conftest import assert_told
from unveil.cli import doctor
from unveil.extras import EXTRAS
from unveil.networks import card


def by_name(done):
    """The rows of `doctor --json`, by kind and name."""
    listed = [json.loads(line) for line in done.out.splitlines()]
    return {(row["check"], row["name"]): row for row in listed}


def test_the_doctor_finds_this_installation_whole(cache, cli):
    (cache / "lfw").mkdir()
    (cache / "lfw" / "a.jpg").write_bytes(b"x" * 1000)
    done = cli("doctor", "--json")
    assert (done.status, done.err) == (0, ""), done
    found = by_name(done)
    assert found["version", "numpy"]["found"].startswith("2.")
    assert (
        found["cache", str(cache)]["bytes"] == found["cache", str(cache / "lfw")]["bytes"] == 1000
    )
    assert found["device", "torch"]["reason"]
    for item in card.list_shipped():
        expected = item.card.files["weights"]["sha256"]
        assert found["weights", item.name]["sha256"] == expected
    assert found["extra", "video"]["needs"][0].startswith("av>=")
    assert {name for kind, name in found if kind == "extra"} == set(EXTRAS)
    words = cli("doctor").out
    assert len(words.splitlines()) == len(found)


def test_damaged_weights_are_found_and_named(tmp_path, monkeypatch, cli):
    for name in ("blur-fast", "pixelate-fast"):
        shutil.copytree(card.FOLDER / name, tmp_path / name)
    (path,) = (tmp_path / "blur-fast").glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(card, "FOLDER", tmp_path)
    done = cli("doctor", "--json")
    assert_told(done, 1, "1 check failed")
    broken = [key for key, row in by_name(done).items() if row["state"] == "broken"]
    assert broken == [("weights", "blur-fast")]


def test_a_cache_that_cannot_be_written_is_broken(tmp_path, monkeypatch, cli):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("UNVEIL_CACHE", str(tmp_path / "file"))
    done = cli("doctor")
    assert done.status == 1
    assert "file: is a file, not a folder" in done.out


def test_an_extra_may_be_missing_but_not_too_old(monkeypatch):
    gone, old = Requirement("no-such-package>=1"), Requirement("numpy>=999")
    monkeypatch.setitem(EXTRAS, "web", {"no_such_module": "the page"})
    missing = doctor._extra("web", [gone])
    assert (missing.state, missing.values["needs"]) == ("missing", ["no-such-package>=1"])
    assert "no_such_module for the page" in str(missing)
    assert "pip install '.[web]'" in str(missing)
    broken = doctor._extra("web", [gone, old])
    assert broken.state == "broken"
    assert "numpy is " in str(broken)
    assert "pip install '.[web]'" in str(broken)
    monkeypatch.setitem(EXTRAS, "web", {"numpy": "the page"})
    assert doctor._extra("web", [Requirement("numpy>=1")]).state == "ok"
    assert doctor._extra("web", []).state == "broken"
