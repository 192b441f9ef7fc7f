"""Which part of a large photo the estimate looks at."""

import numpy as np

from unveil.estimation.blur import MAX_PART_PX, busiest


def test_the_busiest_part_is_where_colours_vary_even_at_one_brightness():
    image = np.random.default_rng(0).normal(0.5, 0.1, (1, 1, MAX_PART_PX, 2 * MAX_PART_PX))
    image = np.repeat(image.astype(np.float32), 3, axis=1)
    red, blue = image[:, 0, :, MAX_PART_PX:], image[:, 2, :, MAX_PART_PX:]
    image[:, 1, :, MAX_PART_PX:] = 0.5
    red[:] = 0.5 + 2 * (red - 0.5)
    blue[:] = 1 - red
    assert np.array_equal(busiest(image), image[..., MAX_PART_PX:])
