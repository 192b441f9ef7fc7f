"""Memory is bounded by what there is, and whatever goes wrong with one file ends no run."""

import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_told, run_cli
from unveil.cli import photo_jobs
from unveil.errors import UnveilError, told
from unveil.images import memory
from unveil.images.photos import read_photo
from unveil.runtime import free_bytes

resource = pytest.importorskip("resource", reason="no limits of a process here")
MOSAIC = ("--operator", "pixelate:block=4")


def album(folder, names="abc"):
    folder.mkdir()
    for name in names:
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / f"{name}.png")
    return folder


def test_what_a_process_may_take_is_known_and_falls_with_its_limit():
    before = free_bytes()
    kept = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (8 << 40, kept[1]))
        assert free_bytes() <= (8 << 40)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 40, kept[1]))
        limited = free_bytes()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, kept)
    assert before > 1 << 20
    assert limited < 1 << 40


@pytest.mark.parametrize("command", ["restore", "obfuscate", "safe", "inspect", "audit"])
def test_a_photo_that_needs_more_than_there_is_is_refused(command, monkeypatch):
    memory.check_memory(10**6, command)
    monkeypatch.setattr(memory, "free_bytes", lambda: 10**6)
    with pytest.raises(UnveilError, match=r"1 megapixels need about 0\.[1-5] GB .* 0\.0 are free"):
        memory.check_memory(10**6, command)
    monkeypatch.setattr(memory, "free_bytes", lambda: None)  # it is not known
    memory.check_memory(10**6, command)


@pytest.mark.parametrize(
    "words",
    [
        *(("restore", *MOSAIC), ("obfuscate", *MOSAIC), ("obfuscate", "--safe"), ("inspect",)),
        *(("audit",), ("audit", "--against")),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("per_pixel", [1, memory.BYTES_PER_PIXEL["read"]], ids=["read", "work"])
def test_every_command_asks_before_it_takes_memory(words, per_pixel, photo, tmp_path, monkeypatch):
    free = per_pixel * read_photo(photo).count
    monkeypatch.setattr(memory, "free_bytes", lambda: free)
    out = () if words[0] in ("inspect", "audit") else ("-o", tmp_path / "out.png")
    more = (photo,) if words[-1] == "--against" else ()
    done = run_cli(words[0], photo, *words[1:], *more, *out)
    assert_told(done, 1, "of memory")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "needs more memory than there is"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), "needs more memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (KeyError("x"), "a fault in unveil (KeyError: 'x'); please report it"),
        (UnveilError("a.png: damaged."), "a.png: damaged"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_goes_wrong_with_one_photo_is_one_line_and_the_next_is_done(
    error, said, tmp_path, monkeypatch
):
    write = photo_jobs.write_photo

    def fail_once(photo, target, **how):
        if target.name == "b.png":
            raise error
        write(photo, target)

    monkeypatch.setattr(photo_jobs, "write_photo", fail_once)
    done = run_cli("obfuscate", album(tmp_path / "in"), "-o", tmp_path / "out", *MOSAIC, "--quiet")
    assert_told(done, 1, said)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


def test_the_file_of_an_error_is_the_one_that_it_names():
    assert told(OSError(2, "No such file", "other.png"), "a.png") == "other.png: No such file."
    assert told(MemoryError(), "a.png").startswith("a.png: needs more memory")
