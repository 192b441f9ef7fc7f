"""The bench's pictures: repeatable, with a truth that is what programs really did."""

import dataclasses
import math

import numpy as np
import pytest
from PIL import Image

from wild import cases, journeys, kernels, store
from wild.blurs import BLURS
from wild.journeys import Picture, crop, decode, resize
from wild.mosaics import MOSAICS
from wild.operators import WAYS

PEOPLE = 12
PHOTO_PX = 250


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return the development half of a folder like LFW's, of parts of scikit-image's pictures."""
    import skimage.data

    folder = tmp_path_factory.mktemp("people")
    shown = Image.fromarray(skimage.data.astronaut())
    for number in range(PEOPLE):
        left, top = 20 * number, 10 * number
        photo = shown.crop((left, top, left + PHOTO_PX, top + PHOTO_PX))
        person = folder / f"Person_{number:02d}"
        person.mkdir()
        photo.save(person / f"{person.name}_0001.jpg", quality=92)
    return cases.open_source(folder, "development")


def of(ways):
    """Return ways as parameters; Chromium takes a second a picture."""
    slow = pytest.mark.slow
    return [pytest.param(way, marks=slow if way.program == "Chromium" else ()) for way in ways]


def named(way):
    return f"{way.program} {way.name}" if hasattr(way, "program") else None


def absent(way):
    return way.program in cases.absent_programs()


def drawn(source, role, count):
    return [cases.draw_case(source, role, number) for number in range(count)]


def test_halves_share_no_person_and_no_picture(source):
    others = cases.open_source(source.folder, "held-out").photos
    assert source.photos
    assert others
    assert not set(source.photos) & set(others)
    pictures = [set(names) for names in cases.subjects.PICTURES.values()]
    assert not pictures[0] & pictures[1]


@pytest.mark.parametrize("role", cases.ROLES)
def test_a_case_is_the_same_bytes_whenever_it_is_drawn(role, source):
    for first, again in zip(drawn(source, role, 6), drawn(source, role, 6), strict=True):
        assert first.case == again.case
        assert first.content == again.content
        assert all(np.array_equal(*pair) for pair in zip(first.masks, again.masks, strict=True))


def test_pixels_changed_inside_the_masks_and_nowhere_else(source):
    for one in drawn(source, "hidden", 25):
        touched = np.max([mask > 0 for mask in one.hidden], axis=0)
        changed = (one.after != one.before).any(axis=-1)
        assert not (changed & ~touched).any()
        for mask in one.hidden:
            inside = mask >= 0.5
            change = np.abs(one.after[inside].astype(float) - one.before[inside]).mean()
            assert change >= cases.MIN_CHANGE_LEVELS


def test_a_case_on_disk_is_what_was_drawn(source, tmp_path):
    one = next(one for one in drawn(source, "hidden", 20) if len(one.case.regions) > 1)
    found = store.stored(source, "hidden", one.case.number, tmp_path)
    assert found.case == one.case
    assert found.file.read_bytes() == one.content
    assert len(found.masks) == len(one.masks)
    for path, mask in zip(found.masks, one.masks, strict=True):
        assert np.abs(store.read_mask(path) - mask).max() <= 0.5 / 255 + 1e-6
    written = found.file.stat().st_mtime_ns
    store.stored(source, "hidden", one.case.number, tmp_path)
    assert found.file.stat().st_mtime_ns == written


def test_masks_and_grids_follow_the_pixels_through_scaling_and_cropping():
    """A picture of a white box, which is its own mask."""
    mask = np.zeros((200, 300), np.float32)
    mask[60:140, 90:210] = 1
    pixels = np.repeat((255 * mask).astype(np.uint8)[..., None], 3, axis=2)
    end = resize(Picture(pixels, (mask,)), 1.5, "LINEAR", **{"with": "OpenCV"})
    end = crop(end, [11, 7, 3, 5])
    assert np.abs(end.pixels[..., 0] / 255 - end.masks[0]).max() < 0.01
    columns = np.flatnonzero(end.masks[0].max(0) >= 0.5)
    assert columns[0] == pytest.approx(90 * end.scale[0] + end.origin[0], abs=0.5)
    assert columns[-1] + 1 == pytest.approx(210 * end.scale[0] + end.origin[0], abs=0.5)


def test_a_frame_of_a_video_is_where_its_mask_is():
    rng = np.random.default_rng(0)
    mask = np.zeros((120, 160), np.float32)
    mask[30:80, 40:100] = 1
    pixels = np.repeat((40 + 170 * mask).astype(np.uint8)[..., None], 3, axis=2)
    for number in range(6):
        journey = journeys.draw_journey("video", rng)
        step = {**journey.steps[0], "frame": number, "crf": 18}
        end, content = journeys.travel(
            Picture(pixels, (mask,)), dataclasses.replace(journey, steps=(step,))
        )
        assert ((decode(content)[..., 0] > 125) == (end.masks[0] >= 0.5)).mean() > 0.995


@pytest.mark.parametrize("way", of(WAYS), ids=named)
def test_every_way_keeps_the_size(way):
    if absent(way):
        pytest.skip(f"{way.program} is not installed")
    pixels = np.random.default_rng(0).integers(0, 256, (61, 90, 3)).astype(np.uint8)
    hidden = way.hide(pixels, 6.0, np.random.default_rng(1))
    assert hidden.pixels.shape == pixels.shape
    assert hidden.pixels.dtype == np.uint8
    assert (hidden.pixels != pixels).mean() > 0.5


def width_of_edge(pixels):
    """Return the standard deviation of the kernel that made this of a step in the middle."""
    steps = np.diff(pixels[len(pixels) // 2, :, 0].astype(float))[20:-20]
    at = np.arange(len(steps))
    middle = (steps * at).sum() / steps.sum()
    return math.sqrt((steps * (at - middle) ** 2).sum() / steps.sum())


WIDTH = {"gaussian": 1.0, "box": math.sqrt(1 / 12)}
"""Standard deviations for a strength."""

IN_LIGHT = ("GEGL", "librsvg")
"""Programs that blur in linear light, the second one at times: edges of high contrast widen."""


@pytest.mark.parametrize("way", of(way for way in BLURS if way.kind in WIDTH), ids=named)
@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_the_strength_is_what_the_program_does_to_an_edge(way, sigma):
    if absent(way) or way.program == "deface":  # deface adds a border of its own
        pytest.skip(f"{way.program} is not installed, or has no edge")
    levels = (108, 148) if way.program == "GEGL" else (20, 235)
    edge = np.repeat(np.array(levels, np.uint8), 80)[None, :, None].repeat(161, 0).repeat(3, 2)
    for seed in range(3):
        hidden = way.hide(edge, sigma / WIDTH[way.kind], np.random.default_rng(seed))
        expected = hidden.strength_px * WIDTH[way.kind]
        tolerance = 0.1 if way.program in IN_LIGHT else 0.03
        assert width_of_edge(hidden.pixels) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("way", of(way for way in BLURS if way.kind == "motion"), ids=named)
def test_a_motions_length_and_angle_are_those_of_a_blurred_dot(way):
    if absent(way):
        pytest.skip(f"{way.program} is not installed")
    dot = np.zeros((81, 81, 3), np.uint8)
    dot[38:43, 38:43] = 255
    for seed in range(4):
        hidden = way.hide(dot, 15.0, np.random.default_rng(seed))
        if hidden.strength_px is None:
            continue
        # Linear light brightens what is dim: counted before sRGB's curve.
        for power in (1.0, 2.2):
            weights = (hidden.pixels[..., 0] / 255.0) ** power
            y, x = np.mgrid[:81, :81]
            both = np.cov(np.stack([x.ravel(), y.ravel()]), aweights=weights.ravel())
            sizes, axes = np.linalg.eigh(both)
            length = math.sqrt(12 * (sizes[1] - (25 - 1) / 12))
            angle = math.degrees(math.atan2(axes[1, 1], axes[0, 1])) % 180
            if length == pytest.approx(hidden.strength_px, rel=0.08):
                break
        assert length == pytest.approx(hidden.strength_px, rel=0.08)
        assert abs((angle - hidden.angle + 90) % 180 - 90) < 2.5


@pytest.mark.parametrize("way", of(MOSAICS), ids=named)
def test_pitch_and_phase_are_those_of_the_lines_in_the_picture(way):
    if absent(way):
        pytest.skip(f"{way.program} is not installed")
    noise = np.random.default_rng(0).integers(0, 256, (143, 171, 3)).astype(np.uint8)
    for seed, block in enumerate((7.0, 11.3)):
        hidden = way.hide(noise, block, np.random.default_rng(seed))
        for axis in (0, 1):  # across, down
            steps = np.abs(np.diff(hidden.pixels.astype(float), axis=1 - axis)).mean((axis, 2))
            share = np.concatenate([[0.0], steps])
            pitch, phase = hidden.pitch_px[axis], hidden.phase_px[axis]
            for line in np.arange(phase + pitch, len(share) - pitch, pitch):
                near = slice(max(round(line - pitch / 2), 0), round(line + pitch / 2))
                at = np.arange(len(share))[near]
                found = (share[near] * at).sum() / share[near].sum()
                assert abs(found - line) < 1.0, (axis, line, found)


@pytest.mark.parametrize("radius", [2.0, 4.7])
def test_the_columns_of_a_disk_are_strips_of_a_circle(radius):
    disk = kernels.disk(radius)
    ends = np.clip((np.arange(len(disk) + 1) - len(disk) / 2) / radius, -1, 1)
    strips = np.diff(np.arcsin(ends) + ends * np.sqrt(1 - ends**2)) / np.pi
    assert np.abs(disk.sum(0) - strips).max() < 0.005
    assert np.array_equal(disk, disk.T)


def test_a_line_has_the_second_moment_of_its_length():
    for length, angle in ((9.0, 0.0), (15.5, 33.0)):
        line = kernels.line(length, angle)
        y, x = np.mgrid[: len(line), : len(line)] - len(line) // 2
        along = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
        assert (line * along**2).sum() == pytest.approx(length**2 / 12 + 1 / 12, rel=0.03)
