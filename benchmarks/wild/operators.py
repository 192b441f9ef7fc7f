"""All ways to hide a region, by the programs that people use, and how strongly.

Strengths are in pixels: a Gaussian's standard deviation, the side of a box or of a median's window,
a disk's radius, a motion's length, a mosaic's block (the geometric mean of its two sides).
"""

from wild.blurs import BLURS
from wild.fills import FILLS
from wild.mosaics import MOSAICS

WAYS = (*BLURS, *MOSAICS, *FILLS)

STRENGTHS_PX = {
    "gaussian": (1.5, 12.0),
    "box": (5.0, 41.0),
    "disk": (2.0, 12.0),
    "motion": (7.0, 25.0),
    "median": (5.0, 25.0),
    "mosaic": (5.0, 24.0),
    "solid": None,
    "other": None,
}
"""Least and greatest strength of each kind in the file; None where it has none."""
