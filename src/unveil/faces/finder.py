"""Face detection in a photo: where the faces are, and the five landmarks that align them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unveil.errors import UnveilError
from unveil.faces.align import face_middle, face_width_px
from unveil.faces.dlib_files import LANDMARKS_FILE, model_file
from unveil.images.box import Box
from unveil.images.pixels import to_8bit

DETECTOR_PX = 80
"""Smallest face that dlib's detector sees; for smaller ones the photo is enlarged."""

MIN_FACE_PX = 40
"""Width of the smallest face that is audited and hidden."""

MIN_SCORE = 0.25
"""Lowest detector score of such a face; enlarged photos have false faces at 0.1."""

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

    @property
    def width_px(self) -> float:
        """Width of the face: the unit of all strengths."""
        return float(face_width_px(self.points[None])[0])

    @property
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
        """Return the faces to audit or hide, highest score first, each with its box.

        Faces from ``MIN_FACE_PX`` on, with a score of at least ``MIN_SCORE``. A box is the part of
        the face's square inside the photo; a face of which less than half is inside is left out.

        Args:
            rgb: ``H x W x 3``, uint8 or uint16.
        """
        height, width = rgb.shape[:2]
        faces = self.find(to_8bit(rgb), MIN_FACE_PX, MIN_SCORE)
        clipped = ((face, face.box.clipped(width, height)) for face in faces)
        return [(face, box) for face, box in clipped if box is not None]

    def find_boxes(self, rgb: np.ndarray) -> list[Box]:
        """Return the boxes of :meth:`find_with_boxes`."""
        return [box for _, box in self.find_with_boxes(rgb)]

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


def _face(shape: Any) -> Face:
    points = [(point.x, point.y) for point in shape.parts()]
    return Face(np.array(points, np.float64))
