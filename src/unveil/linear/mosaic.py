"""Closed-form interpolation of mosaics: smooth pictures from blocks, any size and grid."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from unveil.degradation import Degradation, Mosaic, Sample, Storage
from unveil.degradation.operators import block_means
from unveil.errors import UsageError
from unveil.linear.noise import storage_noise
from unveil.linear.prior import Prior
from unveil.linear.spectral import to_opponent, to_rgb


def lmmse_mosaic(obfuscated: Tensor, operator: Mosaic, storage: Storage, prior: Prior) -> Tensor:
    """Return the linear estimate of least mean squared error, rows and columns in turn.

    ``B x 3 x H x W`` in, the same out, not clipped. Photos are taken as stationary and separable
    (their covariance is a row's times a column's), which makes it two small matrices a colour.
    """
    blocks = to_opponent(block_means(obfuscated, operator.block, operator.left, operator.top))
    height, width = obfuscated.shape[-2:]
    power = prior.power
    noise = _relative_noise(operator, storage, power)
    rows = _interpolators(operator, operator.top, _correlation(prior, -2, height), noise)
    columns = _interpolators(operator, operator.left, _correlation(prior, -1, width), noise)
    return to_rgb(rows.to(blocks) @ blocks @ columns.to(blocks).mT)


def lmmse_mosaic_error(operator: Mosaic, storage: Storage, prior: Prior) -> Tensor:
    """Return the mean squared error that :func:`lmmse_mosaic` is to be expected to make."""
    power = prior.power
    noise = _relative_noise(operator, storage, power)
    explained = torch.ones(len(power), dtype=torch.float64)
    for axis, start in ((-2, operator.top), (-1, operator.left)):
        size = power.shape[axis]
        correlation = _correlation(prior, axis, size)
        shrunk = shrink_matrix(operator, start, size) @ correlation
        found = _interpolators(operator, start, correlation, noise)
        # The trace of C A' (A C A' + noise)^-1 A C, of a correlation C of trace ``size``.
        explained = explained * (found.mT * shrunk).sum(dim=(1, 2)) / size
    return (power.double().mean(dim=(1, 2)) * (1 - explained)).mean()


def _correlation(prior: Prior, axis: int, size: int) -> Tensor:
    """Return the correlations of the pixels of a row or column, ``3 x size x size``."""
    covariance = prior.autocovariance(axis, size)
    distance = torch.arange(size, device=covariance.device)
    return (covariance / covariance[:, :1])[:, (distance[:, None] - distance).abs()]


def _relative_noise(operator: Mosaic, storage: Storage, power: Tensor) -> Tensor:
    """Return the variance of a block's storage noise, relative to that of a pixel, ``(3,)``."""
    noise = storage_noise(storage, power)[:, 0, 0] / operator.block**2
    return noise / power.double().mean(dim=(1, 2)) + 1e-6


def _interpolators(operator: Mosaic, start: int, correlation: Tensor, noise: Tensor) -> Tensor:
    """Return ``C A' (A C A' + noise)^-1`` along one axis, ``3 x size x blocks``.

    Args:
        operator: the mosaic.
        start: its first grid line.
        correlation: ``C`` of the pixels of a line, ``3 x size x size``.
        noise: variance of a block's noise, relative to that of a pixel, ``(3,)``.
    """
    shrink = shrink_matrix(operator, start, correlation.shape[-1]).to(correlation)
    seen = shrink @ correlation @ shrink.T
    identity = torch.eye(len(shrink), dtype=seen.dtype, device=seen.device)
    regular = seen + noise[:, None, None] * identity
    found: Tensor = torch.linalg.solve(regular, shrink @ correlation)
    return found.mT


def shrink_matrix(operator: Mosaic, start: int, size: int) -> Tensor:
    """Return what takes a row of pixels to its blocks, float64 ``blocks x size``."""
    pixel = torch.arange(size)
    block = torch.div(pixel - start, operator.block, rounding_mode="floor")
    member = F.one_hot(block - block[0]).double().T
    if isinstance(operator, Sample):
        member = F.one_hot(member.argmax(dim=1), size).double()
    return member / member.sum(dim=1, keepdim=True)


def bicubic(obfuscated: Tensor, degradation: Degradation, prior: Prior) -> Tensor:
    """Return the bicubic interpolation of the blocks; ``prior`` is not used.

    Raises:
        UsageError: the operator is no mosaic.
    """
    operator = _mosaic_of(degradation, "bicubic")
    blocks = block_means(obfuscated, operator.block, operator.left, operator.top)
    sizes, starts = obfuscated.shape[-2:], (operator.top, operator.left)
    rows, columns = (
        _positions(operator, start, size) / max(count - 1, 1) * 2 - 1
        for start, size, count in zip(starts, sizes, blocks.shape[-2:], strict=True)
    )
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1).to(blocks)
    grid = grid.expand(len(blocks), -1, -1, -1)
    return F.grid_sample(blocks, grid, "bicubic", "border", align_corners=True)


def lanczos(obfuscated: Tensor, degradation: Degradation, prior: Prior) -> Tensor:
    """Return Pillow's Lanczos interpolation of the blocks; ``prior`` is not used.

    Raises:
        UsageError: the operator is no mosaic.
    """
    operator = _mosaic_of(degradation, "lanczos")
    blocks = block_means(obfuscated, operator.block, operator.left, operator.top)
    height, width = obfuscated.shape[-2:]
    top, left = (
        float(_positions(operator, start, 1)[0]) + 0.5 - 0.5 / operator.block + 1
        for start in (operator.top, operator.left)
    )
    # Pillow wants the part to scale inside its image: one more block on every side.
    part = (left, top, left + width / operator.block, top + height / operator.block)
    planes = F.pad(blocks, (1, 1, 1, 1), "replicate").flatten(0, 1).cpu().float().numpy()
    smooth = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS, part))
        for plane in planes
    ]
    return torch.from_numpy(np.stack(smooth)).to(obfuscated).view_as(obfuscated)


def _positions(operator: Mosaic, start: int, size: int) -> Tensor:
    """Return where each pixel lies between the places that blocks speak for, in blocks."""
    pixel = torch.arange(size) - start + (operator.block if start else 0)
    centre = 0.0 if isinstance(operator, Sample) else (operator.block - 1) / 2
    return (pixel - centre) / operator.block


def _mosaic_of(degradation: Degradation, name: str) -> Mosaic:
    operator = degradation.operator
    if not isinstance(operator, Mosaic):
        raise UsageError(f"{name} undoes mosaics, not {operator}; take lmmse or tikhonov.")
    return operator
