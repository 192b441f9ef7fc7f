"""How a tuned attacker sees faces: by dlib's network and by its own, as they are and restored."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from unveil.auditing.attack import BATCH, CLEAN, OBFUSCATED, View, restorers_for
from unveil.degradation import Degradation
from unveil.degradation.degrade import degrade
from unveil.degradation.randomness import repeatable
from unveil.faces.align import align, similarity
from unveil.faces.portraits import Portraits
from unveil.networks.dlib_net import SIDE_PX
from unveil.restoration.choice import FALLBACK
from unveil.restoration.restorers import load

Net = Callable[[np.ndarray], np.ndarray]
"""Maps aligned faces, ``B x 3 x SIDE_PX x SIDE_PX`` float32 in [0,1], to ``B x D``."""

PUBLISHED, TUNED, FLIPS = "published ", "tuned ", ", flips"
"""Parts of the names of views; with flips, of a face and of its mirror image, averaged."""


restorer = cache(load)


def ways(degradation: Degradation) -> tuple[str, ...]:
    """Return how the attacker's network sees faces: as they are, and restored by linear algebra."""
    return (OBFUSCATED, FALLBACK) if degradation.operator.is_linear else (OBFUSCATED,)


def squares(
    images: np.ndarray, points: np.ndarray, degradation: Degradation, way: str
) -> np.ndarray:
    """Return obfuscated faces as a network takes them, seen in one of the ``ways``.

    Args:
        images: obfuscated, ``B x 3 x H x W`` in [0,1].
        points: their landmarks, ``B x 5 x 2``.
        degradation: what obfuscated and stored them.
        way: as they are, or a restorer's name.
    """
    seen = images if way == OBFUSCATED else restorer(way).restore(images, degradation)
    return align(np.asarray(seen, np.float32), similarity(points, SIDE_PX), SIDE_PX)


def with_flips(net: Net, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of aligned faces, and their mean with those of the mirror images."""
    plain = net(faces)
    return plain, (plain + net(np.ascontiguousarray(faces[..., ::-1]))) / 2


@dataclass(frozen=True)
class Eyes:
    """Both networks, on portraits of one width.

    Attributes:
        portraits: the faces.
        face_px: their width.
        published: dlib's network.
        tuned: the attacker's.
        since: what pictures went through after they were hidden and stored; None for nothing.
    """

    portraits: Portraits
    face_px: int
    published: Net
    tuned: Net
    since: Callable[[np.ndarray], np.ndarray] | None = None

    def look(self, numbers: np.ndarray, degradation: Degradation) -> View:
        """Return embeddings of obfuscated faces by both networks in all ways, by name.

        dlib's network also sees what the curve's restorers make of them.

        Args:
            numbers: indices of the portraits, ``N``.
            degradation: what obfuscates and stores them.
        """
        return self._each(numbers, degradation, self._all)

    def mirror(self, numbers: np.ndarray, degradation: Degradation) -> View:
        """Return embeddings of obfuscated faces of a gallery, only in the last of the ways."""
        return self._each(numbers, degradation, self._last)

    def clean(self, numbers: np.ndarray, *, flips: bool = True) -> View:
        """Return embeddings of clean faces by dlib's network."""
        parts = []
        for part in np.split(numbers, range(BATCH, len(numbers), BATCH)):
            images, points = self.portraits.part(part, self.face_px)
            faces = align(images.astype(np.float32), similarity(points, SIDE_PX), SIDE_PX)
            parts.append(with_flips(self.published, faces)[1] if flips else self.published(faces))
        return {CLEAN: np.concatenate(parts)}

    def _each(
        self,
        numbers: np.ndarray,
        degradation: Degradation,
        embed: Callable[[np.ndarray, np.ndarray, Degradation], View],
    ) -> View:
        found: dict[str, list[np.ndarray]] = {}
        for part in np.split(numbers, range(BATCH, len(numbers), BATCH)):
            clean, points = self.portraits.part(part, self.face_px)
            drawn = repeatable(degradation.operator, seed=int(part[0]))
            obfuscated = degrade(clean, Degradation(drawn, degradation.storage))
            if self.since is not None:
                obfuscated = self.since(obfuscated)
            for name, embeddings in embed(obfuscated, points, degradation).items():
                found.setdefault(name, []).append(embeddings)
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _all(self, images: np.ndarray, points: np.ndarray, degradation: Degradation) -> View:
        view = {}
        for way in ways(degradation):
            faces = squares(images, points, degradation, way)
            view[PUBLISHED + way] = self.published(faces)
            view[TUNED + way], view[TUNED + way + FLIPS] = with_flips(self.tuned, faces)
        for name in restorers_for(degradation):
            if name not in ways(degradation):  # a network, on whose faces ours was not trained
                view[PUBLISHED + name] = self.published(squares(images, points, degradation, name))
        return view

    def _last(self, images: np.ndarray, points: np.ndarray, degradation: Degradation) -> View:
        way = ways(degradation)[-1]
        faces = squares(images, points, degradation, way)
        return {PUBLISHED + way: self.published(faces), TUNED + way: self.tuned(faces)}
