"""The command line where it cannot begin: short of memory, stopped at once, told empty names."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import assert_told
from unveil import console
from unveil.cli import photo_jobs
from unveil.errors import UnveilError
from unveil.files import temporary_beside

UNVEIL = (sys.executable, "-m", "unveil")


def test_importing_the_package_loads_no_library():
    """Else Ctrl-C in the first half second, and a lack of memory, would print a traceback."""
    code = "import sys, unveil.__main__; print(*{'numpy', 'PIL', 'cv2', 'tyro'} & set(sys.modules))"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "error", ["KeyboardInterrupt()", "MemoryError()", "ImportError('no', name='cv2')"]
)
def test_what_ends_the_loading_is_told_in_one_line(error, tmp_path):
    """The command line's module is replaced by one that fails as its libraries do."""
    code = f"""
import sys
import unveil.__main__

class Fail:
    def find_spec(self, name, *_):
        if name == "unveil.cli":
            raise {error}

sys.meta_path.insert(0, Fail())
unveil.__main__.main()
"""
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    assert done.returncode == (130 if "Keyboard" in error else 1)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("unveil: ")


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_library_that_cannot_be_loaded_is_named(photo):
    limited = ("prlimit", "--as=200000000", *UNVEIL, "inspect", str(photo))
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "memory" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("inspect", ""), ("obfuscate", "a.png", "-o", ""), ("obfuscate", "a.png", "--output=")],
)
def test_an_empty_name_is_not_the_present_folder(words, cli):
    assert_told(cli(*words), 2, "is empty")


def test_a_device_as_an_output_is_said_to_be_one(photo, cli):
    done = cli("obfuscate", photo, "-o", "/dev/null", "--operator", "box")
    assert_told(done, 1, "/dev/null: is a pipe or a device")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "words", [("inspect",), ("--version",), ("obfuscate", "-o", "-", "--operator", "box")]
)
def test_a_full_disk_behind_standard_output_is_not_the_photos_fault(words, photo):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            (*UNVEIL, *words, str(photo)),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "unveil: standard output: cannot be written (No space left on device).\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_what_cannot_be_told_stops_no_work(monkeypatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        console.warn("a warning")
        console.note("a note, to nowhere")


def test_closed_standard_error_leaves_results_alone(photo):
    words = " ".join((*UNVEIL, "inspect", "--json", str(photo), "no.png", "2>&-"))
    done = subprocess.run(("sh", "-c", words), capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1), done.stdout


def test_standard_input_is_called_a_dash_and_said_to_be_closed(photo):
    with photo.open("rb") as file:
        piped = subprocess.Popen(("cat",), stdin=file, stdout=subprocess.PIPE)
        done = subprocess.run(
            (*UNVEIL, "inspect", "/dev/stdin"),
            stdin=piped.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        piped.communicate()
    assert "standard input is called -" in done.stderr
    words = " ".join((*UNVEIL, "inspect", "-", "<&-"))
    done = subprocess.run(("sh", "-c", words), capture_output=True, text=True, check=False)
    assert done.stderr == "unveil: -: standard input is closed; send a photo into it.\n"


def test_a_file_that_another_process_wrote_meanwhile_stays(tmp_path):
    target = tmp_path / "out.png"

    def write_second():
        with temporary_beside(target, replaces=False) as partial:
            partial.write_text("second")
            target.write_text("first")

    with pytest.raises(UnveilError, match="exists already"):
        write_second()
    assert target.read_text() == "first"
    assert [one.name for one in tmp_path.iterdir()] == ["out.png"]
    with temporary_beside(target) as partial:
        partial.write_text("third")
    assert target.read_text() == "third"


def test_of_two_runs_on_one_output_the_later_one_refuses(tmp_path):
    """The second begins while the first works on its photo, and both have seen no file there."""
    Image.effect_noise((64, 64), 50).save(tmp_path / "a.png")
    out = tmp_path / "out.png"

    def obfuscated(photo):
        out.write_bytes(b"first")
        return photo

    assert photo_jobs.process([photo_jobs.Job(tmp_path / "a.png", out)], obfuscated) == 1
    assert out.read_bytes() == b"first"
