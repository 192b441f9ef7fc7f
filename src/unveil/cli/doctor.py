"""`unveil doctor`: checks of the installation: versions, devices, caches, weights, extras."""

import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from unveil import console
from unveil.config import RuntimeConfig
from unveil.errors import UnveilError
from unveil.extras import EXTRAS, how_to_install, require
from unveil.files import REINSTALL, cache_folder, check_folder, check_sha256
from unveil.networks.card import FOLDER, list_shipped
from unveil.report.rows import Row
from unveil.runtime import cpu_name


def doctor() -> int:
    """Check the installation: versions, devices, caches, shipped weights, extras.

    The exit status is 1 if something is broken; a missing extra does not count.
    """
    broken = 0
    for check in checks():
        broken += check.state == "broken"
        console.result(check.as_row(), check)
    if broken:
        failed = "1 check" if broken == 1 else f"{broken} checks"
        console.fail(f"{failed} failed; see the lines marked broken.")
    return int(broken > 0)


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        kind: kind of the component.
        name: of the component.
        state: ``missing`` is for optional components only.
        found: version, size or problem, as text.
        values: further values for the JSON row.
    """

    kind: Literal["version", "device", "cache", "weights", "extra"]
    name: str
    state: Literal["ok", "missing", "broken"]
    found: str
    values: Row = field(default_factory=dict)

    def as_row(self) -> Row:
        """Return the check as a row."""
        row = {"check": self.kind, "name": self.name, "state": self.state, "found": self.found}
        return {**row, **self.values}

    def __str__(self) -> str:
        return f"{self.state:8}{self.kind:9}{self.name}: {self.found}"


def checks() -> Iterator[Check]:
    """Check everything, quick checks first."""
    yield Check("version", "python", "ok", f"{platform.python_version()} on {platform.platform()}")
    needs = _requirements()
    if not needs:
        yield Check(
            "version", "unveil", "broken", "is not installed; run pip install . in a checkout"
        )
    else:
        yield Check("version", "unveil", "ok", importlib.metadata.version("unveil"))
    for need in needs.get("", []):
        check = _version(need)
        yield check if check.state == "ok" else replace(check, state="broken")
    yield from _devices()
    yield from _caches()
    yield from _weights()
    for extra in EXTRAS:
        yield _extra(extra, needs.get(extra, []))


def _requirements() -> dict[str, list[Requirement]]:
    """Return the requirements of each extra, and under ``""`` those of unveil itself."""
    try:
        needs = [Requirement(text) for text in importlib.metadata.requires("unveil") or ()]
    except importlib.metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[Requirement]] = {}
    for extra in ("", *EXTRAS):
        for need in needs:
            marker = need.marker
            plain = marker is None or marker.evaluate({"extra": ""})
            if plain if not extra else not plain and marker and marker.evaluate({"extra": extra}):
                found.setdefault(extra, []).append(need)
    return found


def _version(need: Requirement) -> Check:
    wanted = f"{need.name}{need.specifier}"
    try:
        version = importlib.metadata.version(need.name)
    except importlib.metadata.PackageNotFoundError:
        return Check("version", need.name, "missing", f"is not installed ({wanted})")
    if not need.specifier.contains(version, prereleases=True):
        return Check("version", need.name, "broken", f"is {version}, required is {wanted}")
    return Check("version", need.name, "ok", version)


def _devices() -> Iterator[Check]:
    """Check the CPU and, where torch is installed, what torch can use."""
    yield Check("device", "cpu", "ok", cpu_name())
    if importlib.util.find_spec("torch") is None:
        return
    try:
        from unveil.networks.torch_engine import choose_runtime, gpus
    except (ImportError, OSError) as error:
        yield Check("device", "torch", "broken", f"torch cannot be imported ({error})")
        return
    for device, name in gpus():
        yield Check("device", device, "ok", name)
    chosen = choose_runtime(RuntimeConfig())
    values = {"device": chosen.device, "precision": chosen.precision, "reason": chosen.reason}
    yield Check("device", "torch", "ok", str(chosen), values)


def _caches() -> Iterator[Check]:
    """Check the cache folder; return the size of it and of each entry."""
    folder = cache_folder()
    try:
        check_folder(folder)
    except UnveilError as error:
        yield Check("cache", str(folder), "broken", str(error))
        return
    items = sorted(folder.iterdir()) if folder.is_dir() else []
    for path, size in [(folder, _bytes(folder)), *((item, _bytes(item)) for item in items)]:
        yield Check("cache", str(path), "ok", f"{size / 1e6:.1f} MB", {"bytes": size})


def _bytes(path: Path) -> int:
    """Return the size of a file, or of all files below a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.lstat().st_size for file in files if file.is_file())


def _weights() -> Iterator[Check]:
    """Check the sha256 of every file of weights in the package."""
    try:
        shipped = list_shipped()
    except UnveilError as error:
        yield Check("weights", str(FOLDER), "broken", str(error))
        shipped = []
    for item in shipped:
        weights = item.card.files["weights"]
        yield _checksum(item.name, item.folder / weights["name"], weights["sha256"])
    from unveil.linear.prior import PRIOR, PRIOR_SHA256

    yield _checksum("prior", PRIOR, PRIOR_SHA256)


def _checksum(name: str, path: Path, expected: str) -> Check:
    try:
        found = check_sha256(path, [expected], REINSTALL)
    except UnveilError as error:
        return Check("weights", name, "broken", str(error))
    size = path.stat().st_size
    return Check(
        "weights", name, "ok", f"{size / 1e6:.2f} MB, sha256 {found[:12]}", {"sha256": found}
    )


def _extra(extra: str, needs: list[Requirement]) -> Check:
    """Check the modules and versions of an extra: absent is missing, too old is broken."""
    if not needs:
        return Check("extra", extra, "broken", "is unknown to the installed unveil; reinstall it")
    values = {"needs": [f"{need.name}{need.specifier}" for need in needs]}
    versions = [_version(need) for need in needs]
    old = [f"{check.name} {check.found}" for check in versions if check.state == "broken"]
    if old:
        hint = f"{'; '.join(old)}; {how_to_install(extra)}"
        return Check("extra", extra, "broken", hint, values)
    try:
        require(extra)
    except UnveilError as error:
        return Check("extra", extra, "missing", str(error), values)
    return Check("extra", extra, "ok", ", ".join(values["needs"]), values)
