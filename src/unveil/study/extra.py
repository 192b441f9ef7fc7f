"""The packages that only the study needs, looked for before any work is done."""

import importlib.util

from unveil.errors import UnveilError

PACKAGES = {
    "filelock": "filelock",
    "markdown_it": "markdown-it-py",
    "matplotlib": "Matplotlib",
    "optuna": "Optuna",
    "torchmetrics": "TorchMetrics",
}
"""Module to name of what the extra ``study`` installs."""


def check_installed() -> None:
    """Refuse where the extra is not installed.

    Raises:
        UnveilError: a package is missing; how to get it is said.
    """
    for module, name in PACKAGES.items():
        if importlib.util.find_spec(module) is None:
            raise UnveilError(f"the study needs {name}: pip install 'unveil[study]'.")
