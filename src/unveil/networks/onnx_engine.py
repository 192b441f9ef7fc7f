"""The engine that runs networks by ONNX Runtime, on the CPU in float32, without torch.

A folder of weights may hold ``graph.onnx``: the network's layers, whose parameters are references
into the file of weights beside it, so that no weight is stored twice. Of other checkpoints a graph
is exported once, into the cache folder, which takes torch.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unveil import console
from unveil.arrays import Array, constant, to_numpy
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation
from unveil.errors import UnveilError
from unveil.extras import require
from unveil.files import REINSTALL, cache_folder, read_checked
from unveil.linear.prior import Prior
from unveil.networks.card import Card
from unveil.networks.interface import ESTIMATE, KNOWN, OBFUSCATED, Interface, RefinerInputs
from unveil.runtime import Runtime, set_threads, threads
from unveil.tensors import check_weights, decode

FORMAT = 2
"""Version of a graph's inputs, outputs and metadata."""

DIGITS = 32
"""Number of hexadecimal digits of a sha256 in the name of a cached file."""

PROVIDERS = ("CPUExecutionProvider",)
MIN_VERSION = (1, 24)
"""Oldest ONNX Runtime that is taken, as in ``pyproject.toml``: it takes weights from memory."""

FATAL = 4
"""Severity from which ONNX Runtime prints: what is milder it also raises, and that is enough."""


class OnnxEngine:
    """A network of ONNX Runtime.

    Args:
        session: of a graph that :mod:`unveil.networks.export` made.
        prior: power spectrum of clean photos that the weights hold; None where they hold none.
    """

    def __init__(self, session: Any, prior: Prior | None = None) -> None:
        self.session = session
        self.prior = prior
        self.interface = interface_of(session)
        version = importlib.metadata.version("onnxruntime")
        self.runtime = Runtime(reason=f"ONNX Runtime {version}")

    def inputs(self, obfuscated: Array, degradation: Degradation | None) -> Array | RefinerInputs:
        """Return what :meth:`correct` reads a part of: the photo, or a refiner's inputs."""
        if not self.interface.needs_degradation:
            return obfuscated
        if self.prior is None:
            raise UnveilError("these weights hold no power spectrum; use --engine torch.")
        return RefinerInputs(obfuscated, degradation, self.prior)

    def correct(self, inputs: Array) -> Array:
        """Map ``B x C x H x W`` to the outputs, float32, in the library of ``inputs``."""
        outputs = self.session.run(None, self.feed(to_numpy(inputs)))
        return constant(np.concatenate(outputs, axis=1), inputs)

    def feed(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Split ``B x C x H x W``, float32, into the graph's inputs by name."""
        channels = [part.channels for part in self.interface.planes]
        parts = np.split(inputs, np.cumsum(channels)[:-1], axis=1)
        names = [part.name for part in self.interface.planes]
        return {n: np.ascontiguousarray(part) for n, part in zip(names, parts, strict=True)}


def interface_of(session: Any) -> Interface:
    """Return what a graph states of its network.

    Raises:
        UnveilError: another version of unveil made it, or the network has inputs of its own.
    """
    said = session.get_modelmeta().custom_metadata_map
    if said.get("format") != str(FORMAT):
        raise UnveilError(f"a graph of format {said.get('format')}; this version reads {FORMAT}.")
    meanings = {part.name: part for part in (OBFUSCATED, ESTIMATE, KNOWN)}
    inputs = session.get_inputs()
    if unknown := [item.name for item in inputs if item.name not in meanings]:
        raise UnveilError(
            f"the network reads {unknown[0]!r}, which torch computes: --engine torch."
        )
    planes = tuple(meanings[item.name]._replace(channels=int(item.shape[1])) for item in inputs)
    return Interface(
        stride_px=int(said["stride_px"]),
        reach_px=int(said["reach_px"]),
        planes=planes,
        needs_degradation=len(planes) > 1,
        estimates_error=len(session.get_outputs()) > 1,
    )


def open_engine(folder: Path, card: Card, config: RuntimeConfig) -> OnnxEngine:
    """Open the network of a checkpoint.

    Raises:
        UnveilError: a file is missing, damaged or was changed; it has no graph and torch, which
            exports one, is not installed.
    """
    set_threads(config.threads)
    weights = folder / Path(card.files["weights"]["name"]).name
    content = read_checked(weights, card.files["weights"]["sha256"], REINSTALL)
    tensors = decode(content, weights, REINSTALL)
    check_weights(tensors, weights)
    power = tensors.get("power")
    prior = None if power is None else Prior(power.astype(np.float32))
    if "graph" not in card.files:
        return OnnxEngine(open_session(_cached(folder, card)), prior)
    path = folder / Path(card.files["graph"]["name"]).name
    graph = read_checked(path, card.files["graph"]["sha256"], REINSTALL)
    return OnnxEngine(open_session(graph, path, {weights.name: content}), prior)


def _cached(folder: Path, card: Card) -> bytes:
    """Return the ONNX file of a checkpoint in the cache folder, made where it is missing.

    Its name holds the sha256 of the weights and of the file itself: a file that is damaged is
    made again.
    """
    weights = card.files["weights"]["sha256"][:DIGITS]
    cache = cache_folder() / "onnx"
    for path in cache.glob(f"{weights}-{FORMAT}-*.onnx"):
        content = path.read_bytes()
        if path.stem.endswith(f"-{hashlib.sha256(content).hexdigest()[:DIGITS]}"):
            return content
        path.unlink(missing_ok=True)
    require("onnx")
    from unveil.networks.export import export_to_cache

    console.note(f"exporting {folder.name} to ONNX, once")
    return export_to_cache(folder, card, cache, f"{weights}-{FORMAT}")


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


def open_session(
    model: bytes | Path, name: object = "model", beside: Mapping[str, bytes] | None = None
) -> Any:
    """Return an ``onnxruntime.InferenceSession`` on the CPU.

    Args:
        model: an ONNX file, or the bytes of one.
        name: of the bytes, for errors.
        beside: content of the files that the bytes refer to, by their names. ONNX Runtime opens
            none of them, so what is run is what was checked.

    Raises:
        UnveilError: ONNX Runtime cannot run it.
    """
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = FATAL
    # Threads that wait for work are not to keep other work, such as a detector's, from a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it keeps what the largest tile took, and gains no time
    source, name = (model, name) if isinstance(model, bytes) else (str(model), model)
    files = dict(beside or {})
    sizes = [len(content) for content in files.values()]
    options.add_external_initializers_from_files_in_memory([*files], [*files.values()], sizes)
    try:
        return runtime.InferenceSession(source, options, providers=list(PROVIDERS))
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        first = str(error).splitlines()[0]
        raise UnveilError(f"{name}: ONNX Runtime cannot run it ({first}).") from None
