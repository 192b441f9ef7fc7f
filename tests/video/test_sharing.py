"""One clip, several processes: the same frames in the same order, whoever dies."""

import multiprocessing
from functools import partial

import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from tests.conftest import run_cli
from tests.video.clips import packets, pictures, planes, times, write_clip
from tests.video.parts import doubled
from unveil.errors import UnveilError
from unveil.video.sharing import MOST_WAITING, Pool

MOSAIC = ("--operator", "pixelate:block=8", "--codec", "ffv1")


@pytest.mark.slow
def test_jobs_come_back_in_order_few_wait_and_one_that_dies_is_done_again(tmp_path):
    taken = []

    def jobs():
        for number in range(30):
            taken.append(number)
            yield f"key {number}", number

    with Pool(tmp_path / "in.mp4", 2) as pool:
        each = pool.share(partial(doubled, tmp_path))
        done = each(jobs())
        first = next(done)
        assert len(taken) <= 2 * MOST_WAITING + 1
        found = [first, *done]
        assert [(key, made[0]) for key, made in found] == [(f"key {n}", 2 * n) for n in range(30)]
        assert (tmp_path / "5").exists()
        assert len({made[1] for _, made in found}) >= 2
        with pytest.raises(UnveilError, match=r"in\.mp4: No space left on device\.$"):
            list(each([("full", 99)]))
        with pytest.raises(UnveilError, match=r"in\.mp4: 2 processes ended over .*signal 9"):
            list(each([("deadly", 98)]))
    assert not multiprocessing.active_children()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A scene of 20 pictures, which are more than a run has, and one of 4, with sound."""
    other = [255 - picture[::-1, ::-1] for picture in pictures(4)]
    path = tmp_path_factory.mktemp("clips") / "in.mkv"
    return write_clip(path, pictures(20) + other, codec="ffv1", sound=True)


@pytest.mark.slow
def test_two_processes_write_the_file_that_one_does(clip, tmp_path):
    source, one, two = (tmp_path / f"{name}.mkv" for name in ("hidden", "one", "two"))
    assert run_cli("obfuscate", clip, "-o", source, *MOSAIC).status == 0
    words = ("restore", source, *MOSAIC, "--model", "lmmse", "-o")
    alone, shared = run_cli(*words, one), run_cli(*words, two, "--workers", 2)
    assert (alone.status, shared.status) == (0, 0), shared.err
    assert shared.err == alone.err
    assert two.read_bytes() == one.read_bytes()
    assert two.read_bytes() != source.read_bytes()
    assert packets(two, "audio") == packets(clip, "audio")
    assert times(two) == times(clip)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_faces_of_listed_clips_are_hidden_by_a_worker(tmp_path, monkeypatch):
    pytest.importorskip("dlib", reason="the extra audit is not installed")
    monkeypatch.chdir(tmp_path)
    for name in ("a.mkv", "b.mkv"):
        write_clip(tmp_path / name, pictures(2, 160, 120), codec="ffv1")
    (tmp_path / "list.txt").write_text("a.mkv\nb.mkv\n")
    words = ("--manifest", "list.txt", "-o", "out", "--safe", "--codec", "ffv1", "--workers", 1)
    done = run_cli("obfuscate", *words)
    assert done.status == 0, done.err
    assert done.err.count("1 face hidden with solid:level=0") == 2
    assert (tmp_path / "out" / "a.mkv").read_bytes() == (tmp_path / "out" / "b.mkv").read_bytes()
    dark = [int((shown[0][:100, 30:100] <= 16).sum()) for shown in planes(tmp_path / "out/a.mkv")]
    assert min(dark) > 1000, "a box covers the face in each picture"
