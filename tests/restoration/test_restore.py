"""`unveil restore` as a user runs it: told and not told, in parts, consistent, with a map."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.conftest import assert_told
from unveil.images.photos import read_photo

FACE = (slice(0, 224), slice(112, 336))


@pytest.fixture
def astronaut(tmp_path):
    Image.fromarray(np.ascontiguousarray(data.astronaut()[FACE])).save(tmp_path / "clean.png")
    return tmp_path / "clean.png"


@pytest.fixture
def hidden(astronaut, cli):
    """A function that obfuscates the astronaut into a file and returns its path."""

    def obfuscate(operator: str, name: str = "hidden.png"):
        path = astronaut.parent / name
        done = cli("obfuscate", astronaut, "-o", path, "--operator", operator, "--overwrite")
        assert done.status == 0, done.err
        return path

    return obfuscate


def pixels(path):
    return read_photo(path).rgb.astype(np.float64)


def psnr(path, clean):
    return -10 * np.log10(np.square((pixels(path) - pixels(clean)) / 255).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operator", "gain_db"),
    [
        *(("gaussian:kernel=9,sigma=4", 5), ("box:kernel=7", 5), ("disk:radius=5", 5)),
        ("pixelate:block=7,left=2,top=5", 1.5),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_not_told_it_finds_out_and_restores(operator, gain_db, suffix, hidden, astronaut, cli):
    path, out = hidden(operator, f"hidden{suffix}"), astronaut.parent / "out.png"
    done = cli("restore", path, "-o", out)
    assert done.status == 0, done.err
    assert f"found: {operator.split(',')[0]}" in done.err
    gain = psnr(out, astronaut) - psnr(path, astronaut)
    assert gain > (gain_db if suffix == ".png" else gain_db / 3)


@pytest.mark.slow
def test_a_blur_of_two_widths_is_found_and_undone(hidden, astronaut, cli):
    path, out = hidden("aniso:sigma_x=4,sigma_y=2,angle_degrees=30"), astronaut.parent / "out.png"
    done = cli("restore", path, "-o", out)
    assert done.status == 0, done.err
    assert "found: aniso:" in done.err
    assert "with optics on" in done.err
    assert psnr(out, astronaut) > psnr(path, astronaut) + 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "operator", ["disk:radius=4", "aniso:sigma_x=4,sigma_y=1.5,angle_degrees=30"]
)
def test_weights_undo_blurs_of_lenses_better_than_linear_algebra(hidden, astronaut, cli, operator):
    path, out = hidden(operator), astronaut.parent / "out.png"
    done = cli("restore", path, "-o", out, "--operator", operator)
    assert done.status == 0, done.err
    assert "with optics on" in done.err
    linear = astronaut.parent / "linear.png"
    words = ("restore", path, "-o", linear, "--operator", operator, "--model", "lmmse")
    assert cli(*words).status == 0
    assert psnr(out, astronaut) > psnr(linear, astronaut) + 0.3


def test_weights_that_are_forced_say_what_they_were_trained_on(hidden, astronaut, cli):
    path, out = hidden("disk:radius=20"), astronaut.parent / "out.png"
    words = ("restore", path, "-o", out, "--operator", "disk:radius=20")
    warned = cli(*words)
    assert warned.status == 0, warned.err
    assert "warning" in warned.err
    assert "disks of radius 1.6 to 17 pixels" in warned.err
    assert "with lmmse" in warned.err
    done = cli(*words, "--force", "--overwrite")
    assert done.status == 0, done.err
    assert "optics was not trained on disk:radius=20 in 8bit, but on" in done.err


def test_a_motion_is_undone_by_linear_algebra_not_by_weights(hidden, astronaut, cli):
    told = "motion:length=15,angle=30"
    path, out = hidden(told), astronaut.parent / "out.png"
    done = cli("restore", path, "-o", out, "--operator", told)
    assert done.status == 0, done.err
    assert f"undoing {told} in 8bit with lmmse" in done.err
    assert psnr(out, astronaut) > psnr(path, astronaut) + 5
    refused = cli(*("restore", path, "-o", out, "--operator", told, "--model", "optics"))
    assert refused.status == 2
    assert f"not {told}" in refused.err


def test_a_part_in_uneven_blocks_is_undone_with_its_surroundings(astronaut, cli):
    """Obfuscated with the whole photo, so that the grid counts from the photo's corner."""
    mosaic, sides = astronaut.parent / "mosaic.png", "blocks:across=7.47,down=8.42"
    words = ("--operator", f"{sides},left=3.3,top=5.1", "-o", mosaic)
    assert cli("obfuscate", astronaut, *words).status == 0
    photo, box = Image.open(astronaut), (72, 44, 152, 124)
    photo.paste(Image.open(mosaic).crop(box), box)
    path, out = astronaut.parent / "part.png", astronaut.parent / "out.png"
    photo.save(path)
    told = f"{sides},left={(3.3 - 72) % 7.47:.4f},top={(5.1 - 44) % 8.42:.4f}"
    done = cli("restore", path, "-o", out, "--operator", told, "--box", "72,44,80,80")
    assert done.status == 0, done.err
    assert "with lmmse" in done.err
    inside = (slice(44, 124), slice(72, 152))
    clean = pixels(astronaut)[inside]
    before, after = (np.square(pixels(file)[inside] - clean).mean() for file in (path, out))
    assert after < before / 1.25
    refused = cli(*("restore", path, "-o", out, "--operator", told, "--model", "pixelate"))
    assert refused.status == 2
    assert "not blocks:across=7.47" in refused.err


@pytest.mark.slow
def test_a_clean_photo_is_written_as_it_is(astronaut, cli):
    out = astronaut.parent / "out.png"
    done = cli("restore", astronaut, "-o", out)
    assert done.status == 0, done.err
    assert "nothing to undo" in done.err
    np.testing.assert_array_equal(pixels(out), pixels(astronaut))


def test_a_mosaicked_face_is_restored_and_the_rest_untouched(astronaut, cli):
    clean = pixels(astronaut)
    photo = Image.open(astronaut)
    box = (72, 40, 152, 120)
    face = np.asarray(photo.crop(box)).astype(np.float64)
    means = face.reshape(10, 8, 10, 8, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    photo.paste(Image.fromarray(means.repeat(8, 0).repeat(8, 1)), box)
    path, out = astronaut.parent / "part.png", astronaut.parent / "out.png"
    photo.save(path)
    done = cli("restore", path, "-o", out)
    assert done.status == 0, done.err
    assert "in 72,40,80,80" in done.err
    restored, before = pixels(out), pixels(path)
    inside = np.zeros(clean.shape[:2], dtype=bool)
    inside[40:120, 72:152] = True
    np.testing.assert_array_equal(restored[~inside], before[~inside])
    error = [np.square(image - clean)[inside].mean() for image in (before, restored)]
    assert error[1] < error[0] / 1.3
    # The seam: the jump across the edge is hardly larger than in the clean photo.
    jump, clean_jump = (np.abs(p[40:120, 72] - p[40:120, 71]).mean() for p in (restored, clean))
    assert jump < 1.5 * clean_jump + 2


@pytest.mark.parametrize("operator", ["pixelate:block=8", "pixelate:block=6,left=1,top=4"])
def test_a_consistent_answer_gives_its_input_again(operator, hidden, astronaut, cli):
    path, out = hidden(operator), astronaut.parent / "out.png"
    again = astronaut.parent / "again.png"
    assert cli("restore", path, "-o", out, "--consistent").status == 0
    assert cli("obfuscate", out, "-o", again, "--operator", operator).status == 0
    assert np.abs(pixels(again) - pixels(path)).max() <= 1  # half a level, rounded


def test_a_map_shows_where_the_answer_is_a_guess(hidden, astronaut, cli):
    path, out, guess = (astronaut.parent / name for name in ("hidden.png", "out.png", "map.png"))
    hidden("pixelate:block=8")
    done = cli("restore", path, "-o", out, "--uncertainty", guess)
    assert done.status == 0, done.err
    error = np.abs(pixels(out) - pixels(astronaut)).mean(axis=2)
    expected = pixels(guess)[..., 0]
    certain, uncertain = np.quantile(expected, [0.25, 0.75])
    assert error[expected >= uncertain].mean() > 2 * error[expected <= certain].mean()


@pytest.mark.parametrize("model", ["lmmse", "tikhonov", "richardson-lucy"])
def test_closed_forms_are_models_too(model, hidden, astronaut, cli):
    path, out = hidden("gaussian:kernel=9,sigma=4"), astronaut.parent / "out.png"
    words = ("restore", path, "-o", out, "--model", model)
    done = cli(*words, "--operator", "gaussian:kernel=9,sigma=4")
    assert done.status == 0, done.err
    assert psnr(out, astronaut) > psnr(path, astronaut) + 2


def test_what_contradicts_the_picture_is_left_with_a_warning_unless_forced(hidden, astronaut, cli):
    path, out = hidden("gaussian:kernel=13,sigma=3"), astronaut.parent / "out.png"
    words = ("restore", path, "-o", out, "--operator", "pixelate:block=8")
    done = cli(*words)
    assert done.status == 0
    assert f"unveil: warning: {path}: stated pixelate:block=8, but the image looks like" in done.err
    assert "not undone: its blocks are not of one colour; --force" in done.err
    np.testing.assert_array_equal(pixels(out), pixels(path))
    assert cli(*words, "--force", "--overwrite").status == 0
    assert (pixels(out) != pixels(path)).any()


@pytest.mark.slow
def test_every_file_that_is_written_is_named(hidden, astronaut, cli):
    path, out = hidden("pixelate:block=8"), astronaut.parent / "out.png"
    beside = [astronaut.parent / f"out-sample{number}.png" for number in (1, 2)]
    error = astronaut.parent / "map.png"
    words = ("restore", path, "-o", out, "--operator", "pixelate:block=8", "--samples", 2)
    done = cli(*words, "--uncertainty", error)
    assert done.status == 0, done.err
    assert all(file.exists() and f"-> {file}" in done.err for file in (*beside, error))
    again = cli(*words, "--uncertainty", error, "--overwrite", "--json")
    row = json.loads(again.out)
    assert row["samples"] == [str(file) for file in beside]
    assert row["uncertainty"] == str(error)


def test_a_box_outside_the_picture_is_refused(astronaut, cli):
    out = astronaut.parent / "out.png"
    done = cli("restore", astronaut, "-o", out, "--box", "200,0,50,50")
    assert_told(done, 1, f"{astronaut}", "200,0,50,50", "224x224")
    assert not out.exists()


def test_one_map_for_several_photos_is_refused(tmp_path, cli):
    for name in ("one.png", "other.png"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    words = ("restore", tmp_path / "one.png", tmp_path / "other.png", "-o", tmp_path / "out")
    done = cli(*words, "--uncertainty", tmp_path / "map.png")
    assert_told(done, 2, "map.png", "one by one")


@pytest.mark.parametrize("colour", [0, 255])
def test_a_picture_of_one_colour_comes_back(colour, tmp_path, cli):
    Image.new("RGB", (64, 48), (colour,) * 3).save(tmp_path / "flat.png")
    done = cli("restore", tmp_path / "flat.png", "-o", tmp_path / "out.png")
    assert done.status == 0, done.err
    assert (pixels(tmp_path / "out.png") == colour).all()
    words = ("restore", tmp_path / "flat.png", "-o", tmp_path / "told.png")
    assert cli(*words, "--operator", "pixelate:block=8").status == 0
    assert (pixels(tmp_path / "told.png") == colour).all()


@pytest.mark.parametrize("size", [(2, 300), (300, 2), (3, 3), (5, 40)])
@pytest.mark.parametrize("operator", ["gaussian:kernel=9,sigma=4", "pixelate:block=8"])
def test_pictures_smaller_than_a_block_or_a_window_come_back(size, operator, tmp_path, cli):
    Image.effect_noise(size, 50).convert("RGB").save(tmp_path / "thin.png")
    words = ("restore", tmp_path / "thin.png", "-o", tmp_path / "out.png", "--operator", operator)
    assert cli(*words).status == 0
    assert pixels(tmp_path / "out.png").shape[:2] == size[::-1]
