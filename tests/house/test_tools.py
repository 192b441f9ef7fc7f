"""The maintainers' scripts are listed, and refuse bad input in one line, as the commands do."""

import re
from pathlib import Path

import numpy as np
import pytest

import score_joint
import script
from tests.video.clips import write_clip
from unveil.errors import UnveilError, UsageError
from unveil.images.box import Box

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "tools", ROOT / "benchmarks"]
MAKE = re.compile(r"(?:`|^ {4})make ([\w-]+)(?=`| LFW=| {2})", re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_script_has_its_line_in_the_readme_and_nothing_else_has(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+\.py)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.py"))
    assert set(re.findall(r"`(\w+\.py)\b", text)) == set(listed)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_scripts_and_their_readme_tell_to_type_is_there(folder):
    """Targets of make, and scripts."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {match[1] for match in re.finditer(r"^([\w-]+):", makefile, re.MULTILINE)}
    for path in [folder / "README.md", *folder.glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert {match[1] for match in MAKE.finditer(text)} <= targets, path
        for name in re.findall(r"python ((?:tools|benchmarks)/\w+\.py)", text):
            assert (ROOT / name).is_file(), path


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"clip": Path("clip.mp4")},
        {"box": "0,0,8,8"},
        {"data": Path("people"), "clip": Path("clip.mp4"), "box": "0,0,8,8"},
    ],
    ids=lambda flags: " ".join(flags),
)
def test_frames_together_are_scored_on_people_or_on_a_clip_with_a_box(flags):
    with pytest.raises(UsageError, match="--data FOLDER, or --clip FILE and --box"):
        score_joint.chosen(score_joint.Options(**flags))


@pytest.mark.parametrize(
    ("frames", "box", "said"),
    [(6, Box(0, 0, 8, 8), "6 frames are too few; 7"), (7, Box(60, 0, 8, 8), "box 60,0,8,8")],
)
def test_a_clip_that_frames_cannot_be_taken_from_is_refused(frames, box, said, tmp_path):
    pytest.importorskip("av", reason="the extra video is not installed")
    clip = write_clip(tmp_path / "clip.mkv", [np.zeros((64, 64, 3), np.uint8)] * frames)
    with pytest.raises(UnveilError, match=said):
        score_joint.score_clip(clip, box, None, None)


def test_an_error_is_one_line_with_its_status(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tools/score_joint.py"])
    with pytest.raises(SystemExit) as left:
        script.run(score_joint.main, score_joint.__doc__)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("score_joint.py: give --data FOLDER")


def _leave(status: int) -> int:
    return status


def test_the_status_is_what_the_script_returns(monkeypatch):
    for status in (0, 1):
        monkeypatch.setattr("sys.argv", ["tools/x.py", "--status", str(status)])
        with pytest.raises(SystemExit) as left:
            script.run(_leave, "x")
        assert left.value.code == status
