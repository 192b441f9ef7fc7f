"""ONNX files do what PyTorch does, at any size, and say what they are; or there is no file."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.conftest import assert_told, run_cli
from tests.networks.nets import FAMILIES, SHAPES, write_tiny
from unveil.degradation import Degradation, Pixelate, Storage
from unveil.degradation.degrade import degrade
from unveil.degradation.families import Task
from unveil.metrics.quality import METRICS
from unveil.networks.architectures import MODELS
from unveil.networks.network import Network
from unveil.networks.onnx_engine import import_onnxruntime
from unveil.restoration.restorers import load
from unveil.training.quantise import some_photos

onnx = pytest.importorskip("onnx")
onnxruntime = import_onnxruntime()
pytest.importorskip("onnxscript")

SIZES = [(1, 8, 24), (2, 16, 16), (1, 1, 1), (3, 7, 30), (2, 37, 45), (1, 64, 33)]
MOSAIC = Degradation(Pixelate(5), Storage("jpeg", 80))


class Made(NamedTuple):
    checkpoint: Path
    file: Path


@pytest.fixture(scope="module")
def made(request, tmp_path_factory):
    """Return a tiny checkpoint of an architecture and the file that the command made of it."""
    folder = tmp_path_factory.mktemp(request.param)
    checkpoint = write_tiny(folder / "tiny", request.param)
    done = run_cli("export", checkpoint, "-o", folder / "made" / "tiny.onnx", "--json")
    assert done.status == 0, done.err
    row = json.loads(done.out)
    assert row["path"] == str(folder / "made" / "tiny.onnx")
    assert row["size_bytes"] == (folder / "made" / "tiny.onnx").stat().st_size
    assert 0 <= row["difference"] <= 1e-4
    return Made(checkpoint, folder / "made" / "tiny.onnx")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny") / "tiny", "cae")


def each(*names):
    return pytest.mark.parametrize("made", names, indirect=True)


def largest(values, session, fed):
    """Return the greatest difference between ``values`` and the first output of a session."""
    return np.abs(session.run(None, fed)[0] - values).max()


@pytest.mark.slow
@each("cae", "vcae", "rescae", "blind")
def test_the_file_alone_restores_as_unveil_does_at_any_batch_and_size(made):
    session, restorer = (
        onnxruntime.InferenceSession(made.file),
        load(str(made.checkpoint), "cpu", "fp32", engine="torch"),
    )
    for batch, height, width in SIZES:
        obfuscated = np.random.default_rng(0).random((batch, 3, height, width), np.float32)
        restored = restorer.restore(obfuscated)
        assert np.abs(restored - obfuscated).mean() > 0.01  # it does something
        assert largest(restored, session, {"obfuscated": obfuscated}) <= 1e-5


@pytest.mark.slow
@each("refiner")
def test_a_refiners_file_restores_from_the_planes_that_its_inputs_name(made):
    session, restorer = (
        onnxruntime.InferenceSession(made.file),
        load(str(made.checkpoint), "cpu", "fp32", engine="torch"),
    )
    for batch, height, width in SIZES:
        obfuscated = np.random.default_rng(0).random((batch, 3, height, width), np.float32)
        planes = restorer.engine.inputs(obfuscated, MOSAIC)
        fed = dict(
            zip(("obfuscated", "start", "known"), np.split(planes, (3, 6), axis=1), strict=True)
        )
        restored, error = restorer.restore_with_error(obfuscated, MOSAIC)
        assert np.abs(restored - obfuscated).mean() > 0.01
        assert largest(restored, session, fed) <= 1e-5
        found = session.run(["expected_error"], fed)[0]
        assert np.abs(found - error).max() <= 1e-5


@each(*SHAPES)
def test_the_file_says_what_it_is_and_nothing_of_this_machine(made):
    model = onnx.load(made.file)
    onnx.checker.check_model(model, full_check=True)
    said = {item.key: item.value for item in model.metadata_props}
    card = json.loads((made.checkpoint / "checkpoint.json").read_text())
    assert said["architecture"] == card["model"]["architecture"]
    assert (said["operator"], said["storage"]) == (card["operator"], card["storage"])
    assert said["weights_sha256"] == card["files"]["weights"]["sha256"]
    assert said["unveil_version"]
    for kind, values in (("input", model.graph.input), ("output", model.graph.output)):
        for item in values:
            assert said[f"{kind} {item.name}"]
            shape = item.type.tensor_type.shape.dim
            assert [shape[n].dim_param for n in (0, 2, 3)] == ["batch", "height", "width"]
    content = made.file.read_bytes()
    for place in (Path(__file__).parents[2], Path(torch.__file__).parent, made.checkpoint):
        assert str(place).encode() not in content
    assert b".py" not in content


def test_only_what_is_told_the_operator_takes_more_than_the_photo():
    assert set(FAMILIES) < set(SHAPES)
    assert set(SHAPES) == set(MODELS)


class Factored(Network):
    """A network with an operator that ONNX lacks."""

    stride_px = reach_px = 1

    def __init__(self, config):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def correct(self, inputs):
        return self.weight * torch.linalg.qr(inputs)[0]


class Changing(Factored):
    """A network that does something else when it is exported."""

    def correct(self, inputs):
        return inputs * self.weight - (0.01 if torch.compiler.is_exporting() else 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "phrase"),
    [(Factored, "the operator aten.linalg_qr has no counterpart in ONNX"), (Changing, "by 0.01")],
)
def test_what_onnx_cannot_do_is_named_and_no_file_is_left(
    network, phrase, tiny, tmp_path, cli, monkeypatch
):
    monkeypatch.setitem(MODELS, "cae", network)
    monkeypatch.setattr("unveil.networks.checkpoint.load_weights", lambda *_: None)  # it has others
    (tmp_path / "old.onnx").write_text("old")
    for name, flags in (("new.onnx", ()), ("old.onnx", ("--overwrite",))):
        assert_told(cli("export", tiny, "-o", tmp_path / name, *flags), 1, "tiny", phrase)
    assert [path.name for path in tmp_path.iterdir()] == ["old.onnx"]
    assert (tmp_path / "old.onnx").read_text() == "old"


@pytest.mark.parametrize(
    ("words", "status", "phrases"),
    [
        (("lmmse", "net.onnx"), 2, ("lmmse", "is a closed form")),
        (("blur-fats", "net.onnx"), 2, ("did you mean 'blur-fast'",)),
        (("blur-fast", "net.pt"), 2, ("net.pt", "must end in .onnx")),
        (("blur-fast", "folder.onnx"), 1, ("folder.onnx", "is a folder")),
        (("blur-fast", "old.onnx"), 1, ("old.onnx", "--overwrite")),
        (("blur-fast", "old.onnx/net.onnx"), 1, ("old.onnx", "is a file")),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_exported_is_refused_before_any_work(
    words, status, phrases, tmp_path, cli, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("folder.onnx").mkdir()
    Path("old.onnx").write_text("old")
    model, output = words
    words = ("export", model, "-o", output)
    assert_told(cli(*words), status, *phrases)
    assert_told(cli(*words, "--dry-run"), status, *phrases)
    assert Path("old.onnx").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_dry_run_says_what_would_be_written_and_writes_nothing(tiny, tmp_path, cli):
    done = cli("export", tiny, "-o", tmp_path / "new" / "net.onnx", "--dry-run")
    assert done.status == 0, done.err
    assert str(tmp_path / "new" / "net.onnx") in done.out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_snippet_in_the_docs_restores_as_unveil_does_without_torch(photo, tmp_path, cli):
    text = (Path(__file__).parents[2] / "docs" / "restorers.md").read_text()
    snippet = re.search(r"## ONNX.*?```python\n(.*?)```", text, re.DOTALL)[1]
    blurred, here = tmp_path / "obfuscated.png", tmp_path / "here.png"
    assert cli("obfuscate", photo, "-o", blurred, "--operator", "gaussian").status == 0
    flags = ("--model", "cae-blur", "--device", "cpu", "--precision", "fp32")
    assert cli("restore", blurred, "-o", here, *flags).status == 0
    assert cli("export", "cae-blur", "-o", tmp_path / "cae-blur.onnx").status == 0
    code = f"{snippet}\nimport sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    there, wanted, before = (
        np.asarray(Image.open(path), dtype=int)
        for path in (tmp_path / "restored.png", here, blurred)
    )
    assert np.abs(there - wanted).max() <= 1  # rounding to 8 bits
    assert np.abs(wanted - before).mean() > 1


@pytest.mark.slow
def test_8_bits_quarter_the_file_and_say_what_they_lose(tmp_path, photo_folder, cli):
    """What is said is what the file, run by ONNX Runtime alone, loses on photos."""
    checkpoint = write_tiny(tmp_path / "tiny", "blind")
    for name, flags in (("float", ()), ("int8", ("--int8", "--data", photo_folder))):
        done = cli("export", checkpoint, "-o", tmp_path / f"{name}.onnx", "--json", *flags)
        assert done.status == 0, done.err
    row = json.loads(done.out)
    assert row["photos"] == 12  # of 24: the others set the scales
    assert row["loss_db"] == pytest.approx(row["float_psnr_db"] - row["int8_psnr_db"])
    assert row["loss_db"] != 0
    model = onnx.load(tmp_path / "int8.onnx")
    said = {item.key: item.value for item in model.metadata_props}
    assert said["weights"] == "int8"
    assert said["int8_loss_db"] == f"{row['loss_db']:.2f}"
    kernels = [item for item in model.graph.initializer if len(item.dims) == 4]
    assert {item.data_type for item in kernels} >= {onnx.TensorProto.INT8}
    clean = some_photos(photo_folder)[12:]
    obfuscated = degrade(clean, Task("streaming", "any").example)
    for name in ("float", "int8"):
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx")
        restored = session.run(["restored"], {"obfuscated": obfuscated})[0]
        psnr = METRICS["psnr"](restored, clean).mean()
        assert float(psnr) == pytest.approx(row[f"{name}_psnr_db"], abs=1e-3)
        odd = session.run(
            ["restored"], {"obfuscated": np.ascontiguousarray(obfuscated[:1, :, :37, :45])}
        )[0]
        assert odd.shape == (1, 3, 37, 45)


def test_8_bits_without_photos_are_refused(tiny, photo, tmp_path, cli):
    out = tmp_path / "net.onnx"
    for flags in ((), ("--dry-run",)):
        assert_told(
            cli("export", tiny, "-o", out, "--int8", *flags), 1, "--data", "unveil download"
        )
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "photo.jpg").write_bytes(photo.read_bytes())
    few = cli("export", tiny, "-o", out, "--int8", "--data", tmp_path / "one")
    assert_told(few, 1, "one", "holds one photo")
    assert_told(cli("export", tiny, "-o", out, "--data", tmp_path / "one"), 2, "--data", "--int8")
    assert not out.exists()
