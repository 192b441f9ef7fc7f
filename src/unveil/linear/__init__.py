"""Linear algebra that knows the operator, and no network. Needs no torch itself."""

CLOSED_FORMS = ("lmmse", "tikhonov", "richardson-lucy", "bicubic", "lanczos")
"""The names of the closed forms, as ``--model`` takes them; see :mod:`unveil.linear.closed_forms`.
"""
