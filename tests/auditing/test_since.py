"""What pictures go through after they were hidden: codecs and scaling do what they say."""

import io

import numpy as np
import pytest
from PIL import Image

import attack_tables
from unveil.auditing.attackers import fit_name
from unveil.auditing.measured import RISK
from unveil.auditing.since import QUALITIES, SINCE, SMALLEST, draw_since, sent
from unveil.auditing.tuned import FUSED
from unveil.degradation import Pixelate


def pictures(side=32):
    rows, columns = np.mgrid[:side, :side] / side
    return np.stack([rows, columns, (rows + columns) / 2]).astype(np.float32)[None]


def test_nothing_changes_no_bit():
    np.testing.assert_array_equal(sent(pictures()), pictures())


def test_a_codec_is_that_of_pillow():
    images = np.round(255 * pictures()) / np.float32(255)
    pixels = np.round(255 * images[0]).astype(np.uint8).transpose(1, 2, 0)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=75)
    wanted = np.asarray(Image.open(stream)).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(sent(images, quality=75)[0], wanted, atol=1e-6)


def test_half_as_large_loses_what_is_finer_and_keeps_the_rest():
    fine = np.indices((32, 32)).sum(axis=0) % 2 * np.ones((1, 3, 1, 1), np.float32)
    np.testing.assert_allclose(sent(fine, scale=0.5), 0.5, atol=1e-6)
    assert np.abs(sent(pictures(), scale=0.5) - pictures()).max() < 0.02


@pytest.mark.parametrize("name", SINCE)
def test_pictures_keep_their_shape_and_range(name):
    arrived = SINCE[name](np.repeat(pictures(33), 2, axis=0))
    assert arrived.shape == (2, 3, 33, 33)
    assert 0 <= arrived.min() <= arrived.max() <= 1


def test_every_second_batch_goes_through_something_drawn():
    rng = np.random.default_rng(0)
    drawn = [draw_since(rng) for _ in range(400)]
    went = [each.keywords for each in drawn if each is not None]
    assert 160 < len(went) < 240
    scales = [each["scale"] for each in went]
    qualities = [each["quality"] for each in went if each["quality"] is not None]
    assert min(scales) >= SMALLEST
    assert 0.3 < np.mean(np.array(scales) < 1) < 0.7
    assert QUALITIES[0] <= min(qualities) < 60
    assert 85 < max(qualities) <= QUALITIES[1]


def test_what_is_fitted_has_a_name_for_each_journey():
    names = {fit_name(Pixelate(8), since) for since in ("", *SINCE)}
    assert len(names) == 1 + len(SINCE)
    assert fit_name(Pixelate(8)) == str(Pixelate(8))


def test_the_table_puts_one_attacker_beside_itself():
    def row(share, sha256="a", **more):
        shares = {RISK: [share, share, share]}
        return {"operator": "x", "attacker": FUSED, "attacker_sha256": sha256, **shares, **more}

    rows = [row(0.9, "other"), row(0.5), row(0.25, since="jpeg"), row(0.125, since="half")]
    lines = attack_tables.since(rows).splitlines()
    assert lines[0] == "| operator | nothing | jpeg | half |"
    assert [cell.split()[0] for cell in lines[2].split("|")[2:-1]] == ["50.0", "25.0", "12.5"]
    assert len(lines) == 3
