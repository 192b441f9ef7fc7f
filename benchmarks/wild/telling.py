"""What a person would tell `unveil.restore` who knew how each region was hidden."""

import math

import numpy as np

import unveil
from unveil.degradation import Disk, GaussianBlur, Linear, Motion
from unveil.degradation.mosaics import uneven
from unveil.estimation.plausible import blur_of
from unveil.images.arrays import storage_of
from wild.cases import Drawn, Region


def told(images: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Return a file's picture, each region restored that has an operator, its mask told.

    Args:
        images: ``1 x 3 x H x W``, as ``unveil.read`` returns it.
        drawn: the case.
    """
    storage = storage_of(images)
    for region, mask in zip(drawn.case.regions, drawn.masks, strict=True):
        if (operator := operator_of(region)) is not None:
            images = unveil.restore(images, operator, storage, mask=mask.astype(np.float32))
    return images


def operator_of(region: Region) -> Linear | None:
    """Return the operator that is nearest to what hid a region, in pixels of the file."""
    strength, angle = region.strength_px, region.angle
    match region.kind:
        case "gaussian" if strength:
            return GaussianBlur(2 * math.ceil(3 * strength) + 1, strength)
        case "box" if strength:
            return blur_of("box", strength / math.sqrt(12))
        case "disk" if strength:
            return Disk(strength)
        case "motion" if strength and angle is not None:
            return Motion(strength, angle % 180)
        case "mosaic" if region.pitch_px and region.phase_px:
            (across, down), (left, top) = region.pitch_px, region.phase_px
            return uneven(across, down, left, top)
    return None
