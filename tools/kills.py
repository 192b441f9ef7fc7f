"""Kill commands at random moments, run them again, and compare what they leave.

Half of the kills cannot be caught (SIGKILL), half ask to end (SIGTERM). Wanted each time: the
second run ends well, its files are those of a run that nobody killed, and no partial or temporary
file is left; after SIGTERM, none even before the second run.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

import fuzz_kinds
import script
from fuzz_kinds import Words
from unveil.networks.card import CARD_NAME, read_card

PHOTOS = 8
MAX_S = 300.0
SECONDS_KEYS = ("images_per_second",)


@dataclass(frozen=True)
class Job:
    """A command that is killed.

    Attributes:
        words: the command, whose files go below a folder.
        again: the command that goes on where it was killed, given that folder.
        outcome: what must be the same, by name, of that folder.
    """

    words: Callable[[Path], Words]
    again: Callable[[Path], Words]
    outcome: Callable[[Path], dict[str, str]]


def main(count: int = 200, seed: int = 0, only: tuple[str, ...] = ()) -> int:
    """Kill and go on; status 1 if something was left or came out otherwise.

    Args:
        count: number of kills, over all commands together.
        seed: decides when each is killed.
        only: names of commands (default: all).
    """
    faults = 0
    with tempfile.TemporaryDirectory(prefix="unveil-kills-") as folder:
        base = Path(folder) / "base"
        base.mkdir()
        make(base)
        chosen = {name: job for name, job in jobs(base).items() if name in (only or jobs(base))}
        for name, job in chosen.items():
            found = list(kill(name, job, count // len(chosen), seed, Path(folder)))
            for fault in found:
                print(json.dumps(fault), flush=True)
            faults += len(found)
            print(f"{name}: {count // len(chosen)} kills, {len(found)} faults", flush=True)
    return int(faults > 0)


def make(base: Path) -> None:
    """Write photos, a video and a trained network."""
    fuzz_kinds.make_run(base)
    (base / "album").mkdir()
    for number in range(PHOTOS):
        image = Image.fromarray(fuzz_kinds.picture(number, (300, 400)))
        image.save(base / "album" / f"{number}.png")
    (base / "clips").mkdir()
    fuzz_kinds.make_videos(base / "clips")


def jobs(base: Path) -> dict[str, Job]:
    """Return what is killed, by name."""

    def same(*words: object) -> Callable[[Path], Words]:
        return lambda out: [word if word != "OUT" else out / "out" for word in words]

    album = ("obfuscate", base / "album", "-o", "OUT", *fuzz_kinds.MOSAIC)
    restored = ("restore", base / "album", "-o", "OUT", *fuzz_kinds.BLUR, "--model", "lmmse")
    clip = ("obfuscate", base / "clips" / "a.mp4", "-o", "OUT", *fuzz_kinds.MOSAIC)
    fitted = ("fit", base / "photos", "-o", "OUT", "--crop-px", 64)
    scored = ("evaluate", base / "run" / "best", "--data", base / "photos", "--append", "OUT")
    trained = ("train", "--data", base / "photos", "-o", "OUT", *fuzz_kinds.TINY, "--epochs", 3)
    return {
        "album": Job(same(*album), same(*album, "--overwrite"), files_below),
        "restore": Job(same(*restored), same(*restored, "--overwrite"), files_below),
        "video": Job(same(*clip), same(*clip, "--overwrite"), files_below),
        "fit": Job(same(*fitted), same(*fitted), files_below),
        "evaluate": Job(same(*scored), same(*scored), last_row),
        "train": Job(same(*trained), partial_training(same(*trained)), weights),
    }


def partial_training(begin: Callable[[Path], Words]) -> Callable[[Path], Words]:
    """Return the command that resumes a training, or begins it if there is nothing yet."""

    def again(folder: Path) -> Words:
        begun = (folder / "out" / "last" / CARD_NAME).exists()
        return ["train", "--resume", folder / "out"] if begun else begin(folder)

    return again


def files_below(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that a command wrote."""
    files = [path for path in sorted((folder).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()) for path in files}


def last_row(folder: Path) -> dict[str, str]:
    """Return the last row without what is never the same twice."""
    row = json.loads((folder / "out").read_text().splitlines()[-1])
    return {key: str(value) for key, value in row.items() if key not in SECONDS_KEYS}


def weights(folder: Path) -> dict[str, str]:
    """Return the sha256 of the tensors of a training's checkpoints."""
    found: dict[str, str] = {}
    for name in ("best", "last"):
        card = read_card(folder / "out" / name)
        found |= {f"{name} {role}": entry["sha256"] for role, entry in card.files.items()}
    return found


def sha256(content: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def kill(name: str, job: Job, count: int, seed: int, folder: Path) -> Iterator[dict[str, str]]:
    """Yield what is wrong after each of ``count`` kills."""
    place = clean(folder / "whole")
    begun = time.monotonic()
    whole = start(job.words(place / "out"), place)
    error = whole.communicate()[1].decode()
    lasted = time.monotonic() - begun
    if whole.returncode:
        raise SystemExit(f"{name}: {error}")
    wanted = job.outcome(place / "out")
    rng = Random(f"{seed} {name}")
    for number in range(count):
        place = clean(folder / "killed")
        process = start(job.words(place / "out"), place)
        asked = signal.SIGTERM if number % 2 else signal.SIGKILL
        try:
            process.communicate(timeout=lasted * rng.uniform(0.1, 1.0))
        except subprocess.TimeoutExpired:
            process.send_signal(asked)
            process.communicate(timeout=MAX_S)
        at_once = left_in(place) if asked == signal.SIGTERM else []
        again = start(job.again(place / "out"), place)
        said = again.communicate(timeout=MAX_S)[1].decode()
        told = {"command": name, "number": str(number), "signal": asked.name}
        if at_once:
            yield told | {"fault": f"left after SIGTERM: {at_once}"}
        if again.returncode:
            yield told | {"fault": f"the second run ended with {again.returncode}: {said[-300:]}"}
        elif job.outcome(place / "out") != wanted:
            yield told | {"fault": "another outcome"}
        if left := left_in(place):
            yield told | {"fault": f"left: {left}"}


def clean(place: Path) -> Path:
    """Return an empty folder, with one for temporary files, a cache and one for the output."""
    shutil.rmtree(place, ignore_errors=True)
    for name in ("tmp", "cache", "out"):
        (place / name).mkdir(parents=True)
    return place


def start(words: Words, place: Path) -> "subprocess.Popen[bytes]":
    """Start a command whose temporary files and cache are in a folder."""
    more = {"TMPDIR": str(place / "tmp"), "UNVEIL_CACHE": str(place / "cache")}
    more |= {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "unveil", *map(str, words), "--quiet"]
    return subprocess.Popen(
        command, env=os.environ | more, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def left_in(place: Path) -> list[str]:
    """Return the partial and temporary files below a folder."""
    found = [*place.rglob(".unveil-*"), *(place / "tmp").iterdir()]
    return sorted(str(path.relative_to(place)) for path in found)


if __name__ == "__main__":
    script.run(main, __doc__)
