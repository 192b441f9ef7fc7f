"""`unveil obfuscate --safe` on videos: a black box over each tracked face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from unveil import console
from unveil.auditing.measured import risk_of, shipped_curves
from unveil.auditing.safe import widen
from unveil.console import clip_progress
from unveil.degradation import Solid
from unveil.errors import UsageError
from unveil.faces.finder import NO_FACE, FaceFinder, NoFaceError
from unveil.images.box import Box
from unveil.video.scenes import in_scenes
from unveil.video.sharing import Share, alone
from unveil.video.stream.covering import cover
from unveil.video.stream.info import Info
from unveil.video.stream.layout import Picture
from unveil.video.stream.process import Change
from unveil.video.stream.reading import read, to_rgb8, upright
from unveil.video.tracks import Doubt, Track, doubts
from unveil.video.watching import View, Watch

MAX_SAID = 10
"""Of places where a face may be open, so many are printed; ``--json`` has all."""


def check_operator(name: str | None) -> None:
    """Reject any operator other than a solid box for hiding faces in videos.

    Raises:
        UsageError: another operator is requested.
    """
    if name not in (None, "solid"):
        raise UsageError(
            f"--safe hides the faces in videos with a solid box, not with {name}: frames of a face "
            "that moves under a mosaic reveal more together than the measured risk of one frame."
        )


@dataclass(frozen=True)
class Hiding:
    """Hides the faces of clips.

    Attributes:
        boxes: of faces in every frame, beside those that are detected.
        unsure: the clips in which a face may be open, as they are known.
        share: how looks at pictures are shared among processes.
    """

    boxes: Sequence[Box]
    unsure: list[Path] = field(default_factory=list)
    share: Share = alone

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    def __call__(self, info: Info) -> Change:
        """Return the change that hides the faces of a clip; print their number and the risk.

        Raises:
            NoFaceError: no face is found.
            UsageError: a box is not inside the frame.
        """
        size = info.width, info.height
        for box in self.boxes:
            box.check_inside(*size)
        tracks = Watch(self._finder, self.share).watch(_views(info))
        if not (tracks or self.boxes):
            raise NoFaceError(f"{info.path}: {NO_FACE}")
        told = [widen(box, *size) for box in self.boxes]
        self._say(tracks)
        self._doubt(info, doubts(tracks, told))

        def covered(seconds: float) -> list[Box]:
            seen = (track.at(seconds) for track in tracks)
            wide = [*told, *(widen(box, *size) for box in seen if box is not None)]
            return [box for box in wide if min(box.width, box.height) > 0]

        return partial(cover, info=info, covered=covered)

    def _say(self, tracks: Sequence[Track]) -> None:
        widths = (spot.side for track in tracks for spot in track.spots)
        widest = max((*(box.width for box in self.boxes), *widths))
        risk = risk_of(Solid(), round(widest), shipped_curves())
        said = "" if risk is None else f": risk {risk.share:.1%} (at most {risk.high:.1%})"
        count = len(tracks) + len(self.boxes)
        console.note(f"{count} {'face' if count == 1 else 'faces'} hidden with {Solid()}{said}.")
        console.add(
            faces=[*({"box": str(box)} for box in self.boxes), *(_as_row(one) for one in tracks)]
        )

    def _doubt(self, info: Info, found: Sequence[Doubt]) -> None:
        """Say where a face may be open."""
        if found:
            self.unsure.append(info.path)
        for one in found[:MAX_SAID]:
            console.warn(f"{one}: look there, and hide what is open with --box X,Y,W,H")
        if len(found) > MAX_SAID:
            console.warn(f"and {len(found) - MAX_SAID} more such places; --json names them all")
        console.add(
            look_at=[
                {"seconds": round(one.seconds, 3), "box": str(one.box), "why": one.why}
                for one in found
            ]
        )


def _views(info: Info) -> Iterator[tuple[int, View]]:
    """Yield the pictures of a clip as they are seen, with the number of their scene."""

    def seconds(picture: Picture) -> float:
        return float(picture.pts * info.time_base)

    pictures = clip_progress(read(info), f"faces in {info.path.name}", info.seconds, seconds)
    for scene, picture in in_scenes(pictures, info.layout.bits):
        yield scene, (seconds(picture), to_rgb8(upright(picture, info)))


def _as_row(track: Track) -> dict[str, object]:
    first, last = track.seconds[0], track.seconds[-1]
    seen = {"first_seconds": round(first, 3), "last_seconds": round(last, 3)}
    return seen | {"box": str(track.spots[0].box), "sights": len(track.spots)}
