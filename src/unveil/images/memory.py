"""The memory that a photo takes, asked for before the system ends the process."""

from typing import Literal

from unveil.errors import UnveilError
from unveil.runtime import free_bytes

Job = Literal["read", "restore", "obfuscate", "safe", "inspect", "audit"]

BYTES_PER_PIXEL: dict[Job, int] = {
    "read": 20,
    "restore": 110,
    "obfuscate": 95,
    "safe": 85,
    "inspect": 65,
    "audit": 115,
}
FIXED_MB: dict[Job, int] = {"restore": 350, "safe": 250, "inspect": 200, "audit": 400}
"""What each job takes at most, a pixel and for libraries and models, as measured at 1 to 16 MP.

Where these find no memory, some end the process.
"""


def check_memory(pixels: int, job: Job) -> None:
    """Refuse a photo of so many pixels that needs more memory than there is.

    Raises:
        UnveilError: it needs more.
    """
    needed, free = pixels * BYTES_PER_PIXEL[job] + FIXED_MB.get(job, 0) * 10**6, free_bytes()
    if free is not None and needed > free:
        remedy = "cut out the part that is hidden, or shrink the photo"
        raise UnveilError(
            f"{pixels / 1e6:.0f} megapixels need about {needed / 1e9:.1f} GB of memory, "
            f"and {free / 1e9:.1f} are free; {remedy}."
        )
