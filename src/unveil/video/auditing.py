"""The audit of a video: a verdict on each face in frames at a fixed interval."""

from collections.abc import Iterator
from pathlib import Path

from unveil.auditing.photo import Auditor, DoubtError, Verdict
from unveil.faces.finder import NoFaceError
from unveil.images.photos import Photo
from unveil.video.stream.info import describe
from unveil.video.stream.reading import frames


def audit_video(
    auditor: Auditor, path: Path, every_seconds: float
) -> Iterator[tuple[float, Verdict]]:
    """Yield the verdicts on the frames of ``path``, with the frame's time in seconds.

    Frames without a face and without a hidden part are skipped. Those that are not looked at are
    counted in ``auditor.passed_over``.

    Args:
        auditor: audits each frame.
        path: the video.
        every_seconds: interval between audited frames; 0 for all.

    Raises:
        UnveilError: the video cannot be read, or no frame has a face. If a frame cannot be
            decoded, the verdicts on the frames before it have been yielded.
    """
    info, missed = describe(path, auditor.max_pixels), NoFaceError()
    found, storage = False, info.storage
    auditor.passed_over += len(info.survey.times)
    for frame in frames(path, every_seconds, auditor.max_pixels):
        auditor.passed_over -= 1
        name = f"{path}, {frame.seconds:.1f} s"
        try:
            verdicts = auditor.judge(Photo(frame.rgb, storage=storage), name)
        except NoFaceError as error:
            if isinstance(error, DoubtError):
                missed = DoubtError(str(error).removeprefix(f"{name}: "))
            continue
        found = True
        yield from ((frame.seconds, verdict) for verdict in verdicts)
    if not found:
        raise type(missed)(f"{path}: {missed}")
