"""What one visitor may ask for; the page names each."""

from dataclasses import dataclass

from unveil.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Bounds of the page.

    Attributes:
        max_mb: size of a file, in megabytes.
        max_pixels: pixels of a photo.
        timeout_seconds: time for one answer.
        queue: visitors that may wait.
    """

    max_mb: int = 30
    max_pixels: int = 16_000_000
    timeout_seconds: float = 60.0
    queue: int = 8

    def __post_init__(self) -> None:
        if min(self.max_mb, self.max_pixels, self.timeout_seconds, self.queue) <= 0:
            raise UsageError("limits of the page must be above 0.")

    def __str__(self) -> str:
        return (
            f"Photos of up to {self.max_mb} MB and {self.max_pixels / 1e6:g} megapixels; an answer "
            f"within {self.timeout_seconds:g} s or none; one at a time, {self.queue} may wait."
        )
