"""Files are whole or not there, whenever the interrupt comes."""

import subprocess
import sys

import pytest

from unveil.errors import UnveilError
from unveil.files import check_folder, temporary_beside

INTERRUPTED = """
import random, signal, sys
from pathlib import Path
from unveil.files import temporary_beside

target, generator = Path(sys.argv[1]), random.Random(0)
signal.signal(signal.SIGALRM, signal.default_int_handler)
stopped = 0
for _ in range(400):
    try:
        signal.setitimer(signal.ITIMER_REAL, generator.uniform(1e-5, 4e-4))
        with temporary_beside(target) as partial:
            partial.write_text("whole")
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        stopped += 1
print(stopped)
"""


def test_an_interrupt_at_any_moment_leaves_the_whole_file_or_none(tmp_path):
    words = [sys.executable, "-c", INTERRUPTED, tmp_path / "a.txt"]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(ended.stdout) > 100
    assert {path.name for path in tmp_path.iterdir()} <= {"a.txt"}


def write_half(path):
    path.write_text("half")
    raise ValueError("stop")


def test_what_goes_wrong_leaves_the_file_as_it_was(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")
    with pytest.raises(ValueError, match="stop"), temporary_beside(target) as partial:
        write_half(partial)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "before")]


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnveilError, match="is a file, not a folder"):
        check_folder(tmp_path / "file" / "below")
