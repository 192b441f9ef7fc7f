"""sRGB's curve, against scikit-image's and its own inverse."""

import numpy as np
from skimage import color

from unveil.images.light import from_light, to_light


def test_it_is_the_curve_of_srgb():
    values = np.linspace(0, 1, 256).reshape(1, 1, 16, 16).repeat(3, 1)
    # CIE XYZ's Y of a gray is its linear light.
    expected = color.rgb2xyz(values[0].transpose(1, 2, 0))[..., 1]
    np.testing.assert_allclose(to_light(values)[0, 0], expected, atol=1e-4)


def test_there_and_back():
    values = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(from_light(to_light(values)), values, atol=1e-9)


def test_light_beyond_what_a_file_holds_is_clipped():
    np.testing.assert_allclose(from_light(np.array([-0.1, 1.2])), [0.0, 1.0], atol=1e-9)
