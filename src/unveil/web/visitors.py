"""Gradio's page behind the door: who is there, what they ask, and what is dropped when they leave.

A visitor is a session of Gradio's: it is there as long as one of its streams is open.
"""

import asyncio
import contextlib
import json
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from unveil.web import questions
from unveil.web.door import App, Message, Receive, Refusal, Send
from unveil.web.limits import Limits
from unveil.web.photos import Photos
from unveil.web.uploads import Uploads, sent_file

MOST = 100
"""Greatest number of visitors."""

AWAY_S = 30.0
"""Time after which a visitor without an open stream has left."""

MOST_ASKED = 8
"""Greatest number of questions of one visitor that are not answered."""

TIDY_S = 5.0
"""Interval at which is dropped what nobody needs."""

LONGEST_KEPT = 1000
"""Characters of a value that Gradio may keep of a part of the page; photos are longer."""


class Visitors:
    """ASGI application around Gradio's.

    Args:
        app: Gradio's.
        page: the page that it serves.
        uploads: files that arrive.
        photos: what visitors chose.
        limits: limits on a request.
    """

    def __init__(
        self, app: App, page: gr.Blocks, uploads: Uploads, photos: Photos, limits: Limits
    ) -> None:
        self._app, self._page = app, page
        self._uploads, self._photos, self._limits = uploads, photos, limits
        self._streams: Counter[str] = Counter()
        self._seen_s: dict[str, float] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request that the door let in."""
        if scope["type"] == "lifespan":
            async with self._tidied():
                await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path == questions.UPLOAD:
            await self._upload(scope, receive, send)
        elif path in (questions.JOIN, questions.PREDICT, questions.CANCEL):
            await self._ask(scope, receive, send)
        elif path == questions.DATA or path.startswith(questions.HEARTBEAT):
            await self._stream(scope, receive, send)
        elif path == questions.PROGRESS:  # the file has arrived before the page can draw a bar
            await _send(send, b'data: {"msg": "done"}\n\n', b"text/event-stream")
        else:  # no query: Gradio has more for those who ask
            await self._app({**scope, "query_string": b""}, receive, send)

    async def _upload(self, scope: Message, receive: Receive, send: Send) -> None:
        content = await sent_file(scope, receive, self._limits.max_mb * 2**20)
        self._uploads.drop_old()
        await _send_json(send, [self._uploads.put(content)])

    async def _ask(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on a question, made anew."""
        try:
            made = self._made_anew(scope["path"], (await receive())["body"])
        except Refusal as refused:
            await _send_json(send, {"detail": str(refused), "error": str(refused)}, refused.status)
            return
        body = json.dumps(made).encode()
        headers = [one for one in scope["headers"] if one[0] not in CHANGED]
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        first = [{"type": "http.request", "body": body, "more_body": False}]

        async def given() -> Message:
            return first.pop() if first else await receive()

        await self._app({**scope, "headers": headers}, given, send)

    def _made_anew(self, path: str, body: bytes) -> dict[str, Any]:
        """Return what is asked, checked.

        Raises:
            Refusal: it is no question of the page, or too many are asked.
        """
        asked = questions.parse(body)
        session = asked["session_hash"]
        self._admit(session)
        pending = self._page._queue.pending_event_ids_session.get(session, ())
        if path == questions.CANCEL:
            event, number = asked.get("event_id"), asked.get("fn_index")
            if event not in [*pending] or not isinstance(number, int):
                raise Refusal(400, "This is no question of yours.")
            return {"session_hash": session, "event_id": event, "fn_index": number}
        if path == questions.JOIN and len(pending) >= MOST_ASKED:
            raise Refusal(429, "Wait for the answers to what you asked before.")
        if path == questions.JOIN and len(self._page._queue) >= self._limits.queue:
            raise Refusal(503, f"{self._limits.queue} others wait; try again in a moment.")
        is_queued = path == questions.JOIN
        return questions.checked(asked, self._page, self._uploads, is_queued=is_queued)

    async def _stream(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on a stream; its visitor is there as long as it is open."""
        if scope["path"] == questions.DATA:
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
            if session not in self._page._queue.pending_messages_per_session:
                raise Refusal(404, "There is no such session.")
        else:
            session = scope["path"].removeprefix(questions.HEARTBEAT)
        self._admit(session)
        self._streams[session] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._streams[session] -= 1
            self._seen_s[session] = time.monotonic()

    def _admit(self, session: str) -> None:
        """Note that a visitor is there.

        Raises:
            Refusal: there are too many.
        """
        if session not in self._seen_s and len(self._seen_s) >= MOST:
            away = [one for one in self._seen_s if not self._streams[one]]
            if not away:
                raise Refusal(503, f"{MOST} visitors are here; close a tab of this page.")
            del self._seen_s[min(away, key=self._seen_s.__getitem__)]
        self._seen_s[session] = time.monotonic()

    def _is_here(self, session: str) -> bool:
        seen_s = self._seen_s.get(session, -math.inf)
        return self._streams[session] > 0 or time.monotonic() - seen_s < AWAY_S

    @contextlib.asynccontextmanager
    async def _tidied(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tidy())
        try:
            yield
        finally:
            task.cancel()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_S)
            self._uploads.drop_old()
            self._photos.drop_idle()
            self._photos.keep(self._is_here)
            await self._forget_the_gone()
            self._shorten()

    async def _forget_the_gone(self) -> None:
        """Drop all that Gradio and this class hold of visitors who left."""
        holder, queue = self._page.state_holder, self._page._queue
        held = (
            self._seen_s, self._streams, holder.session_data, holder.time_last_used,
            queue.pending_event_ids_session, queue.pending_messages_per_session,
        )  # fmt: skip
        for session in {session for one in held for session in list(one)}:
            if not self._is_here(session):
                await queue.clean_events(session_hash=session)
                for one in held:
                    one.pop(session, None)

    def _shorten(self) -> None:
        """Drop the answers that Gradio keeps for links to a page as it is; there are none."""
        for state in list(self._page.state_holder.session_data.values()):
            for config in state.config_values.values():
                props = config.get("props", {}) if config else {}
                if len(str(props.get("value") or "")) > LONGEST_KEPT:
                    props["value"] = None


CHANGED = (b"content-type", b"content-length", b"transfer-encoding")


async def _send_json(send: Send, value: Any, status: int = 200) -> None:
    await _send(send, json.dumps(value).encode(), b"application/json", status)


async def _send(send: Send, body: bytes, kind: bytes, status: int = 200) -> None:
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
