"""Cases on disk: drawn once, read whenever they are scored."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wild.cases import EDITION, Case, Drawn, Region, Role, Source, draw_case
from wild.draws import Mask


@dataclass(frozen=True)
class Stored:
    """A case on disk: the truth, the file, the files of its masks."""

    case: Case
    file: Path
    masks: tuple[Path, ...]


def stored(source: Source, role: Role, number: int, folder: Path) -> Stored:
    """Return a case on disk; draw and write it if it is not there yet."""
    folder = folder / f"edition-{EDITION}" / source.half
    truth = folder / f"{role}-{number:04d}.json"
    if not truth.is_file():
        _write(draw_case(source, role, number), folder)
    case = _read(json.loads(truth.read_text(encoding="utf-8")))
    masks = (folder / f"{case.name}-mask-{at}.png" for at in range(len(case.regions)))
    return Stored(case, folder / f"{case.name}{case.suffix}", tuple(masks))


def _write(drawn: Drawn, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    case = drawn.case
    (folder / f"{case.name}{case.suffix}").write_bytes(drawn.content)
    for at, mask in enumerate(drawn.masks):
        levels = np.rint(mask * 255).astype(np.uint8)
        Image.fromarray(levels).save(folder / f"{case.name}-mask-{at}.png")
    # Last, and in one go: what has a truth is whole.
    partial = folder / f"{case.name}.json.part"
    partial.write_text(json.dumps(dataclasses.asdict(case)), encoding="utf-8")
    partial.rename(folder / f"{case.name}.json")


def _read(values: dict[str, Any]) -> Case:
    regions = tuple(Region(**_tuples(region)) for region in values.pop("regions"))
    return Case(**values | {"steps": tuple(values["steps"])}, regions=regions)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def read_mask(path: Path) -> Mask:
    """Return a mask of a case."""
    with Image.open(path) as image:
        return np.asarray(image, np.float32) / np.float32(255)
