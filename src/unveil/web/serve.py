"""The web server, for clients on this machine only."""

import os
import tempfile
from pathlib import Path
from typing import Any

from unveil.errors import UnveilError
from unveil.web.limits import Limits

HOST = "127.0.0.1"
BUTTON = {
    "background_fill": {"": "#1d4ed8", "_hover": "#1e3a8a"},
    "text_color": {"": "#ffffff", "_hover": "#ffffff"},
}
STYLE = Path(__file__).with_name("page.css")


def serve(port: int, limits: Limits, *, browser: bool) -> None:
    """Serve until interrupted.

    Args:
        port: TCP port on 127.0.0.1.
        limits: limits on a request.
        browser: whether to open the page in a browser.

    Raises:
        UnveilError: the port is in use.
    """
    with tempfile.TemporaryDirectory(prefix="unveil-") as folder:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]  # the page asks itself whether it is up, and nobody else
        # Gradio reads these when it is imported.
        os.environ |= {"GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}
        import gradio as gr

        from unveil.web import answers
        from unveil.web.page import build
        from unveil.web.visits import Visits
        from unveil.web.worker import Worker

        worker = Worker(answers.prepare)
        worker.start()
        page = build(Visits(worker, limits), limits)
        page.queue(max_size=limits.queue, default_concurrency_limit=1)
        try:
            _launch(page, port, limits, browser=browser, theme=_theme(gr.themes))
            print(f"http://{HOST}:{port} (Ctrl-C stops it)", flush=True)
            page.block_thread()
        finally:
            page.close(verbose=False)
            worker.stop()


def _launch(page: Any, port: int, limits: Limits, *, browser: bool, theme: Any) -> None:
    """Start the server in threads of its own."""
    try:
        page.launch(
            server_name=HOST,
            server_port=port,
            inbrowser=browser,
            share=False,
            quiet=True,
            ssr_mode=False,
            max_file_size=f"{limits.max_mb}mb",
            css_paths=STYLE,
            theme=theme,
            footer_links=[],
            enable_monitoring=False,
            prevent_thread_lock=True,
        )
    except OSError:
        raise UnveilError(f"port {port} is in use; choose another with --port.") from None


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
