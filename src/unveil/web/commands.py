"""The command that does what a request asked, as a shell takes it."""

import shlex
from collections.abc import Mapping
from typing import Any

from unveil.web.jobs import Named

OUTPUTS = {"obfuscate": "hidden", "restore": "restored"}


def command(
    name: str, values: Mapping[str, Any], named: Named, *, is_clip: bool, is_whole: bool
) -> str | None:
    """Return a command line, or None where no command does the same.

    Args:
        name: of the endpoint.
        values: of its fields.
        named: what the files are called.
        is_clip: whether the file is a video.
        is_whole: whether all of it was changed, not places alone.
    """
    operator = values.get("operator")
    told = [] if operator is None else ["--operator", str(operator)]
    if values.get("strokes") or values.get("across") is not None:
        return None  # a mask that only the page has; blocks by the width of each face
    if name == "obfuscate" and told:
        # Without --safe, a command changes all of the picture.
        return _line(name, named.own, told, is_clip=is_clip) if is_whole else None
    words = _safe(values, is_clip=is_clip) if name == "obfuscate" else told
    if named.mask is not None:
        words += ["--mask", _path(named.mask)]
    for flag in ("box", "spare"):
        for box in values.get(flag, ()):
            words += [f"--{flag}", str(box)]
    for flag in ("realism", "samples"):
        if values.get(flag):
            words += [f"--{flag}", f"{values[flag]:g}"]
    return _line(name, named.own, words, is_clip=is_clip)


def for_clip(name: str, file: str) -> str:
    """Return the command of an endpoint for a video of this name, with nothing further asked."""
    return _line(name, file, ["--safe"] if name == "obfuscate" else [], is_clip=True)


def _line(name: str, file: str, words: list[str], *, is_clip: bool) -> str:
    """Return the command of an endpoint with further words; what it writes is named."""
    output = []
    if name in OUTPUTS:
        stem, dot, suffix = file.rpartition(".")
        after = f"{dot}{suffix.lower()}" if is_clip else ".png"
        output = ["--output", _path(f"{stem or file}-{OUTPUTS[name]}{after}")]
    return shlex.join(["unveil", name, _path(file), *output, *words])


def _path(file: str) -> str:
    """Return a name that no command takes for a flag, or for one of its subcommands."""
    return file if "." in file and not file.startswith("-") else f"./{file}"


def _safe(values: Mapping[str, Any], *, is_clip: bool) -> list[str]:
    """Return the flags that hide faces."""
    words = ["--safe"]
    if not is_clip:
        words += ["--style", values["style"]]
        words += ["--shape", values["shape"]] if values["shape"] != "box" else []
    return words
