"""Alignment: faces cut out of photos as in the embedders' training: upright, scaled, centred."""

import torch
from torch import Tensor
from torch.nn import functional as F

REFERENCE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Eye corners and nose of dlib's average face, (x, y) in shares of the face's square."""

PADDING = 0.25
"""Margin that dlib adds to each side of that square, as a share of it."""

FACE_WIDTH = 1.44
"""Width of a face in that square's sides: a 112-pixel center crop of LFW is one face wide."""


def similarity(points: Tensor, size_px: float, padding: float = PADDING) -> Tensor:
    """Return the similarity transform from an aligned square to each photo.

    Args:
        points: the five landmarks of each face, ``B x 5 x 2``, (x, y) in pixels.
        size_px: side of the aligned square.
        padding: margin around the face in it, as a share of the face's width.

    Returns:
        ``B x 2 x 3`` float64: ``photo_xy = matrix @ (square_x, square_y, 1)``, the least-squares
        fit of the landmarks (S. Umeyama, 1991).
    """
    reference = torch.tensor(REFERENCE, dtype=torch.float64, device=points.device)
    source = (reference + padding) / (1 + 2 * padding) * size_px
    target = points.double()
    source_mean, target_mean = source.mean(dim=0), target.mean(dim=1, keepdim=True)
    # On complex numbers, rotation and scale are one multiplication.
    a = torch.view_as_complex((source - source_mean).contiguous())
    b = torch.view_as_complex((target - target_mean).contiguous())
    factor = (a.conj() * b).sum(dim=1) / a.abs().square().sum()
    turn = torch.stack([factor.real, -factor.imag, factor.imag, factor.real], dim=1).view(-1, 2, 2)
    shift = target_mean[:, 0] - turn @ source_mean
    matrices: Tensor = torch.cat([turn, shift[..., None]], dim=2)
    return matrices


def face_width_px(points: Tensor) -> Tensor:
    """Return the width of each face in its photo, ``B``, in pixels: the unit of all strengths."""
    square: Tensor = similarity(points, 1.0, padding=0.0)[:, :, 0].norm(dim=1)
    return FACE_WIDTH * square


def face_middle(points: Tensor) -> Tensor:
    """Return the middle of each face, ``B x 2`` float64 as (x, y) in pixels."""
    middle: Tensor = similarity(points, 1.0) @ points.new_tensor([0.5, 0.5, 1.0])
    return middle


def align(images: Tensor, matrices: Tensor, size_px: int) -> Tensor:
    """Return the aligned squares, ``B x 3 x size_px x size_px``, bilinear.

    Args:
        images: photos, ``B x 3 x H x W``; what lies outside them is black.
        matrices: of :func:`similarity`, ``B x 2 x 3``.
        size_px: side of the squares.

    A square much smaller than its part of the photo would alias: see :func:`shrink`.
    """
    # dlib's origin is the edge of the square's first pixel, but the center of the photo's.
    places = torch.arange(size_px, dtype=torch.float64, device=images.device) + 0.5
    y, x = torch.meshgrid(places, places, indexing="ij")
    square = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    found = torch.einsum("bij,hwj->bhwi", matrices, square)
    sizes = torch.tensor([images.shape[-1], images.shape[-2]], device=images.device)
    grid = ((2 * found + 1) / sizes - 1).to(images.dtype)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def shrink(image: Tensor, width_px: float, size_px: int) -> tuple[Tensor, float]:
    """Return a photo scaled down for alignment, and the scale factor, at most 1.

    Args:
        image: the photo, ``1 x 3 x H x W``.
        width_px: width in it of the part to align.
        size_px: side of the aligned square.
    """
    factor = min(1.0, size_px / width_px)
    if factor == 1.0:
        return image, 1.0
    smaller = F.interpolate(
        image, scale_factor=factor, mode="bilinear", antialias=True, recompute_scale_factor=False
    )
    return smaller, factor
