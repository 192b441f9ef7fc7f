"""`unveil serve`: the page on a local web server."""

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
    """Serve a page to obfuscate, restore and audit photos, to browsers on this machine only.

    Args:
        port: TCP port on 127.0.0.1.
        open_browser: open the page in a browser.
        max_mb: refuse larger files.
        max_pixels: refuse larger photos.
        timeout_seconds: abort a request after this time.
        queue: maximum number of requests that wait.
    """
    require("web")
    from unveil.web.limits import Limits
    from unveil.web.serve import serve as serve_page

    serve_page(port, Limits(max_mb, max_pixels, timeout_seconds, queue), browser=open_browser)
