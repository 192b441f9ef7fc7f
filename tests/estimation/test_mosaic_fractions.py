"""Blocks that are no whole pixels are not taken for larger ones that are."""

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import Storage
from unveil.estimation.part import find_part
from unveil.linear.prior import read_prior

PLACE = np.s_[60:180, 180:300]
SIDE_PX = 120


@pytest.mark.parametrize("cells", [9, 13, 16, 17])
def test_blocks_of_fractions_are_not_pairs_of_blocks(cells: int) -> None:
    """Of 13.3, 9.2, 7.5 and 7.06 pixels: two blocks are about 27, 18 or 28, 15 and 14 pixels."""
    photo = np.stack([data.camera()] * 3, axis=-1)
    part = photo[PLACE]
    small = cv2.resize(part, (cells, cells), interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_NEAREST)
    inside = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.circle(inside, (SIDE_PX // 2, SIDE_PX // 2), SIDE_PX // 2, 1, -1)
    photo[PLACE] = np.where(inside[..., None] > 0, blocks, part)
    image = photo.transpose(2, 0, 1)[None].astype(np.float32) / 255
    found = find_part(image, Storage("8bit"), read_prior())
    assert found is None or abs(found.operator.block * cells / SIDE_PX - 1) < 0.05
