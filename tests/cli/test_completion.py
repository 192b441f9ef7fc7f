"""`unveil completion` in real shells, and help without colours."""

import shutil
import subprocess
import sys

import pytest

from tests.cli.test_console import with_terminal

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
