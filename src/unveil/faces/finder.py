"""Face detection in a photo: where the faces are, and the five landmarks that align them.

Two detectors are joined: dlib's, which is sure of upright faces, and libfacedetection
(:mod:`unveil.faces.sights`), which sees small and turned ones.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unveil.errors import UnveilError
from unveil.faces.align import FACE_WIDTH, REFERENCE, face_middle, face_width_px
from unveil.faces.detector import is_there
from unveil.faces.sights import ALONE_PX, Sight, see
from unveil.images.box import Box
from unveil.images.pixels import to_8bit
from unveil.networks.dlib_files import LANDMARKS_FILE, model_file

DETECTOR_PX = 80
"""Smallest face that dlib's detector sees; for smaller ones the photo is enlarged."""

MIN_FACE_PX = 40
"""Width of the smallest hidden part that is taken for a face."""

MIN_SCORE = 0.25
"""Lowest score by dlib's detector; enlarged photos have false faces at 0.1."""

MIN_INSIDE_SHARE = 0.2
"""Of a face that the border cuts, the share that has to be in the photo."""

SQUARE_SHARE, DOWN_SHARE, WIDTH_SHARE = 0.86, 0.08, 0.91
"""Of the height of libfacedetection's box: the side of dlib's, how much lower its middle is, and
the width of the face (medians of 135 photos of LFW)."""

MAX_RATIO, MAX_APART = 1.8, 0.4
"""Largest ratio of the widths of one face's sights, and distance in widths of the larger."""

NO_FACE = "no face found; say where it is with --box X,Y,W,H."


class NoFaceError(UnveilError):
    """No face was found in a photo or a video.

    Args:
        message: what to tell the user.
    """

    def __init__(self, message: str = NO_FACE) -> None:
        super().__init__(message)


@dataclass(frozen=True)
class Face:
    """One face.

    Attributes:
        points: landmarks: corners of the eyes and the nose, ``5 x 2`` float64, (x, y) in pixels.
    """

    points: np.ndarray

    @cached_property
    def width_px(self) -> float:
        """Width of the face: the unit of all strengths."""
        return float(face_width_px(self.points[None])[0])

    @cached_property
    def middle(self) -> np.ndarray:
        """Center of the face, (x, y) in pixels."""
        middle: np.ndarray = face_middle(self.points[None])[0]
        return middle

    @property
    def box(self) -> Box:
        """Square around the face, as wide as the face; it may extend beyond the photo."""
        side = round(self.width_px)
        left, top = (round(float(at) - side / 2) for at in self.middle)
        return Box(left, top, side, side)


class FaceFinder:
    """dlib's face detector (histograms of oriented gradients) and landmarks (V. Kazemi, 2014).

    Raises:
        UnveilError: the extra ``audit`` is not installed, or its files are damaged.
    """

    @cached_property
    def _detect(self) -> Any:
        import dlib

        return dlib.get_frontal_face_detector()

    def __reduce__(self) -> tuple[type["FaceFinder"], tuple[()]]:
        """Be loaded again in another process."""
        return FaceFinder, ()

    @cached_property
    def _predict(self) -> Any:
        path = model_file(LANDMARKS_FILE)
        import dlib

        return dlib.shape_predictor(str(path))

    def find(
        self, pixels: np.ndarray, min_face_px: int = DETECTOR_PX, min_score: float = 0.0
    ) -> list[Face]:
        """Return the faces of a photo, highest score first.

        Args:
            pixels: ``H x W x 3`` uint8.
            min_face_px: width of the smallest face to look for; every halving below
                ``DETECTOR_PX`` quadruples the time.
            min_score: lowest detector score; faces are mostly above 0.5.
        """
        predict, doublings = self._predict, 0
        while min_face_px < DETECTOR_PX >> doublings:
            doublings += 1
        boxes, _, _ = self._detect.run(np.ascontiguousarray(pixels), doublings, min_score)
        return [_face(predict(pixels, box)) for box in boxes]

    def find_with_boxes(self, rgb: np.ndarray) -> list[tuple[Face, Box]]:
        """Return the faces to audit or hide, each with its box: what either detector sees.

        Upright ones come first. A box is the part of the face's square inside the photo; a face
        that the border leaves less than ``MIN_INSIDE_SHARE`` of is left out.

        Args:
            rgb: ``H x W x 3``, uint8 or uint16.
        """
        height, width = rgb.shape[:2]
        pixels = to_8bit(rgb)
        upright = self.find(pixels, DETECTOR_PX if is_there() else ALONE_PX, MIN_SCORE)
        others = [self._face_of(pixels, sight) for sight in see(pixels)]
        faces = upright + [
            face for face in others if not any(_is_same(face, known) for known in upright)
        ]
        clipped = ((face, face.box.inside(width, height, MIN_INSIDE_SHARE)) for face in faces)
        return [(face, box) for face, box in clipped if box is not None]

    def find_boxes(self, rgb: np.ndarray) -> list[Box]:
        """Return the boxes of :meth:`find_with_boxes`."""
        return [box for _, box in self.find_with_boxes(rgb)]

    def _face_of(self, pixels: np.ndarray, sight: Sight) -> Face:
        """Return the face at a sight: its landmarks, or where they usually are in such a box."""
        import dlib

        usual, turned = _usual(sight), np.ascontiguousarray(np.rot90(pixels, sight.turns))
        x, y = _turned(np.array([[sight.x, sight.y]]), sight.turns, *pixels.shape[:2])[0]
        half = SQUARE_SHARE * sight.height / 2
        y += DOWN_SHARE * sight.height
        square = dlib.rectangle(
            *(round(float(at)) for at in (x - half, y - half, x + half, y + half))
        )
        points = _face(self._predict(turned, square)).points + 0.5  # from centers to edges
        face = Face(_turned_back(points, sight.turns, *pixels.shape[:2]) - 0.5)
        return face if _is_same(face, usual) else usual

    def align(self, pixels: np.ndarray, box: Box) -> Face:
        """Return the face that is known to be in ``box``, even where it cannot be detected.

        Args:
            pixels: ``H x W x 3`` uint8.
            box: around the face, as wide as it is.
        """
        predict = self._predict
        import dlib

        # The detector's boxes are a little narrower than a face's width here.
        margin = round(box.width * 0.03)
        left, top = box.left + margin, box.top + margin
        right, bottom = box.left + box.width - margin, box.top + box.height - margin
        return _face(predict(pixels, dlib.rectangle(left, top, right - 1, bottom - 1)))


def _is_same(one: Face, other: Face) -> bool:
    """Return whether two faces are one: as large, about, and at one place."""
    sides = sorted((one.width_px, other.width_px))
    apart = float(np.linalg.norm(one.middle - other.middle))
    return sides[1] < MAX_RATIO * sides[0] and apart < MAX_APART * sides[1]


def _usual(sight: Sight) -> Face:
    """Return a face whose landmarks are where an average face has them in such a box."""
    side = WIDTH_SHARE * sight.height / FACE_WIDTH
    points = (REFERENCE - 0.5) * side
    turn = np.array([(0, 1), (-1, 0)])  # by a quarter, against the turn of the photo
    for _ in range(sight.turns):
        points = points @ turn
    down = np.array([0.0, DOWN_SHARE * sight.height])
    for _ in range(sight.turns):
        down = down @ turn
    return Face(points + down + (sight.x, sight.y))


def _turned(points: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Return where points (x, y) are once the photo is turned by quarters, counter-clockwise."""
    for _ in range(turns):
        points = np.stack([points[:, 1], width - points[:, 0]], axis=1)
        height, width = width, height
    return points


def _turned_back(points: np.ndarray, turns: int, height: int, width: int) -> np.ndarray:
    """Return where points of the turned photo are in the photo."""
    sides = (height, width) if turns % 2 == 0 else (width, height)
    return _turned(points, (4 - turns) % 4, *sides)


def _face(shape: Any) -> Face:
    points = [(point.x, point.y) for point in shape.parts()]
    return Face(np.array(points, np.float64))
