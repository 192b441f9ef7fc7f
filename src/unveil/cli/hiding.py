"""`unveil obfuscate --safe` on photos."""

from dataclasses import dataclass, replace
from functools import cached_property

from unveil import console
from unveil.auditing.safe import (
    SAME_PERSON,
    Hidden,
    Shape,
    distances_to_self,
    hide,
    opaque_over,
)
from unveil.auditing.verdict import shipped_curves
from unveil.faces.embedder import Embedder, load_embedder
from unveil.faces.finder import Face, FaceFinder, NoFaceError
from unveil.faces.places import Wanted, choose_faces, find_in_alpha
from unveil.images.arrays import to_array, to_photo
from unveil.images.photos import Photo
from unveil.report.rows import Row


@dataclass(frozen=True)
class Hider:
    """Hides the faces of photos with the mildest safe setting, and reports the setting.

    Args:
        wanted: what the user says of the faces.
        kind: name of the operator.
        limit: largest risk, at the upper end of its confidence interval.
        shape: of what is hidden.
    """

    wanted: Wanted
    kind: str
    limit: float
    shape: Shape = "box"

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(None)

    def __call__(self, photo: Photo) -> Photo:
        """Return the photo with its faces hidden; print the settings and the results of an attack.

        Raises:
            NoFaceError: no face is found or told.
            UsageError: a box is not inside the photo, or spares nobody.
            UnveilError: the file of boxes is of another photo.
        """
        wanted = self.wanted
        if wanted.needs_search:
            added = [*wanted.added, *find_in_alpha(photo.alpha, self._finder)]
            wanted = replace(wanted, added=added)
        chosen = choose_faces(photo.rgb, console.subject(), wanted, self._finder)
        if not chosen.faces:
            raise (
                NoFaceError("every face is spared: nothing is hidden.")
                if chosen.spared
                else (NoFaceError())
            )
        clean, boxes = to_array(photo), [box for _, box in chosen.faces]
        images, hidden = hide(clean, boxes, self.kind, self.limit, shipped_curves(), self.shape)
        if photo.alpha is not None:
            photo = replace(photo, alpha=opaque_over(photo.alpha, boxes, hidden, self.shape))
        result = to_photo(images, photo)
        written, rows = to_array(result)[:, :3], []
        for (face, _), how in zip(chosen.faces, hidden, strict=True):
            distances = distances_to_self(clean[:, :3], written, face, how, self._embedder)
            console.note(report(face, how, distances))
            rows.append(as_row(face, how, distances))
        console.note(chosen)
        counts = {"found": chosen.found, "spared": chosen.spared, "smallest_px": chosen.smallest_px}
        console.add(faces=rows, **counts)
        return result

    def note_boxes(self) -> None:
        """Write the file of boxes, if one was asked for that did not exist."""
        file = self.wanted.file
        if file is not None and not file.is_read and file.known:
            file.write()
            console.written(file.path)


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
        "recognised": min(distances.values(), default=SAME_PERSON) < SAME_PERSON,
    }


def report(face: Face, how: Hidden, distances: dict[str, float]) -> str:
    """Describe how a face was hidden, and the result of an attack on it."""
    risk = how.risk
    said = "not measured" if risk is None else f"{risk.share:.1%} (at most {risk.high:.1%})"
    return (
        f"face of {face.width_px:.0f} px hidden with {how.operator} in {how.box}: risk {said}; "
        f"{_attacked(distances)}."
    )


def _attacked(distances: dict[str, float]) -> str:
    if not distances:
        return "nothing of it is left to attack"
    name, nearest = min(distances.items(), key=lambda item: item[1])
    told = "taken for the same person" if nearest < SAME_PERSON else "not recognised"
    return f"attacked ({', '.join(distances)}): {told}, distance {nearest:.2f} by {name}"
