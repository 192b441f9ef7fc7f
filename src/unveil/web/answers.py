"""The answers, by endpoint and kind of file; run in the worker."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unveil import console
from unveil.auditing.measured import shipped_curves
from unveil.degradation import Degradation, GaussianBlur, Pixelate
from unveil.errors import UnveilError
from unveil.estimation.inspection import inspect
from unveil.images.arrays import to_array
from unveil.images.photos import Photo
from unveil.linear.prior import read_prior
from unveil.report.rows import Row
from unveil.restoration.choice import model_for
from unveil.runtime import keep_freed_memory
from unveil.video.stream.opening import is_video
from unveil.web import checking, clips, hiding, restoring
from unveil.web.commands import command
from unveil.web.jobs import Answered, Job, Named, finder, restorer
from unveil.web.limits import Limits
from unveil.web.worker import Tell

MEDIA = {
    ".png": "image/png", ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime",
    ".mkv": "video/x-matroska", ".webm": "video/webm",
}  # fmt: skip
"""Types of the files that answers come with, by suffix."""

OF_PHOTOS: dict[str, Callable[..., Answered]] = {
    "inspect": checking.find,
    "audit": checking.judge,
    "obfuscate": hiding.hide_parts,
    "restore": restoring.undo,
}
OF_CLIPS: dict[str, Callable[..., Answered]] = {
    "inspect": clips.find,
    "audit": clips.judge,
    "obfuscate": clips.hide_faces,
    "restore": clips.undo,
}

NOT_FOR_PEOPLE = {
    "--box X,Y,W,H": "a box",
    "--operator SPEC": "an operator",
    "; raise it with --max-pixels if you trust the file": "",
    "; --force undoes it all the same": "",
    "hidden with solid:level=0": "covered with a black box",
}
"""Flags and operators of commands, and what stands in their place here."""


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    Attributes:
        told: JSON values; its ``words`` are sentences.
        files: pictures, or a video, in the folder of the request.
    """

    told: Row
    files: Sequence[Path] = field(default=())


def prepare() -> None:
    """Load models and run them once, so that the first answer is as fast as later ones."""
    keep_freed_memory()  # each answer reuses the memory of the last one
    photo = Photo(np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8))
    for known in (Degradation(GaussianBlur(13, 2.0)), Degradation(Pixelate(8))):
        restorer(model_for(known)).restore(to_array(photo), known)
    inspect(to_array(photo), photo.storage, read_prior())
    finder().find_boxes(photo.rgb)
    shipped_curves()


def answer(
    tell: Tell, name: str, file: Path, mask: Path | None, named: Named, values: Mapping[str, Any],
    limits: Limits,
) -> Answer:  # fmt: skip
    """Return the answer of an endpoint.

    Args:
        tell: takes what happens.
        name: of the endpoint.
        file: photo or video.
        mask: photo, white where something is hidden; None for none.
        named: what the files are called.
        values: of the endpoint's fields.
        limits: on the request.

    Raises:
        UnveilError: the file cannot be read or answered.
        UsageError: values that do not go together.
    """
    is_clip = is_video(file)
    answers = OF_CLIPS if is_clip else OF_PHOTOS
    job = Job(tell, file, mask, named, limits)
    try:
        with console.settings(quiet=False, as_json=False, hear=job.hear):
            told, files = answers[name](job, **values)
    except UnveilError as error:
        raise type(error)(_said(str(error), file, mask)) from None
    told["words"] = [_said(words, file, mask) for words in told["words"]]
    is_whole = is_clip or not told.get("hidden")
    told["command"] = command(name, values, named, is_clip=is_clip, is_whole=is_whole)
    return Answer(told, files)


def _said(words: str, file: Path, mask: Path | None) -> str:
    """Return words without the paths of this request and without advice on flags."""
    said = words if mask is None else words.replace(str(mask), "the mask")
    said = said.replace(str(file), "the file")
    said = re.sub(r"\b(the (?:file|mask): )+", r"\1", said)
    said = re.sub(r"\b(the (?:file|mask)): is ", r"\1 is ", said)
    for flags, instead in NOT_FOR_PEOPLE.items():
        said = said.replace(flags, instead)
    return said[:1].upper() + said[1:]
