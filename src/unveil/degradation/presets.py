"""Presets: calls of real programs by name, as operators: ``pillow-gaussian:radius=5``.

A preset stands for the operator that equals a program's call, so presets can be used wherever
operators can. The difference to each program is measured (docs/presets.md) and tested. Needs no
torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from unveil.degradation import (
    OPERATORS,
    BoxBlur,
    Operator,
    Pixelate,
    Sample,
    parse_operator,
    parse_parameters,
    programs,
)
from unveil.errors import unknown

SAME = "as ours"
REPEATED = "edge pixel repeated"
REPEATED_EACH = "edge pixel repeated in each pass"
DOUBLED = "mirrored with the edge pixel"
FADED = "fades into what lies behind"


@dataclass(frozen=True)
class Preset:
    """A call of a program, as an operator.

    Attributes:
        program: name of the program.
        call: the call, with the preset's parameters in braces.
        defaults: the parameters with their defaults, the program's own where it has any.
        operator: returns the operator for all parameters; raises UsageError for impossible ones.
        border: how the program extends the image beyond its edge. Our operators mirror it without
            repeating the edge pixel; if this is not ``SAME``, results agree only further inside
            than the kernel's radius.
        greatest: largest absolute difference between program and operator, both in 8 bits, in
            levels of 255; 1 is rounding. A test checks it.
        mean: bound of the mean absolute difference; programs that truncate come near 0.5.
        differs: the reason, if ``greatest`` is above 1.
    """

    program: str
    call: str
    defaults: Mapping[str, int | float]
    operator: Callable[..., Operator]
    border: str = SAME
    greatest: int = 1
    mean: float = 0.55
    differs: str = ""


PRESETS: dict[str, Preset] = {
    "opencv-gaussian": Preset(
        "OpenCV",
        "cv2.GaussianBlur(image, ({kernel}, {kernel}), {sigma})",
        {"kernel": 21, "sigma": 0.0},
        programs.opencv_gaussian,
    ),
    "opencv-blur": Preset(
        "OpenCV", "cv2.blur(image, ({kernel}, {kernel}))", {"kernel": 9}, BoxBlur
    ),
    "pillow-gaussian": Preset(
        "Pillow",
        "image.filter(ImageFilter.GaussianBlur({radius}))",
        {"radius": 2.0},
        programs.pillow_gaussian,
        REPEATED_EACH,
        greatest=3,
        mean=0.6,
        differs="Pillow rounds after each of six passes, which shows below a radius of 2",
    ),
    "pillow-box": Preset(
        "Pillow",
        "image.filter(ImageFilter.BoxBlur({radius}))",
        {"radius": 4.0},
        programs.pillow_box,
        REPEATED,
    ),
    "deface-blur": Preset(
        "deface",
        "deface --replacewith blur, of a face {width} x {height} pixels",
        {"width": 100, "height": 120},
        programs.deface_blur,
        greatest=3,
        mean=0.8,
        differs="half a pixel's shift, where half of a side is even",
    ),
    "deface-mosaic": Preset(
        "deface",
        "deface --replacewith mosaic --mosaicsize {size}",
        {"size": 20},
        Sample,
    ),
    "imagemagick-blur": Preset(
        "ImageMagick",
        "convert -blur 0x{sigma}",
        {"sigma": 1.0},
        programs.imagemagick_blur,
        REPEATED,
    ),
    "imagemagick-scale": Preset(
        "ImageMagick",
        "convert -scale {percent}% and back, of a size that the blocks divide",
        {"percent": 10.0},
        programs.imagemagick_scale,
    ),
    "ffmpeg-boxblur": Preset(
        "FFmpeg",
        "ffmpeg -vf boxblur={radius}:{power}",
        {"radius": 2, "power": 2},
        programs.ffmpeg_boxblur,
        DOUBLED,
    ),
    "ffmpeg-gblur": Preset(
        "FFmpeg",
        "ffmpeg -vf gblur={sigma}:{steps}",
        {"sigma": 0.5, "steps": 1},
        programs.ffmpeg_gblur,
        REPEATED_EACH,
    ),
    "ffmpeg-pixelize": Preset(
        "FFmpeg", "ffmpeg -vf pixelize={width}:{width}", {"width": 16}, Pixelate
    ),
    "css-blur": Preset(
        "Chromium",
        "filter: blur({px}px), drawn by a graphics processor",
        {"px": 8.0},
        programs.css_blur,
        FADED,
        greatest=3,
        differs="above 4px the picture is scaled down, blurred and scaled up again",
    ),
    "css-blur-software": Preset(
        "Chromium",
        "filter: blur({px}px), drawn by the processor",
        {"px": 8.0},
        programs.css_blur_software,
        FADED,
    ),
    "gimp-pixelize": Preset(
        "GEGL",
        "GIMP's Filters > Blur > Pixelize, {size} x {size}",
        {"size": 16},
        Pixelate,
        greatest=73,
        mean=6,
        differs="GIMP averages linear light, unveil the numbers in the file; 73 is the most that "
        "can be, in blocks of black and white",
    ),
}


def parse_preset(text: str) -> Operator:
    """Return the operator that the text form of a preset stands for.

    Raises:
        UsageError: an unknown preset or parameter, or a value that the program or the operator
            does not take.

    Examples:
        >>> parse_preset("opencv-blur:kernel=9")
        BoxBlur(kernel=9)
    """
    name, values = read_preset(text)
    return PRESETS[name].operator(*values.values())


def parse_call(text: str) -> Operator:
    """Parse the text form of an operator or of a preset.

    Raises:
        UsageError: an unknown name (all known ones are listed) or parameter, or a bad value.

    Examples:
        >>> str(parse_call("css-blur:px=8"))
        'gaussian:kernel=49,sigma=8'
        >>> str(parse_call("pixelate:block=8"))
        'pixelate:block=8'
    """
    name = text.partition(":")[0]
    if name in PRESETS:
        return parse_preset(text)
    if name in OPERATORS:
        return parse_operator(text)
    raise unknown("operator or preset", name, [*OPERATORS, *PRESETS])


def read_preset(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name and all parameters of a preset's text form, including the defaults.

    Raises:
        UsageError: an unknown preset or parameter, or a value that is not a number.

    Examples:
        >>> read_preset("ffmpeg-boxblur:radius=5")
        ('ffmpeg-boxblur', {'radius': 5, 'power': 2})
    """
    name, _, rest = text.partition(":")
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    defaults = PRESETS[name].defaults
    types = {key: type(value) for key, value in defaults.items()}
    return name, {**defaults, **parse_parameters(name, rest, types)}
