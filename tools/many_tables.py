"""The tables of docs/scale.md, from the rows of benchmarks that go through many files."""

from collections.abc import Sequence

from unveil.report.rows import Row
from unveil.report.tables import markdown

MACHINES, THREADS_EACH = 100, 2
PHOTOS, VIDEO_HOURS, FRAMES_PER_SECOND = 10_000_000, 10_000, 25
DOLLARS_PER_THREAD_HOUR = 0.04
"""An assumption, not a price list."""

CLIPS = ("obfuscate, faces", "restore, face")
"""Commands of ``video.jsonl`` that a fleet's clips take."""

ENGINES = {"2 workers, Slurm": "Slurm", "2 workers, Ray": "Ray"}


def many(rows: Sequence[Row]) -> str:
    """Lay out the last row of each way to go through many files."""
    return markdown([_line(row) for row in _newest(rows).values()])


def _newest(rows: Sequence[Row]) -> dict[tuple[str, str | None], Row]:
    return {(row["model"], row["measured"].get("way")): row for row in rows}


def _line(row: Row) -> Row:
    known, count = row["measured"], f"{row['images']:,}"
    match row["model"]:
        case "engine":
            what = f"files of which nothing is asked, {known['way']}"
            told = f"{known['start_s']:.1f} s to the first, {known['each_ms']:.1f} ms for each more"
        case "list":
            what = "files of a list, nearly all done: read and counted"
            told = f"{known['seconds']:.1f} s, {known['peak_mb']:.0f} MB"
        case "killed":
            what = f"photos, {known['way']}, one of 2 workers killed"
            told = f"{known['seconds']:.1f} s, {known['same']} the same bytes, {known['once']} once"
        case command:
            what = f"photos, `{command}`, {known['way']}"
            told = f"{known['seconds']:.1f} s, {known['files_per_second']:.1f} files/s"
    return {"files": count, "what": what, "measured": told}


def fleet(rows: Sequence[Row]) -> str:
    """Lay out time and cost of many photos and videos on many machines, by calculation."""
    newest = _newest([row for row in rows if "measured" in row])
    clips = {row["command"]: row["images_per_second"] for row in rows if "command" in row}
    frames = VIDEO_HOURS * 3600 * FRAMES_PER_SECOND
    each: list[tuple[str, str, float, float]] = [
        (f"{PHOTOS:,} photos, `{name}`", "photos", PHOTOS, _per_second(newest, name))
        for name in ("restore", "audit")
    ]
    each += [
        (f"{VIDEO_HOURS:,} hours of video, `{name}`", "frames", frames, clips[name])
        for name in CLIPS
    ]
    return markdown([_cost(*one) for one in each])


def _per_second(newest: dict[tuple[str, str | None], Row], command: str) -> float:
    return float(newest[command, "2 workers"]["measured"]["files_per_second"])


def _cost(what: str, unit: str, count: float, per_second: float) -> Row:
    hours = count / per_second / 3600 / MACHINES
    thread_hours = hours * MACHINES * THREADS_EACH
    return {
        "what": what,
        "one machine": f"{per_second:.1f} {unit}/s",
        f"{MACHINES} machines": f"{hours:,.1f} h",
        "thread-hours": f"{thread_hours:,.0f}",
        "cost": f"${thread_hours * DOLLARS_PER_THREAD_HOUR:,.0f}",
    }


def breaks(rows: Sequence[Row]) -> str:
    """Lay out what a fleet asks of what all machines share, by calculation."""
    newest = _newest(rows)
    rate = MACHINES * _per_second(newest, "restore")
    listed = newest["list", None]
    killed = next(row["measured"] for row in rows if row["model"] == "killed")
    times = PHOTOS / listed["images"]
    seconds, megabytes = (times * listed["measured"][key] for key in ("seconds", "peak_mb"))
    table: list[Row] = [
        {
            "what": f"a list of {PHOTOS:,} files with its records",
            "needs": f"{seconds / 60:.0f} min and {megabytes / 1000:.1f} GB before the first file",
        },
        {
            "what": f"records of {PHOTOS:,} files",
            "needs": f"{PHOTOS * killed['record_kb'] / 1e6:.0f} GB",
        },
        {
            "what": f"the disk, {MACHINES} machines at `restore`",
            "needs": f"{rate:.0f} files/s, {rate * killed['kb_each'] / 1000:.0f} MB/s read and "
            "written",
        },
    ]
    for way, name in ENGINES.items():
        if row := newest.get(("engine", way)):
            most = 1000 / row["measured"]["each_ms"] / _per_second(newest, "restore")
            need = f"as much as all its time at {most:,.0f} machines"
            table.append({"what": f"the starter, {name}", "needs": need})
    return markdown(table)


TABLES = {"many": many, "fleet": fleet, "breaks": breaks}
