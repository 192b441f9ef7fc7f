"""The kinds of hiding that are told apart."""

KINDS = ("none", "gaussian", "box", "disk", "motion", "median", "mosaic", "solid", "other")
"""``none`` is a clean picture; ``other`` is hidden in a way that has no operator."""
