"""The answers about videos: short ones, all frames of which are looked at when faces are hidden."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unveil import console
from unveil.auditing.brief import headline, how_hidden, level
from unveil.auditing.covers import Shape, Style
from unveil.auditing.photo import Auditor
from unveil.degradation import Degradation, Operator
from unveil.errors import UnveilError, UsageError
from unveil.estimation.finding import Finding
from unveil.extras import require
from unveil.images.box import Box
from unveil.restoration.steps import Request
from unveil.web.commands import for_clip
from unveil.web.jobs import Answered, Job, numbers, only, part_row, restorer, sentence

EVERY_SECONDS = 1.0
"""Interval at which frames are audited."""


def find(job: Job, box: Sequence[Box]) -> Answered:
    """Return what hides a video: the same in most of the pictures that are looked at."""
    from unveil.video.restoring import find_in_clip

    info = _described(job, "inspect")
    for one in box:
        one.check_inside(info.width, info.height)
    job.tell("Looking for what is hidden.")
    found, _ = find_in_clip(info, Request(box=only(box)))
    parts = (
        [{**part_row(one), "moves": False} for one in found.parts]
        if isinstance(found, Finding)
        else [{**found.as_row(), "box": None, "moves": True}]
    )
    told = {"width": info.width, "height": info.height, "seconds": info.seconds}
    return {**told, "parts": parts, "words": [f"{found}."]}, ()


def judge(job: Job, box: Sequence[Box], operator: Operator | None, find: bool) -> Answered:
    """Return the verdicts on the faces in frames of a video, one a second."""
    from unveil.video.auditing import audit_video

    info = _described(job, "audit")
    if not find:
        raise UsageError("in a video faces are always looked for.")
    auditor = Auditor(box, None, None, job.limits.max_pixels, operator)
    rows = []
    for seconds, verdict in audit_video(auditor, job.file, EVERY_SECONDS):
        job.tell(f"Looked at {seconds:.0f} of {info.seconds:.0f} s.")
        rows.append(
            {
                **verdict.as_row(),
                "seconds": round(seconds, 3),
                "box": numbers(verdict.box),
                "level": level(verdict),
                "headline": headline(verdict),
                "how": how_hidden(verdict),
            }
        )
    risky = sum(row["level"] == "risk" for row in rows)
    faces = f"{len(rows)} face{'' if len(rows) == 1 else 's'}"
    words = f"{faces} seen in the pictures looked at, one a second; {risky} at risk. "
    words += f"{auditor.passed_over} pictures in between were not looked at."
    told = {"width": info.width, "height": info.height, "seconds": info.seconds}
    return {**told, "regions": rows, "words": [words]}, ()


def hide_faces(
    job: Job, box: Sequence[Box], spare: Sequence[Box], strokes: str, find: bool, style: Style,
    across: int | None, operator: Operator | None, shape: Shape, check: bool,
) -> Answered:  # fmt: skip
    """Hide the faces of a video under solid boxes, or apply an operator to all of it."""
    from unveil.video.hiding_faces import Hiding
    from unveil.video.obfuscating import Obfuscating

    del check, shape, style  # what is safe in a video is a solid box, and looked for in every frame
    _described(job, "obfuscate")
    if spare or strokes or across or not find:
        raise UsageError("in a video every face is hidden, by a solid box: leave the rest out.")
    hiding = Hiding(box)
    path = _processed(job, hiding if operator is None else Obfuscating(operator), "hidden")
    passes = not hiding.unsure
    told = {"checked": {"passes": passes} if operator is None else None}
    return {**told, "words": [sentence(one) for one in job.remarks]}, [path]


def undo(
    job: Job, box: Sequence[Box], operator: Operator | None, strokes: str, realism: float,
    samples: int,
) -> Answered:  # fmt: skip
    """Restore a video."""
    from unveil.video.restoring import Restoring

    _described(job, "restore")
    if strokes or realism or samples or job.mask is not None:
        raise UsageError("masks, realism and samples are for photos.")
    linear = None if operator is None else Degradation(operator).linear
    request = Request(linear, only(box), is_fast=True)
    path = _processed(job, Restoring(request, restorer), "restored")
    return {"undone": True, "label": None, "words": [sentence(one) for one in job.remarks]}, [path]


def _described(job: Job, name: str) -> Any:
    """Return what a video is.

    Raises:
        UnveilError: it cannot be read, or is too long.
    """
    require("video")
    from unveil.video.stream.info import describe

    job.tell("Reading the video.")
    info, most = describe(job.file, job.limits.max_pixels), job.limits.max_video_seconds
    if info.seconds > most:
        raise UnveilError(
            f"the video lasts {info.seconds:.0f} s, and {most:g} s are taken here; use the "
            f"command: {for_clip(name, job.named.own)}"
        )
    return info


def _processed(job: Job, changes: Any, name: str) -> Path:
    """Change and write a video; return the path of the result."""
    from unveil.video.stream.codecs import choose
    from unveil.video.stream.info import describe
    from unveil.video.stream.process import plan, process
    from unveil.video.stream.writing import SAFE_TYPES

    target = job.file.with_name(f"{job.named.stem}-{name}{job.file.suffix}")
    info = describe(job.file, job.limits.max_pixels)
    planned = plan(info, target, choose(target, None, None), SAFE_TYPES)
    change = changes(planned.info)
    process(planned, change, lambda pictures: console.clip_progress(
        pictures, "writing", info.seconds, lambda one: float(one.pts * info.time_base)
    ))  # fmt: skip
    return target
