"""Closed forms: linear algebra that knows the operator, no network.

Importing this module alone does not import torch.
"""

CLOSED_FORMS = ("lmmse", "tikhonov", "richardson-lucy", "bicubic", "lanczos")
"""The names of the closed forms, as ``--model`` takes them; see :mod:`unveil.linear.closed_forms`.
"""
