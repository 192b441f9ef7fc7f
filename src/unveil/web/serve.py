"""The page on a port, for browsers on this machine only."""

import os
import signal
import threading
import webbrowser
from pathlib import Path
from typing import Any

from unveil.runtime import return_freed_memory
from unveil.web.folder import own_folder
from unveil.web.limits import Limits

BUTTON = {
    "background_fill": {"": "#1d4ed8", "_hover": "#1e3a8a"},
    "text_color": {"": "#ffffff", "_hover": "#ffffff"},
}
STYLE = Path(__file__).with_name("page.css")

GRADIO = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_RUN_HISTORY": "False"}
"""Nobody is told of the page, and the browser stores nothing of what was asked."""

MOST_PHOTOS, MOST_LARGEST, MOST_ARRIVING = 128, 16, 4
"""Photos and masks that are held at a time, how many of the greatest size, and how many of these
arrive at a time."""

IDLE_S = 1800.0
"""Time after which the photo of an idle visitor is dropped."""


def serve(port: int, limits: Limits, *, browser: bool) -> None:
    """Serve until interrupted.

    Args:
        port: TCP port on 127.0.0.1.
        limits: limits on a request.
        browser: whether to open the page in a browser.

    Raises:
        UnveilError: the port is in use.
    """
    return_freed_memory()
    with own_folder() as folder:
        os.environ |= GRADIO | {"GRADIO_TEMP_DIR": str(folder)}  # read when it is imported
        from unveil.web import answers
        from unveil.web.listening import HOST, Listener
        from unveil.web.worker import Worker

        worker, listener = Worker(answers.prepare, folder), None
        try:
            worker.start()  # it loads while the page is laid out
            listener = Listener(_app(port, limits, worker, folder), port)
            listener.start()
            print(f"http://{HOST}:{port} (Ctrl-C stops it)", flush=True)
            if browser:
                webbrowser.open(f"http://{HOST}:{port}")
            listener.wait()
        except KeyboardInterrupt:
            return
        finally:
            _heed_no_signal()
            worker.stop()  # first: the server waits for what it answers
            if listener is not None:
                listener.stop()


def _app(port: int, limits: Limits, worker: Any, folder: Path) -> Any:
    """Return the page behind its door, as an ASGI application."""
    import gradio as gr
    from fastapi import FastAPI

    from unveil.web import questions
    from unveil.web.door import Door
    from unveil.web.page import build
    from unveil.web.photos import Photos
    from unveil.web.uploads import Uploads
    from unveil.web.visitors import Visitors
    from unveil.web.visits import Visits

    file_bytes = limits.max_mb * 2**20
    most_bytes = MOST_LARGEST * file_bytes
    uploads, photos = Uploads(folder, most_bytes), Photos(MOST_PHOTOS, most_bytes, IDLE_S)
    page = build(Visits(worker, limits, uploads, photos), limits)
    page.queue(max_size=limits.queue, default_concurrency_limit=1)
    page.has_launched = True  # from then on, Gradio takes no file but from its folder
    app = gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        page,
        "/",
        server_port=port,
        footer_links=[],
        show_error=False,
        max_file_size=file_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        theme=_theme(gr.themes),
        css_paths=STYLE,
    )
    inner = Visitors(app, page, uploads, photos, limits)
    return Door(
        inner,
        port,
        questions.routes(file_bytes),
        questions.POLICY,
        most_held_bytes=MOST_ARRIVING * (file_bytes + questions.FORM_BYTES),
    )


def _heed_no_signal() -> None:
    """Let nothing interrupt the end, which takes a moment."""
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)


def _theme(themes: Any) -> Any:
    """Return a theme with sufficient contrast and system fonts."""
    plain = themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    button = {
        f"button_primary_{part}{state}{dark}": colour
        for part, states in BUTTON.items()
        for state, colour in states.items()
        for dark in ("", "_dark")
    }
    return plain.set(
        body_text_color_subdued="#52525b", body_text_color_subdued_dark="#b4b4bd", **button
    )
