"""The display that HDR10 pictures were made on, and how bright they are (SMPTE ST 2086, CTA-861.3).

FFmpeg hands both on with the pictures; encoders take them as options.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

DISPLAY, LIGHT = "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"
"""FFmpeg's names of the two, as side data of a picture."""

NUMBERS = 20
"""Of a display: x and y of red, green, blue and white, least and most light, as fractions."""

COLOUR_UNITS, LIGHT_UNITS = 50_000, 10_000
"""Parts of 1 and of a candela per square metre that HEVC and H.264 count in."""

OPTIONS = {
    "libx264": ("x264-params", "mastering-display", "cll"),
    "libx265": ("x265-params", "master-display", "max-cll"),
    "libsvtav1": ("svtav1-params", "mastering-display", "content-light"),
}
"""Of encoders that write them: the option, and the names in it of the display and the light."""


@dataclass(frozen=True)
class Mastering:
    """What a clip says of the display it was made on.

    Attributes:
        display: x and y of red, green, blue and white in [0,1], then the least and the most light
            in candela per square metre; None if it is not told.
        light: light of the brightest pixel and of the brightest picture, in candela per square
            metre; None if it is not told.
    """

    display: tuple[Fraction, ...] | None
    light: tuple[int, int] | None

    def options(self, encoder: str) -> dict[str, str]:
        """Return the options with which an encoder, by FFmpeg's name, writes it; {} for none."""
        if encoder not in OPTIONS:
            return {}
        option, display, light = OPTIONS[encoder]
        parts = []
        if self.display is not None:
            parts.append(f"{display}={_display(self.display, is_whole=encoder != 'libsvtav1')}")
        if self.light is not None:
            parts.append(f"{light}={self.light[0]},{self.light[1]}")
        return {option: ":".join(parts)}


def mastering_of(frame: Any) -> Mastering | None:
    """Return what a decoded frame says of the display; None for nothing."""
    display, light = _display_of(frame), frame.side_data.get(LIGHT)
    most, mean = (0, 0) if light is None else map(int, np.frombuffer(light, np.uint32)[:2])
    if display is None and not most and not mean:
        return None
    return Mastering(display, (most, mean) if most or mean else None)


def _display_of(frame: Any) -> tuple[Fraction, ...] | None:
    data = frame.side_data.get(DISPLAY)
    if data is None:
        return None
    numbers = [int(number) for number in np.frombuffer(data, np.int32)]
    has_all = all(numbers[NUMBERS : NUMBERS + 2]) and all(numbers[1:NUMBERS:2])
    pairs = zip(numbers[0:NUMBERS:2], numbers[1:NUMBERS:2], strict=True)
    return tuple(Fraction(*pair) for pair in pairs) if has_all else None


def _display(told: tuple[Fraction, ...], *, is_whole: bool) -> str:
    """Return a display as encoders take it: in whole units, or in decimals for SVT-AV1."""

    def shown(value: Fraction, units: int) -> str:
        return str(round(value * units)) if is_whole else f"{float(value):.5f}"

    x_and_y = [shown(value, COLOUR_UNITS) for value in told[:8]]
    red, green, blue, white = (f"({','.join(x_and_y[n : n + 2])})" for n in range(0, 8, 2))
    least, most = (shown(value, LIGHT_UNITS) for value in told[8:])
    return f"G{green}B{blue}R{red}WP{white}L({most},{least})"
