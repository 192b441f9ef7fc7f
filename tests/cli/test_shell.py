"""What commands say of unveil itself: `doctor`, `completion`, and help without colours."""

import json
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from tests.cli.test_console import with_terminal
from tests.conftest import assert_told
from unveil.cli import doctor
from unveil.extras import EXTRAS
from unveil.networks import shipped


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
    assert found["version", "torch"]["found"].startswith("2.")
    assert (
        found["cache", str(cache)]["bytes"] == found["cache", str(cache / "lfw")]["bytes"] == 1000
    )
    assert found["device", "chosen"]["reason"]
    for item in shipped.list_shipped():
        expected = item.card.files["weights"]["sha256"]
        assert found["weights", item.name]["sha256"] == expected
    assert found["extra", "video"]["needs"][0].startswith("av>=")
    assert {name for kind, name in found if kind == "extra"} == set(EXTRAS)
    words = cli("doctor").out
    assert len(words.splitlines()) == len(found)


def test_damaged_weights_are_found_and_named(tmp_path, monkeypatch, cli):
    for name in ("blur-fast", "pixelate-fast"):
        shutil.copytree(shipped.FOLDER / name, tmp_path / name)
    (path,) = (tmp_path / "blur-fast").glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
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
    assert "pip install 'unveil[web]'" in str(missing)
    broken = doctor._extra("web", [gone, old])
    assert broken.state == "broken"
    assert "numpy is " in str(broken)
    assert "pip install 'unveil[web]'" in str(broken)
    monkeypatch.setitem(EXTRAS, "web", {"numpy": "the page"})
    assert doctor._extra("web", [Requirement("numpy>=1")]).state == "ok"
    assert doctor._extra("web", []).state == "broken"


BASH = """
source {script}
complete -p unveil
COMP_WORDS=({words}) COMP_CWORD={last}
_tyro_unveil
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_and_flags(tmp_path, cli):
    script = tmp_path / "unveil.bash"
    script.write_text(cli("completion", "bash").out)
    for words, expected in {
        "unveil re": {"restore"},
        "unveil restore --unc": {"--uncertainty"},
        "unveil audit cu": {"curve"},
        "unveil restore x --device cu": {"cuda"},
    }.items():
        code = BASH.format(script=script, words=words, last=len(words.split()) - 1)
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
        registered, *offered = done.stdout.splitlines()
        assert registered == "complete -o default -F _tyro_unveil unveil"
        assert (set(offered), done.stderr) == (expected, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_read_their_scripts(shell, tmp_path, cli):
    done = cli("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert "_tyro_unveil" in done.out
    if shutil.which(shell):
        (tmp_path / "script").write_text(done.out)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


HELP = "import sys; sys.stdout = sys.stderr; from unveil.cli import select; select(['--help'])()"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_help_has_no_colour_where_it_is_not_wanted():
    assert b"\x1b[" in with_terminal(HELP)[1]
    plain = with_terminal(HELP, NO_COLOR="1")[1]
    assert b"obfuscate" in plain
    assert b"\x1b[" not in plain
