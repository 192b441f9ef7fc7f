"""Write a page that asks which of two restored pictures is nearer to the original.

    python tools/draw_pairs.py clean restored/lmmse restored/pixelate -o pairs.html

Folders hold pictures of the same names; suffixes may differ. The page is one file for a browser,
with all pictures in it: do not publish photos that are not yours. ``score_choices.py`` reads the
choices that it hands out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

import script
from unveil.console import note
from unveil.errors import UnveilError, UsageError
from unveil.files import write_text
from unveil.images.photos import Photo, encode_photo, list_photos, read_photo
from unveil.report.pairs import CLEAN, draw_pairs, pairs_page


@dataclass(frozen=True)
class Options:
    """What to ask about.

    Args:
        clean: folder of the originals.
        restored: two or more folders of their restorations; a folder's name stands in the choices.
        output: the page.
        photos: greatest number of photos.
        seed: of the order and the sides; another one for each person is best.
    """

    clean: tyro.conf.Positional[Path]
    restored: tyro.conf.Positional[tuple[Path, ...]]
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    photos: int = 100
    seed: int = 0


def main(options: Options) -> None:
    """Write the page."""
    folders = {CLEAN: options.clean} | by_name(options.restored)
    files = {maker: by_stem(folder) for maker, folder in folders.items()}
    names = shared(files)[: options.photos]
    pictures = {name: {m: read_photo(found[name]) for m, found in files.items()} for name in names}
    for name, made in pictures.items():
        check_sizes(name, made)
    pairs = draw_pairs(names, list(by_name(options.restored)), options.seed)
    encoded = {
        name: {maker: encode_photo(photo, ".png") for maker, photo in made.items()}
        for name, made in pictures.items()
    }
    write_text(options.output, pairs_page(pairs, encoded))
    note(f"{options.output}: {len(pairs)} pairs of {len(names)} photos")


def by_name(folders: Sequence[Path]) -> dict[str, Path]:
    """Return folders by their names.

    Raises:
        UsageError: fewer than two, two of one name, or one called ``CLEAN``.
    """
    named = {folder.resolve().name: folder for folder in folders}
    if len(named) < max(len(folders), 2) or CLEAN in named:
        raise UsageError(
            f"give two or more folders of restored pictures, of different names, none {CLEAN!r}."
        )
    return named


def by_stem(folder: Path) -> dict[str, Path]:
    """Return the photos below a folder by their paths without suffix."""
    paths = (Path(path) for path in list_photos(folder))
    return {path.with_suffix("").as_posix(): folder / path for path in paths}


def shared(files: Mapping[str, Mapping[str, Path]]) -> list[str]:
    """Return the names that every folder has, sorted; tell of how many some folder lacks.

    Raises:
        UnveilError: there are none.
    """
    everywhere = sorted(set.intersection(*(set(found) for found in files.values())))
    if not everywhere:
        raise UnveilError("no picture is in all the folders under one name.")
    if lacking := len(set().union(*files.values())) - len(everywhere):
        note(f"{lacking} pictures are left out: they are not in every folder")
    return everywhere


def check_sizes(name: str, made: Mapping[str, Photo]) -> None:
    """Check that a photo's pictures have one size.

    Raises:
        UnveilError: they have not.
    """
    sizes = {maker: photo.rgb.shape[1::-1] for maker, photo in made.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{maker} {w}x{h}" for maker, (w, h) in sizes.items())
        raise UnveilError(f"{name}: the pictures differ in size ({told}).")


if __name__ == "__main__":
    script.run(main, __doc__)
