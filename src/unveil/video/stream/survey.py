"""One pass over the packets of a file, without decoding: what its header says proves nothing.

Times begin again where recordings were joined byte by byte, or paused; a length is missing, or is
not that of the pictures; a hole in the middle is skipped by FFmpeg in silence.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from unveil.video.stream.opening import seconds_of

GOES_BACK_S = 0.1
"""By more than that no sloppy recorder goes back; less is put right picture by picture."""

REORDERED = 16
"""Pictures that a codec may decode ahead of one that is shown earlier (H.264, annex A)."""

MISSING_STEPS = 2.5
"""Usual distances between two pictures from which some lack after one that arrived in part."""

TORN_PACKETS = 3
"""So many after a packet that arrived in part, pictures may lack."""

MIN_HOLE_BYTES = 2048
"""Bytes between two packets that are none of the file's own structure: more than a head takes."""

HELD_STEPS = 1.5
"""Usual distances between two pictures from which the last one is held."""

SUMMED = "mp4"
"""Kind of file that stores durations in the order of decoding: only their sum is right."""

STRUCTURE = {
    "matroska": [bytes.fromhex(one) for one in (
        "ec", "1c53bb6b", "1254c367", "1941a469", "1043a770", "114d9b74", "1549a966", "1654ae6b",
        "1a45dfa3",
    )],
    "avi": [b"ix", b"idx1", b"JUNK", b"LIST", b"RIFF"],
}  # fmt: skip
"""How what may stand between packets begins: padding, indices, tags; where packets lie closely."""

CLOCKS = ("mpegts", "mpeg")
"""Kinds of file whose times are those of a clock that began at any time: they are brought to 0."""

BEGINS = {"matroska": bytes.fromhex("1a45dfa3"), "mp4": b"ftyp", "flv": b"FLV\x01"}
"""How a file of this kind begins: it stands nowhere else, but where another was joined to it."""

MAX_REST_BYTES = 1 << 26

OPENING_TYPES = ("video", "audio")
"""Streams whose times may tell that a recording begins; captions come in any order."""

FALLBACK_STEP_S = 0.04


@dataclass(frozen=True)
class Survey:
    """What the packets of a file tell.

    Attributes:
        times: presentation times of the pictures, sorted, ``N`` int64 in their time base.
        shifts: for a stream, by its index, from which of its packets on its times move, and by
            how much in its own time base; all streams move alike.
        joints: times at which a recording goes on, in seconds.
        holes: what was lost, from and to when, in seconds.
        end: when the last picture is no longer shown, in their time base.
        last_s: when the last packet of any stream ends.
        promised_s: duration that the file declares; None for none.
        holds_another: whether another file follows, of which FFmpeg reads nothing.
    """

    times: np.ndarray
    shifts: dict[int, list[tuple[int, int]]]
    joints: list[float]
    holes: list[tuple[float, float]]
    end: int
    last_s: float
    promised_s: float | None
    holds_another: bool

    def shift_of(self, index: int) -> int:
        """Return by how much the first packets of a stream move, in its time base."""
        return next((by for _, by in self.shifts.get(index, [])), 0)

    def moved(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Yield packets with times that go on where those of the file begin again."""
        counts: dict[int, int] = {}
        for packet in packets:
            index = packet.stream.index
            number = counts.get(index, 0)
            counts[index] = number + 1
            shift = next(
                (by for first, by in reversed(self.shifts.get(index, [])) if number >= first), 0
            )
            if shift:
                packet.pts = None if packet.pts is None else packet.pts + shift
                packet.dts = None if packet.dts is None else packet.dts + shift
            yield packet

    def lasts(self, pts: int, told: int) -> int:
        """Return how long a picture is shown; ``told`` is right for all but the last one."""
        return told if pts < self.times[-1] else max(told, self.end - pts)

    def is_held(self) -> bool:
        """Return whether the last picture is shown longer than the others."""
        steps = np.diff(self.times)
        return len(steps) > 0 and bool(self.end - self.times[-1] > HELD_STEPS * np.median(steps))

    def is_sound_index(self) -> bool:
        """Return whether a picture is found by its time: every time is there once."""
        return not self.joints and len(np.unique(self.times)) == len(self.times)


@dataclass
class _Recording:
    """One of the recordings in a file: where it begins in the file, and from when to when it is."""

    pos: int = 0
    begin_s: float = float("inf")
    end_s: float = -float("inf")


@dataclass
class _Stream:
    """A stream: the packets counted, its last times, its recording and where those begin."""

    unit_s: float
    step_s: float
    count: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=REORDERED + 1))
    before_s: float = -float("inf")  # the latest time of all that are not recent
    recording: int = 0
    starts: list[tuple[int, int]] = field(default_factory=list)

    def goes_back(self, shown_s: float, *, is_key: bool) -> bool:
        """Return whether a packet is of another recording than those before it."""
        if not self.recent or max(self.before_s, *self.recent) - shown_s <= GOES_BACK_S:
            return False
        return shown_s < self.before_s or (is_key and shown_s <= min(self.recent))

    def show(self, shown_s: float) -> None:
        """Take note of when a packet is shown."""
        if len(self.recent) == self.recent.maxlen:
            self.before_s = max(self.before_s, self.recent[0])
        self.recent.append(shown_s)

    def begin(self, recording: int) -> None:
        """Begin another recording."""
        self.recording = recording
        self.starts.append((self.count, recording))
        self.recent.clear()
        self.before_s = -float("inf")


def survey(path: Path, container: Any, stream: Any) -> Survey:
    """Read all packets of an open file once; ``stream`` is the one of its pictures."""
    looked = _Surveyor(path, container, stream.index)
    for packet in container.demux():
        if packet.size:
            looked.see(packet)
    return looked.survey(seconds_of(stream, container))


class _Surveyor:
    def __init__(self, path: Path, container: Any, pictures: int) -> None:
        self._path, self._pictures = path, pictures
        self._streams = {one.index: _stream_of(one) for one in container.streams}
        self._recordings = [_Recording()]
        # Of each picture: time, recording, place, duration.
        self._rows: list[tuple[int, int, int, int]] = []
        self._format = container.format.name
        ids = (ids for name, ids in STRUCTURE.items() if name in self._format)
        self._structure = next(ids, None)
        self._end = self._begin = -1  # of the bytes that were read as packets, and of the last one
        self._gaps: list[tuple[int, int]] = []  # in bytes
        self._holes: list[tuple[float, float, int]] = []
        self._torn, self._last_s = 0, 0.0

    def see(self, packet: Any) -> None:
        """Take note of the next packet."""
        stream = self._streams.setdefault(packet.stream.index, _stream_of(packet.stream))
        pos = -1 if packet.pos is None else packet.pos
        shown = packet.pts if packet.pts is not None else packet.dts
        if pos >= 0:
            self._see_bytes(pos, packet.size)
        if shown is not None:
            shown_s = shown * stream.unit_s
            self._enter(packet, stream, shown_s, pos)
            recording = self._recordings[stream.recording]
            lasts = (packet.duration or 0) * stream.unit_s or stream.step_s
            recording.begin_s = min(recording.begin_s, shown_s)
            recording.end_s = max(recording.end_s, shown_s + lasts)
            if packet.stream.index == self._pictures and packet.dts is not None:
                self._see_torn(packet, stream)
            stream.show(shown_s)
        stream.count += 1
        if packet.stream.index == self._pictures and not packet.is_discard:
            self._rows.append((shown or 0, stream.recording, pos, packet.duration or 0))

    def _enter(self, packet: Any, stream: _Stream, shown_s: float, pos: int) -> None:
        """Move a stream to the recording that its packet is of."""
        newest = len(self._recordings) - 1
        wanted = newest if pos >= self._recordings[newest].pos > 0 else stream.recording
        if stream.goes_back(shown_s, is_key=packet.is_keyframe):
            wanted = max(wanted, stream.recording + 1)
        if wanted > newest:
            if packet.stream.type not in OPENING_TYPES:
                return
            self._recordings.append(_Recording(pos))
        if wanted > stream.recording:
            stream.begin(wanted)

    def _see_bytes(self, pos: int, size: int) -> None:
        """Take note of bytes that no packet holds and that are no part of the file's structure."""
        is_gap = self._structure is not None and pos - self._end > MIN_HOLE_BYTES
        if is_gap and self._end >= 0 and not self._is_structure():
            self._gaps.append((self._end, pos))
        begin = self._end if pos == self._begin else pos  # several packets of one block
        self._begin, self._end = pos, max(self._end, begin + size)

    def _is_structure(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(self._end)
            head = file.read(5)
        return any(head[skip:].startswith(one) for one in self._structure or () for skip in (0, 1))

    def _see_torn(self, packet: Any, stream: _Stream) -> None:
        """Take note of a gap just after a packet that arrived in part.

        Alone it says nothing: streams that were cut and joined have such packets and lack nothing.
        """
        at_s = packet.dts * stream.unit_s
        if self._torn > 0 and at_s - self._last_s > MISSING_STEPS * stream.step_s:
            self._holes.append((self._last_s, at_s, stream.recording))
        self._torn = TORN_PACKETS if packet.is_corrupt else self._torn - 1
        self._last_s = at_s

    def _holds_another(self) -> bool:
        """Return whether another file begins after the last packet that was read."""
        begin = next((of for name, of in BEGINS.items() if name in self._format), None)
        if begin is None or self._end < 0:
            return False
        with self._path.open("rb") as file:
            file.seek(self._end)
            return begin in file.read(MAX_REST_BYTES)

    def survey(self, promised_s: float | None) -> Survey:
        """Return what was seen."""
        has_clock = any(name in self._format.split(",") for name in CLOCKS)
        moved_s, joints = [-self._recordings[0].begin_s if has_clock else 0.0], []
        for before, after in pairwise(self._recordings):
            joints.append(before.end_s + moved_s[-1])
            moved_s.append(joints[-1] - after.begin_s)
        shifts = {
            index: [(first, round(moved_s[of] / one.unit_s)) for first, of in [(0, 0), *one.starts]]
            for index, one in self._streams.items()
            if one.unit_s
        }
        unit_s = self._streams[self._pictures].unit_s
        rows = np.array(self._rows, np.int64).reshape(-1, 4)
        times = rows[:, 0] + np.array([round(by / unit_s) for by in moved_s], np.int64)[rows[:, 1]]
        end = int((times + rows[:, 3]).max(initial=0))
        if SUMMED in self._format.split(",") and len(times):
            end = max(end, int(times.min() + rows[:, 3].sum()))
        holes = [_seconds_of(gap, rows[:, 2], times * unit_s) for gap in self._gaps]
        holes += [(start + moved_s[of], end + moved_s[of]) for start, end, of in self._holes]
        last_s = self._recordings[-1].end_s + moved_s[-1]
        more = self._holds_another()
        return Survey(np.sort(times), shifts, joints, holes, end, last_s, promised_s, more)


def _seconds_of(
    gap: tuple[int, int], places: np.ndarray, times_s: np.ndarray
) -> tuple[float, float]:
    """Return from and to when pictures lack where bytes do."""
    before, after = times_s[places < gap[0]], times_s[places >= gap[1]]
    start = float(before.max(initial=0.0))
    return start, max(float(after.min(initial=np.inf)) if len(after) else start, start)


def _stream_of(stream: Any) -> _Stream:
    """Return a stream of which no packet was seen; its rate says how long a picture is shown."""
    rate = stream.average_rate if stream.type == "video" else None
    step_s = 1 / float(rate) if rate else FALLBACK_STEP_S
    return _Stream(float(stream.time_base or 0), step_s)
