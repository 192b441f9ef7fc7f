"""`unveil serve`: the page and the service on a web server."""

from typing import Annotated

from tyro.conf import UseAppendAction, arg

from unveil.extras import require

Names = Annotated[UseAppendAction[tuple[str, ...]], arg(name="name", metavar="NAME")]


def serve(
    *,
    port: int = 7860,
    host: str = "127.0.0.1",
    names: Names = (),
    open_browser: bool = False,
    max_mb: int = 64,
    max_pixels: int = 16_000_000,
    max_video_seconds: float = 60.0,
    timeout_seconds: float = 300.0,
    queue: int = 32,
) -> None:
    """Serve a page to check, hide and restore photos, and the same as a service (docs/web.md).

    Args:
        port: TCP port.
        host: address to listen on. Any but 127.0.0.1 lets other machines in: each request then
            needs the token that is printed, or that of the variable UNVEIL_TOKEN.
        names: with --host, a name that others call this machine by, again for more names.
        open_browser: open the page in a browser.
        max_mb: refuse larger files.
        max_pixels: refuse larger photos.
        max_video_seconds: refuse longer videos.
        timeout_seconds: abort a request after this time.
        queue: maximum number of requests that wait.
    """
    require("web")
    from unveil.web.limits import Limits
    from unveil.web.serve import Address
    from unveil.web.serve import serve as serve_page

    limits = Limits(max_mb, max_pixels, max_video_seconds, timeout_seconds, queue)
    serve_page(Address(host, port, names), limits, browser=open_browser)
