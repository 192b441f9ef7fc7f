"""Restoring with ONNX Runtime: a network's file is made once and kept in the cache folder."""

import hashlib
import importlib.metadata
from dataclasses import replace
from pathlib import Path

import torch

from unveil import console
from unveil.files import cache_folder, file_sha256
from unveil.onnx.graph import FORMAT
from unveil.onnx.session import open_file
from unveil.restoration.restorers import NetworkRestorer
from unveil.runtime import Runtime

DIGITS = 32
"""So many digits of a sha256 stand in a file's name."""


def with_onnx(network: NetworkRestorer) -> NetworkRestorer:
    """Return ``network`` with its convolutions run by ONNX Runtime, in float32 on the CPU.

    What a refiner's convolutions read is made by torch as before.

    Raises:
        UnveilError: the network cannot be exported.
    """
    session = open_file(cached_file(network))
    reason = f"ONNX Runtime {importlib.metadata.version('onnxruntime')}"
    return replace(network, engine=session, runtime=Runtime(torch.device("cpu"), "fp32", reason))


def cached_file(network: NetworkRestorer) -> Path:
    """Return the ONNX file of ``network`` in the cache folder, made where it is missing.

    Its name holds the sha256 of the weights and of the file itself: a file that is damaged is
    made again.

    Raises:
        UnveilError: the network cannot be exported.
    """
    weights = network.card.files["weights"]["sha256"][:DIGITS]
    folder = cache_folder() / "onnx"
    for path in folder.glob(f"{weights}-{FORMAT}-*.onnx"):
        if path.stem.endswith(f"-{file_sha256(path)[:DIGITS]}"):
            return path
        path.unlink(missing_ok=True)
    from unveil.onnx.export import to_onnx, write_checked

    console.note(f"making an ONNX file of {network.name}, once")
    content = to_onnx(network)
    name = f"{weights}-{FORMAT}-{hashlib.sha256(content).hexdigest()[:DIGITS]}.onnx"
    return write_checked(network, content, folder / name).path
