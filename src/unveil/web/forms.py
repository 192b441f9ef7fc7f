"""Files and fields of a request, from its form (``multipart/form-data``)."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from unveil.errors import UsageError
from unveil.images.photos import SUFFIXES
from unveil.video.stream.codecs import CONTAINERS
from unveil.web.door import Refusal
from unveil.web.fields import Endpoint, check_times, parse
from unveil.web.jobs import Named

FILE, MASK = "file", "mask"
MOST_FILES, MOST_FIELDS = 2, 1000

NOT_A_FORM = "This is no form with a file; see /openapi.json."
AS_TEXT = "file: sent as text; send it as a file, as curl does by --form file=@NAME."

LIMITED = "aximum"
"""In what the parser says of a form that is beyond a limit, which it names."""


@dataclass(frozen=True)
class Sent:
    """A file that was sent.

    Attributes:
        name: its own, without folders and characters that mean something to programs.
        own: what the sender calls it, without folders; ``name`` if that cannot be shown.
        content: its bytes.
    """

    name: str
    own: str
    content: bytes

    @property
    def suffix(self) -> str:
        """The suffix of its name, if it is one of a photo or a video; else none."""
        suffix = "." + self.name.rpartition(".")[2].lower()
        return suffix if suffix in (*SUFFIXES, *CONTAINERS) else ""

    @property
    def stem(self) -> str:
        """Its name without the suffix."""
        return self.name.rpartition(".")[0] or self.name


@dataclass(frozen=True)
class Asked:
    """What a request asks.

    Attributes:
        endpoint: that it asks.
        file: the photo or the video.
        mask: a photo, white where something is hidden; None for none.
        values: of the fields, by name.
    """

    endpoint: Endpoint
    file: Sent
    mask: Sent | None
    values: dict[str, Any]

    @property
    def named(self) -> Named:
        """What the files are called."""
        return Named(self.file.stem, self.file.own, None if self.mask is None else self.mask.own)


async def read_form(request: Request, endpoint: Endpoint, max_mb: int) -> Asked:
    """Return what a request asks.

    Raises:
        Refusal: it is no form, without a file, or with something that the endpoint does not take,
            or takes once; the files are larger than ``max_mb`` megabytes.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(400, NOT_A_FORM)
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS) as form:
            parts = form.multi_items()
            files = [
                (name, _sent(one, await one.read()))
                for name, one in parts
                if isinstance(one, UploadFile)
            ]
    except HTTPException as error:
        said = error.detail if LIMITED in error.detail else NOT_A_FORM
        raise Refusal(400, said) from None
    except Exception:  # whatever the parser says of what it cannot parse
        raise Refusal(400, NOT_A_FORM) from None
    if sum(len(file.content) for _, file in files) > max_mb * 2**20:
        raise Refusal(413, f"The file is larger than {max_mb} MB.")
    fields = [(name, one) for name, one in parts if isinstance(one, str)]
    try:
        return _asked(endpoint, files, fields)
    except UsageError as error:
        raise Refusal(400, sentence(str(error))) from None


def _asked(
    endpoint: Endpoint, files: list[tuple[str, Sent]], fields: list[tuple[str, str]]
) -> Asked:
    allowed, names = [FILE, MASK] if endpoint.has_mask else [FILE], [name for name, _ in files]
    for name in names:
        if name not in allowed:
            said = " and ".join(allowed)
            raise UsageError(f"{name[:40]!r} is no file of {endpoint.name}; it takes {said}.")
        check_times(name, names.count(name), 1)
    if FILE not in names:
        raise UsageError(AS_TEXT if any(name == FILE for name, _ in fields) else NOT_A_FORM)
    held = dict(files)
    return Asked(endpoint, held[FILE], held.get(MASK), parse(endpoint, fields))


def sentence(words: str) -> str:
    """Return words with a capital first letter."""
    return words[:1].upper() + words[1:]


def _sent(file: UploadFile, content: bytes) -> Sent:
    own = re.split(r"[/\\]", file.filename or "")[-1].replace("%22", '"')  # as browsers send it
    name = re.sub(r"[^\w .()-]", "_", own).strip(" .-")[-100:] or "photo"
    return Sent(name, own if own.strip(".") and own.isprintable() else name, content)
