"""`unveil obfuscate --safe` on videos: a black box over each tracked face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from unveil import console
from unveil.auditing.safe import widen
from unveil.auditing.verdict import risk_of, shipped_curves
from unveil.console import clip_progress
from unveil.degradation import Solid
from unveil.errors import UsageError
from unveil.faces.finder import NO_FACE, FaceFinder, NoFaceError
from unveil.images.box import Box
from unveil.video.stream.covering import cover
from unveil.video.stream.info import Info
from unveil.video.stream.process import Change
from unveil.video.stream.reading import frames
from unveil.video.tracks import Track, link

DETECTION_INTERVAL_S = 0.2
"""Time between the frames on which the face detector runs."""


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
        max_pixels: larger frames are refused.
    """

    boxes: Sequence[Box]
    max_pixels: int

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
        tracks = link(self._sights(info))
        if not (tracks or self.boxes):
            raise NoFaceError(f"{info.path}: {NO_FACE}")
        self._say(tracks)

        def covered(seconds: float) -> list[Box]:
            seen = (track.at(seconds) for track in tracks)
            wide = [widen(box, *size) for box in (*self.boxes, *seen) if box is not None]
            return [box for box in wide if min(box.width, box.height) > 0]

        return partial(cover, info=info, covered=covered)

    def _sights(self, info: Info) -> Iterator[tuple[float, list[Box]]]:
        shown = frames(info.path, DETECTION_INTERVAL_S, self.max_pixels)
        label = f"faces in {info.path.name}"
        for frame in clip_progress(shown, label, info.seconds, lambda frame: frame.seconds):
            yield frame.seconds, self._finder.find_boxes(frame.rgb)

    def _say(self, tracks: Sequence[Track]) -> None:
        widest = max(
            box.width for boxes in (self.boxes, *(track.boxes for track in tracks)) for box in boxes
        )
        risk = risk_of(Solid(), widest, shipped_curves())
        said = "" if risk is None else f": risk {risk.share:.1%} (at most {risk.high:.1%})"
        count = len(tracks) + len(self.boxes)
        console.note(f"{count} {'face' if count == 1 else 'faces'} hidden with {Solid()}{said}.")
        console.add(
            faces=[*({"box": str(box)} for box in self.boxes), *(_as_row(one) for one in tracks)]
        )


def _as_row(track: Track) -> dict[str, object]:
    first, last = track.seconds[0], track.seconds[-1]
    seen = {"first_seconds": round(first, 3), "last_seconds": round(last, 3)}
    return seen | {"box": str(track.boxes[0]), "sights": len(track.boxes)}
