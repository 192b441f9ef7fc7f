"""Faces in a photo: where they are, and the five points that they are aligned by."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unveil.faces.align import face_middle, face_width_px
from unveil.faces.dlib_files import LANDMARKS_FILE, model_file
from unveil.images.box import Box

SMALLEST_PX = 80
"""Side of the smallest face that dlib's detector sees; smaller ones need an enlarged photo."""


@dataclass(frozen=True)
class Face:
    """One face.

    Attributes:
        points: corners of the eyes and the nose, ``5 x 2`` float64 as (x, y) in pixels.
    """

    points: Tensor

    @property
    def width_px(self) -> float:
        """Width of the face: the unit of all strengths."""
        return float(face_width_px(self.points[None])[0])

    @property
    def middle(self) -> Tensor:
        """Middle of the face, as (x, y) in pixels."""
        return face_middle(self.points[None])[0]

    @property
    def box(self) -> Box:
        """The square around the face, as wide as the face; it may reach beyond the photo."""
        side = round(self.width_px)
        left, top = (round(float(at) - side / 2) for at in self.middle)
        return Box(left, top, side, side)


class FaceFinder:
    """dlib's detector (histograms of gradients) and its five landmarks (V. Kazemi, 2014).

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
        self, pixels: np.ndarray, smallest_px: int = SMALLEST_PX, least_score: float = 0.0
    ) -> list[Face]:
        """Return the faces of a photo, the surest first.

        Args:
            pixels: ``H x W x 3`` uint8.
            smallest_px: width of the smallest face to look for; every halving below
                ``SMALLEST_PX`` quadruples the time.
            least_score: how sure the detector must be; faces are mostly above 0.5.
        """
        predict, doublings = self._predict, 0
        while smallest_px < SMALLEST_PX >> doublings:
            doublings += 1
        boxes, _, _ = self._detect.run(np.ascontiguousarray(pixels), doublings, least_score)
        return [_face(predict(pixels, box)) for box in boxes]

    def align(self, pixels: np.ndarray, box: Box) -> Face:
        """Return the face that is known to be in ``box``, however little of it can be seen."""
        predict = self._predict
        import dlib

        # The detector's boxes are a little narrower than a face is here.
        margin = round(box.width * 0.03)
        left, top = box.left + margin, box.top + margin
        right, bottom = box.left + box.width - margin, box.top + box.height - margin
        return _face(predict(pixels, dlib.rectangle(left, top, right - 1, bottom - 1)))


def _face(shape: Any) -> Face:
    points = [(point.x, point.y) for point in shape.parts()]
    return Face(torch.tensor(points, dtype=torch.float64))
