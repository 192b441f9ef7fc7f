"""Writes the frames and the other streams into one file, atomically.

The frames are encoded; audio and, unless people are hidden, subtitles are copied packet by packet.
What could identify people is left out, as with photos: location and camera metadata, titles,
chapters, cover art, attachments, data streams, comments in the sound's headers.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.files import temporary_beside
from unveil.video.stream import fields
from unveil.video.stream.codecs import H264, HEVC, Encoding, encoder_for
from unveil.video.stream.fields import Marking
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Layout, Picture, frame_of
from unveil.video.stream.opening import opened
from unveil.video.stream.vorbis import without_comments

COPIED_TYPES = ("audio", "subtitle")
SAFE_TYPES = ("audio",)
"""What is copied where people are hidden: captions of drones and dashcams say where they were."""

PLAIN = {"fflags": "+bitexact"}
"""Muxer option: no version of the program, no random numbers."""

ISO_SUFFIXES = (".mp4", ".m4v", ".mov")
"""Containers of the ISO base media format, which has its own words for what others also say."""

ISO_TAGS = {HEVC: "hvc1"}
"""Of codecs that FFmpeg tags as Apple's programs do not read."""

IN_ORDER = {H264: {"bf": "0"}, HEVC: {"x265-params": "bframes=0"}}
"""Options of encoders to code the last picture last: such a container keeps its duration then."""

INDEX_FIRST = {"movflags": "+faststart"}
"""Muxer option: the index at the start, so that playback starts before the download ends."""

LANGUAGE = re.compile("[a-z]{3}")
"""A code of ISO 639-2: Matroska takes any text."""


def left_out(info: Info, copied: Sequence[str]) -> dict[str, int]:
    """Return how many parts of a clip are not written, by their kind."""
    with opened(info.path) as source:
        kinds = [stream.type for stream in source.streams if stream.type not in copied]
        counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        counts["video"] = counts.get("video", 0) - 1  # the pictures, which are encoded anew
        return {k: n for k, n in (counts | {"chapter": len(source.chapters())}).items() if n > 0}


def unkept(info: Info, target: Path, encoding: Encoding) -> list[str]:
    """Return what of the pictures, beside their samples, cannot be written, as phrases."""
    lost = list(info.unwritten)
    if info.mastering is not None and not info.mastering.options(encoding.codec.encoder):
        lost.append("the mastering display of HDR10")
    told = [f"without {one}" for one in lost]
    has_aspect = encoding.codec.has_aspect or _is_iso(target)
    if info.aspect is not None and not has_aspect:
        told.append(
            f"with square pixels, not {info.aspect.numerator}:{info.aspect.denominator}, which "
            f"{encoding.name} in {target.suffix} cannot say here"
        )
    return [f"written {' and '.join(told)}"] if told else []


@contextlib.contextmanager
def writer(
    target: Path,
    info: Info,
    layout: Layout,
    encoding: Encoding,
    copied: Sequence[str],
    *,
    replaces: bool = True,
) -> Iterator["Writer"]:
    """Yield the writer of ``target``, which appears once it is complete; the folder must exist.

    Args:
        target: the file.
        info: the clip whose other streams are copied.
        layout: of the samples that are written.
        encoding: codec and quality.
        copied: types of the streams that are copied.
        replaces: whether the file may be there by then.

    Raises:
        UnveilError: the file cannot be written: permissions, a full disk, or a stream that the
            container cannot hold. No file is left then.
    """
    try:
        with (
            opened(info.path) as source,
            temporary_beside(target, replaces=replaces) as partial,
            _file(target, partial) as container,
        ):
            others = _Others(container, source, info, copied)
            yield (made := Writer(container, others, info, layout, encoding))
            made.finish()
    except OSError as error:
        raise UnveilError(f"{target}: cannot be written ({error.strerror}).") from None


@contextlib.contextmanager
def _file(target: Path, partial: Path) -> Iterator[Any]:
    """Yield the open container of ``partial``, which becomes ``target``."""
    import av

    try:
        # An absolute path: FFmpeg takes what stands before a colon for a protocol.
        with av.open(str(partial.absolute()), "w", options=_options(target)) as container:
            yield container
    except av.error.FFmpegError as error:
        raise UnveilError(f"{target}: cannot be written ({error.strerror}).") from None


def _options(target: Path) -> dict[str, str]:
    return PLAIN | (INDEX_FIRST if _is_iso(target) else {})


def _is_iso(target: Path) -> bool:
    return target.suffix.lower() in ISO_SUFFIXES


class Writer:
    """Writes the frames of a clip in order, interleaved with its other streams."""

    def __init__(
        self, container: Any, others: "_Others", info: Info, layout: Layout, encoding: Encoding
    ) -> None:
        self._container, self._layout, self._others = container, layout, others
        self._stream = _picture_stream(container, info, layout, encoding)
        self._marking = Marking(info.fields)
        others.open()
        self._durations: dict[int, int] = {}
        self._time_base = info.time_base
        container.start_encoding()

    def write(self, picture: Picture) -> None:
        """Write the next frame."""
        frame = frame_of(picture, self._layout)
        frame.time_base = self._time_base
        self._durations[picture.pts] = picture.duration
        self._mux(self._stream.encode(self._marking.mark(frame)))

    def finish(self) -> None:
        """Flush the encoder, and copy the rest of the other streams."""
        self._mux(self._stream.encode(None))
        self._others.copy_until(None)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, 0) or packet.duration
            self._others.copy_until(packet.dts * packet.time_base)
            self._container.mux(packet)


def _picture_stream(container: Any, info: Info, layout: Layout, encoding: Encoding) -> Any:
    encoder = encoder_for(encoding)
    is_iso = _is_iso(Path(container.name))
    options = _encoder_options(info, encoding, is_iso=is_iso)
    stream = container.add_stream(encoder.name, rate=info.rate, options=options)
    stream.width, stream.height = info.turn.size(info.width, info.height)
    stream.pix_fmt = layout.pix_fmt
    context, tags = stream.codec_context, info.tags
    stream.time_base = context.time_base = info.time_base
    context.color_range, context.colorspace = tags.range, tags.matrix
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    if info.aspect is not None:
        context.sample_aspect_ratio = info.aspect
    if info.fields is not None:
        context.field_order = fields.CODED[info.fields]
        context.flags |= fields.FLAGS
    if is_iso and encoding.name in ISO_TAGS:
        context.codec_tag = ISO_TAGS[encoding.name]
    stream.set_display_matrix(info.matrix)
    return stream


def _encoder_options(info: Info, encoding: Encoding, *, is_iso: bool) -> dict[str, str]:
    """Return the options of the encoder with those that this clip needs."""
    needed = [encoding.options]
    if info.mastering is not None:
        needed.append(info.mastering.options(encoding.codec.encoder))
    if info.fields is not None and encoding.name == H264:
        needed.append({fields.OPTION: f"{info.fields}=1"})
    if is_iso and info.survey.is_held():
        needed.append(IN_ORDER.get(encoding.name, {}))
    joined: dict[str, str] = {}
    for options in needed:
        for name, value in options.items():
            joined[name] = f"{joined[name]}:{value}" if name in joined else value
    return joined


class _Others:
    """The copied streams, read in step with the encoded frames so that memory stays constant."""

    def __init__(self, container: Any, source: Any, info: Info, copied: Sequence[str]) -> None:
        self._container, self._source = container, source
        self._survey, self._copied = info.survey, copied
        self._streams: dict[int, Any] = {}
        self._last: dict[int, int] = {}

    def open(self) -> None:
        """Add the streams to the output, after that of the pictures."""
        self._streams = {
            stream.index: _copy_of(self._container, stream)
            for stream in self._source.streams
            if stream.type in self._copied
        }
        self._packets = self._read()
        self._next = next(self._packets, None)

    def _read(self) -> Iterator[Any]:
        wanted = [self._source.streams[index] for index in self._streams]
        packets = self._source.demux(wanted) if wanted else ()
        for packet in self._survey.moved(packets):
            if packet.size and (packet.dts is not None or packet.pts is not None):
                self._put_in_order(packet)
                yield packet

    def _put_in_order(self, packet: Any) -> None:
        """Move a packet behind the one before it; no container takes times that go back."""
        index, at = packet.stream.index, packet.pts if packet.dts is None else packet.dts
        if packet.stream.type == "audio":
            least = self._last.get(index, at - 1) + 1
            if at < least:
                packet.dts = packet.pts = at = least
            self._last[index] = at

    def copy_until(self, seconds: Fraction | None) -> None:
        """Copy the packets up to ``seconds``; all that remain if None."""
        while self._next is not None and (seconds is None or _begins(self._next) <= seconds):
            packet, self._next = self._next, next(self._packets, None)
            packet.stream = self._streams[packet.stream.index]
            self._container.mux(packet)


def _begins(packet: Any) -> Fraction:
    at = packet.dts if packet.dts is not None else packet.pts
    return Fraction(at * packet.time_base)


def _copy_of(container: Any, stream: Any) -> Any:
    """Return the output stream for the packets of a source stream."""
    copy = container.add_stream_from_template(stream)
    copy.disposition = stream.disposition
    if stream.codec_context is not None and stream.codec_context.name == "vorbis":
        headers = bytes(stream.codec_context.extradata or b"")
        with contextlib.suppress(ValueError):  # FFmpeg says what is wrong with them
            copy.codec_context.extradata = without_comments(headers)
    if LANGUAGE.fullmatch(language := stream.metadata.get("language", "")):
        copy.metadata["language"] = language
    return copy
