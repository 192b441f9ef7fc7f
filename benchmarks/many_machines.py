"""What each engine for many files costs, and what is left where one of its workers is killed.

    python benchmarks/many_machines.py --data ../shared/lfw --append results/many.jsonl

Engines: processes of this machine; jobs of Slurm, by submitit; actors of a Ray of our own. Jobs are
real ones where this machine has a `sbatch`, else those of submitit's executor for one machine. Two
workers restore or obfuscate photos, and one is killed by SIGKILL after a third of them; the results
must be all there, those of one process to the byte, and each recorded once. Run nothing else
meanwhile.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import tyro

from many_files import OPERATOR, hide_photos, overhead, row, unveil
from timing import machine, print_machine
from unveil.batch import actors, slurm, workers
from unveil.batch.crew import Engine
from unveil.errors import UnveilError
from unveil.report.rows import Row, append_row

Name = Literal["processes", "slurm", "ray"]
Command = Literal["restore", "obfuscate"]
INPUTS = {"restore": "hidden", "obfuscate": "photos"}

WORKER = {"processes": b"spawn_main", "slurm": b"submitit.core._submit", "ray": b"ray::_Working"}
"""What the command line of an engine's worker holds; its folder is that of the run."""

HELPERS = (b"srun", b"slurmstepd", b"bash", b"sh")
"""Programs that hold the same words, and are none."""


def main(
    data: Path = Path("../shared/lfw"),
    photos: int = 200,
    engines: tuple[Name, ...] = ("processes", "slurm", "ray"),
    command: Command = "restore",
    append: Path | None = None,
) -> None:
    """Print what was measured, the machine and the versions.

    Args:
        data: folder of LFW.
        photos: number of photos.
        engines: those that are measured.
        command: what is done to the photos.
        append: file that the rows are appended to.
    """
    known = machine()
    with tempfile.TemporaryDirectory() as place:
        for one in measure(Path(place), data, photos, engines, command):
            print(one["model"], one["images"], one["measured"], flush=True)
            if append is not None:  # at once: the whole takes minutes
                append_row(append, one | known)
    print_machine(known)


def measure(
    folder: Path, data: Path, photos: int, engines: tuple[Name, ...], command: Command
) -> Iterator[Row]:
    """Yield the row of each measurement as it ends."""
    for name in engines:
        engine, told = opened(name)
        if name != "processes":  # many_files.py has these
            yield overhead(engine, 2, f"2 workers, {told}")
    hide_photos(folder, data, photos)
    words = (command, INPUTS[command], "-o", "alone", "--operator", OPERATOR)
    unveil(*words, folder=folder, threads=1)
    for name in engines:
        if name != "slurm" or has_slurm():
            yield killed(folder, name, photos, command)


def has_slurm() -> bool:
    """Return whether this machine is of a cluster with Slurm."""
    return shutil.which("sbatch") is not None


def opened(name: Name) -> tuple[Engine, str]:
    """Return an engine, and what it is called."""
    if name == "processes":
        return workers.run, "processes"
    if name == "ray":
        return actors.run, "Ray"
    if has_slurm():
        return slurm.run, "Slurm"
    import submitit

    local = partial(slurm.run, open_executor=lambda folder, _: submitit.LocalExecutor(folder))
    return local, "submitit on one machine"


def killed(folder: Path, name: Name, photos: int, command: Command) -> Row:
    """Return what became of photos, where a worker was killed after a third of them."""
    words = [command, INPUTS[command], "-o", name, "--operator", OPERATOR, "--quiet"]
    words += ["--workers", "2"]
    words += ["--records", f"{name}.jsonl", *(() if name == "processes" else ("--cluster", name))]
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "unveil", *words], cwd=folder, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None  # noqa: S101  # for mypy
        for _ in range(photos // 3):
            running.stdout.readline()
        os.kill(workers_in(folder, name)[0], signal.SIGKILL)
        running.stdout.read()
    seconds = time.perf_counter() - started
    if running.returncode:
        raise UnveilError(f"{name}: ended with status {running.returncode}.")
    same = sum(
        path.read_bytes() == (folder / name / path.name).read_bytes()
        for path in (folder / "alone").iterdir()
    )
    told = (folder / f"{name}.jsonl").read_bytes()
    records = [json.loads(line) for line in told.splitlines()]
    count = Counter(one["input"] for one in records if one["status"] == "done")
    once = sum(number == 1 for number in count.values())
    sizes = [
        path.stat().st_size
        for part in (INPUTS[command], name)
        for path in (folder / part).iterdir()
    ]
    way = f"`{command}`, {opened(name)[1]}"
    return row("killed", photos, way=way, same=same, once=once, seconds=seconds,
               kb_each=sum(sizes) / photos / 1000, record_kb=len(told) / photos / 1000)  # fmt: skip


def workers_in(folder: Path, name: Name) -> list[int]:
    """Return the process numbers of an engine's workers that work in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words, here = (place / "cmdline").read_bytes(), (place / "cwd").readlink()
        except OSError:  # it has ended
            continue
        program = words.partition(b"\0")[0].rpartition(b"/")[2]
        if WORKER[name] in words and program not in HELPERS and here == folder.resolve():
            found.append(int(place.name))
    return found


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
