"""ONNX Runtime restores what torch restores; damaged and missing graphs are refused or renewed."""

import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from release_graphs import write_graph
from tests.conftest import assert_told
from tests.networks.nets import write_tiny
from unveil.config import RuntimeConfig
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.errors import UnveilError
from unveil.networks.card import FOLDER, list_shipped, read_card
from unveil.networks.checkpoint import pack
from unveil.networks.onnx_engine import import_onnxruntime, open_session
from unveil.restoration.restorers import choose_engine, load

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

MOSAIC = Degradation(Pixelate(5), Storage("jpeg", 80))
OPERATOR = ("--operator", "gaussian:kernel=9,sigma=4")


@pytest.fixture(scope="module", params=["cae", "refiner"])
def pair(request, tmp_path_factory):
    """Return a tiny restorer in torch and the same in ONNX Runtime."""
    folder = tmp_path_factory.mktemp("pair")
    checkpoint = str(write_tiny(folder / request.param, request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(folder / "cache"))
        other = load(checkpoint, engine="onnx")
    return load(checkpoint, "cpu", "fp32", engine="torch"), other


@pytest.mark.slow
@pytest.mark.parametrize("tile_px", [16, 512])
def test_both_engines_restore_the_same_in_tiles_and_whole(pair, tile_px):
    obfuscated = np.random.default_rng(0).random((2, 3, 75, 101), np.float32)
    (wanted, wanted_error), (found, found_error) = (
        restorer.restore_with_error(obfuscated, MOSAIC, tile_px) for restorer in pair
    )
    assert np.abs(wanted - obfuscated).mean() > 0.01
    assert np.abs(found - wanted).max() <= 1e-5
    assert (found_error is None) == (wanted_error is None)
    if wanted_error is not None:
        assert np.abs(found_error - wanted_error).max() <= 1e-5


@pytest.fixture
def blurred(photo, tmp_path, cli):
    path = tmp_path / "blurred.png"
    assert cli("obfuscate", photo, "-o", path, *OPERATOR).status == 0
    return path


def pixels(path):
    return np.asarray(Image.open(path), dtype=int)


@pytest.mark.slow
def test_the_command_restores_the_same_on_both_engines(blurred, tmp_path, cli, cache):
    flags = ("--model", "blur-fast", *OPERATOR, "--precision", "fp32", "--device", "cpu")
    for engine in ("torch", "onnx"):
        done = cli("restore", blurred, "-o", tmp_path / f"{engine}.png", *flags, "--engine", engine)
        assert done.status == 0, done.err
        assert ("ONNX Runtime" in done.err) == (engine == "onnx")
    difference = pixels(tmp_path / "onnx.png") - pixels(tmp_path / "torch.png")
    assert np.abs(difference).max() <= 1
    assert np.abs(pixels(blurred) - pixels(tmp_path / "onnx.png")).mean() > 1
    assert not list(cache.iterdir()), "shipped weights have their graph"


@pytest.mark.slow
def test_the_graph_of_a_checkpoint_is_exported_once_and_again_when_damaged(tmp_path, cache):
    checkpoint = write_tiny(tmp_path / "tiny", "cae")
    load(str(checkpoint), engine="onnx")
    (kept,) = (cache / "onnx").iterdir()
    content = kept.read_bytes()
    sha256 = read_card(checkpoint).files["weights"]["sha256"]
    assert kept.name.startswith(sha256[:32])
    load(str(checkpoint), engine="onnx")
    assert list((cache / "onnx").iterdir()) == [kept]
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1  # one bit of a weight
    kept.write_bytes(damaged)
    load(str(checkpoint), engine="onnx")
    assert [path.read_bytes() for path in (cache / "onnx").iterdir()] == [content]


@pytest.mark.parametrize("name", [item.name for item in list_shipped()])
def test_the_graph_of_shipped_weights_restores_as_torch_does(name):
    both = [load(name, "cpu", "fp32", engine=engine) for engine in ("torch", "onnx")]
    assert both[0].engine.interface == both[1].engine.interface
    assert both[0].prior.power.tolist() == both[1].prior.power.tolist()
    images = np.random.default_rng(0).random((1, 3, 41, 53), np.float32)
    undone = both[0].card.task.example
    wanted, found = (restorer.restore(images, undone) for restorer in both)
    assert np.abs(found - wanted).max() < 1e-4


STORED = {
    32: dict,
    16: lambda weights: {
        name: values if name == "power" else values.half() for name, values in weights.items()
    },
    8: pack,
}
"""How weights are stored, by bits a weight of a kernel."""


@pytest.mark.slow
@pytest.mark.parametrize("bits", STORED)
def test_a_graph_reads_weights_of_any_width_as_torch_does_and_holds_none(tmp_path, cache, bits):
    checkpoint = write_tiny(tmp_path / "tiny", "refiner", STORED[bits])
    write_graph(checkpoint)
    before = {path: path.stat().st_mtime_ns for path in (checkpoint, *checkpoint.iterdir())}
    images = np.random.default_rng(0).random((2, 3, 37, 45), np.float32)
    wanted, found = (
        load(str(checkpoint), "cpu", "fp32", engine=engine).restore_with_error(images, MOSAIC)
        for engine in ("torch", "onnx")
    )
    for one, other in zip(wanted, found, strict=True):
        assert np.abs(one - other).max() <= 1e-5
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert not list(cache.iterdir())
    graph = onnx.load(checkpoint / "graph.onnx", load_external_data=False).graph
    assert max(len(item.raw_data) for item in graph.initializer) <= 64  # constants of shapes


@pytest.fixture
def folder(tmp_path):
    """A copy of shipped weights."""
    return shutil.copytree(FOLDER / "blur-fast", tmp_path / "copy")


def test_files_that_are_swapped_after_their_check_are_not_read(folder, monkeypatch):
    images = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    undone = read_card(folder).task.example
    wanted = load(str(folder), engine="onnx").restore(images, undone)

    def swap():
        for path in (*folder.glob("*.safetensors"), folder / "graph.onnx"):
            path.write_bytes(bytes(path.stat().st_size))
        return import_onnxruntime()

    monkeypatch.setattr("unveil.networks.onnx_engine.import_onnxruntime", swap)
    found = load(str(folder), engine="onnx").restore(images, undone)
    assert not any((folder / "graph.onnx").read_bytes())
    assert np.array_equal(found, wanted)


def test_a_changed_graph_is_refused(folder):
    graph = folder / "graph.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")
    with pytest.raises(UnveilError, match=r"graph\.onnx: .*sha256"):
        load(str(folder), engine="onnx")


def test_a_missing_graph_is_named(folder):
    (folder / "graph.onnx").unlink()
    with pytest.raises(UnveilError, match=r"graph\.onnx: "):
        load(str(folder), engine="onnx")


def test_a_graph_without_its_weights_is_refused(folder):
    (weights,) = folder.glob("*.safetensors")
    weights.unlink()
    with pytest.raises(UnveilError, match=re.escape(weights.name)):
        load(str(folder), engine="onnx")


def test_a_graph_of_another_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("unveil.networks.onnx_engine.FORMAT", 99)
    with pytest.raises(UnveilError, match="a graph of format 2; this version reads 99"):
        load("blur-fast", engine="onnx")


def test_without_torch_a_checkpoint_without_a_graph_is_refused(tmp_path, monkeypatch):
    checkpoint = write_tiny(tmp_path / "tiny", "cae")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnveilError, match=r"pip install '.\[onnx\]'"):
        load(str(checkpoint), engine="onnx")


def test_torch_is_taken_where_it_pays(monkeypatch):
    config = RuntimeConfig()
    for gains, is_large, expected in (
        (True, True, "torch"),
        (True, False, "onnx"),
        (False, True, "onnx"),
    ):
        monkeypatch.setattr("unveil.restoration.restorers.may_gain_from_torch", lambda it=gains: it)
        monkeypatch.delitem(sys.modules, "torch")
        assert choose_engine("auto", config, is_large=is_large) == expected
        monkeypatch.undo()
    assert choose_engine("auto", RuntimeConfig(device="cuda"), is_large=False) == "torch"
    assert choose_engine("auto", RuntimeConfig(precision="fp32"), is_large=True) == "onnx"
    assert choose_engine("auto", config, is_large=False, has_graph=False) == "torch"


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (("--model", "lmmse"), "lmmse is linear algebra in numpy"),
        (("--device", "cuda"), "the CPU and fp32"),
        (("--precision", "bf16"), "the CPU and fp32"),
    ],
)
def test_what_the_engine_cannot_do_is_said_and_nothing_written(flags, phrase, photo, tmp_path, cli):
    out = tmp_path / "out.png"
    done = cli("restore", photo, "-o", out, *OPERATOR, *flags, "--engine", "onnx")
    assert_told(done, 2, phrase)
    assert not out.exists()


def test_sessions_take_the_stated_number_of_threads(monkeypatch):
    monkeypatch.setattr("unveil.runtime._threads", 3)
    session = open_session(FOLDER / "blur-fast" / "graph.onnx")
    assert session.get_session_options().intra_op_num_threads == 3


def test_an_old_onnx_runtime_is_refused(monkeypatch, photo, tmp_path, cli):
    monkeypatch.setattr(import_onnxruntime(), "__version__", "1.16.3")
    words = ("--model", "cae-blur", "--engine", "onnx")
    done = cli("restore", photo, "-o", tmp_path / "out.png", *words)
    assert_told(done, 1, "1.16.3 is too old", "pip install --upgrade onnxruntime")


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(UnveilError, match=r"net\.onnx: ONNX Runtime cannot run it"):
        open_session(tmp_path / "net.onnx")
