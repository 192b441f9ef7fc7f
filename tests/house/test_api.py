"""`import unveil`: from a file to scores in a few lines, and the same answers as the commands."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

import unveil

BLUR = "gaussian:kernel=9,sigma=4"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()[:128, 150:290]).save(path)
    return path


def test_a_photo_is_read_hidden_restored_scored_and_written(file):
    clean = unveil.read(file)
    obfuscated = unveil.obfuscate(clean, BLUR)
    restored = unveil.restore(obfuscated, BLUR)
    before, after = unveil.score(obfuscated, clean), unveil.score(restored, clean)
    assert list(after) == ["psnr", "ssim", "ssim_deck"]
    assert after["psnr"] > before["psnr"] + 5
    unveil.write(restored, file)
    assert np.abs(unveil.read(file) - restored).max() <= 0.51 / 255


def test_what_is_not_told_is_found_as_the_command_finds_it(file, cli):
    hidden, answer = file.with_name("hidden.png"), file.with_name("answer.png")
    unveil.write(unveil.obfuscate(unveil.read(file), "pixelate:block=8"), hidden)
    assert cli("restore", hidden, "-o", answer).status == 0
    restored = unveil.restore(unveil.read(hidden))
    assert np.abs(unveil.read(answer) - restored).max() <= 0.51 / 255
    assert unveil.inspect(hidden).degradation.operator == unveil.Pixelate(8)


def test_each_image_of_a_batch_is_looked_at_by_itself(file):
    clean = unveil.read(file)
    mosaic = unveil.obfuscate(clean, "pixelate:block=8")
    both = unveil.restore(np.concatenate([mosaic, clean]))
    assert np.array_equal(both[1:], clean)  # nothing hid it
    assert np.array_equal(both[:1], unveil.restore(mosaic))


def test_tensors_of_torch_come_back_as_such(file):
    torch = pytest.importorskip("torch")
    clean = unveil.read(file)
    tensors = torch.from_numpy(np.array(clean))
    hidden = unveil.obfuscate(tensors, BLUR)
    restored = unveil.restore(hidden, BLUR)
    assert isinstance(hidden, torch.Tensor)
    assert isinstance(restored, torch.Tensor)
    assert unveil.score(restored, tensors)["psnr"] > unveil.score(hidden, tensors)["psnr"] + 5
    numpy_way = unveil.restore(unveil.obfuscate(clean, BLUR), BLUR)
    assert float(np.abs(restored.numpy() - numpy_way).mean()) < 1 / 255
    assert unveil.inspect(hidden) == unveil.inspect(unveil.obfuscate(clean, BLUR))


def test_operators_may_be_text_presets_or_objects(file):
    clean = unveil.read(file)
    told = unveil.obfuscate(clean, unveil.Pixelate(8), unveil.Storage("float"))
    assert np.array_equal(told, unveil.obfuscate(clean, "pixelate:block=8", "float"))
    assert not np.array_equal(clean, unveil.obfuscate(clean, "pillow-gaussian:radius=2"))


def test_models_can_be_chosen(file):
    hidden = unveil.obfuscate(unveil.read(file), BLUR)
    algebra = unveil.restore(hidden, BLUR, model="lmmse")
    known = unveil.Degradation(unveil.parse_operator(BLUR))
    assert np.array_equal(algebra, unveil.load("lmmse").restore(hidden, known))
    trained = unveil.restore(hidden, model="cae-blur")  # is told nothing: it undoes one blur
    assert np.array_equal(trained, unveil.load("cae-blur").restore(hidden))


@pytest.mark.slow
def test_a_blur_beyond_all_weights_is_left_to_algebra_with_a_warning_where_it_was_told(file):
    hidden = unveil.obfuscate(unveil.read(file), "gaussian:kernel=85,sigma=14")
    assert unveil.restore(hidden, storage="h264:crf=23").shape == hidden.shape
    with pytest.warns(UserWarning, match="beyond what the shipped weights"):
        unveil.restore(hidden, "gaussian:kernel=85,sigma=14")


@pytest.mark.slow
def test_faces_are_judged(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()).save(path)
    (verdict,) = unveil.audit(path)
    assert str(verdict.operator) == "none"
    assert verdict.risk.share > 0.5
    assert verdict.words


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: unveil.obfuscate(x, "gausian"), "did you mean 'gaussian'"),
        (lambda x: unveil.obfuscate(x, BLUR, "16bit"), "storage"),
        (lambda x: unveil.obfuscate(x[0], BLUR), "B x 3 x H x W"),
        (lambda x: unveil.restore(x.astype(np.float64), BLUR), "float32"),
        (
            lambda x: unveil.restore(x, "median:kernel=5"),
            "no restorer undoes median:kernel=5",
        ),
        (lambda x: unveil.restore(x, BLUR, model="bluer"), "did you mean 'blur'"),
        (lambda x: unveil.restore(x, BLUR, model="cae-pixelate"), "not gaussian"),
        (lambda x: unveil.score(x, x[..., 1:]), "one shape"),
        (lambda x: unveil.score("a.png", x), "numpy or torch, not str; unveil.read reads a file"),
        (lambda x: unveil.restore("photo.png"), "not str; unveil.read reads a file"),
        (lambda x: unveil.obfuscate(None, BLUR), "numpy or torch, not NoneType"),
        (lambda x: unveil.obfuscate(x, None), "operator None must be text"),
        (lambda x: unveil.obfuscate(x, 7), "operator 7 must be text"),
        (lambda x: unveil.obfuscate(x, BLUR, 8), "storage 8 must be text"),
        (lambda x: unveil.audit(x), "by its path, not by ndarray"),
        (lambda x: unveil.audit("photo.png", (1, 2, 3, 4)), "box 1 must be four whole numbers"),
        (lambda x: unveil.inspect(x, (1, 2, 3)), r"box \(1, 2, 3\) must be four whole numbers"),
        (lambda x: unveil.inspect(x, (0, 0, 99, 99)), "not inside the picture of 32x32"),
        (lambda x: unveil.read(x), "by its path, not by ndarray"),
        (lambda x: unveil.write(x, None), "by its path, not by NoneType"),
        (lambda x: unveil.load(None), "a model is named by text"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(call, said):
    with pytest.raises(unveil.UsageError, match=said) as told:
        call(np.zeros((1, 3, 32, 32), np.float32))
    assert "\n" not in str(told.value)


def test_a_box_may_be_four_numbers_or_text(file):
    found = unveil.inspect(file, unveil.Box(8, 8, 64, 64))
    assert found.box == unveil.Box(8, 8, 64, 64)
    assert found == unveil.inspect(file, (8, 8, 64, 64)) == unveil.inspect(file, "8,8,64,64")


@pytest.mark.parametrize("statement", ["from unveil import restored", "unveil.restored"])
def test_a_name_that_is_gone_names_the_new_one(statement):
    with pytest.raises(ImportError, match=r"unveil\.restored is called unveil\.restore since"):
        exec(statement, {"unveil": unveil})  # noqa: S102  # our own


def test_identical_images_are_infinitely_near():
    images = np.random.default_rng(0).random((2, 3, 16, 16), np.float32)
    assert unveil.score(images, images) == {"psnr": np.inf, "ssim": 1.0, "ssim_deck": 1.0}
