"""The codec that a picture last went through shows in its pixels; in others no codec does."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.estimation.test_jpeg_history import kept
from unveil.degradation.codecs import h264_round_trip
from unveil.estimation import codec_history
from unveil.estimation.codec_features import MIN_SIDE_PX, codec_features
from unveil.estimation.codec_history import CODECS, CodecHistory, codec_chances, find_codec
from unveil.estimation.jpeg_history import find_jpeg

av = pytest.importorskip("av", reason="the extra video is not installed")

PHOTOS = ("coffee", "chelsea", "rocket", "astronaut")


def photo(name: str, side: int = 240) -> np.ndarray:
    """Return a photo of scikit-image's, scaled down: no codec that it went through shows."""
    pixels = getattr(data, name)()[:300, :300]
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))


def by_opencv(pixels: np.ndarray, suffix: str, *options: int) -> np.ndarray:
    _, content = cv2.imencode(suffix, pixels[..., ::-1], options)
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1])


def first_frame(pixels: np.ndarray, crf: int) -> np.ndarray:
    """Return the only frame of a clip of H.264."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as clip:
        stream = clip.add_stream("libx264", rate=25, options={"crf": str(crf), "threads": "1"})
        stream.height, stream.width, stream.pix_fmt = *pixels.shape[:2], "yuv420p"
        for frame in (av.VideoFrame.from_ndarray(pixels), None):
            clip.mux(stream.encode(frame))
    file.seek(0)
    with av.open(file) as clip:
        return next(clip.decode(video=0)).to_ndarray(format="rgb24")


CODED = {
    "jpeg": lambda pixels: kept(pixels, "JPEG", quality=80),
    "webp": lambda pixels: kept(pixels, "WEBP", quality=80),
    "webp by OpenCV": lambda pixels: by_opencv(pixels, ".webp", cv2.IMWRITE_WEBP_QUALITY, 60),
    "avif": lambda pixels: kept(pixels, "AVIF", quality=70, speed=9),
    "avif by OpenCV": lambda pixels: by_opencv(pixels, ".avif", cv2.IMWRITE_AVIF_QUALITY, 60),
    "video": lambda pixels: first_frame(pixels, 23),
    "video, panned": lambda pixels: h264_round_trip(pixels, 28),
}


def found(pixels: np.ndarray) -> CodecHistory | None:
    return find_codec(pixels, find_jpeg(pixels))


@pytest.mark.parametrize("coded", CODED)
@pytest.mark.parametrize(("top", "left"), [(0, 0), (5, 11)])
def test_the_last_codec_is_found_wherever_the_grid_lies(coded, top, left):
    for name in PHOTOS:
        codec = found(CODED[coded](photo(name))[top:, left:])
        assert codec is not None, name
        assert codec.name == coded.split()[0].rstrip(","), name


def test_of_two_codecs_the_last_one_counts():
    jpeg = kept(photo("coffee"), "JPEG", quality=85)
    codec = found(kept(jpeg[3:, 2:], "WEBP", quality=75))
    assert codec is not None
    assert codec.name == "webp"


@pytest.mark.parametrize("name", PHOTOS)
def test_no_codec_shows_in_a_picture_that_was_scaled_after_all_of_them(name):
    for coded in CODED.values():
        pixels = cv2.resize(coded(photo(name)), (201, 201), interpolation=cv2.INTER_AREA)
        assert found(pixels) is None
    assert found(photo(name)) is None


def test_plain_and_drawn_pictures_show_no_codec():
    slope = np.linspace(20, 230, 200)[None] + np.zeros((200, 1))
    drawn = cv2.circle(np.full((200, 200, 3), 240, np.uint8), (90, 100), 60, (200, 30, 60), -1)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    grays = np.repeat(np.rint(slope).astype(np.uint8)[..., None], 3, axis=2)
    for pixels in (grays, drawn, noise, np.full((200, 200, 3), 128, np.uint8)):
        assert find_codec(pixels, None) is None


def test_a_small_picture_says_nothing():
    assert find_codec(photo("coffee")[: MIN_SIDE_PX - 1], None) is None


def test_features_do_not_know_where_the_grid_lies():
    """Of a picture that repeats itself each 16 pixels, crops are the same but for the corner."""
    tile = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    pixels = np.tile(tile, (14, 14, 1))
    first, other = (codec_features(pixels[s : s + 192, s : s + 192], None) for s in (0, 5))
    np.testing.assert_allclose(first[15:47], other[15:47], atol=0.3)


def test_decoded_pixels_lie_near_whole_levels_of_their_planes():
    """JPEG: BT.601, full range; AVIF: by libyuv; WebP: limited range; none: no planes."""
    nearness = {name: codec_features(CODED[name](photo("coffee")), None)[:15] for name in CODED}
    assert nearness["jpeg"][:3].min() > 0.3
    assert nearness["webp"][6:9].min() > 0.3
    assert nearness["avif"][12:].min() > 0.3
    assert np.abs(codec_features(photo("coffee"), None)[:15]).max() < 0.1


def test_chances_are_of_all_codecs():
    values = codec_features(photo("coffee"), None)
    chances = codec_chances(values)
    assert len(chances) == len(CODECS)
    assert chances.sum() == pytest.approx(1, abs=1e-5)


def test_weights_of_other_codecs_are_refused(monkeypatch):
    monkeypatch.setattr(codec_history, "CODECS", CODECS[:-1])
    codec_history._weights.cache_clear()
    with pytest.raises(ValueError, match="other codecs"):
        codec_history._weights()
    codec_history._weights.cache_clear()
