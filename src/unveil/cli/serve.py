"""The command `serve`."""

from unveil.extras import require


def serve(
    *,
    port: int = 7860,
    open_browser: bool = False,
    max_mb: int = 30,
    max_pixels: int = 16_000_000,
    timeout_seconds: float = 60.0,
    queue: int = 8,
) -> None:
    """Serve a page with all of this to browsers on this machine; nothing is sent anywhere.

    Args:
        port: of 127.0.0.1.
        open_browser: show it at once.
        max_mb: refuse larger files.
        max_pixels: refuse larger photos.
        timeout_seconds: give up an answer after that time.
        queue: how many visitors may wait.
    """
    require("web")
    from unveil.web.limits import Limits
    from unveil.web.serve import serve as serve_page

    serve_page(port, Limits(max_mb, max_pixels, timeout_seconds, queue), browser=open_browser)
