"""What commands print: to which stream, as JSON, quietly, as progress, and in dry runs."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest
from PIL import Image

from tests.conftest import BLUR, SMOKE, TINY_DATA, TINY_TRAINING, assert_told
from unveil import console, downloads
from unveil.study.sample_photos import draw_photos

MOSAIC = ("--operator", "pixelate:block=8")


def rows(done):
    """The JSON lines of a command that succeeded, and said nothing else on that stream."""
    assert done.status == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def tree(folder):
    """Every file and folder below ``folder``, with what it holds."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def photos(tmp_path, photo_folder):
    """A folder with two photos and a damaged one; what is written goes beside it."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "c.jpg"):
        shutil.copy(photo_folder / "Person_A" / "Person_A_0001.jpg", folder / name)
    (folder / "b.jpg").write_bytes((folder / "a.jpg").read_bytes()[:900])
    return folder


def test_a_row_for_every_photo_that_was_written(photos, tmp_path, cli):
    done = cli("obfuscate", photos, "-o", tmp_path / "out", *MOSAIC, "--json")
    assert done.status == 1
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {
            "photo": str(photos / name),
            "written": str(tmp_path / "out" / name),
            "operator": "pixelate:block=8",
            "storage": None,
        }
        for name in ("a.jpg", "c.jpg")
    ]
    assert f"unveil: {photos / 'b.jpg'}: " in done.err


def test_a_row_of_restore_says_what_was_found_and_undone(photos, tmp_path, cli):
    hidden, out = tmp_path / "hidden.png", tmp_path / "out.png"
    assert cli("obfuscate", photos / "a.jpg", "-o", hidden, *MOSAIC).status == 0
    (row,) = rows(cli("restore", hidden, "-o", out, "--json"))
    assert row["written"] == str(out)
    assert row["operator"].startswith("pixelate:block=8")
    assert row["model"] == "pixelate"
    assert row["confidence"] > 0.5
    Image.new("RGB", (64, 48), (9, 9, 9)).save(hidden)
    (row,) = rows(cli("restore", hidden, "-o", out, "--overwrite", "--json"))
    assert (row["operator"], row["model"]) == ("none", None)


def test_what_failed_lends_nothing_to_the_next_row(capsys):
    with console.settings(quiet=False, as_json=True):
        console.add(model="blur")
        console.fail("a.png: broken")
        console.result({"photo": "b.png"})
    assert json.loads(capsys.readouterr().out) == {"photo": "b.png"}


def test_remarks_go_to_standard_error_and_end_under_quiet(photos, tmp_path, cli):
    hidden = tmp_path / "hidden.png"
    assert cli("obfuscate", photos / "a.jpg", "-o", hidden, *MOSAIC).status == 0
    words = ("restore", hidden, "-o", tmp_path / "out.png", "--overwrite")
    loud, quiet = cli(*words), cli(*words, "--quiet")
    assert "found: " in loud.err
    assert (quiet.status, quiet.out, quiet.err) == (0, loud.out, "")


def test_results_warnings_and_errors_stay_under_quiet(photos, tmp_path, cli):
    hidden = tmp_path / "hidden.png"
    assert cli("obfuscate", photos / "a.jpg", "-o", hidden, *MOSAIC).status == 0
    assert f"{hidden}: " in cli("inspect", hidden, "-q").out
    words = ("restore", photos / "a.jpg", "-o", tmp_path / "out.png", *MOSAIC, "-q")
    said = f"unveil: warning: {photos / 'a.jpg'}: stated pixelate:block=8"
    assert cli(*words).err.startswith(said)
    assert_told(cli(*words), 1, "exists already")


def test_training_is_silent_under_quiet_and_says_where_it_wrote(photo_folder, tmp_path, cli):
    words = ("train", "--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA)
    done = cli(*words, *TINY_TRAINING, "--quiet", "--json")
    (row,) = rows(done)
    assert row == {"written": str(tmp_path / "run" / "best")}
    assert done.err == ""


def test_every_shipped_model_is_a_row(cli):
    listed = rows(cli("models", "--json"))
    assert {"cae-blur", "pixelate"} < {row["name"] for row in listed}
    assert all(len(row["sha256"]) == 64 for row in listed)


DRY = {
    "obfuscate": ("obfuscate", "in/a.jpg", "-o", "new/out.png", *BLUR),
    "restore": ("restore", "in/a.jpg", "-o", "new/out.png", "--uncertainty", "map.png"),
    "fit": ("fit", "people", "-o", "new/prior.safetensors"),
    "train": ("train", "--data", "people", "--output", "new/run"),
    "evaluate": ("evaluate", "identity", *BLUR, "--append", "new/rows.jsonl"),
    "demo": ("demo", "-o", "new"),
    "download": ("download",),
    "export": ("export", "cae-blur", "-o", "new/net.onnx"),
    "audit": ("audit", "in/a.jpg", "--picture", "new.png"),
    "audit curve": ("audit", "curve", "--data", "people", "--output", "new/rows.jsonl"),
    "audit train-attacker": ("audit", "train-attacker", "--data", "people", "--output", "new/run"),
    "study search": ("study", "search", "--data", "people", "--output", "new/search"),
}


@pytest.mark.parametrize("name", DRY)
def test_a_dry_run_says_what_would_be_written_and_writes_nothing(
    name, photos, cache, monkeypatch, cli
):
    draw_photos(photos.parent / "people")
    monkeypatch.chdir(photos.parent)
    before = tree(photos.parent) | tree(cache)
    done = cli(*DRY[name], "--dry-run")
    assert (done.status, done.err) == (0, ""), done
    told = rows(cli(*DRY[name], "--dry-run", "--json"))
    for row, line in zip(told, done.out.splitlines(), strict=True):
        target = row.get("would_write") or row["would_append_to"]
        assert target in line
        assert line.startswith("would ")
        assert not os.path.exists(target)  # noqa: PTH110  # relative to where we are
    assert tree(photos.parent) | tree(cache) == before


def test_a_dry_run_names_source_and_target_and_what_is_replaced(photos, tmp_path, cli):
    (photos / "b.jpg").unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "c.jpg").write_text("precious")
    words = ("obfuscate", photos, "-o", tmp_path / "out", *MOSAIC, "--dry-run", "--overwrite")
    assert cli(*words).out.splitlines() == [
        f"would write {tmp_path}/out/a.jpg from {photos}/a.jpg",
        f"would replace {tmp_path}/out/c.jpg from {photos}/c.jpg",
    ]
    assert [row["replaces"] for row in rows(cli(*words, "--json"))] == [False, True]


def test_a_dry_run_refuses_what_would_be_refused(photos, tmp_path, cli):
    out = tmp_path / "out"
    done = cli("restore", photos, "-o", out, "--dry-run")
    assert_told(done, 1, f"{photos / 'b.jpg'}: ")
    assert done.out.count("would write") == 2
    box = cli("restore", photos / "a.jpg", "-o", out, "--box", "120,0,20,20", "--dry-run")
    assert_told(box, 1, photos / "a.jpg", "120,0,20,20", "128x128")
    (tmp_path / "there.png").write_text("precious")
    words = ("obfuscate", photos / "a.jpg", "-o", tmp_path / "there.png", *BLUR, "--dry-run")
    assert_told(cli(*words), 1, "exists already")
    way = ("obfuscate", photos / "a.jpg", "-o", tmp_path / "there.png/x.png", *BLUR, "--dry-run")
    assert_told(cli(*way), 1, "is a file, not a folder")
    assert_told(cli("train", "--dry-run"), 1, "no photos given")
    assert_told(cli("evaluate", "identity", *BLUR, "--dry-run"), 2, "--append")
    assert_told(cli("audit", photos / "a.jpg", "--dry-run"), 2, "--picture")
    assert not out.exists()


@pytest.mark.slow
def test_reports_of_a_study_are_announced_before_they_are_written(tmp_path, cli):
    words = ("study", "report", "results/study", "--output", tmp_path / "new")
    announced = rows(cli(*words, "--dry-run", "--json"))
    assert not (tmp_path / "new").exists()
    made = rows(cli(*words, "--json"))
    assert [row["would_write"] for row in announced] == [row["written"] for row in made]


def test_the_cost_of_a_study_is_a_row_a_cell(tmp_path, cli):
    words = (*SMOKE, "--output", tmp_path / "study", "--only", "blur-cae-pixel")
    costs = rows(cli(*words, "--dry-run", "--json"))
    assert {"cell", "steps", "minutes"} == set(costs[0])


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told how many seconds have passed."""
    now = [1000.0]
    monkeypatch.setattr(console, "_clock", lambda: now[0])
    monkeypatch.setattr(console, "LINE_EVERY_S", 10.0)

    def wait(seconds):
        now[0] += seconds

    with console.settings(quiet=False, as_json=False):
        yield wait


def test_without_a_terminal_a_line_every_ten_seconds_and_none_at_the_end(clock, capsys):
    for _ in console.progress(range(10), 10, "photos"):
        clock(4)
    assert capsys.readouterr().err.splitlines() == [
        "photos: 3 of 10, 4.0 s each, 28 s left",
        "photos: 6 of 10, 4.0 s each, 16 s left",
        "photos: 9 of 10, 4.0 s each, 4 s left",
    ]


def test_a_job_of_less_than_ten_seconds_prints_no_line(clock, capsys):
    for _ in range(3):
        for _ in console.progress(range(4), 4, "photos"):
            clock(2.4)
    assert capsys.readouterr().err == ""


def test_jobs_inside_jobs_print_one_line_in_ten_seconds_together(clock, capsys):
    for _ in console.progress(range(2), 2, "photos"):
        for _ in console.progress(range(12), 12, "tiles"):
            clock(1)
    assert capsys.readouterr().err.splitlines() == [
        "tiles: 10 of 12, 1.0/s, 2 s left",
        "tiles: 10 of 12, 1.0/s, 2 s left",
    ]


def test_no_line_under_quiet(clock, capsys):
    with console.settings(quiet=True, as_json=False):
        for _ in console.progress(range(10), 10, "photos"):
            clock(100)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (20.0, ["30%, 0.2 fps, 47 s left", "70%, 0.2 fps, 17 s left"]),
        (None, ["frame 4, 0.2 fps", "frame 8, 0.2 fps"]),
    ],
    ids=["known", "unknown"],
)
def test_a_clip_prints_share_frames_a_second_and_time_left(
    seconds, expected, clock, monkeypatch, capsys
):
    """Frames of 2 s, the first at 0 s, that take 5 s each; a line is due every 20 s."""
    monkeypatch.setattr(console, "LINE_EVERY_S", 20)
    for _ in console.clip_progress(range(9), "clip.mkv", seconds, lambda number: 2.0 * number):
        clock(5)
    assert capsys.readouterr().err.splitlines() == [f"clip.mkv: {line}" for line in expected]


def test_bytes_are_counted_in_megabytes_from_where_an_earlier_attempt_ended(clock, capsys):
    for total in (100_000_000, None):
        with downloads.byte_progress("lfw.tgz", 40_000_000, total) as update:
            for megabytes in (50, 60, 70, 100):
                clock(5)
                update(megabytes * 1_000_000)
    assert capsys.readouterr().err.splitlines() == [
        "lfw.tgz: 60 of 100 MB, 2.0 MB/s, 20 s left",
        "lfw.tgz: 60 MB, 2.0 MB/s",
        "lfw.tgz: 100 MB, 3.0 MB/s",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (91, "2 min"),
        (3600, "60 min"),
        (6000, "1 h 40 min"),
        (12_345, "3 h 26 min"),
    ],
)
def test_durations_are_read_at_a_glance(seconds, words):
    assert console.duration(seconds) == words


def test_photos_show_their_progress_in_a_pipe(photos, tmp_path, monkeypatch, cli):
    monkeypatch.setattr(console, "LINE_EVERY_S", 0)
    words = ("obfuscate", photos, "-o", tmp_path / "out", *MOSAIC, "--overwrite")
    told = [line for line in cli(*words).err.splitlines() if line.startswith("photos: ")]
    assert len(told) == 2, "three photos, and none for the last"
    assert told[0].startswith("photos: 1 of 3, ")
    assert told[0].endswith(" left")
    assert "photos: " not in cli(*words, "--quiet").err


def test_training_shows_its_progress_in_a_pipe(photo_folder, tmp_path, monkeypatch, cli):
    monkeypatch.setattr(console, "LINE_EVERY_S", 0)
    words = ("train", "--data", photo_folder, "--output", tmp_path / "run", *TINY_DATA)
    done = cli(*words, *TINY_TRAINING)
    told = [line for line in done.err.splitlines() if line.startswith("epoch 1/1: ")]
    steps = [line.split(",")[0] for line in told]
    assert steps == [f"epoch 1/1: step {step} of 4" for step in (1, 2, 3)]
    assert all(" left, loss 0." in line for line in told)


PRINT = """
from unveil import console
from unveil.console import progress
with console.settings(quiet={quiet}, as_json=True):
    for n in progress(range(3), 3, "counting"):
        console.result({{"n": n}})
        console.note("a remark")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_results_reach_the_pipe_while_a_bar_is_on_the_terminal():
    """Standard error is a terminal: bar and remarks are there, and not in what is piped on."""
    out, terminal = with_terminal(PRINT.format(quiet=False))
    assert [json.loads(line) for line in out.splitlines()] == [{"n": n} for n in range(3)]
    assert b"counting" in terminal
    assert b"a remark" in terminal
    assert b'"n"' not in terminal


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_no_bar_under_quiet_and_no_colour_where_it_is_not_wanted():
    assert b"\x1b[3" in with_terminal(PRINT.format(quiet=False))[1]
    assert b"\x1b[3" not in with_terminal(PRINT.format(quiet=False), NO_COLOR="1")[1]
    assert with_terminal(PRINT.format(quiet=True))[1] == b""


def with_terminal(code, **more):
    """Run ``code`` with standard error on a terminal; return what reached either stream."""
    import pty

    reader, terminal = pty.openpty()
    told: list[bytes] = []

    def read():
        with contextlib.suppress(OSError):  # the terminal is closed
            while part := os.read(reader, 4096):
                told.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    env = plain | {"TERM": "xterm", "COLUMNS": "100"} | more
    try:
        words = [sys.executable, "-c", code]
        out = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=terminal, env=env, check=True
        ).stdout
    finally:
        os.close(terminal)
        thread.join()
        os.close(reader)
    return out, b"".join(told)
