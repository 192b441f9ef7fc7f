"""One question of a visitor, from the photo in memory to what the page shows."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from unveil.degradation import Operator, parse_operator
from unveil.errors import UnveilError, UsageError
from unveil.images.box import Box, parse_box
from unveil.web import answers
from unveil.web.answers import Answer
from unveil.web.limits import Limits
from unveil.web.parts import alert, panel
from unveil.web.worker import Worker

FOUND, SAFE = "find out", "safe mosaic"
TEXTS = {
    "Gaussian blur": "gaussian:kernel={kernel},sigma={strength:g}",
    "lens out of focus": "disk:radius={strength:g}",
    "box blur": "box:kernel={odd}",
    "mosaic": "pixelate:block={whole}",
    "solid": "solid:level=0",
}
"""What the page offers, and how it is written; strengths are in pixels."""

NO_PHOTO = "choose a photo first."


@dataclass(frozen=True)
class Visits:
    """Answers visitors, each by their own photo.

    Args:
        worker: where answers are made.
        limits: what may be asked for.
    """

    worker: Worker
    limits: Limits

    def look(self, photo: bytes | None) -> str:
        """Check and show what was uploaded."""
        return self._say(photo, answers.look)

    def find_face(self, photo: bytes | None) -> tuple[str, str]:
        """Return the widest face as the text of a box, and words."""
        try:
            return str(self._ask(photo, answers.find_face)), ""
        except UnveilError as error:
            return "", alert(str(error))

    def obfuscate(self, photo: bytes | None, kind: str, strength: float, box: str) -> str:
        """Answer the tab Obfuscate."""
        return self._say(photo, answers.hide_part, lambda: _operator(kind, strength, box))

    def restore(self, photo: bytes | None, kind: str, strength: float, box: str) -> str:
        """Answer the tab Restore."""
        return self._say(photo, answers.undo, lambda: _operator(kind, strength, box))

    def audit(self, photo: bytes | None, box: str) -> str:
        """Answer the tab Audit."""
        return self._say(photo, answers.judge, lambda: (_box(box),))

    def _say(
        self,
        photo: bytes | None,
        function: Callable[..., Answer],
        given: Callable[[], tuple[Any, ...]] = tuple,
    ) -> str:
        try:
            return panel(self._ask(photo, function, *given()))
        except UnveilError as error:
            return alert(str(error))

    def _ask(self, photo: bytes | None, function: Callable[..., Any], *given: Any) -> Any:
        if photo is None:
            raise UsageError(NO_PHOTO)
        # Here and not in the worker: a process that is stopped leaves its files behind.
        with TemporaryDirectory(prefix="unveil-") as folder:
            path = Path(folder, "photo")
            path.write_bytes(photo)
            try:
                return self.worker.ask(
                    function,
                    *(path, self.limits.max_pixels, *given),
                    timeout_seconds=self.limits.timeout_seconds,
                )
            except UnveilError as error:
                raise UnveilError(_plain(str(error), path)) from None


def operator_text(kind: str, strength: float) -> str:
    """Return what the page offers as an operator's text form."""
    whole = max(round(strength), 1)
    kernel = 2 * max(round(3 * strength), 1) + 1
    return TEXTS[kind].format(strength=strength, whole=whole, odd=whole | 1, kernel=kernel)


def _operator(kind: str, strength: float, box: str) -> tuple[Operator | None, Box | None]:
    is_chosen = kind not in (FOUND, SAFE)
    return parse_operator(operator_text(kind, strength)) if is_chosen else None, _box(box)


def _box(text: str) -> Box | None:
    return parse_box(text) if text.strip() else None


def _plain(words: str, path: Path) -> str:
    """Say "the photo" for a file that the visitor does not know, and leave options out."""
    said = words.replace(f"{path}:", "The photo:").replace(str(path), "the photo")
    return html.unescape(said.replace("; raise it with --max-pixels if you trust the file", ""))
