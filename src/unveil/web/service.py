"""The service: forms in, pictures or JSON out, one answer at a time; nothing is kept."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from unveil.errors import UnveilError, UsageError
from unveil.web import answers
from unveil.web.answers import Answer
from unveil.web.door import Refusal
from unveil.web.fields import Endpoint
from unveil.web.forms import Asked, read_form, sentence
from unveil.web.limits import Limits
from unveil.web.waiting import Line
from unveil.web.worker import Worker

STREAM = "application/vnd.unveil.stream"
"""Lines of JSON, ``{"progress": ...}`` or ``{"error": ...}``, the last ``{"answer": ...}`` with the
sizes of files, whose bytes follow."""

CHECKED = "unveil-checked"
"""Header of a picture with hidden faces: whether all are hidden strongly enough."""

Told = dict[str, Any]
Answered = tuple[Told, list[bytes]]
"""The answer as JSON values, and the content of its files."""


class Service:
    """Answers forms.

    Args:
        worker: process that computes the answers.
        limits: limits on a request.
    """

    def __init__(self, worker: Worker, limits: Limits) -> None:
        self._worker, self._limits = worker, limits
        self._line = Line(limits.queue)

    def handler(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        """Return what answers an endpoint's requests."""

        async def handle(request: Request) -> Response:
            asked = await read_form(request, endpoint, self._limits.max_mb)
            wanted = request.headers.get("accept", "*/*")
            if wanted == STREAM:
                return StreamingResponse(self._stream(asked), media_type=STREAM)
            answer, files = await _unless_left(request, self._last(asked))
            if "json" in wanted or not files:
                return JSONResponse(_with_files(answer, files))
            (name, kind), content = answer["files"][0].values(), files[0]
            headers = {"content-disposition": f'attachment; filename="{name}"'}
            if answer.get("checked"):  # who takes the picture alone is to know it, too
                headers[CHECKED] = "passed" if answer["checked"]["passes"] else "failed"
            return Response(content, media_type=kind, headers=headers)

        return handle

    async def _last(self, asked: Asked) -> Answered:
        """Return the answer alone.

        Raises:
            Refusal: it cannot be answered.
        """
        try:
            async with contextlib.aclosing(self._events(asked)) as events:
                async for event in events:
                    if not isinstance(event, str):
                        return event
        except UsageError as error:
            raise Refusal(400, _plain(error)) from None
        except UnveilError as error:
            raise Refusal(422, _plain(error)) from None
        raise AssertionError("the last event is the answer")

    async def _stream(self, asked: Asked) -> AsyncIterator[bytes]:
        """Yield what happens, then the answer and its files."""
        try:
            async with contextlib.aclosing(self._events(asked)) as events:
                async for event in events:
                    if isinstance(event, str):
                        yield _line({"progress": event})
                        continue
                    answer, files = event
                    for about, content in zip(answer["files"], files, strict=True):
                        about["bytes"] = len(content)
                    yield _line({"answer": answer})
                    for content in files:
                        yield content
        except (UnveilError, Refusal) as error:
            yield _line({"error": _plain(error)})

    async def _events(self, asked: Asked) -> AsyncGenerator[str | Answered]:
        """Yield what happens in words, and in the end the answer with the content of its files."""
        words: asyncio.Queue[str | None] = asyncio.Queue()
        task = asyncio.create_task(self._answered(asked, words.put_nowait))
        task.add_done_callback(lambda _: words.put_nowait(None))
        try:
            while (told := await words.get()) is not None:
                yield told
            yield await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _answered(self, asked: Asked, tell: Callable[[str], None]) -> Answered:
        """Wait for the turn, and return the answer."""
        async with self._line.turn(lambda before: tell(f"Waiting; {before} before this one.")):
            with _written(asked) as (file, mask):
                given = asked.endpoint.name, file, mask, asked.named, asked.values
                answer = await self._asked(tell, *given, self._limits)
                content = [path.read_bytes() for path in answer.files]
        files = [{"name": path.name, "type": answers.MEDIA[path.suffix]} for path in answer.files]
        return {**answer.told, "files": files}, content

    async def _asked(self, tell: Callable[[str], None], *given: Any) -> Answer:
        """Ask the worker; stop it when the answer is no longer wanted."""
        loop = asyncio.get_running_loop()

        def hear(words: str) -> None:  # in the thread
            loop.call_soon_threadsafe(tell, words)

        ask, seconds = self._worker.ask, self._limits.timeout_seconds
        asking = asyncio.create_task(
            asyncio.to_thread(ask, answers.answer, *given, timeout_seconds=seconds, tell=hear)
        )
        try:
            answer: Answer = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._worker.abort()
            await asyncio.gather(asking, return_exceptions=True)
            raise
        return answer


@contextlib.contextmanager
def _written(asked: Asked) -> Iterator[tuple[Path, Path | None]]:
    """Yield the files of a request in a folder of their own, which is removed."""
    # Not in the worker: a killed process leaves its files behind.
    with TemporaryDirectory(prefix="request-", ignore_cleanup_errors=True) as folder:
        file, mask = Path(folder, f"file{asked.file.suffix}"), None
        file.write_bytes(asked.file.content)
        if asked.mask is not None:
            mask = Path(folder, f"mask{asked.mask.suffix}")
            mask.write_bytes(asked.mask.content)
        yield file, mask


async def _unless_left(request: Request, answering: Any) -> Any:
    """Return an answer; stop computing it when the one who asks leaves."""
    task = asyncio.ensure_future(answering)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return await task
        raise Refusal(499, "The request was taken back.")
    finally:
        for one in (task, leaving):
            one.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


def _with_files(answer: Told, files: list[bytes]) -> Told:
    """Return an answer with the content of its files in Base64."""
    for about, content in zip(answer["files"], files, strict=True):
        about["content"] = base64.b64encode(content).decode()
    return answer


def _line(value: Told) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _plain(error: Exception) -> str:
    return sentence(str(error))
