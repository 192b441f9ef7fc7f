"""Folders as inputs: which files of them are taken, and a warning of all that are not."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from unveil import console
from unveil.files import files_below
from unveil.files import is_folder as is_folder_there
from unveil.images.photos import STREAM, is_photo, list_photos
from unveil.images.photos import SUFFIXES as PHOTOS
from unveil.video.stream.opening import SUFFIXES as VIDEOS
from unveil.video.stream.opening import is_video

Wanted = Callable[[Path], bool]

NOT_READ = "not JPEG, PNG, WebP, AVIF, TIFF, BMP or a video"
TOO_LONG = "path that is too long"
MAX_REASONS = 6
"""Most kinds of files that a warning names, the most frequent ones."""


def is_picture(path: Path) -> bool:
    """Return whether a file is a photo or a video."""
    return is_photo(path) or is_video(path)


def is_folder(item: Path) -> bool:
    """Return whether an input is a folder."""
    return item != STREAM and is_folder_there(item)


def names_below(folder: Path, is_wanted: Wanted, output: Path | None = None) -> list[str]:
    """Return the wanted files below a folder, but for those in an output folder inside it.

    Raises:
        UnveilError: there is none.
    """
    own = own_folder(folder, output)
    return [name for name in list_photos(folder, is_wanted) if not _is_in(folder / name, own)]


def own_folder(folder: Path, output: Path | None) -> Path | None:
    """Return an output folder that may be inside a folder: a second run would take its results."""
    if output is None or output.resolve() == folder.resolve():
        return None
    return output.resolve()


def _is_in(path: Path, folder: Path | None) -> bool:
    return folder is not None and folder in path.resolve().parents


def with_videos(inputs: Sequence[Path], output: Path | None = None) -> list[Path]:
    """Return the folders among the inputs that hold a video, but for those in the output."""
    return [one for one in inputs if is_folder(one) and _holds(one, is_video, output)]


def with_photos(inputs: Sequence[Path], output: Path | None = None) -> list[Path]:
    """Return the inputs but for folders that hold videos alone."""
    films = with_videos(inputs, output)
    return [one for one in inputs if one not in films or _holds(one, is_photo, output)]


def _holds(folder: Path, is_wanted: Wanted, output: Path | None) -> bool:
    own = own_folder(folder, output)
    return any(is_wanted(path) and not _is_in(path, own) for path in files_below(folder))


def tell_left_out(
    inputs: Sequence[Path], *, output: Path | None = None, is_grave: bool = False
) -> int:
    """Tell, in one line a folder, what of it is not taken, and add a row; return the number.

    Args:
        inputs: files and folders.
        output: what an output folder inside an input holds is not counted.
        is_grave: whether it is a warning: who relies on the result may take all for done.
    """
    total = 0
    for folder in dict.fromkeys(filter(is_folder, inputs)):
        own = own_folder(folder, output)
        for name in mirrors(folder, is_picture, own) if output is not None else ():
            console.warn(
                f"{folder / name}: taken, too, though its files are named as those in {folder}; if "
                "they are results of an earlier run, move them out of it"
            )
        counts = left_out(folder, is_picture, own)
        if counts:
            total += (count := counts.total())
            files = "1 file" if count == 1 else f"{count} files"
            told = f"{folder}: {files} left out: {_said(counts)}; {NOT_READ}"
            console.remark([console.Remark(told, is_grave)])
            if console.is_json():
                console.result({"folder": str(folder), "left_out": dict(counts.most_common())})
    return total


def left_out(folder: Path, is_wanted: Wanted, own: Path | None) -> Counter[str]:
    """Return how many files below a folder are not taken, by their kind."""
    counts: Counter[str] = Counter()

    def refused(error: OSError) -> None:
        counts[TOO_LONG if error.errno == errno.ENAMETOOLONG else "folder without permission"] += 1

    for place, folders, files in os.walk(folder, onerror=refused):
        here = Path(place)
        if own is not None and (here.resolve() == own or own in here.resolve().parents):
            folders.clear()
            continue
        counts["linked folder"] += sum(_is_link(here / name) for name in folders)
        kinds = (_kind(here / name) for name in files if not is_wanted(here / name))
        counts.update(kind for kind in kinds if kind)
    return +counts


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False  # a name that is too long, which is counted when it is looked into


def mirrors(folder: Path, is_wanted: Wanted, own: Path | None) -> list[str]:
    """Return the folders inside a folder whose files all have names of files beside them.

    So are the results of an earlier run, into another folder than that of this one.
    """
    names = {
        path.relative_to(folder).as_posix()
        for path in files_below(folder)
        if is_wanted(path) and not _is_in(path, own)
    }
    inside: dict[str, list[str]] = {}
    for name in names:
        first, slash, rest = name.partition("/")
        if slash:
            inside.setdefault(first, []).append(rest)
    return sorted(first for first, rests in inside.items() if names.issuperset(rests))


def _kind(path: Path) -> str:
    """Return what kind of file is not taken; "" for a hidden one that is no picture."""
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return f"hidden {suffix}" if suffix in (*PHOTOS, *VIDEOS) else ""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return TOO_LONG if error.errno == errno.ENAMETOOLONG else "dangling link"
    if not stat.S_ISREG(mode):
        return "special file"
    return suffix or "without suffix"


def _said(counts: Counter[str]) -> str:
    named = [f"{count} {kind}" for kind, count in counts.most_common(MAX_REASONS)]
    others = counts.total() - sum(count for _, count in counts.most_common(MAX_REASONS))
    return ", ".join([*named, *([f"{others} others"] if others else [])])
