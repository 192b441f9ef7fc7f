"""Which containers can hold the sound and the subtitles of a clip, by trying them."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.video.stream.codecs import FORMATS
from unveil.video.stream.info import Info
from unveil.video.stream.opening import opened

REMEDIES = {
    "audio": "convert it first, `ffmpeg -i IN -c copy -c:a aac OUT.mkv`",
    "subtitle": "leave it out first, `ffmpeg -i IN -map 0 -map -0:s -c copy OUT.mkv`",
}
"""What to do where no container holds all streams of a clip, by the kind of one."""


def check_held(info: Info, target: Path, copied: Sequence[str]) -> None:
    """Refuse a container that cannot hold what is copied into it beside the pictures.

    Args:
        info: the clip.
        target: the file to write.
        copied: types of the streams that are copied.

    Raises:
        UnveilError: names the stream, and the containers that hold it and all others.
    """
    with opened(info.path) as source:
        streams = [stream for stream in source.streams if stream.type in copied]
        unheld = next((one for one in streams if not _holds(target.suffix.lower(), one)), None)
        if unheld is None:
            return
        fits = [suffix for suffix in FORMATS if all(_holds(suffix, one) for one in streams)]
        raise UnveilError(
            f"{target}: {target.suffix} cannot hold the source's {unheld.type} ({_name(unheld)}); "
            f"{_remedy(fits, unheld.type)}."
        )


def _remedy(fits: Sequence[str], kind: str) -> str:
    return f"{', '.join(fits)} can" if fits else REMEDIES[kind]


def _name(stream: Any) -> str:
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context else "unknown"


def _holds(suffix: str, stream: Any) -> bool:
    """Return whether a container takes a stream: some say so only when their head is written."""
    import av

    took = False
    with (
        contextlib.suppress(ValueError, av.error.FFmpegError),
        av.open(io.BytesIO(), "w", format=FORMATS[suffix]) as container,
    ):
        container.add_stream_from_template(stream)
        container.start_encoding()
        took = True  # what fails from here on does so because there are no packets
    return took
