"""ONNX Runtime's sessions: the one place that imports it and says how models are run."""

import os
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.runtime import threads

PROVIDERS = ("CPUExecutionProvider",)
MIN_VERSION = (1, 22)
"""Oldest ONNX Runtime that is taken, as in ``pyproject.toml``."""

FATAL = 4
"""Severity from which ONNX Runtime prints: what is milder it also raises, and that is enough."""


def import_onnxruntime() -> Any:
    """Import ONNX Runtime, with its telemetry switched off.

    Without that, importing version 1.32 writes a device id and a database of events below the home
    folder, and looks up a host that it would send them to.

    Raises:
        UnveilError: it is too old.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    version: str = onnxruntime.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_VERSION:
        raise UnveilError(
            f"ONNX Runtime {version} is too old; run pip install --upgrade onnxruntime."
        )
    return onnxruntime


def import_quantization() -> Any:
    """Import ONNX Runtime's quantisation, with its telemetry switched off."""
    import_onnxruntime()
    import onnxruntime.quantization

    return onnxruntime.quantization


def open_session(model: bytes | Path) -> Any:
    """Return an ``onnxruntime.InferenceSession`` on the CPU.

    Args:
        model: an ONNX file, or the bytes of one.

    Raises:
        UnveilError: ONNX Runtime cannot run it.
    """
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = FATAL
    source, name = (model, "model") if isinstance(model, bytes) else (str(model), model)
    try:
        return runtime.InferenceSession(source, options, providers=list(PROVIDERS))
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        first = str(error).splitlines()[0]
        raise UnveilError(f"{name}: ONNX Runtime cannot run it ({first}).") from None
