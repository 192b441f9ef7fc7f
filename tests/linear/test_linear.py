"""The closed forms in both libraries: against scikit-image and dense linear algebra, and laws."""

from functools import partial

import numpy as np
import pytest
from skimage import data, restoration

from unveil.degradation import (
    AnisotropicGaussian,
    BoxBlur,
    Degradation,
    Disk,
    GaussianBlur,
    Motion,
    Pixelate,
    Sample,
    Storage,
    UnevenPixelate,
    Window,
)
from unveil.degradation.degrade import degrade
from unveil.degradation.kernels import blur_kernel
from unveil.degradation.operators import obfuscate
from unveil.errors import UsageError
from unveil.images.arrays import to_array
from unveil.images.photos import Photo
from unveil.linear import CLOSED_FORMS, closed_forms
from unveil.linear.blur import richardson_lucy, tikhonov
from unveil.linear.closed_forms import expected_error, lmmse, restore_closed_form
from unveil.linear.mosaic import shrink_matrix
from unveil.linear.noise import h264_steps
from unveil.linear.prior import Prior, fit_prior, read_prior
from unveil.linear.spectral import frequencies, synthesise

FLOAT, EIGHT_BIT = Storage("float"), Storage("8bit")
BLURS = [GaussianBlur(), GaussianBlur(13, 3.0), BoxBlur(5), Window((9, 8, 5, 1), (2, 1)), Disk(3.3)]
BLURS += [Motion(5.5, 90)]
SLANTED = [AnisotropicGaussian(2.5, 1.0, 30), AnisotropicGaussian(1.0, 3.0, 45), Motion(5.5, 20)]
MOSAICS = [Pixelate(8), Pixelate(5, 3, 2), Sample(4), Sample(6, 1, 5)]
MOSAICS += [UnevenPixelate(7.47, 5.5, left=2.6, top=0.3)]
PRIOR = read_prior()


def spectral_noise(count: int, height: int = 48, width: int = 56, seed: int = 0) -> np.ndarray:
    """Return Gaussian noise of the prior's power spectrum, float32."""
    draws = np.random.default_rng(seed)
    noise = draws.standard_normal((count, 3, height, width), dtype=np.float32)
    return synthesise(noise * np.sqrt(PRIOR.at(height, width)))


def drawn(count: int = 2, height: int = 48, width: int = 56, seed: int = 0) -> np.ndarray:
    """Return smooth random pictures in [0,1]: cosines whose power falls as the prior's does."""
    pictures = spectral_noise(count, height, width, seed)
    low, high = pictures.min(), pictures.max()
    return (pictures - low) / (high - low)


def astronaut() -> np.ndarray:
    return to_array(Photo(data.astronaut()))


def psnr(found: np.ndarray, clean: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(found.clip(0, 1) - clean).mean()))


@pytest.fixture
def restored(library):
    """Return a function that restores numpy's images by a closed form in each library."""

    def restored(name: str, obfuscated: np.ndarray, degradation: Degradation) -> np.ndarray:
        return library.compute(
            lambda images: restore_closed_form(name, PRIOR, images, degradation), obfuscated
        )

    return restored


def test_each_name_stands_for_its_function():
    names = {name: function.__name__ for name, function in closed_forms._FUNCTIONS.items()}
    assert names == {name: name.replace("-", "_") for name in CLOSED_FORMS}


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, *MOSAICS], ids=str)
@pytest.mark.parametrize("size", [(48, 56), (31, 17), (1, 20), (3, 2)], ids=str)
def test_any_size_and_type_comes_back(operator, size, restored):
    degradation = Degradation(operator)
    others = ("tikhonov", "richardson-lucy") if operator in BLURS else ("bicubic", "lanczos")
    for name in ("lmmse", *(() if operator in SLANTED else others)):
        for dtype in (np.float32, np.float64):
            obfuscated = degrade(drawn(2, *size).astype(dtype), degradation)
            found = restored(name, obfuscated, degradation)
            assert (found.shape, found.dtype) == ((2, 3, *size), dtype)
            assert np.isfinite(found).all()
            assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, *MOSAICS], ids=str)
def test_a_gradient_passes_through_it(operator):
    """Networks may be trained behind it: against differences."""
    torch = pytest.importorskip("torch")
    known = Degradation(operator)
    x = torch.tensor(drawn(1, 5, 6)[..., :5, :6], dtype=torch.float64, requires_grad=True)
    # A slanted blur is undone in many steps: along drawn directions, not along each pixel.
    is_slow = operator in SLANTED
    undo = partial(lmmse, degradation=known, prior=PRIOR)
    assert torch.autograd.gradcheck(undo, x, atol=1e-4, fast_mode=is_slow)


@pytest.mark.parametrize("operator", BLURS, ids=str)
def test_without_rounding_the_blur_is_undone(operator, library, restored):
    clean, degradation = drawn(), Degradation(operator, FLOAT)
    obfuscated = library.compute(lambda images: degrade(images, degradation), clean)
    assert psnr(restored("lmmse", obfuscated, degradation), clean) > 50


@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, *MOSAICS], ids=str)
@pytest.mark.parametrize("storage", [EIGHT_BIT, Storage("jpeg", 75)], ids=str)
def test_it_is_better_than_leaving_it(operator, storage, restored):
    clean, degradation = drawn(), Degradation(operator, storage)
    obfuscated = degrade(clean, degradation)
    assert psnr(restored("lmmse", obfuscated, degradation), clean) > psnr(obfuscated, clean) + 0.3


@pytest.mark.parametrize("angle_degrees", [15, 45, -60])
@pytest.mark.parametrize("name", ["lmmse", "tikhonov"])
def test_a_slanted_blur_is_undone_as_well_as_a_straight_one(name, angle_degrees, restored):
    """To 1 dB; the straight one is exact at the borders. scikit-image's astronaut, the face."""
    clean = astronaut()[..., :112, 160:272]
    gains_db = []
    for angle in (0, angle_degrees):
        degradation = Degradation(AnisotropicGaussian(4.0, 1.5, angle))
        obfuscated = degrade(clean, degradation)
        found = restored(name, obfuscated, degradation)
        gains_db.append(psnr(found, clean) - psnr(obfuscated, clean))
    assert gains_db[1] > gains_db[0] - 1 > 3


@pytest.mark.parametrize("name", ["lmmse", "tikhonov"])
@pytest.mark.parametrize("angle", [20, 45, 120])
def test_a_slanted_motion_is_undone_whatever_its_borders(name, angle, restored):
    """A margin that is guessed spoils the whole picture: by 17 dB where this gains 8."""
    clean, degradation = astronaut()[..., :112, 160:272], Degradation(Motion(15, angle))
    obfuscated = degrade(clean, degradation)
    found = restored(name, obfuscated, degradation)
    assert psnr(found, clean) > psnr(obfuscated, clean) + 7


def test_undone_with_its_mirror_image_a_slanted_blur_is_not_undone():
    clean, operator = drawn(), AnisotropicGaussian(3.0, 1.0, 30)
    obfuscated = degrade(clean, Degradation(operator))
    wrong = Degradation(AnisotropicGaussian(3.0, 1.0, -30))
    assert psnr(lmmse(obfuscated, wrong, PRIOR), clean) < psnr(obfuscated, clean)


def test_a_storage_that_quantises_everything_alike_is_h264s():
    """Its step doubles with every six of the rate factor: at 4 it is 1 level."""
    assert h264_steps(4)[0, 0, 0] == pytest.approx(1, rel=0.01)
    assert h264_steps(28)[1, 7, 7] == pytest.approx(2 * h264_steps(22)[1, 0, 0])


def test_autocast_does_not_touch_the_closed_forms():
    torch = pytest.importorskip("torch")
    degradation = Degradation(GaussianBlur())
    obfuscated = torch.from_numpy(degrade(drawn(), degradation))
    restored = restore_closed_form("lmmse", PRIOR, obfuscated, degradation)
    with torch.autocast("cpu", torch.bfloat16):
        again = restore_closed_form("lmmse", PRIOR, obfuscated, degradation)
    assert torch.equal(restored, again)


def test_no_border_is_left_blurred():
    """The rim of 4 pixels, which filters on a torus ruin, is as good as the middle."""
    clean, degradation = drawn(4), Degradation(GaussianBlur(), FLOAT)
    error = np.square(lmmse(degrade(clean, degradation), degradation, PRIOR) - clean)
    rim = np.concatenate([error[..., :4, :], error[..., -4:, :]], axis=-2).mean()
    assert rim < 4 * error.mean()


@pytest.mark.parametrize("operator", [GaussianBlur(9, 4.0), BoxBlur(5)], ids=str)
def test_tikhonov_is_scikit_images_wiener_on_the_mirrored_picture(operator, library):
    """Mirroring once makes the picture periodic, which is what scikit-image assumes."""
    known = Degradation(operator, EIGHT_BIT)
    obfuscated = degrade(drawn(1, 20, 24), known)
    ours = library.compute(lambda images: tikhonov(images, known, PRIOR), obfuscated)[0]
    window = np.outer(*(2 * [blur_kernel(operator)]))
    mirrored = np.pad(obfuscated[0].astype(np.float64), ((0, 0), (0, 18), (0, 22)), "reflect")
    errors = []
    for balance in 10 ** (-np.arange(4, 41) / 4):
        theirs = np.stack(
            [restoration.wiener(p, window, balance, clip=False)[:20, :24] for p in mirrored]
        )
        errors.append(np.abs(theirs - ours).max())
    assert min(errors) < 1e-4


def test_richardson_lucy_is_scikit_images_far_from_the_border(library):
    known = Degradation(GaussianBlur(5, 1.0))
    obfuscated = obfuscate(drawn(1, 80, 80), known.operator)
    found = library.compute(lambda images: richardson_lucy(images, known, PRIOR), obfuscated)
    ours, seen = found[0, 1], obfuscated[0, 1].astype(np.float64)
    window = np.outer(*(2 * [blur_kernel(known.operator)]))
    theirs = restoration.richardson_lucy(seen, window, num_iter=30)
    # After 30 iterations the border has come 30 x 4 pixels far in principle, 25 in effect.
    np.testing.assert_allclose(ours[30:50, 30:50], theirs[30:50, 30:50], atol=2e-3)


@pytest.mark.parametrize("operator", MOSAICS, ids=str)
def test_a_mosaics_estimate_is_the_dense_one(operator, library):
    """Rows and columns in turn against one large covariance, built only here."""
    size, degradation = 12, Degradation(operator, FLOAT)
    clean = drawn(1, size, size)
    obfuscated = degrade(clean, degradation)
    found = library.compute(lambda images: lmmse(images, degradation, PRIOR), obfuscated)
    lags = [PRIOR.autocovariance(axis, size)[0] for axis in (-2, -1)]
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    rows, columns = ((lag / lag[0])[away] for lag in lags)
    shrink = np.kron(shrink_matrix(operator, -2, size), shrink_matrix(operator, -1, size))
    covariance = np.kron(rows, columns)
    gray = clean.mean(axis=1).astype(np.float64).flatten()
    seen = shrink @ covariance @ shrink.T
    expected = covariance @ shrink.T @ np.linalg.solve(seen, shrink @ gray)
    np.testing.assert_allclose(found.mean(axis=1).flatten(), expected, atol=5e-3)


@pytest.mark.parametrize("operator", MOSAICS, ids=str)
def test_shrinking_is_what_the_operator_does(operator):
    plane = drawn(1, 23, 31).astype(np.float64)
    rows, columns = (
        shrink_matrix(operator, -2, 23),
        shrink_matrix(operator, -1, 31),
    )
    blocks = rows @ plane @ columns.T
    again = rows @ obfuscate(plane, operator) @ columns.T
    np.testing.assert_allclose(again, blocks)


def test_smooth_interpolation_beats_blocks(restored):
    clean, degradation = drawn(), Degradation(Pixelate(8))
    obfuscated = degrade(clean, degradation)
    scores = {
        name: psnr(restored(name, obfuscated, degradation), clean)
        for name in ("lmmse", "bicubic", "lanczos")
    }
    assert min(scores.values()) > psnr(obfuscated, clean)
    assert scores["lmmse"] >= max(scores.values()) - 1e-6


@pytest.mark.parametrize("operator", MOSAICS, ids=str)
@pytest.mark.parametrize("name", ["bicubic", "lanczos"])
def test_interpolation_leaves_a_slope_in_place(operator, name, restored):
    """A straight slope comes back as it was, away from the borders: no shift by half a block."""
    slope = np.broadcast_to(np.linspace(0, 1, 96, dtype=np.float32), (1, 3, 96, 96))
    found = restored(name, obfuscate(slope, operator), Degradation(operator))
    inner = (..., slice(30, 60), slice(30, 60))
    np.testing.assert_allclose(found[inner], slope[inner], atol=0.012)


@pytest.mark.parametrize(
    ("name", "operator"),
    [("tikhonov", Pixelate()), ("richardson-lucy", Sample()), ("bicubic", GaussianBlur())],
)
def test_a_form_for_the_other_family_is_refused(name, operator):
    with pytest.raises(UsageError, match=name):
        restore_closed_form(name, PRIOR, drawn(), Degradation(operator))


def test_the_prior_of_one_size_serves_another():
    """Power a frequency does not depend on how many pixels a photo has."""
    small, large = PRIOR.at(56, 56), PRIOR.at(223, 223)
    ratio = large[:, 20:200:20, 20:200:20] / small[:, 5:50:5, 5:50:5]
    assert np.abs(np.log(ratio)).mean() < 0.15
    assert frequencies(223)[20] == pytest.approx(frequencies(56)[5], rel=0.02)


def test_fitting_takes_any_number_of_batches(library):
    parts = drawn(6, 32, 32)
    one = fit_prior([parts])
    several = fit_prior(library(parts[start : start + 2]) for start in (0, 2, 4))
    assert one.power.dtype == several.power.dtype == np.float32
    np.testing.assert_allclose(one.power, several.power, rtol=1e-4, atol=1e-8)


def test_autocovariance_is_what_pixels_do():
    white = Prior(np.ones((3, 64, 64), np.float32))
    lags = white.autocovariance(-1, 5)
    np.testing.assert_allclose(lags[:, 0], 1, atol=0.02)
    assert np.abs(lags[:, 1:]).max() < 0.05


@pytest.mark.parametrize("storage", [EIGHT_BIT, Storage("jpeg", 75)], ids=str)
@pytest.mark.parametrize("operator", [*BLURS, *SLANTED, GaussianBlur(49, 8.0), *MOSAICS], ids=str)
def test_the_error_is_foretold(operator, storage):
    """Nearly for blurs; mosaics are taken as separable, which foretells up to half too much."""
    degradation, prior = Degradation(operator, storage), Prior(PRIOR.power / 100)
    count = 16 if operator in SLANTED else 64
    clean = 0.5 + spectral_noise(count, 112, 112) / 10  # inside [0,1], as what is stored must be
    found = lmmse(degrade(clean, degradation), degradation, prior)
    error = float(np.sqrt(np.square(found - clean).mean()))
    foretold = expected_error(degradation, prior)
    if operator in MOSAICS:
        assert error < foretold < 1.6 * error
    else:
        assert foretold == pytest.approx(error, rel=0.2)


def test_far_pixels_are_not_taken_for_near_ones():
    """Further apart than the prior's photos are wide, pixels are no more alike than that far."""
    prior = read_prior()
    width = prior.power.shape[-1]
    for axis in (-2, -1):
        lags = prior.autocovariance(axis, 5 * width)
        alike = lags / lags[:, :1]
        assert (alike[:, width:].max(axis=1) < alike[:, width - 1]).all()
        apart = np.abs(np.subtract.outer(np.arange(400), np.arange(400)))
        assert np.linalg.eigvalsh(alike[0, apart]).min() > -1e-9


@pytest.mark.parametrize("block", [8, 13])
def test_a_mosaic_larger_than_the_priors_photos_comes_out_better(block):
    """scikit-image's astronaut, 512 pixels wide: a real photo at a real size."""
    clean, known = astronaut(), Degradation(Pixelate(block))
    obfuscated = degrade(clean, known)
    restored = restore_closed_form("lmmse", read_prior(), obfuscated, known)
    before, after = (np.square(images - clean).mean() for images in (obfuscated, restored))
    assert after < 0.75 * before
