"""Limits on a request; the page displays those that matter."""

from dataclasses import dataclass

from unveil.errors import UsageError

FORM_BYTES = 2**19
"""What the fields of a form add to its files: the longest are the strokes of a brush."""


@dataclass(frozen=True)
class Limits:
    """Limits of the page and of the service.

    Attributes:
        max_mb: maximum size of the files of a request, in megabytes.
        max_pixels: maximum number of pixels of a photo.
        max_video_seconds: maximum length of a video.
        timeout_seconds: maximum time for one answer.
        queue: maximum number of waiting requests.
    """

    max_mb: int = 64
    max_pixels: int = 16_000_000
    max_video_seconds: float = 60.0
    timeout_seconds: float = 300.0
    queue: int = 32

    def __post_init__(self) -> None:
        if min(vars(self).values()) <= 0:
            raise UsageError("the limits of the page must be above 0.")

    @property
    def body_bytes(self) -> int:
        """Maximum size of the body of a request."""
        return self.max_mb * 2**20 + FORM_BYTES
