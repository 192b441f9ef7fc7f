"""The application: the page's files, the endpoints, their description; behind the door."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route as Served

from unveil.web.door import Door, Place, Refusal, Route
from unveil.web.fields import ENDPOINTS
from unveil.web.limits import Limits
from unveil.web.openapi import description
from unveil.web.serve import MOST_ARRIVING
from unveil.web.service import Service
from unveil.web.worker import Worker

PAGE = Path(__file__).with_name("page")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)
"""Scripts of the page may ask this server only, so nothing can be sent elsewhere."""


def application(worker: Worker, limits: Limits, place: Place) -> Door:
    """Return the page and the service behind their door.

    Args:
        worker: process that computes the answers.
        limits: limits on a request.
        place: where they are served.
    """
    service, body = Service(worker, limits), limits.body_bytes
    files = {f"/{path.name}": path for path in PAGE.iterdir() if path.suffix in TYPES}
    files["/"] = files.pop("/index.html")
    told = description(limits)

    async def told_again(_: Request) -> Response:
        return JSONResponse(told)

    paths = [Served(name, _sender(path)) for name, path in files.items()]
    paths.append(Served("/openapi.json", told_again))
    routes = [Route("GET", re.escape(name), is_open=True) for name in files]
    routes.append(Route("GET", r"/openapi\.json", is_open=True))
    for one in ENDPOINTS:
        paths.append(Served(f"/api/{one.name}", service.handler(one), methods=["POST"]))
        routes.append(Route("POST", f"/api/{one.name}", body))
    app = Starlette(routes=paths, exception_handlers={Refusal: _refused})
    return Door(app, place, routes, POLICY, MOST_ARRIVING * body)


async def _refused(_: Request, refused: Exception) -> Response:
    status = refused.status if isinstance(refused, Refusal) else 500
    return PlainTextResponse(f"{refused}\n", status)


def _sender(path: Path) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers with a file of the page."""
    content, kind = path.read_bytes(), TYPES[path.suffix]

    async def send(_: Request) -> Response:
        return Response(content, media_type=kind)

    return send
