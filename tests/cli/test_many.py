"""`--workers`, `--manifest`, `--records`, `--shard`: results of one process, whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import assert_told
from unveil.images.photos import read_photo

MOSAIC = ("--operator", "pixelate:block=8")
UNVEIL = [sys.executable, "-m", "unveil"]


@pytest.fixture
def album(photo_folder, tmp_path, monkeypatch):
    """A folder of 6 photos, 2 of them below another folder; the tests run beside it."""
    monkeypatch.chdir(tmp_path)
    for number, path in enumerate(sorted(photo_folder.rglob("*.jpg"))[:6]):
        copy = tmp_path / "album" / ("sub" if number > 3 else "") / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return Path("album")


def content(folder):
    paths = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def run_process(*words):
    return subprocess.run([*UNVEIL, *words], capture_output=True, text=True)


def records(path):
    """Return how often each file is said to be done, and the statuses of the others."""
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return Counter(row["input"] for row in rows if row["status"] == "done")


def test_workers_write_and_print_what_one_process_does(album, cli):
    one = cli("obfuscate", album, "-o", "one", *MOSAIC)
    two = cli("obfuscate", album, "-o", "two", *MOSAIC, "--workers", 2)
    assert (one.status, two.status) == (0, 0), two.err
    assert content("one") == content("two")
    assert len(content("one")) == 6
    assert sorted(two.out.replace("two", "one").splitlines()) == sorted(one.out.splitlines())
    assert two.err == "6 done, 0 done before, 0 failed.\n"


@pytest.mark.slow
def test_restore_is_the_same_to_the_bit_and_its_rows_stand_in_the_records(album, cli):
    cli("obfuscate", album, "-o", "hid", *MOSAIC)
    words = ("restore", "hid", "-o", "one", *MOSAIC, "--json", "-q")
    # Not in this process, in which earlier tests have set the number of threads.
    one = run_process(*words)
    two = cli(*words[:3], "two", *words[4:], "--workers", 2, "--records", "r.jsonl")
    assert (one.returncode, two.status, two.err) == (0, 0, ""), one.stderr
    assert content("one") == content("two")
    rows = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    kept = [row for record in rows for row in record.get("rows", [])]
    assert kept == [json.loads(line) for line in two.out.splitlines()]
    first = {row["photo"]: row for row in map(json.loads, one.stdout.splitlines())}
    assert {row["photo"]: row | {"written": ""} for row in kept} == {
        name: row | {"written": ""} for name, row in first.items()
    }


@pytest.mark.slow
def test_a_manifest_goes_on_past_bad_lines_and_the_next_run_does_what_is_left(album, cli):
    good = sorted(map(str, album.rglob("*.jpg")))
    (album / "text.jpg").write_text("no photo")
    lines = [good[0], "album/none.jpg", '{"input": 3}', good[0], "album/text.jpg", *good[1:3]]
    lines.append(json.dumps({"input": good[4], "output": "elsewhere/x.png"}))
    Path("list.txt").write_text("\n".join(lines))
    words = ("obfuscate", "--manifest", "list.txt", "-o", "out", *MOSAIC, "--workers", 1)
    words += ("--records", "r.jsonl", "--quiet")
    done = cli(*words)
    places = [f"list.txt, line {number}: " for number in (2, 3, 4, 5)]
    assert_told(done, 1, *places, "no such file", "a second time", lines=4)
    assert sorted(content("out")) == [f"album/{Path(name).name}" for name in good[:3]]
    assert read_photo(Path("elsewhere/x.png")).rgb.shape[:2] == (128, 128)
    assert records("r.jsonl") == Counter([*good[:3], good[4]])
    Path("out", good[1]).unlink()
    Image.new("RGB", (32, 32)).save("album/none.jpg")
    again = cli(*words)
    assert_told(again, 1, places[1], places[2], places[3], lines=3)
    assert records("r.jsonl") == Counter([*good[:3], good[4], good[1], "album/none.jpg"])
    assert sorted(content("out"))[-1] == "album/none.jpg"


@pytest.mark.slow
def test_what_stood_there_before_is_not_replaced_and_what_a_killed_run_left_is(album, cli):
    names = sorted(path.name for path in album.glob("*.jpg"))
    words = ("obfuscate", album, "-o", "out", *MOSAIC, "--records", "r.jsonl", "--workers", 1)
    Path("out").mkdir()
    Path("out", names[0]).write_text("mine")
    assert_told(cli(*words, "-q"), 1, f"out/{names[0]}: exists already")
    # A run that is killed between a result and its record leaves the first without the second.
    lines = Path("r.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if names[1] not in line or '"started"' in line]
    assert len(kept) == len(lines) - 1
    Path("r.jsonl").write_text("".join(kept))
    Path("out", names[1]).write_text("half")
    assert_told(cli(*words, "-q"), 1, f"out/{names[0]}: exists already")
    assert Path("out", names[0]).read_text() == "mine"
    assert read_photo(Path("out", names[1])).rgb.shape[:2] == (128, 128)


@pytest.mark.slow
def test_shards_do_each_file_once_and_their_records_merge(album, cli):
    words = ("obfuscate", album, "-o", "out", *MOSAIC, "--workers", 1, "-q")
    for part in (1, 2):
        done = cli(*words, "--shard", f"{part}/2", "--records", f"{part}.jsonl")
        assert (done.status, done.err) == (0, "")
    assert all(0 < len(records(f"{part}.jsonl")) < 6 for part in (1, 2))
    Path("r.jsonl").write_text(Path("1.jsonl").read_text() + Path("2.jsonl").read_text())
    assert set(records("r.jsonl").values()) == {1}
    assert len(content("out")) == len(records("r.jsonl")) == 6
    trial = cli(*words, "--records", "r.jsonl", "--dry-run", "--json")
    assert json.loads(trial.out) == {"to_do": 0, "done_before": 6, "faults": 0}


def test_a_dry_run_counts_and_writes_nothing(album, cli):
    Path("list.txt").write_text("album/a.jpg\n{}\nalbum/b.jpg\n")
    done = cli("restore", "--manifest", "list.txt", "-o", "out", *("--records", "new/r.jsonl"),
               "--dry-run")  # fmt: skip
    assert_told(done, 1, "line 2")
    assert done.out == "2 files to do, 0 done before\n"
    assert sorted(map(str, Path().iterdir())) == ["album", "list.txt"]


LARGE = 2
"""Photos that take seconds each, so that a signal meets the run in the middle of them."""


def begin(album, *more):
    """Start a run of two workers on the album and large photos; return it after its first result.

    Two lines of the photos that are done first; the others are in work for some seconds.
    """
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2500, 3), np.uint8)
    for number in range(LARGE):
        Image.fromarray(noise).save(album / f"z{number}.bmp")
    words = ("obfuscate", album, "-o", "out", "--operator", "median:kernel=9", *more)
    running = subprocess.Popen(
        [*UNVEIL, *map(str, words), "--workers", "2", "--records", "r.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(6):
        assert "->" in running.stdout.readline()
    return running


def workers_of(process):
    """Return the process numbers of a run's workers."""
    found = []
    for number in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        words = Path(f"/proc/{number}/cmdline").read_bytes()
        found += [int(number)] if b"spawn_main" in words else []
    return found


def is_running(number):
    """Return whether a process has not ended; it may be there until somebody asks how it did."""
    status = Path(f"/proc/{number}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def shrink(album):
    """Make the large photos small, so that the rest of the work takes no time."""
    for number in range(LARGE):
        Image.new("RGB", (64, 64)).save(album / "small.bmp")
        (album / "small.bmp").replace(album / f"z{number}.bmp")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are seen in /proc")
@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_run_that_is_stopped_goes_on_and_does_each_file_once(kind, album, cli):
    running = begin(album)
    ours = workers_of(running)
    number = getattr(signal, kind)
    if kind == "SIGINT":
        os.killpg(running.pid, number)  # as a terminal does
    else:
        running.send_signal(number)
    if kind == "SIGKILL":
        running.wait()
        for worker in ours:  # each would end its file first
            os.kill(worker, signal.SIGKILL)
        while any(map(is_running, ours)):
            time.sleep(0.01)
        running.stdout.close()
        running.stderr.close()
    else:
        err = running.communicate(timeout=60)[1]
        assert (
            err
            == {
                "SIGINT": "unveil: interrupted\n",
                "SIGTERM": "unveil: stopped by SIGTERM\n",
            }[kind]
        )
        assert not list(Path("out").glob(".unveil-*"))
        assert not any(Path(f"/proc/{worker}").exists() for worker in ours)
    assert running.returncode == {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}[kind]
    assert len(records("r.jsonl")) == 6
    shrink(album)
    words = ("--operator", "median:kernel=9", "--workers", 1, "--records", "r.jsonl")
    done = cli("obfuscate", album, "-o", "out", *words)
    assert (done.status, done.err) == (0, f"{LARGE} done, 6 done before, 0 failed.\n")
    assert set(records("r.jsonl").values()) == {1}
    assert len(content("out")) == len(records("r.jsonl")) == 6 + LARGE


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are seen in /proc")
def test_a_worker_that_is_killed_costs_nothing(album):
    running = begin(album)
    os.kill(workers_of(running)[0], signal.SIGKILL)
    shrink(album)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert "8 done, 0 done before, 0 failed" in err
    assert len(out.splitlines()) == LARGE
    assert set(records("r.jsonl").values()) == {1}
    assert len(content("out")) == 6 + LARGE
    assert not list(Path("out").glob(".unveil-*"))


@pytest.mark.slow
def test_an_audit_counts_faces_at_risk_also_those_of_the_run_before(album, cli):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    photos = sorted(album.glob("*.jpg"))[:2]
    words = ("audit", *photos, "--box", "20,20,60,70", "--operator", "pixelate:block=2", "-q")
    words += ("--fail-above", "0.001")
    alone = cli(*words)
    assert alone.status == 3
    words += ("--workers", 1, "--records", "r.jsonl")
    first, again = cli(*words), cli(*words)
    assert (first.status, first.out, first.err) == alone
    assert (again.status, again.err) == (3, "unveil: 2 faces are above --fail-above 0.001.\n")
    assert records("r.jsonl") == Counter(map(str, photos))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("restore album -o out --workers 0", "--workers 0 must be at least 1"),
        ("restore album -o out --shard 3/2", "--shard '3/2' must be I/N"),
        ("restore album -o out --cluster slurm", "--cluster slurm needs --workers N"),
        ("restore album -o out --cluster ray: --workers 1", "must be slurm, ray or ray:HOST"),
        ("restore album --manifest list.txt -o out", "both do not go together"),
        ("restore - -o out.png --workers 2", "-: --workers"),
        ("restore album/a.jpg -o out.png --workers 2 --samples 2", "--samples does not go with"),
        ("restore --manifest list.txt -o out.png", "needs a folder"),
        ("audit album --against album --workers 2", "--against does not go with"),
        ("obfuscate album -o out --safe --boxes new.json --records r", "--boxes does not go"),
    ],
)
def test_what_does_not_go_together_is_refused(words, said, album, cli):
    Path("list.txt").write_text("album/a.jpg\n")
    assert_told(cli(*words.split()), 2, said)
    assert not Path("out").exists()


def test_a_manifest_that_is_not_there_and_records_of_others_are_one_line(album, cli):
    words = ("obfuscate", "-o", "out", *MOSAIC)
    assert_told(cli(*words, "--manifest", "none.txt"), 1, "none.txt: no such file")
    head = {"input": "a.jpg", "output": "out/a.jpg", "status": "done", "settings": "x"}
    Path("r.jsonl").write_text(json.dumps(head | {"version": "0.0.1"}) + "\n")
    done = cli(*words, album, "--records", "r.jsonl")
    assert_told(done, 1, "r.jsonl, line 1: is of unveil 0.0.1", "name a new file")
