"""`unveil obfuscate --safe` on photos."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from unveil import console
from unveil.auditing.measured import shipped_curves
from unveil.auditing.safe import Hidden, How, hide_proven, opaque_over
from unveil.faces.embedder import Embedder, load_embedder
from unveil.faces.finder import Face, FaceFinder, NoFaceError
from unveil.faces.places import Wanted, choose_faces, find_in_alpha
from unveil.images.arrays import to_array, to_photo
from unveil.images.memory import check_memory
from unveil.images.photos import Photo
from unveil.report.rows import Row


@dataclass(frozen=True)
class Hider:
    """Hides the faces of photos with the mildest safe setting, and reports the setting.

    Args:
        wanted: what the user says of the faces.
        how: they are to be hidden.
    """

    wanted: Wanted
    how: How

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
        check_memory(photo.count, "safe")
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
        curves, clean = shipped_curves(), to_array(photo)

        def stored(images: np.ndarray) -> np.ndarray:
            return to_array(to_photo(images, photo))

        images, hidden = hide_proven(clean, chosen.faces, self.how, curves, self._embedder, stored)
        if photo.alpha is not None:
            boxes = [box for _, box in chosen.faces]
            photo = replace(photo, alpha=opaque_over(photo.alpha, boxes, hidden, self.how.shape))
        rows = []
        for (face, _), one in zip(chosen.faces, hidden, strict=True):
            console.note(report(face, one, self.how.limit))
            rows.append(as_row(face, one))
        console.note(chosen)
        counts = {"found": chosen.found, "spared": chosen.spared, "smallest_px": chosen.smallest_px}
        console.add(faces=rows, **counts)
        return to_photo(images, photo)

    def note_boxes(self) -> None:
        """Write the file of boxes, if one was asked for that did not exist."""
        file = self.wanted.file
        if file is not None and not file.is_read and file.known:
            file.write()
            console.written(file.path)


def as_row(face: Face, how: Hidden) -> Row:
    """Return the content of :func:`report` as a row."""
    risk = how.risk
    row: Row = {
        "box": str(how.box),
        "width_px": round(face.width_px),
        "operator": str(how.operator),
        "style": how.style,
        "risk": None if risk is None else round(risk.share, 4),
        "risk_high": None if risk is None else round(risk.high, 4),
        "distances": {name: round(distance, 3) for name, distance in how.distances.items()},
        "recognised": how.is_recognised,
    }
    return row | {"refused": as_row(face, how.refused) if how.refused else None}


def report(face: Face, how: Hidden, limit: float) -> str:
    """Describe how a face was hidden, and the result of an attack on it."""
    risk = how.risk
    said = "not measured" if risk is None else f"{risk.share:.1%} (at most {risk.high:.1%})"
    if risk is not None and risk.high > limit:
        said += f", above --risk {limit:g}: nothing was measured to be below it"
    first = f"{how.refused.operator} was {_attacked(how.refused)}; " if how.refused else ""
    cover = f"hidden with {how.cover} in {how.box}"
    return f"face of {face.width_px:.0f} px: {first}{cover}: risk {said}; {_attacked(how)}."


def _attacked(how: Hidden) -> str:
    if not how.distances:
        return "nothing of it is left to attack"
    name, nearest = min(how.distances.items(), key=lambda item: item[1])
    by = f"distance {nearest:.2f} by {name}, of {len(how.distances)} attackers"
    return f"taken for the same person ({by})" if how.is_recognised else f"not recognised ({by})"
