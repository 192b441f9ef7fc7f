"""The command that does what a request asked: a shell takes it, whatever files are called."""

import shlex

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from starlette.datastructures import UploadFile

from unveil.web.commands import command, for_clip
from unveil.web.fields import ENDPOINTS, parse
from unveil.web.forms import _sent
from unveil.web.jobs import Named


def words_of(name, own, *fields, mask=None, is_clip=False, is_whole=False):
    (endpoint,) = (one for one in ENDPOINTS if one.name == name)
    named = Named("stem", own, mask)
    line = command(name, parse(endpoint, fields), named, is_clip=is_clip, is_whole=is_whole)
    return None if line is None else shlex.split(line)[1:]


@pytest.mark.parametrize(
    ("own", "file", "result"),
    [
        ("photo.JPG", "photo.JPG", "photo-restored.png"),
        ('it\'s "new" $(x).png', 'it\'s "new" $(x).png', 'it\'s "new" $(x)-restored.png'),
        ("-rf.png", "./-rf.png", "./-rf-restored.png"),
        ("photo", "./photo", "photo-restored.png"),
    ],
)
def test_names_are_as_a_shell_takes_them(own, file, result):
    assert words_of("restore", own) == ["restore", file, "--output", result]
    assert words_of("audit", own) == ["audit", file]


def test_a_name_of_a_subcommand_is_a_file():
    assert words_of("audit", "curve") == ["audit", "./curve"]


@pytest.mark.parametrize(
    ("fields", "options", "flags"),
    [
        ([], {}, ["--safe", "--style", "mosaic"]),
        ([("box", "1,2,3,4")], {}, ["--safe", "--style", "mosaic", "--box", "1,2,3,4"]),
        ([("operator", "box:kernel=9")], {"is_whole": True}, ["--operator", "box:kernel=9"]),
        ([("operator", "box:kernel=9"), ("box", "1,2,3,4")], {}, None),  # it knows no place
        ([("across", "9")], {}, None),
        ([("strokes", "1:2,3;")], {}, None),
    ],
)
def test_what_a_command_cannot_do_is_none(fields, options, flags):
    line = words_of("obfuscate", "a.png", *fields, **options)
    assert line == (flags and ["obfuscate", "a.png", "--output", "a-hidden.png", *flags])


def test_videos_and_masks_are_named():
    assert shlex.split(for_clip("obfuscate", "-a b.MP4"))[1:] == (
        ["obfuscate", "./-a b.MP4", "--output", "./-a b-hidden.mp4", "--safe"]
    )
    fields = [("operator", "box:kernel=9")]
    line = words_of("restore", "a.png", *fields, mask="-m.png")
    assert line[-4:] == ["--operator", "box:kernel=9", "--mask", "./-m.png"]


@pytest.mark.parametrize(
    ("sent", "own", "name"),
    [
        ("../up/it's.png", "it's.png", "it_s.png"),
        ("a%22b.png", 'a"b.png', "a_b.png"),  # as browsers send it
        ("-rf.png", "-rf.png", "rf.png"),
        ("two\nlines.png", "two_lines.png", "two_lines.png"),
        ("..", "photo", "photo"),
        ("", "photo", "photo"),
    ],
)
def test_a_file_has_the_name_of_its_sender_and_a_plain_one(sent, own, name):
    found = _sent(UploadFile(None, filename=sent), b"")
    assert (found.own, found.name) == (own, name)
