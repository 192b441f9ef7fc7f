"""The packages that only ONNX files need."""

import importlib.util

from unveil.errors import UnveilError

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
"""Modules that the extra ``onnx`` installs; they are named as they are imported."""


def check_installed() -> None:
    """Refuse where the extra is not installed.

    Raises:
        UnveilError: a package is missing; how to get it is said.
    """
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            raise UnveilError(f"ONNX files need {name}: pip install 'unveil[onnx]'.")
