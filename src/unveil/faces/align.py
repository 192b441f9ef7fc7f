"""Alignment: faces cut out of photos as in the embedders' training: upright, scaled, centred."""

from typing import Literal

import cv2
import numpy as np

REFERENCE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
"""Eye corners and nose of dlib's average face, (x, y) in shares of the face's square."""

PADDING = 0.25
"""Margin that dlib adds to each side of that square, as a share of it."""

FACE_WIDTH = 1.44
"""Width of a face in that square's sides: a 112-pixel center crop of LFW is one face wide."""


ARCFACE_EYES = np.array([(38.2946, 51.6963), (73.5318, 51.5014)]) / 112
"""Middles of the eyes in the square of ArcFace (J. Deng et al., 2019) and its kin, in its sides."""

Alignment = Literal["dlib", "arcface"]
"""Whose square a face is laid into."""


def landmarks_in_square(alignment: Alignment, padding: float = PADDING) -> np.ndarray:
    """Return where dlib's five landmarks of an average face lie, ``5 x 2``, in sides of the square.

    ArcFace's own points are other ones: its square is that whose eyes have the same middles.

    Args:
        alignment: whose square.
        padding: margin around the face in dlib's, as a share of the face's width.

    Examples:
        >>> landmarks_in_square("arcface")[[2, 3]].mean(axis=0).round(4)
        array([0.3419, 0.4616])
    """
    if alignment == "dlib":
        inside: np.ndarray = (REFERENCE + padding) / (1 + 2 * padding)
        return inside
    middles = np.stack([REFERENCE[2:4].mean(axis=0), REFERENCE[:2].mean(axis=0)])
    eyes, asked, all_five = (
        one[:, 0] + 1j * one[:, 1] for one in (middles, ARCFACE_EYES, REFERENCE)
    )
    turned = (all_five - eyes[0]) * (asked[1] - asked[0]) / (eyes[1] - eyes[0]) + asked[0]
    return np.stack([turned.real, turned.imag], axis=1)


def similarity(
    points: np.ndarray, size_px: float, padding: float = PADDING, alignment: Alignment = "dlib"
) -> np.ndarray:
    """Return the similarity transform from an aligned square to each photo.

    Args:
        points: the five landmarks of each face, ``B x 5 x 2``, (x, y) in pixels.
        size_px: side of the aligned square.
        padding: margin around the face in dlib's, as a share of the face's width.
        alignment: whose square it is.

    Returns:
        ``B x 2 x 3`` float64: ``photo_xy = matrix @ (square_x, square_y, 1)``, the least-squares
        fit of the landmarks (S. Umeyama, 1991).
    """
    source = landmarks_in_square(alignment, padding) * size_px
    target = points.astype(np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=1, keepdims=True)
    # On complex numbers, rotation and scale are one multiplication.
    a, b = (
        (part[..., 0] + 1j * part[..., 1]) for part in (source - source_mean, target - target_mean)
    )
    factor = (a.conj() * b).sum(axis=1) / (np.abs(a) ** 2).sum()
    turn = np.stack([factor.real, -factor.imag, factor.imag, factor.real], axis=1).reshape(-1, 2, 2)
    shift = target_mean[:, 0] - turn @ source_mean
    return np.concatenate([turn, shift[..., None]], axis=2)


def face_width_px(points: np.ndarray) -> np.ndarray:
    """Return the width of each face in its photo, ``B``, in pixels: the unit of all strengths."""
    square: np.ndarray = np.linalg.norm(similarity(points, 1.0, padding=0.0)[:, :, 0], axis=1)
    return FACE_WIDTH * square


def face_middle(points: np.ndarray) -> np.ndarray:
    """Return the middle of each face, ``B x 2`` float64 as (x, y) in pixels."""
    middle: np.ndarray = similarity(points, 1.0) @ np.array([0.5, 0.5, 1.0])
    return middle


def align(images: np.ndarray, matrices: np.ndarray, size_px: int) -> np.ndarray:
    """Return the aligned squares, ``B x 3 x size_px x size_px``, bilinear.

    Args:
        images: photos, ``B x 3 x H x W`` float32; what lies outside them is black.
        matrices: of :func:`similarity`, ``B x 2 x 3``.
        size_px: side of the squares.
    """
    # dlib's origin is the edge of the square's first pixel, but the center of the photo's.
    moved = matrices.copy()
    moved[:, :, 2] += matrices[:, :, :2] @ [0.5, 0.5]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    squares = [
        cv2.warpAffine(image.transpose(1, 2, 0), matrix, (size_px, size_px), flags=flags)
        for image, matrix in zip(images, moved, strict=True)
    ]
    return np.stack(squares).transpose(0, 3, 1, 2)
