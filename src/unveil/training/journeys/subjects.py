"""What pictures show: photos, and drawn pages, graphics and textures, so that not all is a face."""

import cv2
import numpy as np

from unveil.training.journeys.draws import between, chance, log_between

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-() "


def draw_page(side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Return lines of text on a plain ground, ``S x S x 3`` uint8."""
    page = np.empty((side_px, side_px, 3), np.uint8)
    page[:] = rng.integers(180, 256, 3)
    ink = rng.integers(0, 110, 3)
    if chance(rng, 0.3):
        page, ink = 255 - page, 255 - ink
    color = tuple(int(v) for v in ink)
    y = 0.0
    while y < side_px + 20:
        size = log_between(rng, 0.3, 1.2)
        y += 30 * size + between(rng, 1, 12)
        text = "".join(rng.choice(list(LETTERS), 40))
        font, thick = FONTS[int(rng.integers(len(FONTS)))], 1 + int(size > 0.8)
        start = int(between(rng, -20, 20)), int(y)
        cv2.putText(page, text, start, font, size, color, thick, cv2.LINE_AA)
    return page


def draw_graphic(side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Return flat shapes and gradients, as drawings and screens have them."""
    page = np.empty((side_px, side_px, 3), np.uint8)
    page[:] = rng.integers(0, 256, 3)
    if chance(rng, 0.5):
        y, x = np.mgrid[:side_px, :side_px].astype(np.float32)
        turn = between(rng, 0, 2 * np.pi)
        way = np.cos(turn) * x + np.sin(turn) * y
        ramp = ((way - way.min()) / np.ptp(way))[..., None]
        ends = rng.integers(0, 256, (2, 3)).astype(np.float32)
        page = np.rint(ends[0] * (1 - ramp) + ends[1] * ramp).astype(np.uint8)
    for _ in range(int(log_between(rng, 1, 25)) - 1):
        color = tuple(int(v) for v in rng.integers(0, 256, 3))
        a, b = (tuple(int(v) for v in point) for point in rng.integers(0, side_px, (2, 2)))
        kind = rng.integers(4)
        if kind == 0:
            cv2.rectangle(page, a, b, color, -1 if chance(rng, 0.6) else 2)
        elif kind == 1:
            cv2.circle(page, a, int(log_between(rng, 3, 50)), color, -1, cv2.LINE_AA)
        elif kind == 2:
            cv2.line(page, a, b, color, int(rng.integers(1, 6)), cv2.LINE_AA)
        else:
            corners = rng.integers(0, side_px, (int(rng.integers(3, 7)), 2)).astype(np.int32)
            cv2.fillPoly(page, [corners], color, cv2.LINE_AA)
    return page


def draw_texture(side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random field whose power falls as that of photos does, or less, or more."""
    slope = between(rng, 0.6, 1.8)
    rows, columns = np.fft.fftfreq(side_px)[:, None], np.fft.rfftfreq(side_px)[None]
    stretch = log_between(rng, 0.4, 2.5)
    fall = (np.hypot(rows * stretch, columns / stretch) + 1 / side_px) ** -slope
    white = rng.standard_normal((3, side_px, side_px), np.float32)
    white = white * np.float32(between(rng, 0, 0.6)) + white[:1]
    field = np.fft.irfft2(np.fft.rfft2(white) * fall, (side_px, side_px))
    field = field / field.std() * between(rng, 10, 60) + between(rng, 60, 200)
    return np.ascontiguousarray(np.clip(field, 0, 255).astype(np.uint8).transpose(1, 2, 0))


def draw_field(side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Return colours that change slowly, along lines or around a point: smooth, though sharp."""
    y, x = (np.mgrid[:side_px, :side_px] / side_px).astype(np.float32)
    middle = rng.uniform(-0.2, 1.2, 2)
    turn = np.arctan2(y - middle[0], x - middle[1]) / (2 * np.pi)
    away = np.hypot(y - middle[0], x - middle[1])
    planes = []
    for _ in range(3):
        across, down, around, outwards = rng.normal(0, log_between(rng, 0.3, 3), 4)
        phase = across * x + down * y + round(around) * turn + outwards * away + rng.random()
        planes.append(np.sin(2 * np.pi * phase) * between(rng, 10, 110) + between(rng, 70, 190))
    field = np.stack(planes, axis=-1)
    if chance(rng, 0.3):  # a disk of it on a plain ground
        field[away > between(rng, 0.2, 0.6)] = rng.integers(0, 256, 3)
    return np.rint(np.clip(field, 0, 255)).astype(np.uint8)


def draw_spots(side_px: int, rng: np.random.Generator) -> np.ndarray:
    """Return soft round spots on a plain ground, as stars and cells are."""
    page = np.ones((side_px, side_px, 1)) * rng.integers(0, 256, 3)
    largest = log_between(rng, 2, 60)
    for _ in range(int(log_between(rng, 3, 120))):
        radius = log_between(rng, 0.6, largest)
        edge = radius * between(rng, 0.1, 0.6) if chance(rng, 0.5) else radius / 2
        spot = np.zeros((side_px, side_px), np.float32)
        place = tuple(int(v) for v in rng.integers(0, side_px, 2))
        cv2.circle(spot, place, max(round(radius), 1), 1.0, -1, cv2.LINE_AA)
        soft = np.asarray(cv2.GaussianBlur(spot, (0, 0), max(edge, 0.4)))[..., None]
        page = page + soft * between(rng, 0.2, 1) * (rng.integers(0, 256, 3) - page)
    grain = between(rng, 0, 6) * rng.standard_normal((side_px, side_px, 1))
    return np.clip(page + grain, 0, 255).astype(np.uint8)


DRAWN = (draw_page, draw_graphic, draw_texture, draw_field, draw_spots)
DRAWN_ODDS = (0.24, 0.34, 0.2, 0.11, 0.11)
