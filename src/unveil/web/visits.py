"""One request of a visitor, from the photo in memory to the HTML of the answer."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from unveil import console
from unveil.degradation import Operator, parse_operator
from unveil.errors import UnveilError, UsageError
from unveil.images.box import Box, parse_box
from unveil.web import answers
from unveil.web.answers import Answer
from unveil.web.limits import Limits
from unveil.web.parts import alert, panel
from unveil.web.photos import Photos
from unveil.web.uploads import Uploads
from unveil.web.worker import Worker

FIND_CHOICE, SAFE_CHOICE = "find out", "safe mosaic"
OPERATOR_FORMATS = {
    "Gaussian blur": "gaussian:kernel={kernel},sigma={strength:g}",
    "lens out of focus": "disk:radius={strength:g}",
    "box blur": "box:kernel={odd}",
    "mosaic": "pixelate:block={whole}",
    "solid": "solid:level=0",
}
"""The operators that the page offers, and their text forms; strengths are in pixels."""

NO_PHOTO = "choose a photo first."
NO_LONGER = "the photo is no longer held here; choose it again."
LOOKING = "Looking for hidden parts ..."


@dataclass(frozen=True)
class Visits:
    """Answers the requests of visitors.

    Args:
        worker: process that computes the answers.
        limits: limits on a request.
        uploads: files that arrived.
        photos: what visitors chose; a request names it by its token.
    """

    worker: Worker
    limits: Limits
    uploads: Uploads
    photos: Photos

    def take(self, path: str | None, held: str | None, visitor: gr.Request) -> str | None:
        """Hold a file that arrived, in place of another one; return its token."""
        self.photos.drop(held)
        content = self.uploads.take(path) if path else None
        return None if content is None else self.photos.put(content, str(visitor.session_hash))

    def clear(self, held: str | None) -> tuple[str | None, ...]:
        """Drop a photo; return the empty page."""
        self.photos.drop(held)
        return (None, "", "", "", "", "")

    def look(self, photo: str | None) -> tuple[str, str]:
        """Return the uploaded photo as displayed, and that hidden parts are looked for."""
        try:
            return panel(self._ask(photo, answers.look)), panel(Answer([LOOKING]))
        except Exception as error:
            return _refused(error), ""

    def find_hidden(self, photo: str | None, waiting: str) -> tuple[Any, str]:
        """Return the photo with its hidden parts outlined, and what was found.

        Args:
            photo: the uploaded photo.
            waiting: what :meth:`look` said; nothing of a photo that it refused.
        """
        if not waiting:
            return gr.skip(), ""
        try:
            drawn, found = self._ask(photo, answers.find_hidden)
        except Exception as error:
            return gr.skip(), _refused(error)
        return panel(drawn), panel(found)

    def find_face(self, photo: str | None) -> tuple[str, str]:
        """Return the box of the widest face as text, and an error as HTML; one of them is empty."""
        try:
            return str(self._ask(photo, answers.find_face)), ""
        except Exception as error:
            return "", _refused(error)

    def obfuscate(self, photo: str | None, kind: str, strength: float, box: str) -> str:
        """Answer a request of the tab Obfuscate."""
        return self._say(photo, answers.hide_part, lambda: _operator(kind, strength, box))

    def restore(
        self, photo: str | None, kind: str, strength: float, box: str, strokes: str,
        mask: str | None, realism: float,
    ) -> str:  # fmt: skip
        """Answer a request of the tab Restore; the mask is painted in strokes, or chosen."""

        def given() -> tuple[Any, ...]:
            content = None if mask is None else self._held(mask)
            return (*_operator(kind, strength, box), strokes, content, float(realism))

        return self._say(photo, answers.undo, given)

    def audit(self, photo: str | None, box: str) -> str:
        """Answer a request of the tab Audit."""
        return self._say(photo, answers.judge, lambda: (_box(box),))

    def _say(
        self,
        photo: str | None,
        function: Callable[..., Answer],
        given: Callable[[], tuple[Any, ...]] = tuple,
    ) -> str:
        try:
            return panel(self._ask(photo, function, *given()))
        except Exception as error:
            return _refused(error)

    def _ask(self, photo: str | None, function: Callable[..., Any], *given: Any) -> Any:
        content = self._held(photo)
        # Not in the worker: a killed process leaves its files behind.
        with TemporaryDirectory(prefix="unveil-") as folder:
            path = Path(folder, "photo")
            path.write_bytes(content)
            given = tuple(_written(one, folder) for one in given)
            try:
                return self.worker.ask(
                    function,
                    *(path, self.limits.max_pixels, *given),
                    timeout_seconds=self.limits.timeout_seconds,
                )
            except UnveilError as error:
                raise UnveilError(_plain(str(error), path)) from None

    def _held(self, token: str | None) -> bytes:
        """Return a file that a visitor chose.

        Raises:
            UsageError: there is none, or it is no longer held.
        """
        if token is None:
            raise UsageError(NO_PHOTO)
        content = self.photos.get(token)
        if content is None:
            raise UsageError(NO_LONGER)
        return content


def _refused(error: Exception) -> str:
    """Return what a visitor reads when a request fails; what nobody foresaw is a warning too."""
    if isinstance(error, UnveilError):
        return alert(str(error))
    said = " ".join(f"{type(error).__name__}: {error}".split())
    console.warn(f"the page: a request failed ({said})")
    return alert(f"this did not work ({said}).")


def operator_text(kind: str, strength: float) -> str:
    """Return the text form of an operator that the page offers."""
    whole = max(round(strength), 1)
    kernel = 2 * max(round(3 * strength), 1) + 1
    return OPERATOR_FORMATS[kind].format(
        strength=strength, whole=whole, odd=whole | 1, kernel=kernel
    )


def _operator(kind: str, strength: float, box: str) -> tuple[Operator | None, Box | None]:
    is_chosen = kind not in (FIND_CHOICE, SAFE_CHOICE)
    return parse_operator(operator_text(kind, strength)) if is_chosen else None, _box(box)


def _box(text: str) -> Box | None:
    return parse_box(text) if text.strip() else None


def _written(given: Any, folder: str) -> Any:
    """Return what is given, a mask's bytes as a file: only files are read with limits."""
    if not isinstance(given, bytes):
        return given
    path = Path(folder, "mask")
    path.write_bytes(given)
    return path


def _plain(words: str, path: Path) -> str:
    """Replace the temporary paths by names, and remove advice on command-line options."""
    said = words.replace(f"{path.with_name('mask')}:", "The mask:")
    said = said.replace(f"{path}:", "The photo:").replace(str(path), "the photo")
    return html.unescape(said.replace("; raise it with --max-pixels if you trust the file", ""))
