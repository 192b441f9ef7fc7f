"""Kernels of programs' calls in numbers, and the values that no call takes.

The presets are compared with the programs themselves where these are installed; here they are as
they were then, so that a machine without the programs sees a change, too.
"""

from pathlib import Path

import numpy as np
import pytest

from tests.pins import Numbers, check, pin
from unveil.degradation import Operator, Window
from unveil.degradation.blurs import MAX_KERNEL_PX
from unveil.degradation.presets import PRESETS, parse_preset
from unveil.errors import UsageError

PINNED = Path(__file__).with_name("programs.json")
CALLS = (
    *PRESETS,
    "opencv-gaussian:kernel=0,sigma=2.2", "opencv-gaussian:kernel=7,sigma=0",
    "opencv-gaussian:kernel=9,sigma=0", "opencv-gaussian:kernel=5,sigma=0",
    "opencv-gaussian:kernel=3,sigma=0", "opencv-gaussian:kernel=11,sigma=0",
    "opencv-gaussian:kernel=11,sigma=1.5",
    "pillow-gaussian:radius=0.6", "pillow-gaussian:radius=2", "pillow-gaussian:radius=7.3",
    "pillow-box:radius=0", "pillow-box:radius=0.4", "pillow-box:radius=3.25",
    "deface-blur:width=2,height=3", "deface-blur:width=40,height=51",
    "imagemagick-blur:sigma=0.2", "imagemagick-blur:sigma=1", "imagemagick-blur:sigma=6.5",
    "imagemagick-scale:percent=50", "imagemagick-scale:percent=100",
    "imagemagick-scale:percent=1",
    "ffmpeg-boxblur:radius=3,power=1", "ffmpeg-boxblur:radius=2,power=3",
    "ffmpeg-gblur:sigma=0.01,steps=1", "ffmpeg-gblur:sigma=2.5,steps=3",
    "ffmpeg-gblur:sigma=4,steps=6", "css-blur:px=0.1", "css-blur:px=3.4",
    "css-blur-software:px=0", "css-blur-software:px=2", "css-blur-software:px=3",
)  # fmt: skip


def numbers(operator: Operator) -> list[float]:
    if isinstance(operator, Window):
        return [*operator.across, -1, *operator.down]
    return [float(getattr(operator, key)) for key in vars(operator)]


def of_calls() -> Numbers:
    return {call: np.array(numbers(parse_preset(call))) for call in CALLS}


def test_kernels_are_those_that_equalled_the_programs():
    check(PINNED, of_calls)


@pytest.mark.parametrize(
    "call",
    [
        "opencv-gaussian:kernel=0,sigma=0", "opencv-gaussian:kernel=8,sigma=1",
        f"opencv-gaussian:kernel={MAX_KERNEL_PX + 2},sigma=1", "pillow-gaussian:radius=-0.1",
        "pillow-box:radius=-0.1", "deface-blur:width=1,height=30", "deface-blur:width=30,height=1",
        "imagemagick-blur:sigma=0.19", "imagemagick-scale:percent=0",
        "imagemagick-scale:percent=101", "imagemagick-scale:percent=40",
        "ffmpeg-boxblur:radius=-1,power=1", "ffmpeg-boxblur:radius=1,power=-1",
        "ffmpeg-gblur:sigma=0.009,steps=1", "ffmpeg-gblur:sigma=1,steps=0",
        "ffmpeg-gblur:sigma=1,steps=7", "css-blur:px=0.09", "css-blur-software:px=-1",
        "ffmpeg-boxblur:radius=2000,power=9",
    ],
)  # fmt: skip
def test_what_a_program_does_not_take_is_refused(call):
    with pytest.raises(UsageError):
        parse_preset(call)


if __name__ == "__main__":
    pin(PINNED, (of_calls,))
