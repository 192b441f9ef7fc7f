"""H.264 as a storage: the real codec, the same bits every time."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from unveil.degradation import Degradation, GaussianBlur, Noise, Storage, codecs
from unveil.degradation.degrade import degrade, store
from unveil.images.arrays import to_array
from unveil.images.photos import Photo
from unveil.linear.closed_forms import lmmse
from unveil.linear.prior import read_prior
from unveil.metrics.quality import psnr

av = pytest.importorskip("av", reason="the extra video is not installed")

COFFEE = np.ascontiguousarray(data.coffee()[100:324, 100:324])
"""As large as x264's macroblock tree was seen to give other bits for."""


CLEAN = to_array(Photo(COFFEE))


def test_the_photo_is_the_middle_of_a_clip_that_moves_evenly():
    clip = codecs.pan(COFFEE)
    np.testing.assert_array_equal(clip[codecs.FRAMES // 2], COFFEE)
    down, right = codecs.PAN_PX
    for before, after in pairwise(clip):
        np.testing.assert_array_equal(before[down:, right:], after[:-down, :-right])


def test_the_same_photo_gives_the_same_bits_every_time():
    first = codecs.h264_round_trip(COFFEE, 28)
    for _ in range(10):
        np.testing.assert_array_equal(codecs.h264_round_trip(COFFEE, 28), first)


def test_it_is_what_a_video_file_of_the_clip_shows(tmp_path: Path):
    """Written and read by PyAV's containers, as anyone makes a video."""
    with av.open(str(tmp_path / "clip.mp4"), "w") as file:
        options = {"crf": "28", "preset": codecs.PRESET, "x264-params": codecs.REPEATABLE}
        stream = file.add_stream("libx264", rate=Fraction(codecs.FPS), options=options)
        stream.height, stream.width, stream.pix_fmt = (*COFFEE.shape[:2], "yuv420p")
        for pixels in codecs.pan(COFFEE):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels.copy(), format="rgb24")))
        file.mux(stream.encode())
    with av.open(str(tmp_path / "clip.mp4")) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert len(frames) == codecs.FRAMES
    np.testing.assert_array_equal(frames[codecs.FRAMES // 2], codecs.h264_round_trip(COFFEE, 28))


def test_the_frame_that_is_shown_is_predicted():
    """Else the clip would be no better than a single picture."""
    packets, header = codecs._encode(av, codecs.pan(COFFEE), 28)
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = header
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    kinds = [av.video.frame.PictureType(frame.pict_type).name for frame in frames]
    assert kinds[0] == "I"
    assert kinds[codecs.FRAMES // 2] in ("P", "B")


def test_a_higher_rate_factor_loses_more():
    scores = [float(psnr(store(CLEAN, Storage("h264", crf)), CLEAN)[0]) for crf in (5, 18, 28, 40)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 38 > 30 > scores[-1]


@pytest.mark.parametrize("size", [(1, 1), (1, 20), (2, 3), (17, 16), (37, 51)], ids=str)
def test_any_size_comes_back(size):
    clean = CLEAN[..., : size[0], : size[1]]
    stored = store(clean, Storage("h264", 18))
    assert stored.shape == clean.shape
    assert np.abs(stored - clean).mean() < 0.1  # colours are kept at half the size


def test_images_of_a_batch_are_kept_each_by_itself(library):
    parts = np.concatenate([CLEAN[..., :64, :64], CLEAN[..., 64:128, 64:128]])
    both = library.compute(lambda images: store(images, Storage("h264", 28)), parts)
    for part, expected in zip(parts, both, strict=True):
        np.testing.assert_array_equal(store(part[None], Storage("h264", 28))[0], expected)


@pytest.mark.parametrize("crf", [5, 18, 28])
def test_linear_algebra_knows_its_noise(crf):
    """Better than leaving it, and than believing it to be exact."""
    operator = GaussianBlur(13, 2.0)
    known = Degradation(operator, Storage("h264", crf))
    prior, obfuscated = read_prior(), degrade(CLEAN, known)
    restored, naive = (
        lmmse(obfuscated, Degradation(operator, storage), prior).clip(0, 1)
        for storage in (known.storage, Storage("8bit"))
    )
    scores = [float(psnr(images, CLEAN)[0]) for images in (obfuscated, naive, restored)]
    assert scores[2] > max(scores[:2]) + 0.5


def test_noise_is_stored_after_it_was_added():
    kept = degrade(CLEAN, Degradation(Noise(20), Storage("h264", 18)))
    assert psnr(kept, CLEAN) < psnr(store(CLEAN, Storage("h264", 18)), CLEAN) - 3
