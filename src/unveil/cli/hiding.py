"""`unveil obfuscate --safe` on photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unveil import console
from unveil.auditing.safe import SAME_PERSON, Hidden, distances_to_self, hide
from unveil.auditing.verdict import shipped_curves
from unveil.faces.embedder import Embedder, load_embedder
from unveil.faces.finder import Face, FaceFinder, NoFaceError
from unveil.images.arrays import to_array, to_photo
from unveil.images.box import Box
from unveil.images.photos import Photo
from unveil.images.pixels import to_8bit
from unveil.report.rows import Row


@dataclass(frozen=True)
class Hider:
    """Hides the faces of photos with the mildest safe setting, and reports the setting.

    Args:
        boxes: boxes of the faces; if empty, faces are detected.
        kind: name of the operator.
        limit: largest risk, at the upper end of its confidence interval.
    """

    boxes: Sequence[Box]
    kind: str
    limit: float

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(None)

    def __call__(self, photo: Photo) -> Photo:
        """Return the photo with its faces hidden; print the settings and the results of an attack.

        Raises:
            NoFaceError: no face is found.
            UsageError: a box is not inside the photo.
        """
        found = self._faces(photo.rgb)
        clean, boxes = to_array(photo), [box for _, box in found]
        images, hidden = hide(clean, boxes, self.kind, self.limit, shipped_curves())
        result = to_photo(images, photo)
        written, rows = to_array(result)[:, :3], []
        for (face, _), how in zip(found, hidden, strict=True):
            distances = distances_to_self(clean[:, :3], written, face, how, self._embedder)
            console.note(report(face, how, distances))
            rows.append(as_row(face, how, distances))
        console.add(faces=rows)
        return result

    def _faces(self, rgb: np.ndarray) -> list[tuple[Face, Box]]:
        if self.boxes:
            pixels = to_8bit(rgb)
            return [(self._finder.align(pixels, box), box) for box in self.boxes]
        if not (found := self._finder.find_with_boxes(rgb)):
            raise NoFaceError
        return found


def as_row(face: Face, how: Hidden, distances: dict[str, float]) -> Row:
    """Return the content of :func:`report` as a row."""
    risk = how.risk
    return {
        "box": str(how.box),
        "width_px": round(face.width_px),
        "operator": str(how.operator),
        "risk": None if risk is None else round(risk.share, 4),
        "risk_high": None if risk is None else round(risk.high, 4),
        "distances": {name: round(distance, 3) for name, distance in distances.items()},
        "recognised": min(distances.values()) < SAME_PERSON,
    }


def report(face: Face, how: Hidden, distances: dict[str, float]) -> str:
    """Describe how a face was hidden, and the result of an attack on it."""
    risk = how.risk
    said = "not measured" if risk is None else f"{risk.share:.1%} (at most {risk.high:.1%})"
    name, nearest = min(distances.items(), key=lambda item: item[1])
    told = "taken for the same person" if nearest < SAME_PERSON else "not recognised"
    return (
        f"face of {face.width_px:.0f} px hidden with {how.operator} in {how.box}: risk {said}; "
        f"attacked ({', '.join(distances)}): {told}, distance {nearest:.2f} by {name}."
    )
