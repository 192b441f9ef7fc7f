"""Files on a cluster: every one is done once, whoever dies; what cannot be reached is one line."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.batch.tasks import Keeping, Stillborn
from unveil.batch import actors, slurm
from unveil.batch.item import Item
from unveil.errors import UnveilError
from unveil.extras import is_installed

NAMES = ["a", "b c", "new\nline", "once", "fail", *map(str, range(20))]


@pytest.fixture
def local(tmp_path, monkeypatch):
    """Slurm's engine with submitit's executor for one machine, beside a folder for tasks."""
    submitit = pytest.importorskip("submitit", reason="the extra slurm is not installed")
    path = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    monkeypatch.setattr("unveil.runtime._threads", None)  # --threads of an earlier test
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "told").mkdir()
    return partial(slurm.run, open_executor=lambda folder, _: submitit.LocalExecutor(folder))


def check(running, told):
    """Check what became of ``NAMES``, and that ``once`` alone was begun twice."""
    done = {one.item.source: one for one in running}
    assert sorted(done) == sorted(NAMES)
    assert done.pop("fail").error == "fail: No space left on device"
    assert {name: one.error for name, one in done.items() if one.error} == {}
    rows = {name: one.value.kept.rows[0] for name, one in done.items()}
    assert all(row["text"] == name[::-1] for name, row in rows.items())
    assert {row["threads"] for row in rows.values()} == {"1"}
    assert len({row["process"] for row in rows.values()} - {os.getpid()}) >= 2
    expected = Counter("\n".join([*NAMES, "once"]).split("\n"))
    assert Counter((told / "calls").read_text().splitlines()) == expected


@pytest.mark.slow
def test_jobs_do_each_item_once_and_another_goes_on_for_one_that_died(local, tmp_path):
    running = local(Keeping(tmp_path / "told"), map(Item, NAMES), 2)
    first = next(running)
    (folder,) = tmp_path.glob(".unveil-slurm-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    check([first, *running], tmp_path / "told")
    assert [path.name for path in tmp_path.iterdir()] == ["told"]


@pytest.mark.slow
def test_jobs_that_end_before_they_are_ready_end_the_run(local, tmp_path):
    with pytest.raises(UnveilError, match="jobs end before they are ready"):
        list(local(Stillborn(), map(Item, "ab"), 1))
    assert [path.name for path in tmp_path.iterdir()] == ["told"]


def test_where_no_slurm_is_nothing_is_begun(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    items = map(Item, NAMES)
    with pytest.raises(UnveilError, match=r"^Slurm cannot be reached \(Could not detect .srun"):
        list(slurm.run(Keeping(tmp_path), items, 2))
    assert next(items).source == "a"
    assert not list(tmp_path.iterdir())


needs_ray = pytest.mark.skipif(not is_installed("ray"), reason="the extra ray is not installed")
"""Not imported: Ray reads some of its settings then, which are made later."""


@needs_ray
@pytest.mark.slow
def test_actors_do_each_item_once_and_another_does_that_of_one_that_died(
    tmp_path, capfd, monkeypatch
):
    monkeypatch.setattr("unveil.runtime._threads", None)  # --threads of an earlier test
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    check(actors.run(Keeping(tmp_path), map(Item, NAMES), 2), tmp_path)
    assert tuple(capfd.readouterr()) == ("", "")


@needs_ray
@pytest.mark.slow
def test_a_command_on_ray_gives_the_bytes_of_one_process(photo_folder, tmp_path):
    """That of docs/scale.md, in a process of its own."""
    photos = sorted(photo_folder.rglob("*.jpg"))[:5]
    (tmp_path / "list.txt").write_text("".join(f"{path}\n" for path in photos))
    told = ("--operator", "gaussian:kernel=9,sigma=2", "--model", "lmmse")

    def results(folder, *words):
        command = ("restore", "--manifest", "list.txt", "-o", folder, *told, *words)
        done = subprocess.run(
            [sys.executable, "-m", "unveil", *command], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return {path.name: path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}

    on_ray = results("restored", "--records", "r.jsonl", "--cluster", "ray", "--workers", "2")
    records = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert Counter(row["status"] for row in records) == {"started": 5, "done": 5}
    assert len(on_ray) == 5
    assert on_ray == results("alone", "--workers", "1")


@needs_ray
@pytest.mark.slow
def test_a_ray_that_ends_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(actors, "CHECK_S", 1.0)
    running = actors.run(Keeping(tmp_path), map(Item, NAMES), 2)
    next(running)
    from ray._private.worker import _global_node

    (raylet,) = _global_node.all_processes["raylet"]
    raylet.process.kill()
    with pytest.raises(UnveilError, match=r"^Ray has ended; nothing is lost"):
        list(running)


@needs_ray
def test_a_ray_cluster_that_cannot_be_reached_is_one_line(tmp_path):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unheard.getsockname()[1]}"
        said = f"^the Ray cluster {address} cannot be reached .*Connection refused.*same command"
        with pytest.raises(UnveilError, match=said):
            list(actors.run(Keeping(tmp_path), map(Item, NAMES), 2, address))
