"""`unveil audit OUT --against ORIGINAL`: photos, clips, or folders of these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unveil import console
from unveil.auditing.gate import Gate, Gated
from unveil.auditing.safe import widen
from unveil.cli import photo_jobs
from unveil.cli.folders import is_picture, tell_left_out
from unveil.errors import UnveilError, UsageError
from unveil.faces.finder import NO_FACE, NoFaceError
from unveil.files import check_folder, write_text
from unveil.images.memory import check_memory
from unveil.images.photos import Photo, encode_photo, read_photo
from unveil.images.pixels import to_8bit
from unveil.report.gates import Outcome, gate_writer
from unveil.video.gating import gate_video
from unveil.video.stream.opening import is_video


@dataclass
class Gatekeeper:
    """Checks outputs against their originals, and keeps what it found.

    Attributes:
        gate: judges each picture.
        every_seconds: time between two pictures of a clip whose strength is judged.
        max_pixels: larger pictures are refused.
        outcomes: of the faces so far; of clips, those that fail and one for all the others.
    """

    gate: Gate
    every_seconds: float
    max_pixels: int
    outcomes: list[Outcome] = field(default_factory=list)

    def check_photo(self, path: Path, original: Path) -> None:
        """Print what became of each face of a photo.

        Raises:
            UnveilError: a photo cannot be read; the two are not one picture.
            NoFaceError: the original has no face.
        """
        output, before = (read_photo(one, self.max_pixels) for one in (path, original))
        check_memory(output.count, "audit")
        gated = self.gate.check(output, before)
        if self.gate.spared:
            found = self.gate.finder.find_boxes(before.rgb)
            for box in self.gate.spared:
                if not any(box.has_middle_of(face) for face in found):
                    raise UsageError(f"--spare {box}: no face was found there in the original.")
        if not gated:
            raise self._nobody()
        for one in gated:
            row = {"photo": str(path), "original": str(original), **one.as_row()}
            console.result(row, f"{path}: {one}")
            self.outcomes.append(_outcome(str(path), one, output))

    def check_clip(self, path: Path, original: Path) -> None:
        """Print which faces of a clip fail, and a summary.

        Raises:
            UnveilError: a clip cannot be read; the two are not one clip.
            NoFaceError: no picture of the original has a face.
        """
        faces = pictures = failed = 0
        shown = gate_video(self.gate, path, original, self.every_seconds, self.max_pixels)
        for seconds, photo, gated in shown:
            pictures += 1
            faces += len(gated)
            for one in (one for one in gated if not one.passes):
                failed += 1
                place = f"{path}, {seconds:.2f} s"
                row = {"video": str(path), "seconds": round(seconds, 3), **one.as_row()}
                console.result(row, f"{place}: {one}")
                self.outcomes.append(_outcome(place, one, photo))
        if not faces:
            raise self._nobody()
        words = f"{faces - failed} of {faces} faces in {pictures} pictures are hidden"
        row = {"video": str(path), "pictures": pictures, "faces": faces, "failed": failed}
        console.result(row, f"{path}: {words}")
        if not failed:
            self.outcomes.append(Outcome(str(path), words, passes=True))

    def _nobody(self) -> NoFaceError:
        spared = "all faces of the original are spared, or none is found; nothing was checked."
        return NoFaceError(spared if self.gate.spared else f"in the original {NO_FACE}")


def _outcome(place: str, one: Gated, photo: Photo) -> Outcome:
    """Return it for the report, which shows a face that fails as it is in the output."""
    seen = None
    if not one.passes:
        pixels = to_8bit(photo.rgb)
        part = pixels[widen(one.box, pixels.shape[1], pixels.shape[0]).place]
        seen = encode_photo(Photo(part), ".png")
    return Outcome(place, str(one), one.passes, seen)


def check_all(
    keeper: Gatekeeper, inputs: Sequence[Path], against: Path, report: Path | None,
    *, overwrite: bool,
) -> tuple[int, int]:  # fmt: skip
    """Check outputs against originals, and write the report.

    Returns:
        How many pictures could not be checked, and how many faces fail.

    Raises:
        UsageError: a file beside a folder, or another suffix of the report.
        UnveilError: the report cannot be written.
    """
    write = None if report is None else gate_writer(report)
    if report is not None:
        photo_jobs.check_free(report, overwrite=overwrite)
        check_folder(report.parent)
    pairs = dict(_pairs(inputs, against))
    unchecked = 0

    def check(path: Path) -> None:
        nonlocal unchecked
        if (original := pairs[path]) is None:
            raise UnveilError(f"has no original of its name in {against}; not checked.")
        try:
            (keeper.check_clip if is_video(path) else keeper.check_photo)(path, original)
        except NoFaceError as error:
            if len(pairs) == 1:
                raise
            unchecked += 1
            console.note(error)

    failures = photo_jobs.each(list(pairs), check) + tell_left_out(inputs, is_grave=True)
    if against.is_dir() and (alone := set(_files([against])) - set(pairs.values())):
        console.note(f"{against}: {len(alone)} of its pictures have no output: {min(alone)} ...")
    if unchecked == len(pairs):
        raise NoFaceError(f"{against}: {NO_FACE}")
    if report is not None and write is not None:
        write_text(report, write(keeper.outcomes))
        console.written(report)
    return failures, sum(not one.passes for one in keeper.outcomes)


def _pairs(inputs: Sequence[Path], against: Path) -> Iterator[tuple[Path, Path | None]]:
    """Yield each output with its original: that of its name, or of its name but for the suffix."""
    sources = _files(inputs)
    if not against.is_dir():
        if len(sources) != 1 or inputs[0].is_dir():
            raise UsageError("--against a file is for one file; for a folder, name a folder.")
        yield sources[0], against
        return
    if len(inputs) != 1 or not inputs[0].is_dir():
        raise UsageError("--against a folder is for one folder.")
    originals = {path.relative_to(against): path for path in _files([against])}
    stems: dict[Path, list[Path]] = {}
    for name, path in originals.items():
        stems.setdefault(name.with_suffix(""), []).append(path)
    for source in sources:
        name = source.relative_to(inputs[0])
        alike = stems.get(name.with_suffix(""), [])
        yield source, originals.get(name, alike[0] if len(alike) == 1 else None)


def _files(inputs: Sequence[Path]) -> list[Path]:
    return photo_jobs.sources(inputs, is_picture)
