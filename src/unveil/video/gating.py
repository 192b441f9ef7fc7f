"""The gate on a clip: every face of every picture of the original is hidden in the output."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from unveil.auditing.gate import Gate, Gated
from unveil.errors import UnveilError
from unveil.images.photos import Photo
from unveil.video.stream.info import describe
from unveil.video.stream.reading import ROUNDING_S, frames

EVERY_PICTURE_S = 0.0


def gate_video(
    gate: Gate, output: Path, original: Path, every_seconds: float, max_pixels: int
) -> Iterator[tuple[float, Photo, list[Gated]]]:
    """Yield, of each picture, its time in the output, the picture, and what became of its faces.

    Args:
        gate: judges each picture.
        output: the clip that is to be published.
        original: the same before anything was hidden.
        every_seconds: time between two pictures in which the strength of every face is judged; in
            the others, of those that are still like the original.
        max_pixels: larger pictures are refused.

    Raises:
        UnveilError: a clip cannot be read, or the two are not one clip.
    """
    storage, due = describe(output, max_pixels).storage, 0.0
    clips = (frames(path, EVERY_PICTURE_S, max_pixels) for path in (output, original))
    for shown, before in zip_longest(*clips):
        if shown is None or before is None:
            raise UnveilError(f"{output}: not the original's clip: it has more or fewer pictures.")
        photo, judges = Photo(shown.rgb, storage=storage), shown.seconds >= due - ROUNDING_S
        try:
            gated = gate.check(photo, Photo(before.rgb), strength=judges)
        except UnveilError as error:
            raise UnveilError(f"{output}, {shown.seconds:.1f} s: {error}") from None
        if judges and gated:
            due = shown.seconds + every_seconds
        yield shown.seconds, photo, gated
