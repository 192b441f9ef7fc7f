"""What the page asks, checked before Gradio sees it.

Gradio opens addresses and files that a request names, prints the traceback of whatever does not
fit, and keeps sessions without end. Here a request is made anew from what was checked.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

import gradio as gr

from unveil.web.door import Refusal, Route
from unveil.web.uploads import Uploads

UPLOAD, JOIN, PREDICT = "/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/predict"
DATA, HEARTBEAT, CANCEL = "/gradio_api/queue/data", "/gradio_api/heartbeat/", "/gradio_api/cancel"
PROGRESS = "/gradio_api/upload_progress"

ASKED_BYTES = 2**20
"""Greatest size of a question: its longest part are the strokes of a brush."""

FORM_BYTES = 2**16
"""What a form adds to the file in it."""

SESSION = r"[A-Za-z0-9]{1,32}"

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's own, and the page's
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data:",
        "manifest-src 'self'",
        "base-uri 'self'",
        "form-action 'none'",
    ]
)
"""Scripts of the page may ask this server only, so nothing can be sent elsewhere."""


def routes(file_bytes: int) -> list[Route]:
    """Return what Gradio's page asks for; of its other routes, none is needed."""
    return [
        Route("GET", "/"),
        Route("GET", "/config"),
        Route("GET", r"(/gradio_api)?/theme\.css"),
        Route("GET", r"/(favicon\.ico|manifest\.json)", is_fixed=True),
        Route("GET", r"/(assets|static)(/[\w@-][\w.@-]*)+", is_fixed=True),
        Route("GET", HEARTBEAT + SESSION),
        Route("GET", DATA),
        Route("GET", PROGRESS),
        Route("POST", UPLOAD, file_bytes + FORM_BYTES),
        Route("POST", JOIN, ASKED_BYTES),
        Route("POST", PREDICT, ASKED_BYTES),
        Route("POST", CANCEL, ASKED_BYTES),
    ]


def parse(body: bytes) -> dict[str, Any]:
    """Return the object of JSON in the body of a request, which names its session.

    Raises:
        Refusal: there is none.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "This is no JSON.") from None
    if not isinstance(asked, dict) or not _is_session(asked.get("session_hash")):
        raise Refusal(400, "This is no question of the page.")
    return asked


def _is_session(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(SESSION, value) is not None


def checked(
    asked: Mapping[str, Any], page: gr.Blocks, uploads: Uploads, *, is_queued: bool
) -> dict[str, Any]:
    """Return a question with nothing in it but what the page may ask.

    Args:
        asked: the question, as it arrived.
        page: the page.
        uploads: files that arrived.
        is_queued: whether it waits for its turn.

    Raises:
        Refusal: a part of it is absent, of another kind, or out of its range.
    """
    number, given, trigger = asked.get("fn_index"), asked.get("data"), asked.get("trigger_id")
    wanted = page.fns.get(number) if _is_whole(number) else None
    if wanted is None or wanted.fn is None or bool(wanted.queue) is not is_queued:
        raise Refusal(400, "This is no question of the page.")
    if not isinstance(given, list) or (len(given) != len(wanted.inputs) and not wanted.cancels):
        raise Refusal(400, "Parts of the question are missing.")
    parts = zip(given, wanted.inputs, strict=False)
    return {
        "data": [_value(value, part, uploads) for value, part in parts],
        "event_data": None,
        "fn_index": number,
        "trigger_id": trigger if _is_whole(trigger) else None,
        "session_hash": asked["session_hash"],
    }


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _value(value: Any, part: Any, uploads: Uploads) -> Any:
    """Return what was given for a part of the page.

    Raises:
        Refusal: it is of another kind, or out of the part's range.
    """
    match part:
        case gr.State():
            return None
        case gr.File():
            return None if value is None else _file(value, uploads)
        case gr.Slider():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and math.isfinite(value)):
                raise Refusal(400, f"{part.label}: enter a number.")
            if not part.minimum <= value <= part.maximum:
                bounds = f"{part.minimum:g} to {part.maximum:g}"
                raise Refusal(400, f"{part.label}: {value:g} is not from {bounds}.")
            return value
        case gr.Dropdown():
            if not isinstance(value, str) or value not in [name for _, name in part.choices]:
                raise Refusal(400, f"{part.label}: choose from the list.")
            return value
    if value is not None and not isinstance(value, str):
        raise Refusal(400, f"{part.label or 'The page'}: enter text.")
    if len(value or "") > (getattr(part, "max_length", None) or ASKED_BYTES):
        raise Refusal(400, f"{part.label}: at most {part.max_length} characters.")
    return value or ""


def _file(value: Any, uploads: Uploads) -> dict[str, Any]:
    """Return the place of a file that arrived here; never an address or another file's."""
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, str) or path not in uploads:
        raise Refusal(400, "Choose the file again: it is not here.")
    return {"path": path, "meta": {"_type": "gradio.FileData"}}
