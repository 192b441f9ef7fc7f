"""Records: what they say is done is skipped; what kills leave, merges, and others' are told."""

import json
import os
from pathlib import Path

import pytest

from unveil.batch.item import Item, Outcome
from unveil.batch.records import Records, Stamp, open_records, stamp
from unveil.console import Kept
from unveil.errors import UnveilError

STAMP = Stamp("1.0", "abc")


def outcome(**counts):
    return Outcome(Kept(rows=[{"photo": 'odd, "rows": [', "risk": 0.5}]), counts)


def failed():
    return Outcome(Kept(errors=["a.jpg: is no photo."]))


def write(path, *items, stamped=STAMP):
    with open_records(path, stamped) as records:
        for item in items:
            records.start(item)
            records.finish(item, outcome())


def done(path, *items, stamped=STAMP):
    with open_records(path, stamped) as records:
        return [records.is_done(item.source, item.target) for item in items]


def test_what_is_done_is_known_and_what_failed_or_only_began_is_not(tmp_path):
    path = tmp_path / "records.jsonl"
    fine, bad, begun, new = (Item(f"{name}.jpg") for name in ("fine", "bad", "begun", "new"))
    with open_records(path, STAMP) as records:
        records.finish(fine, outcome(above=2))
        records.finish(bad, failed())
        records.start(begun)
    with open_records(path, STAMP) as records:
        found = [records.is_done(item.source, "") for item in (fine, bad, begun, new)]
        assert found == [True, False, False, False]
        assert [records.was_started(item) for item in (fine, begun, new)] == [False, True, False]
        assert records.counts == {fine.pair: {"above": 2}}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0]["rows"] == outcome().kept.rows
    assert {"input": "fine.jpg", "status": "done", "version": "1.0", "settings": "abc"}.items() <= (
        rows[0].items()
    )
    assert rows[1]["error"] == "a.jpg: is no photo."


def test_a_result_that_is_gone_or_of_another_input_is_made_again(tmp_path):
    path, target = tmp_path / "records.jsonl", tmp_path / "out.png"
    target.touch()
    item = Item("a.jpg", str(target))
    write(path, item)
    assert done(path, item, Item("b.jpg", str(target))) == [True, False]
    target.unlink()
    assert done(path, item) == [False]


def test_the_name_of_a_result_is_on_disk_before_its_record(tmp_path, monkeypatch):
    path, synced = tmp_path / "records.jsonl", []
    fsync = os.fsync

    def watch(place):
        synced.append((os.fstat(place).st_ino, b"done" in path.read_bytes()))
        fsync(place)

    monkeypatch.setattr("os.fsync", watch)
    (tmp_path / "out").mkdir()
    write(path, Item("a.jpg", str(tmp_path / "out" / "a.jpg")))
    assert synced == [((tmp_path / "out").stat().st_ino, False)]


def test_a_line_that_is_cut_anywhere_costs_only_its_file(tmp_path, capsys):
    path = tmp_path / "records.jsonl"
    first, second = Item("first.jpg"), Item('odd, "rows": [\n".jpg')
    with open_records(path, STAMP) as records:
        records.finish(first, outcome())
        whole = path.stat().st_size
        records.finish(second, outcome())
    content = path.read_bytes()
    for cut in range(whole, len(content)):
        path.write_bytes(content[:cut])
        assert done(path, first, second) == [True, False]
        assert path.read_bytes() == content[:whole]
        assert ("cut off" in capsys.readouterr().err) == (cut > whole)
    path.write_bytes(content[: whole - 9])  # of the only line
    assert done(path, first) == [False]
    assert path.read_bytes() == b""


def test_a_long_last_line_is_cut_off_whole(tmp_path):
    path = tmp_path / "records.jsonl"
    write(path, Item("a.jpg"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"input": "' + b"x" * 200_000)
    assert done(path, Item("a.jpg")) == [True]
    assert path.read_bytes() == whole


def test_records_of_shards_merge_by_concatenation(tmp_path):
    parts = [tmp_path / f"{number}.jsonl" for number in range(3)]
    items = [Item(f"{number}.jpg") for number in range(3)]
    for part, item in zip(parts, items, strict=True):
        write(part, item)
    merged = tmp_path / "all.jsonl"
    merged.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert done(merged, *items) == 3 * [True]


def test_a_line_that_is_no_record_is_told_and_left_out(tmp_path, capsys):
    path = tmp_path / "records.jsonl"
    write(path, Item("a.jpg"))
    before = path.read_bytes()
    path.write_bytes(before + b'{"photo": 3}\n[]\nnothing\n')
    assert done(path, Item("a.jpg")) == [True]
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[2].rsplit(" ", 1)[1] for line in told] == ["3", "4", "5"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0 a photo\n and no line end",
        b"a.jpg\nb.jpg",
        b'{"input": "a.jpg", "output": "b.png"}\n{"input": "c.jpg"}\n',
        b'{"input": "a.jpg", "output": "b.png"}',
        b"\n",
        b'{"photo": 3}\n',
    ],
)
def test_what_holds_no_records_is_refused_and_kept(content, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    for only_reads in (False, True):
        opening = open_records(path, STAMP, only_reads=only_reads)
        said = r"photo\.jpg: holds no records.* name a new file"
        with pytest.raises(UnveilError, match=said), opening:
            pass
    assert path.read_bytes() == content


def test_a_link_to_records_is_the_same_file(tmp_path):
    path, link = tmp_path / "records.jsonl", tmp_path / "link.jsonl"
    write(path, Item("a.jpg"))
    link.symlink_to(path)
    with open_records(path, STAMP), pytest.raises(UnveilError, match="another run is writing"):
        write(link, Item("b.jpg"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_records_that_cannot_be_written_are_named():
    said = r"^/dev/full: cannot be written \(No space left"
    with Path("/dev/full").open("ab", buffering=0) as full, pytest.raises(UnveilError, match=said):
        Records(STAMP, full).start(Item("a.jpg"))


@pytest.mark.parametrize(
    ("other", "said"),
    [(Stamp("0.9", "abc"), r"line 1: is of unveil 1\.0"), (Stamp("1.0", "x"), "other settings")],
)
def test_records_of_another_version_or_command_are_refused_and_kept(other, said, tmp_path):
    path = tmp_path / "records.jsonl"
    write(path, Item("a.jpg"))
    before = path.read_bytes()
    with pytest.raises(UnveilError, match=said):
        write(path, Item("b.jpg"), stamped=other)
    assert path.read_bytes() == before


def test_only_one_run_writes_into_a_file(tmp_path):
    path = tmp_path / "new" / "records.jsonl"
    with open_records(path, STAMP) as records:
        with pytest.raises(UnveilError, match="another run is writing to it"):
            write(path, Item("b.jpg"))
        records.finish(Item("a.jpg"), outcome())
    assert done(path, Item("a.jpg"), Item("b.jpg")) == [True, False]


def test_what_only_reads_changes_nothing(tmp_path):
    path = tmp_path / "records.jsonl"
    with open_records(path, STAMP, only_reads=True) as records:
        records.finish(Item("a.jpg"), outcome())
    assert list(tmp_path.iterdir()) == []


def test_settings_and_the_content_of_their_files_make_the_stamp(tmp_path):
    prior = tmp_path / "prior"
    prior.write_text("1")
    known = {"prior": prior, "model": str(tmp_path), "risk": None, "boxes": ("1,2,3,4",)}
    first = stamp("restore", known)
    assert stamp("restore", dict(known)) == first
    assert stamp("audit", known) != first
    assert stamp("restore", known | {"risk": 0.1}) != first
    prior.write_text("2")
    assert stamp("restore", known) != first
