"""The kinds of hiding that are told apart."""

KINDS = ("none", "gaussian", "box", "disk", "motion", "median", "mosaic", "solid", "other")
"""``none`` is a clean picture; ``other`` is hidden in a way that has no operator."""

BLURS = ("gaussian", "box", "disk", "motion")
SIZED = (*BLURS, "median", "mosaic")
"""Kinds with a strength in pixels."""
