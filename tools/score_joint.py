"""Score frames restored together beside one by one: PSNR, flicker and re-identification.

    python tools/score_joint.py --data ../shared/lfw
    python tools/score_joint.py --clip clip.mp4 --box X,Y,W,H

Clips are made from LFW's photos by known motion: in seven frames the face is moved by a few pixels,
rotated and scaled a little, under an operator at rest. Or they are frames of a real clip. Appends a
row for each operator and way to ``results/joint.jsonl``.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import script
from unveil.auditing import attack
from unveil.auditing.curve import risks
from unveil.auditing.measured import RISK
from unveil.auditing.scene import MIN_TRAINING, Scene, open_scene
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation, parse_operator
from unveil.degradation.degrade import degrade
from unveil.degradation.families import family_of
from unveil.errors import UnveilError, UsageError
from unveil.faces.embedder import distances_between, load_embedder
from unveil.images.box import Box, parse_box
from unveil.images.photos import MAX_PIXELS
from unveil.metrics.quality import METRICS
from unveil.networks.torch_engine import choose_runtime
from unveil.report import tables
from unveil.report.rows import Row, append_row, read_rows, rounded
from unveil.restoration.joint.warp import at_rest, warp
from unveil.restoration.joint.window import restore_window
from unveil.restoration.restorers import Restorer, load
from unveil.runtime import keep_freed_memory, provenance
from unveil.video.stream.reading import frames

FRAMES = 7
FACE_PX = 112
ALL_S = 1e-6
"""Time between frames that leaves none out."""

WAYS = ("obfuscated", "alone", "together")


@dataclass(frozen=True)
class Options:
    """What to score.

    Args:
        data: folder of people.
        clip: a video instead.
        box: the part of the video to obfuscate, X,Y,W,H.
        probes: greatest number of people.
        operators: to obfuscate with; weights trained on other people undo them.
        out: file of rows.
    """

    data: Path | None = None
    clip: Path | None = None
    box: str | None = None
    probes: int = 300
    operators: tuple[str, ...] = ("pixelate:block=8", "gaussian:kernel=9,sigma=4")
    out: Path = Path("results/joint.jsonl")


def main(options: Options) -> None:
    """Score, append the rows and print them."""
    keep_freed_memory()
    runtime = choose_runtime(RuntimeConfig())
    score = chosen(options)
    for text in options.operators:
        degradation = Degradation(parse_operator(text))
        restorer = load(f"{family_of(degradation.linear)}-people")
        for row in score(degradation, restorer):
            known: Row = {"operator": text, "storage": str(degradation.storage)}
            known["restorer"] = restorer.name
            append_row(options.out, known | row | provenance(runtime))
    rows = read_rows(options.out)
    print(tables.markdown([{key: row.get(key) for key in SHOWN} for row in rows]))


SHOWN = ("operator", "clip", "model", "psnr", "flicker", RISK, "images")


def chosen(options: Options) -> Callable[[Degradation, Restorer], list[Row]]:
    """Return what scores a restorer on the clips that the options ask for.

    Raises:
        UsageError: neither people nor a clip with a box, or both.
    """
    match options:
        case Options(data=Path() as data, clip=None, box=None):
            return partial(score_people, data, options.probes)
        case Options(data=None, clip=Path() as clip, box=str() as box):
            return partial(score_clip, clip, parse_box(box))
        case _:
            raise UsageError("give --data FOLDER, or --clip FILE and --box X,Y,W,H.")


def score_people(
    data: Path, probes: int, degradation: Degradation, restorer: Restorer
) -> list[Row]:
    """Return a row for each way: clips of people in motion, the middle frame identified.

    Args:
        data: folder of people.
        probes: greatest number of people.
        degradation: what obfuscates the clips.
        restorer: what undoes it.
    """
    scene = open_scene(data, probes, MIN_TRAINING)
    faces = attack.Faces(scene.portraits, load_embedder(None), FACE_PX)
    gallery = attack.embed_clean(faces, scene.gallery)
    scored: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    seen: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    for clean, points in _clips(scene):
        hidden = degrade(clean, degradation)
        for way, shown in _restored(hidden, degradation, restorer).items():
            scored[way].append(_likeness(shown, clean))
            seen[way].append(faces.embedder.embed(shown[FRAMES // 2][None], points))
    rows = []
    for way in WAYS:
        named = risks(distances_between(np.concatenate(seen[way]), gallery), scene.mates)
        rows.append(_row("LFW, moved", way, scored[way]) | named)
    return rows


def score_clip(clip: Path, box: Box, degradation: Degradation, restorer: Restorer) -> list[Row]:
    """Return a row for each way: a real clip, seven frames at a time.

    Args:
        clip: a video, at least seven frames long.
        box: the part of it that is obfuscated and restored.
        degradation: what obfuscates it.
        restorer: what undoes it.

    Raises:
        UnveilError: the clip is too short.
        UsageError: the box is not inside its frames.
    """
    pictures = [frame.rgb for frame in frames(clip, ALL_S, MAX_PIXELS)]
    if len(pictures) < FRAMES:
        raise UnveilError(f"{clip}: {len(pictures)} frames are too few; {FRAMES} are needed.")
    box.check_inside(pictures[0].shape[1], pictures[0].shape[0])
    part = np.stack(pictures).transpose(0, 3, 1, 2)[..., *box.place] / np.float32(255)
    scored: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for first in range(0, len(part) - FRAMES + 1, FRAMES):
        clean = part[first : first + FRAMES]
        hidden = degrade(clean, degradation)
        for way, shown in _restored(hidden, degradation, restorer).items():
            scored[way].append(_likeness(shown, clean))
    return [_row(clip.name, way, scored[way]) for way in WAYS]


def _clips(scene: Scene) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for number in scene.probes.tolist():
        portrait, points = scene.portraits.part(np.array([number]), FACE_PX)
        clean = warp(portrait, _motions(number)).clip(0, 1)
        yield (clean * 255).round() / 255, points


def _motions(seed: int) -> np.ndarray:
    """Return a path of seven frames, at rest in the middle: up to 4 px, 2 degrees, 2 %."""
    drawn = np.random.default_rng(seed).random((4, 3))
    motions = at_rest(FRAMES)
    for number, time in enumerate(range(-(FRAMES // 2), FRAMES // 2 + 1)):
        speeds, phases = 0.5 + 1.2 * drawn[:, 0], 2 * math.pi * drawn[:, 1]
        across, down, turn, zoom = (
            (np.sin(speeds * time + phases) - np.sin(phases)) * [2.0, 2.0, math.radians(1), 0.01]
        ).tolist()
        cosine, sine = (1 + zoom) * math.cos(turn), (1 + zoom) * math.sin(turn)
        motions[number] = np.array([[cosine, -sine, across], [sine, cosine, down]])
    return motions


def _restored(
    hidden: np.ndarray, degradation: Degradation, restorer: Restorer
) -> dict[str, np.ndarray]:
    def alone(images: np.ndarray) -> np.ndarray:
        return restorer.restore(images, degradation)

    together = restore_window(hidden, degradation, restorer.prior, alone)
    return dict(zip(WAYS, (hidden, alone(hidden), together), strict=True))


def _likeness(shown: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """Return the means of the metrics over frames, and flicker in levels of 255.

    Flicker: root mean square of the error's change from frame to frame.
    """
    change = np.sqrt((np.diff(shown - clean, axis=0) ** 2).mean())
    likeness = {name: float(metric(shown, clean).mean()) for name, metric in METRICS.items()}
    return likeness | {"flicker": 255 * float(change)}


def _row(clip: str, way: str, scored: list[dict[str, float]]) -> Row:
    means = {name: rounded(sum(clip[name] for clip in scored) / len(scored)) for name in scored[0]}
    known: Row = {"clip": clip, "model": way, "images": len(scored), "split": "people"}
    return known | {"images_per_second": None} | means


if __name__ == "__main__":
    script.run(main, __doc__)
