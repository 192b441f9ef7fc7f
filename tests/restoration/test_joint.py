"""Restoring frames together: registration, the linear system, and what it gains."""

import math

import cv2
import numpy as np
import pytest
from skimage import data

from unveil.degradation import Degradation, GaussianBlur, Linear, Pixelate, Sample, UnevenPixelate
from unveil.degradation.degrade import degrade
from unveil.degradation.operators import obfuscate
from unveil.linear.closed_forms import lmmse
from unveil.linear.prior import read_prior
from unveil.linear.spectral import analyse
from unveil.restoration.joint import solve
from unveil.restoration.joint.motion import covered, register
from unveil.restoration.joint.solve import Frames, explain
from unveil.restoration.joint.warp import Warp, at_rest, sources, warp
from unveil.restoration.joint.window import _Window, restore_window

MOSAIC = Degradation(Pixelate(8))


def motion(across: float, down: float, degrees: float = 0.0, zoom: float = 1.0) -> np.ndarray:
    cosine, sine = (zoom * part(math.radians(degrees)) for part in (math.cos, math.sin))
    return np.array([[cosine, -sine, across], [sine, cosine, down]])


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """The portrait that scikit-image ships, ``1 x 3 x 512 x 512``."""
    return data.astronaut().transpose(2, 0, 1)[None] / np.float32(255)


@pytest.fixture(scope="module")
def motions() -> np.ndarray:
    """Seven frames of a head that nods; the middle one is at rest."""
    times = [float(time) for time in range(-3, 4)]
    return np.stack(
        [motion(2.6 * math.sin(t), 3.1 * math.sin(1.7 * t), 0.6 * t, 1 + 0.004 * t) for t in times]
    )


@pytest.fixture(scope="module")
def clip(astronaut, motions) -> np.ndarray:
    """A face of 112 pixels that moves, ``7 x 3 x 112 x 112``, rounded to 8 bits."""
    around = astronaut[..., 0:224, 110:334]
    return (warp(around, motions)[..., 56:168, 56:168].clip(0, 1) * 255).round() / 255


def psnr(restored: np.ndarray, clean: np.ndarray) -> float:
    return -10 * math.log10(float(((restored - clean) ** 2).mean()))


def by_lmmse(degradation: Degradation):
    prior = read_prior()
    return lambda frames: lmmse(frames, degradation, prior).clip(0, 1)


def restored(frames: np.ndarray, degradation: Degradation) -> np.ndarray:
    return restore_window(frames, degradation, read_prior(), by_lmmse(degradation))


def test_a_warp_is_what_opencv_makes_of_it(astronaut):
    image = astronaut[..., 100:180, 200:300]
    moved = motion(1.7, -2.3, 3.0, 1.05)
    found = warp(image, moved[None])[0].transpose(1, 2, 0)
    # OpenCV counts from the first pixel; ours from the middle.
    height, width = image.shape[-2:]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    linear, shift = moved[:, :2], moved[:, 2]
    whole = np.column_stack([linear, shift + middle - linear @ middle])
    expected = cv2.warpAffine(
        np.ascontiguousarray(image[0].transpose(1, 2, 0)),
        whole,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    # OpenCV rounds places to a 32nd of a pixel.
    assert np.abs(found - expected)[8:-8, 8:-8].mean() < 2e-3


def test_frames_that_agree_are_trusted_and_those_that_show_something_else_are_not():
    window = _Window(np.full((3, 3, 24, 24), 0.5, np.float32), MOSAIC)
    inside, error = np.ones((3, 1, 24, 24), np.float32), 1e-4
    nothing = np.zeros((3, 3, 24, 24), np.float32)
    assert (window.trust(nothing, inside, error) == 1).all()
    assert (window.trust(nothing, 0 * inside, error) == 0).all()
    share = window.trust(nothing + np.float32(0.02), inside, error)
    assert 0.01 < share.mean() < 0.05  # ten times 4e-4 beyond, beside 1e-4
    np.testing.assert_array_equal(share, window.trust(nothing - np.float32(0.02), inside, error))
    other = nothing.copy()
    other[2] = 0.3
    share = window.trust(other, inside, error)
    assert (share[:2] == 1).all()
    assert (share[2] == 0).all()


def test_differences_are_in_variances_of_most_of_them():
    rng = np.random.default_rng(0)
    frames = 0.5 + rng.normal(0, 0.05, (5, 3, 40, 40)).astype(np.float32)
    window, inside = _Window(frames, Degradation(GaussianBlur(3, 0.5))), np.ones((5, 1, 40, 40))
    noise, excess = window.compare(np.full((5, 3, 40, 40), 0.5, np.float32), inside)
    assert noise == pytest.approx(0.05**2, rel=0.05)
    assert excess.mean() == pytest.approx(1, rel=0.05)
    weights = window.weigh(noise, excess, inside)
    np.testing.assert_allclose(weights[window.middle], 1 / noise, rtol=1e-5)
    np.testing.assert_allclose(weights[0], 1 / (1 + excess[0]) / noise, rtol=1e-5)


def test_what_is_at_rest_stays_as_it_is(astronaut):
    image = astronaut[..., :40, :50]
    np.testing.assert_array_equal(warp(image, at_rest(2)), image.repeat(2, axis=0))


MOTIONS = np.stack(
    [motion(1.7, -2.3, 3.0, 1.05), motion(-9.5, 4.25, -170.0, 0.3), motion(0.0, 333.3, 45.0, 4.0)]
)


@pytest.mark.parametrize("size", [(31, 44), (5, 2), (1, 7)], ids=str)
def test_a_warp_is_what_torch_makes_of_it(size):
    """Beyond the borders, too, however far."""
    torch = pytest.importorskip("torch")
    image = np.random.default_rng(0).random((1, 2, *size))
    span = np.array([size[1] - 1, size[0] - 1]).clip(min=1) / 2
    places = torch.from_numpy(sources(MOTIONS, *size) / span)
    expected = torch.nn.functional.grid_sample(
        torch.from_numpy(image.repeat(3, axis=0)), places, "bicubic", "reflection", True
    )
    np.testing.assert_allclose(warp(image, MOTIONS), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("size", [(31, 44), (5, 2), (1, 7)], ids=str)
def test_the_adjoint_of_a_warp_gives_the_same_inner_products(size):
    draws = np.random.default_rng(0)
    image, frames = draws.random((1, 2, *size)), draws.random((3, 2, *size))
    moved = Warp.of(MOTIONS, *size)
    inner = (moved.show(image) * frames).sum()
    assert inner == pytest.approx((image * moved.adjoint(frames)).sum(), rel=1e-12)


@pytest.mark.parametrize("operator", [Pixelate(8), Sample(4), GaussianBlur(9, 4.0)])
def test_frames_are_covered_where_the_reference_decides_them(operator):
    """Change what lies outside the reference: covered pixels do not."""
    whole = np.random.default_rng(0).random((1, 3, 60, 60), np.float32)
    moved = motion(7.0, 0.0)[None]
    inside = covered(moved, operator, 40, 40)
    assert 0 < inside.mean() < 1
    assert (inside[..., -4:] == 0).all()
    other = whole.copy()
    other[..., 50:] = 0
    frames = [
        obfuscate(picture[..., 10:50, 17:57], operator) for picture in (whole, other)
    ]  # the reference is columns 10 to 49
    changed = np.abs(frames[0] - frames[1]).max(axis=1, keepdims=True) > 1e-6
    assert not (changed & (inside > 0)).any()


@pytest.mark.parametrize("operator", [Pixelate(8), Pixelate(12, 3, 5), GaussianBlur(9, 4.0)])
def test_motion_is_found_through_the_operator(clip, motions, operator):
    hidden = degrade(clip, Degradation(operator))
    for number in (0, 2, 5):
        found = register(clip[3:4], hidden[number][None], operator, at_rest(1)[0])
        assert np.abs(found - motions[number])[:, 2].max() < 0.15
        assert np.abs(found - motions[number])[:, :2].max() * 56 < 0.3


@pytest.mark.parametrize("operator", [Pixelate(3, 1, 2), UnevenPixelate(3.4), GaussianBlur(5, 2.0)])
def test_the_picture_solves_the_whole_linear_system(operator: Linear, monkeypatch):
    """Against NumPy's solution of the system written out, matrix by matrix."""
    monkeypatch.setattr(solve, "ITERATIONS", 400)  # noise has no structure to make it easy
    side, count = 12, 3
    draws = np.random.default_rng(1)
    shown = draws.random((count, 3, side, side), np.float32)
    guess = draws.random((1, 3, side, side), np.float32)
    weights = draws.random((count, 1, side, side), np.float32) * 50
    power = draws.random((3, side, side), np.float32) + np.float32(0.1)
    moves = np.stack([motion(0, 0), motion(1.3, -0.4), motion(-2.2, 0.7, 5)])
    frames = Frames(shown, Warp.of(moves, side, side), weights, operator)
    units = np.eye(3 * side**2).reshape(-1, 1, 3, side, side)
    seeing = np.stack([frames.show(unit).ravel() for unit in units], axis=1)
    basis = np.stack([analyse(unit).ravel() for unit in units], axis=1)
    counts = np.broadcast_to(weights, shown.shape).ravel()
    belief = basis.T @ np.diag(1 / power.ravel()) @ basis
    system = seeing.T @ (counts[:, None] * seeing) + belief
    missing = shown.ravel() - seeing @ guess.ravel()
    expected = np.linalg.solve(system, seeing.T @ (counts * missing))
    found = (explain(frames, guess, power) - guess).ravel()
    assert np.abs(found - expected).max() < 2e-3
    assert np.abs(expected).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operator", "gain_db"),
    [(Pixelate(8), 2.0), (Pixelate(13, 4, 2), 1.2), (GaussianBlur(9, 4.0), 0.3)],
)
def test_frames_together_beat_each_alone(clip, operator, gain_db):
    degradation = Degradation(operator)
    hidden = degrade(clip, degradation)
    alone, together = by_lmmse(degradation)(hidden), restored(hidden, degradation)
    assert psnr(together, clip) > psnr(alone, clip) + gain_db
    changes = [(np.diff(part - clip, axis=0) ** 2).mean() for part in (together, alone)]
    assert changes[0] < changes[1]


@pytest.mark.slow
def test_frames_that_do_not_move_say_nothing_new(clip):
    still = clip[3:4].repeat(5, axis=0)
    hidden = degrade(still, MOSAIC)
    assert psnr(restored(hidden, MOSAIC), by_lmmse(MOSAIC)(hidden)) > 40


@pytest.mark.slow
def test_a_frame_of_something_else_does_no_harm(clip, astronaut):
    other = clip.copy()
    other[5] = astronaut[0, :, 300:412, 40:152]
    hidden = degrade(other, MOSAIC)
    alone, together = by_lmmse(MOSAIC)(hidden), restored(hidden, MOSAIC)
    assert psnr(together[:5], other[:5]) > psnr(alone[:5], other[:5]) + 1
    assert psnr(together[5], other[5]) > psnr(alone[5], other[5]) - 0.3


def test_one_frame_is_restored_alone(clip):
    hidden = degrade(clip[:1], MOSAIC)
    np.testing.assert_array_equal(restored(hidden, MOSAIC), by_lmmse(MOSAIC)(hidden))
