"""Labeled Faces in the Wild, funneled: downloaded once into the cache folder.

The original host is offline; mirror and checksum are those of scikit-learn's loader. LFW is for
research (G. B. Huang et al., University of Massachusetts, Technical Report 07-49, 2007).
"""

import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from unveil import downloads
from unveil.errors import UnveilError
from unveil.files import cache_folder

URL = "https://ndownloader.figshare.com/files/5976015"
SHA256 = "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a"
FOLDER = "lfw_funneled"
MAX_BYTES = 1_000_000_000
MAX_UNPACKED_BYTES = 2_000_000_000


def target_folder() -> Path:
    """Return the folder of the downloaded photos, whether it exists or not."""
    return cache_folder() / FOLDER


def default_folder() -> Path:
    """Return the downloaded LFW folder.

    Raises:
        UnveilError: it has not been downloaded.
    """
    folder = target_folder()
    if not folder.is_dir():
        raise UnveilError("no photos given: use --data DIR, or run `unveil download` for LFW.")
    return folder


def download(url: str = URL, sha256: str = SHA256, *, pause_s: float = 1.0) -> Path:
    """Download, check and unpack the archive; return the folder of photos.

    Args:
        url: address of the ``.tgz``.
        sha256: expected; a file with any other is deleted without being unpacked.
        pause_s: as for :func:`unveil.downloads.download`.

    Raises:
        UnveilError: the download failed, or the archive is damaged.
    """
    target = target_folder()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / f"{FOLDER}.tgz.part"
    downloads.download(url, partial, sha256, max_bytes=MAX_BYTES, pause_s=pause_s)
    _unpack(partial, target)
    partial.unlink()
    return target


def _unpack(archive: Path, target: Path) -> None:
    unpacked = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{FOLDER}-"))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _extract(tar, unpacked)
        inner = unpacked / FOLDER
        (inner if inner.is_dir() else unpacked).replace(target)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        archive.unlink()
        raise UnveilError(f"{archive}: cannot be unpacked ({error}); it was deleted.") from None
    except OSError as error:  # a full disk, for example: the archive may be intact
        raise UnveilError(f"{archive}: cannot be unpacked ({error}).") from None
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    """Write the regular files of ``tar`` below ``folder``; skip links and devices.

    Python 3.11.2 (Debian 12) does not have tarfile's extraction filters yet.

    Raises:
        TarError: a path outside ``folder``, or more than ``MAX_UNPACKED_BYTES``.
    """
    left = MAX_UNPACKED_BYTES
    for member in tar:
        path, left = PurePosixPath(member.name), left - member.size
        if path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(f"{member.name} would leave its folder")
        if left < 0:
            raise tarfile.TarError(f"more than the limit of {MAX_UNPACKED_BYTES:,} bytes")
        content = tar.extractfile(member) if member.isreg() else None
        if content is not None:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
