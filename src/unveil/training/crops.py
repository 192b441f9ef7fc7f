"""Cache of decoded crops: one memory-mapped array per folder of photos, named by its content."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from unveil.console import progress
from unveil.errors import SeveralError, UnveilError
from unveil.files import cache_folder, check_regular, file_sha256, temporary_beside
from unveil.images.photos import read_rgb8

Result = TypeVar("Result")

FORMAT = "crops-1"
MAX_REPORTED = 10


def open_crops(folder: Path, paths: list[str], crop_px: int) -> tuple[np.ndarray, str]:
    """Return the center crops of ``paths`` below ``folder`` and their fingerprint.

    The crops are a read-only uint8 memory map, ``N x crop_px x crop_px x 3``. The fingerprint
    is the sha256 of paths, file contents and crop size. The first call with new content decodes
    every photo; later calls only hash them. A file in the cache that is damaged is made again.

    Raises:
        UnveilError: photos cannot be decoded or are smaller than the crop; each is named with
            its reason, up to ``MAX_REPORTED``.
    """
    fingerprint = fingerprint_of(folder, paths, crop_px)
    cached = cache_folder() / f"{fingerprint[:32]}.npy"
    shape = (len(paths), crop_px, crop_px, 3)
    crops = _opened(cached, shape)
    if crops is None:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with temporary_beside(cached) as partial:
            _decode(folder, paths, crop_px, partial)
        crops = np.load(cached, mmap_mode="r", allow_pickle=False)
    return crops, fingerprint


def _opened(cached: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return the crops of a file in the cache; None if it is missing, cut short or another file."""
    try:
        check_regular(cached)
        crops: np.ndarray = np.load(cached, mmap_mode="r", allow_pickle=False)
    except Exception:  # numpy raises many types, and crops can be made again
        return None
    return crops if crops.shape == shape and crops.dtype == np.uint8 else None


def fingerprint_of(folder: Path, paths: list[str], crop_px: int) -> str:
    """Return the sha256 over the photos' paths, their files' contents and the crop size."""
    total = hashlib.sha256(f"{FORMAT} {crop_px} {len(paths)}\n".encode())
    for path, content in zip(paths, _in_threads(file_sha256, folder, paths), strict=True):
        total.update(f"{path}\0{content}\n".encode())
    return total.hexdigest()


def _decode(folder: Path, paths: list[str], crop_px: int, target: Path) -> None:
    def center_crop(path: Path) -> np.ndarray | str:
        try:
            return _center_crop(path, crop_px)
        except UnveilError as error:
            return str(error)

    shape = (len(paths), crop_px, crop_px, 3)
    problems: list[str] = []
    # Not np.memmap: on a full disk a write raises OSError, a mapped page kills the process.
    with target.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        decoded = _in_threads(center_crop, folder, paths)
        for crop in progress(decoded, len(paths), "decoding"):
            if isinstance(crop, str):
                problems.append(crop)
            else:
                file.write(crop.tobytes())
    if problems:
        more = len(problems) - MAX_REPORTED
        rest = [f"... and {more} more"] if more > 0 else []
        raise SeveralError([*problems[:MAX_REPORTED], *rest])


def _center_crop(path: Path, crop_px: int) -> np.ndarray:
    pixels = read_rgb8(path)
    height, width = pixels.shape[:2]
    if min(height, width) < crop_px:
        raise UnveilError(
            f"{path}: {width}x{height} pixels is too small for a {crop_px}x{crop_px} crop; "
            "remove it or lower --crop-px."
        )
    top, left = (height - crop_px) // 2, (width - crop_px) // 2
    return pixels[top : top + crop_px, left : left + crop_px]


def _in_threads(
    function: Callable[[Path], Result], folder: Path, paths: list[str]
) -> Iterator[Result]:
    """Map ``function`` over the files in order, on several threads (decoders release the GIL)."""
    with ThreadPoolExecutor() as pool:
        yield from pool.map(function, (folder / path for path in paths))
