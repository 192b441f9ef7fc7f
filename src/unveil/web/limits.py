"""Limits on a request; the page displays them."""

from dataclasses import dataclass

from unveil.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Limits of the page.

    Attributes:
        max_mb: maximum file size, in megabytes.
        max_pixels: maximum number of pixels of a photo.
        timeout_seconds: maximum time for one answer.
        queue: maximum number of waiting requests.
    """

    max_mb: int = 30
    max_pixels: int = 16_000_000
    timeout_seconds: float = 60.0
    queue: int = 8

    def __post_init__(self) -> None:
        if min(self.max_mb, self.max_pixels, self.timeout_seconds, self.queue) <= 0:
            raise UsageError("the limits of the page must be above 0.")

    def __str__(self) -> str:
        return (
            f"Photos of up to {self.max_mb} MB and {self.max_pixels / 1e6:g} megapixels; answers "
            f"take at most {self.timeout_seconds:g} s; one at a time, {self.queue} may wait."
        )
