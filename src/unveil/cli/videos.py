"""Videos among the inputs of `unveil obfuscate` and `unveil restore`."""

from collections.abc import Sequence
from pathlib import Path

from unveil.errors import UsageError
from unveil.extras import require
from unveil.video.stream.opening import SUFFIXES


def are_videos(inputs: Sequence[Path], **for_videos: object) -> bool:
    """Say whether the inputs are videos.

    Args:
        inputs: files.
        for_videos: flags that photos do not have, None where they are not given.

    Raises:
        UsageError: some are videos and some are not, or flags for videos come with photos.
        UnveilError: the extra ``video`` is not installed.
    """
    videos = [path for path in inputs if path.suffix.lower() in SUFFIXES]
    if not videos:
        _refuse("videos", for_videos)
        return False
    if len(videos) < len(inputs):
        raise UsageError("videos and photos do not go together; take one kind at a time.")
    require("video")
    return True


def refuse(**for_photos: object) -> None:
    """Refuse flags that videos do not have.

    Raises:
        UsageError: one of them is given; its name is said.
    """
    _refuse("photos", for_photos)


def _refuse(kind: str, flags: dict[str, object]) -> None:
    for name, value in flags.items():
        if value:
            raise UsageError(f"--{name.replace('_', '-')} is for {kind}.")
