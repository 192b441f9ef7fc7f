"""The audit: `unveil audit PHOTO...`, `curve`, `train-attacker`, `report`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg
from tyro.extras import SubcommandApp

from unveil import console
from unveil.auditing.settings import AttackerConfig, CurveConfig
from unveil.batch.config import BatchConfig
from unveil.batch.item import Item, Outcome
from unveil.cli import at_least, flags_of, many
from unveil.cli.folders import is_picture, tell_left_out
from unveil.cli.inputs import Boxes, Inputs, Spared, check_photos
from unveil.config import Output
from unveil.degradation import Mosaic
from unveil.degradation.presets import parse_call
from unveil.errors import UsageError
from unveil.extras import require
from unveil.files import check_folder
from unveil.images.box import Box, parse_box
from unveil.images.photos import MAX_PIXELS
from unveil.video.stream.opening import is_video

if TYPE_CHECKING:
    from unveil.auditing.gate import Gate
    from unveil.auditing.photo import Auditor

STATUS_UNSURE = 3
"""Exit status if the risk of a face is above --fail-above."""

MOTION_WARNING = (
    "risks are of single frames; where something moves under a mosaic, several frames together "
    "reveal more (docs/video.md)"
)

NAMES = ("photos", "curve", "train-attacker", "report")
"""Subcommands of `unveil audit`; any other word after it is a photo."""

app = SubcommandApp()


@app.command(name="photos")
@flags_of
def audit_photos(
    inputs: Inputs,
    /,
    boxes: Boxes = (),
    operator: str | None = None,
    picture: Path | None = None,
    fail_above: float | None = None,
    against: Path | None = None,
    report: Path | None = None,
    spared: Spared = (),
    every_seconds: float = 1.0,
    overwrite: bool = False,
    dry_run: bool = False,
    max_pixels: int = MAX_PIXELS,
    batch: BatchConfig = BatchConfig(),  # noqa: B008  # frozen
) -> int:
    """Estimate the risk that a machine identifies each face (also: `unveil audit PHOTO`).

    Args:
        inputs: photos, videos, or folders of these; - is a photo from standard input.
        boxes: where a face is that may not be found, again for more faces.
        operator: what obfuscated the faces, e.g. pixelate:block=8; with --box, those told alone
            (default: it is found).
        picture: file for one photo with a box around each face, red where it is at risk.
        fail_above: exit with status 3 if the risk of a face may be above this, e.g. 0.05.
        against: the original of a photo or a video, or the folder of several, by their names: each
            face that is found in it must be changed, and hidden strongly enough for --fail-above
            (default: 0.02); else status 3.
        report: file for what --against found: JUnit (.xml), SARIF (.sarif), or a page (.html).
        spared: with --against, where a face is that may stay as it is, again for more faces.
        every_seconds: time between the frames of a video that are looked at, 0 for all; where some
            are not, the status is 3. With --against all are, and at this interval how strongly
            they are hidden.
        overwrite: replace the --picture if it exists.
        dry_run: say which --picture would be written, and do nothing.
        max_pixels: refuse larger photos.
        batch: how many files are gone through.
    """
    from unveil.cli import photo_jobs

    many.check_inputs(batch, inputs, picture=picture, against=against)
    require("audit")
    if fail_above is not None and not 0 <= fail_above <= 1:
        raise UsageError(f"--fail-above {fail_above:g} must be from 0 to 1.")
    if not every_seconds >= 0:
        raise UsageError(f"--every-seconds {every_seconds:g} must be at least 0.")
    at_least(1, max_pixels=max_pixels)
    places = [parse_box(box) for box in boxes]
    stated = parse_call(operator) if operator else None
    if against is not None:
        _check_alone(operator=operator, picture=picture, dry_run=dry_run or None)
        if spared and (len(inputs) != 1 or inputs[0].is_dir()):
            raise UsageError("--spare is for one photo or video: a folder's faces lie elsewhere.")
        gate = _open_gate(places, fail_above, [parse_box(box) for box in spared])
        return _gate(inputs, against, gate, report, every_seconds, max_pixels, overwrite=overwrite)
    sources = [] if batch.manifest is not None else photo_jobs.sources(inputs, is_picture)
    left_out = tell_left_out(inputs, is_grave=True)
    if report is not None or spared:
        flag = "report" if report is not None else "spare"
        raise UsageError(f"--{flag} goes with --against.")
    if picture is not None:
        photo_jobs.check_picture(sources, picture, overwrite=overwrite)
    if dry_run and not batch.is_asked:
        return photo_jobs.preview_picture(picture)
    if picture is not None:
        photo_jobs.make_folder(picture.parent)
    from unveil.auditing.photo import Auditor

    auditor = Auditor(places, picture, fail_above, max_pixels, stated)
    task = AuditTask(auditor, every_seconds)
    settings = {"boxes": boxes, "operator": operator, "fail_above": fail_above}
    settings["every_seconds"] = every_seconds
    failed, counts = _audit_all(batch, settings, task, sources, dry_run=dry_run)
    return STATUS_UNSURE if _is_unsure(counts, fail_above) else int(failed + left_out > 0)


def _audit_all(
    batch: BatchConfig,
    settings: Mapping[str, object],
    task: "AuditTask",
    sources: Sequence[Path],
    *,
    dry_run: bool,
) -> tuple[int, Counter[str]]:
    """Audit all files; return how many failed, and what was counted in them."""
    from unveil.auditing.verdict import PAIRS
    from unveil.cli import photo_jobs
    from unveil.faces.places import UNSEEN

    if batch.is_asked:
        tally = many.run(batch, "audit", settings, task, sources, dry_run=dry_run)
        failed, counts, is_any = tally.failed, tally.counts, tally.done > 0
    else:
        failed = photo_jobs.each(sources, task.look)
        counts, is_any = task.counts(), failed < len(sources)
    if is_any:
        console.note(f"{UNSEEN.format(px=counts['smallest_px'])}; {PAIRS}.")
    return failed, counts


@dataclass
class AuditTask:
    """Audits one of many files.

    Attributes:
        auditor: judges photos, and counts.
        every_seconds: time between the frames of a video that are looked at.
        streams: how results are told.
    """

    auditor: "Auditor"
    every_seconds: float
    streams: many.Streams = field(default_factory=many.Streams)

    def prepare(self) -> None:
        """Load nothing: models are loaded with the first photo."""

    def look(self, path: Path) -> None:
        """Print the verdicts on a file."""
        _look(self.auditor, self.every_seconds, path)

    def counts(self) -> Counter[str]:
        """Return what the auditor has counted."""
        one = self.auditor
        return Counter(above=one.above, passed_over=one.passed_over, smallest_px=one.smallest_px)

    def __call__(self, item: Item) -> Outcome:
        """Audit a file."""
        from unveil.cli import photo_jobs

        # Files share the models of an auditor, not its counts.
        self.auditor.above = self.auditor.passed_over = self.auditor.smallest_px = 0

        def audit(item: Item) -> None:
            photo_jobs.each([Path(item.source)], self.look)

        return self.streams.outcome(item, audit, self.counts)


def _is_unsure(counts: Mapping[str, int], limit: float | None) -> bool:
    """Say how many faces are above the limit and frames nobody looked at; return if any."""
    if above := counts["above"]:
        faces = "1 face is" if above == 1 else f"{above} faces are"
        console.fail(f"{faces} above --fail-above {limit:g}.")
    if passed := counts["passed_over"]:
        frames = f"{passed:,} frame{'s' * (passed > 1)}"
        console.fail(f"{frames} of videos not looked at; --every-seconds 0 looks at all.")
    return above + passed > 0


def _check_alone(**flags: object) -> None:
    """Refuse flags that an audit against an original does not take.

    Raises:
        UsageError: names one.
    """
    for name, given in flags.items():
        if given is not None:
            raise UsageError(f"--{name.replace('_', '-')} does not go with --against.")


def _open_gate(boxes: Sequence[Box], limit: float | None, spared: Sequence[Box]) -> "Gate":
    from unveil.auditing.gate import Gate
    from unveil.auditing.measured import shipped_curves
    from unveil.auditing.verdict import SAFE_RISK
    from unveil.faces.finder import FaceFinder

    return Gate(
        boxes, FaceFinder(), shipped_curves(), SAFE_RISK if limit is None else limit, spared
    )


def _gate(
    inputs: Sequence[Path], against: Path, gate: "Gate", report: Path | None,
    every_seconds: float, max_pixels: int, *, overwrite: bool,
) -> int:  # fmt: skip
    """Check pictures against their originals; return the exit status."""
    from unveil.cli.gate import Gatekeeper, check_all

    keeper = Gatekeeper(gate, every_seconds, max_pixels)
    unchecked, failed = check_all(keeper, inputs, against, report, overwrite=overwrite)
    if failed:
        faces = (
            "1 face of the original is" if failed == 1 else f"{failed} faces of the original are"
        )
        console.fail(f"{faces} not hidden, or too weakly.")
    return STATUS_UNSURE if failed else int(unchecked > 0)


def _look(auditor: "Auditor", every_seconds: float, path: Path) -> None:
    """Print the verdicts on one photo or video; with a limit, that nobody is seen in it."""
    from unveil.auditing.photo import DoubtError
    from unveil.faces.finder import NoFaceError

    try:
        if is_video(path):
            _look_at_video(auditor, every_seconds, path)
        else:
            _look_at_photo(auditor, path)
    except NoFaceError as error:
        if auditor.limit is None or isinstance(error, DoubtError):
            raise
        kind = "video" if is_video(path) else "photo"
        console.result({kind: str(path), "faces": 0}, f"{path}: no face seen: nothing to judge")


def _look_at_photo(auditor: "Auditor", path: Path) -> None:
    for verdict in auditor.audit(path):
        if verdict.warning:
            console.warn(verdict.warning)
        console.result({"photo": str(path), **verdict.as_row()}, f"{path}: {verdict}")


def _look_at_video(auditor: "Auditor", every_seconds: float, path: Path) -> None:
    from unveil.video.auditing import audit_video

    has_mosaic = False
    for seconds, verdict in audit_video(auditor, path, every_seconds):
        if verdict.warning:
            console.warn(f"{seconds:.1f} s: {verdict.warning}")
        row = {"video": str(path), "seconds": round(seconds, 3), **verdict.as_row()}
        console.result(row, f"{path}, {seconds:.1f} s: {verdict}")
        has_mosaic |= isinstance(verdict.operator, Mosaic)
    if has_mosaic:
        console.warn(MOTION_WARNING)


@app.command(name="curve")
@flags_of
def audit_curve(
    config: CurveConfig = CurveConfig(),  # noqa: B008  # frozen
    dry_run: bool = False,
) -> None:
    """Measure risk against strength on a folder of people; the same command resumes it.

    Args:
        config: settings of the measurement.
        dry_run: print what would be written, and measure nothing.
    """
    require("audit")
    require("study")
    check_folder(config.out.parent)
    if dry_run:
        check_photos(config.data)
        console.would_write(config.out)
        return
    from unveil.auditing.curve import run_curve

    rows = run_curve(config)
    console.result(
        {"written": str(config.out), "rows": len(rows)}, f"{config.out}: {len(rows)} rows"
    )


@app.command(name="train-attacker")
@flags_of
def train_attacker(
    config: AttackerConfig = AttackerConfig(),  # noqa: B008  # frozen
    dry_run: bool = False,
) -> None:
    """Train an attacker for `unveil audit curve` on people who are not audited.

    The same command goes on after Ctrl-C. What comes out is a tool to name people: keep it.

    Args:
        config: what it is trained on.
        dry_run: print what would be written, and train nothing.
    """
    require("audit")
    require("torch")
    check_folder(config.out)
    if dry_run:
        check_photos(config.data)
        console.would_write(config.out)
        return
    from unveil.auditing.tuning import train_attacker as run_training

    card = run_training(config)
    console.result({"written": str(config.out), **card}, f"{config.out}: {_strengths(card)}")


def _strengths(card: Mapping[str, Any]) -> str:
    """Return an attacker's shares of held-out faces named, for people."""
    shares = ((name, found["fused"][0]) for name, found in card["held_out_rank1"].items())
    told = ", ".join(f"{name} {share:.1%}" for name, share in shares)
    return f"names of {card['held_out_people']:,} held-out people: {told}"


@app.command(name="report")
@flags_of
def audit_report(
    rows: Annotated[
        Positional[tuple[Path, ...]], arg(metavar="ROWS...", help_behavior_hint="(required)")
    ],
    /,
    output: Output = Path("audit.html"),
    dry_run: bool = False,
) -> None:
    """Write one self-contained HTML page: verdict, figures, protocol, limits.

    Args:
        rows: files of rows: of `unveil audit curve`, then of attackers trained for a setting.
        output: file to write.
        dry_run: print what would be written, and write nothing.
    """
    require("study")
    check_folder(output.parent)
    from unveil.auditing.report import check_rows, write_report

    if dry_run:
        check_rows(rows)
        console.would_write(output, source=rows[0])
    else:
        console.written(write_report(rows, output))
