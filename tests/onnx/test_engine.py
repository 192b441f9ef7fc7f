"""`--engine onnx` restores what torch restores; its files are made once and mended when damaged."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import assert_told
from tests.onnx.nets import write_tiny
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.restoration.restorers import load

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

MOSAIC = Degradation(Pixelate(5), Storage("jpeg", 80))
OPERATOR = ("--operator", "gaussian:kernel=9,sigma=4")


@pytest.fixture(scope="module", params=["cae", "refiner"])
def pair(request, tmp_path_factory):
    """Return a tiny restorer in torch and the same in ONNX Runtime, whose torch weights are lost.

    Whatever the second restores, it is not torch that did it.
    """
    from unveil.onnx.engine import with_onnx

    folder = tmp_path_factory.mktemp("pair")
    checkpoint = write_tiny(folder / request.param, request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNVEIL_CACHE", str(folder / "cache"))
        other = with_onnx(load(checkpoint, "cpu", "fp32"))
    for values in other.model.parameters():
        torch.nn.init.zeros_(values)
    return load(checkpoint, "cpu", "fp32"), other


@pytest.mark.slow
@pytest.mark.parametrize("tile_px", [16, 512])
def test_both_engines_restore_the_same_in_tiles_and_whole(pair, tile_px):
    obfuscated = torch.rand(2, 3, 75, 101)
    (wanted, wanted_error), (found, found_error) = (
        restorer.restore_with_error(obfuscated, MOSAIC, tile_px) for restorer in pair
    )
    assert (wanted - obfuscated).abs().mean() > 0.01
    assert (found - wanted).abs().max() <= 1e-5
    assert (found_error is None) == (wanted_error is None)
    if wanted_error is not None:
        assert (found_error - wanted_error).abs().max() <= 1e-5


def test_both_engines_draw_the_same_answers(pair):
    if not pair[0].card.model.noise_planes:
        return
    obfuscated = torch.rand(1, 3, 20, 31)
    first, again, other = (
        restorer.draw(obfuscated, MOSAIC, seed)
        for restorer, seed in zip((*pair, pair[1]), (1, 1, 2), strict=True)
    )
    assert (first - again).abs().max() <= 1e-5
    assert (again - other).abs().max() > 0.01


@pytest.fixture
def blurred(photo, tmp_path, cli):
    path = tmp_path / "blurred.png"
    assert cli("obfuscate", photo, "-o", path, *OPERATOR).status == 0
    return path


def pixels(path):
    return np.asarray(Image.open(path), dtype=int)


@pytest.mark.slow
def test_the_command_restores_the_same_and_makes_the_file_once(blurred, tmp_path, cli, cache):
    flags = ("--model", "blur-fast", *OPERATOR, "--precision", "fp32")
    torch_way = cli("restore", blurred, "-o", tmp_path / "torch.png", *flags, "--device", "cpu")
    assert torch_way.status == 0, torch_way.err

    out = tmp_path / "onnx.png"
    for is_first in (True, False):
        done = cli("restore", blurred, "-o", out, *flags, "--engine", "onnx", "--overwrite")
        assert done.status == 0, done.err
        assert "ONNX Runtime" in done.err
        assert ("making an ONNX file of blur-fast" in done.err) == is_first
        assert np.abs(pixels(out) - pixels(tmp_path / "torch.png")).max() <= 1
    assert np.abs(pixels(blurred) - pixels(out)).mean() > 1
    assert len(list((cache / "onnx").iterdir())) == 1


@pytest.mark.slow
def test_a_file_is_kept_by_the_weights_checksum_and_made_again_when_damaged(tmp_path, cache):
    from unveil.onnx.engine import cached_file

    network = load(write_tiny(tmp_path / "tiny", "cae"), "cpu", "fp32")
    kept = cached_file(network)
    content = kept.read_bytes()
    assert kept.name.startswith(network.card.files["weights"]["sha256"][:32])
    assert cached_file(network) == kept
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 1  # one bit of a weight
    kept.write_bytes(damaged)
    assert cached_file(network).read_bytes() == content
    assert list((cache / "onnx").iterdir()) == [kept]


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (("--model", "lmmse"), "lmmse is a closed form"),
        (("--device", "cuda"), "the CPU and fp32"),
        (("--precision", "bf16"), "the CPU and fp32"),
    ],
)
def test_what_the_engine_cannot_do_is_said_and_nothing_written(flags, phrase, photo, tmp_path, cli):
    out = tmp_path / "out.png"
    done = cli("restore", photo, "-o", out, *OPERATOR, *flags, "--engine", "onnx")
    assert_told(done, 2, phrase)
    assert not out.exists()


def test_sessions_take_as_many_threads_as_torch():
    from unveil.onnx.session import open_session

    names = [onnx.helper.make_tensor_value_info(name, 1, [1]) for name in "ab"]
    nodes = [onnx.helper.make_node("Relu", ["a"], ["b"])]
    graph = onnx.helper.make_graph(nodes, "small", names[:1], names[1:])
    opset = [onnx.helper.make_opsetid("", 20)]
    network = onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        options = open_session(network.SerializeToString()).get_session_options()
        assert options.intra_op_num_threads == 3
    finally:
        torch.set_num_threads(before)
