"""ONNX Runtime's sessions: the one place that says how files are run."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unveil.errors import UnveilError

PROVIDERS = ("CPUExecutionProvider",)
FATAL = 4
"""Severity from which ONNX Runtime prints: what is milder it also raises, and that is enough."""


def open_session(model: bytes | Path) -> Any:
    """Return an ``onnxruntime.InferenceSession`` on the CPU with as many threads as torch has.

    Args:
        model: an ONNX file, or the bytes of one.

    Raises:
        Exception: ONNX Runtime's own kinds, which have no common base: it cannot run this.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = FATAL
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=list(PROVIDERS))


class Session:
    """A file that ``unveil export`` wrote, called with its inputs concatenated along channels."""

    def __init__(self, session: Any) -> None:
        self.session = session
        inputs = session.get_inputs()
        self.names = [item.name for item in inputs]
        self.planes = [int(item.shape[1]) for item in inputs]

    def feed(self, inputs: Tensor) -> dict[str, np.ndarray]:
        """Split ``B x C x H x W``, float32, into the file's inputs by name.

        Further channels are ignored: the file of a network that does not need the degradation
        derives them from the photo.
        """
        parts = torch.split(inputs[:, : sum(self.planes)], self.planes, dim=1)
        named = zip(self.names, parts, strict=True)
        return {name: part.contiguous().numpy() for name, part in named}

    def __call__(self, inputs: Tensor) -> Tensor:
        """Map the inputs, as for :meth:`feed`, to the concatenated outputs, ``B x D x H x W``."""
        done = self.session.run(None, self.feed(inputs))
        return torch.cat([torch.from_numpy(output) for output in done], dim=1)


def open_file(path: Path) -> Session:
    """Open a file that ``unveil export`` wrote.

    Raises:
        UnveilError: ONNX Runtime cannot run it.
    """
    try:
        return Session(open_session(path))
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        first = str(error).splitlines()[0]
        raise UnveilError(f"{path}: ONNX Runtime cannot run it ({first}).") from None
