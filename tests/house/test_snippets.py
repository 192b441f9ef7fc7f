"""What the documents tell people to type works: every block of theirs is run.

Commands are run as they stand, but for the two tables below, which go by a command's first words
(the longest entry counts). What torchrun starts is run by one process; `make` is asked what it
would do; of `pip install` the extras are looked up. A block in another language than those of
``SHOWN`` must be shell or Python.
"""

import shutil
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import draw_gallery
from tests.house.snippets import DOCUMENTS, ROOT, SHELL, SHOWN, commands, prepare, run, snippets

PHOTOS = "--data people --crop-px 32 --test-photos 4 --validation-photos 4"
BRIEF = f"{PHOTOS} --epochs 1 --batch 4 --limit 8 --precision fp32 --threads 1"
SMALL = "--widths 4 8 --blocks 0 1"

SHORTENED = {
    "unveil train": f"{BRIEF} {SMALL}",
    "unveil train --resume": "",
    "unveil train --start-from blur": BRIEF,
    "unveil train --architecture vcae --loss mixed": f"{BRIEF} {SMALL} --vgg-weights untrained",
    "unveil evaluate": PHOTOS,
    "unveil study search": f"{BRIEF} {SMALL} --trials 1",
    "unveil study run": "--size smoke --only pixelate-cae-pixel --precision fp32 --threads 1",
}
"""Commands that take hours or photos of LFW, and the flags that are added, winning over others."""

NOT_RUN = {
    "unveil download": "fetches hundreds of megabytes",
    "unveil audit curve": "needs photos of a thousand people; test_lfw_audit.py runs it",
    "unveil audit train-attacker": "needs photos of a thousand people; test_attacker.py runs it",
    "python tools/release_weights.py": "writes into the package",
    "unveil restore --manifest": "needs a cluster; test_clusters.py runs its engines",
    "unveil serve": "waits for visitors until it is stopped",
    "curl": "asks a server that is running; test_service.py runs the client of docs/web.md",
    "docker": "needs Docker, and an index of packages",
}
"""Commands that are not run, and why."""

STATUS = {
    "unveil audit album/ --json --fail-above": 3,
}
"""Commands that are meant to leave with another status than 0."""

GALLERY = ROOT / "docs" / "gallery.md"
WITH_BLOCKS = [path for path in DOCUMENTS if snippets(path) and path != GALLERY]


def entry(table: dict, command: str, otherwise):
    """Return what a table says of a command: the entry that is its longest beginning."""
    fitting = [start for start in table if f"{command} ".startswith(f"{start} ")]
    return table[max(fitting, key=len)] if fitting else otherwise


def run_blocks(document):
    """Run every block of a document in the current folder."""
    for snippet in snippets(document):
        if snippet.language == "python":
            exec(compile(snippet.text, snippet.place, "exec"), {})  # noqa: S102  # our own
        elif snippet.language in SHELL:
            for command in commands(snippet):
                if entry(NOT_RUN, command, None) is None:
                    status, said = run(command, entry(SHORTENED, command, ""))
                    assert status == entry(STATUS, command, 0), (
                        f"{snippet.place}: {command}\n{said}"
                    )
        else:
            assert snippet.language in SHOWN, f"{snippet.place}: what is {snippet.language}?"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    prepare(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_BLOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_tells_to_type_works(document, inputs, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    shutil.copytree(inputs, folder, symlinks=True)
    monkeypatch.chdir(folder)
    run_blocks(document)


MOST_BYTES = 300_000
LEVELS = 3
"""Mean difference of a picture made elsewhere: other processors round in other places."""


@pytest.mark.slow
def test_the_gallery_shows_what_its_commands_make(inputs, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    shutil.copytree(inputs, folder, symlinks=True)
    monkeypatch.chdir(folder)
    run_blocks(GALLERY)
    shown = draw_gallery.PICTURE.findall(GALLERY.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(path.name for path in GALLERY.with_suffix("").iterdir())
    for name in shown:
        kept = GALLERY.with_suffix("") / name
        assert kept.stat().st_size < MOST_BYTES
        both = [
            np.asarray(Image.open(path).convert("RGB"), float) for path in (kept, folder / name)
        ]
        assert np.abs(both[0] - both[1]).mean() < LEVELS, f"{name}: run `make gallery`"


@pytest.mark.parametrize("name", ["README.md", "docs/tour.md"])
def test_no_command_is_refused_for_what_an_earlier_one_wrote(name):
    shell = [item for item in snippets(ROOT / name) if item.language in (*SHELL, "")]
    written = [
        value
        for snippet in shell
        for command in commands(snippet)
        for flag, value in pairwise(command.split())
        if flag in ("-o", "--uncertainty") and "--overwrite" not in command
    ]
    assert len(written) >= 5
    assert len(set(written)) == len(written), written


def test_the_tables_name_only_what_documents_have():
    shell = [item for path in DOCUMENTS for item in snippets(path) if item.language in SHELL]
    told = [command for snippet in shell for command in commands(snippet)]
    for start in (*SHORTENED, *STATUS):
        assert any(f"{command} ".startswith(f"{start} ") for command in told), start


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "unveil inspect gone.jpg",
        "unveil inspekt photo.jpg",
        "unveil inspect gone.jpg | cat",
        "python -m unveil.gone",
        "pip install '.[gone]'",
        "make gone",
    ],
)
def test_a_command_that_fails_is_noticed(command, inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    assert run(command, "")[0] != 0


def test_blocks_are_found_with_their_lines(tmp_path):
    document = tmp_path / "a.md"
    document.write_text(
        "x\n\n```sh\na \\\n    b  # c\n\n.venv/bin/unveil x#y\n```\n- ```python\n```\n"
    )
    (first,) = snippets(document)
    assert first.place.endswith("a.md:3")
    assert commands(first) == ["a b", "unveil x#y"]
