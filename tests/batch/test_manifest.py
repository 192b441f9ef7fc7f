"""Lists of files: what lines mean, what is told of those that mean nothing, and shards."""

import json
import os
from collections import Counter
from functools import partial

import pytest

from unveil.batch.config import BatchConfig, Shard, parse_shard
from unveil.batch.item import Item
from unveil.batch.manifest import MAX_LINE_BYTES, LineError, Manifest, mirrored
from unveil.batch.plan import plan_list, plan_manifest
from unveil.batch.records import Records, Stamp
from unveil.errors import UnveilError, UsageError

EVERY = Shard()


def nothing_done():
    return Records(Stamp("1", "x"))


def manifest(tmp_path, content, output="out"):
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    return Manifest(path, partial(mirrored, output=output))


def test_lines_are_paths_or_json(tmp_path):
    content = (
        b"\xef\xbb\xbfa.jpg\r\n\n./b/c d.png\n/e/f.png\n"
        b'{"input": "g.png", "output": "h.png", "more": 1}\n{"input": "i.png"}\nj\xff.png'
    )
    plan = plan_manifest(manifest(tmp_path, content), EVERY, nothing_done())
    found = [(item.source, item.target.replace(os.sep, "/")) for item in plan]
    assert len(plan) == len(found) == 6
    assert found == [
        ("a.jpg", "out/a.jpg"),
        ("./b/c d.png", "out/b/c d.png"),
        ("/e/f.png", "out/e/f.png"),
        ("g.png", "h.png"),
        ("i.png", "out/i.png"),
        (os.fsdecode(b"j\xff.png"), os.fsdecode(b"out/j\xff.png")),
    ]
    assert [item.place for item in plan][1].endswith("list.txt, line 3: ")


def test_faults_are_told_by_their_line_and_the_rest_goes_on(tmp_path, capsys):
    long = b"x" * (3 * MAX_LINE_BYTES)
    lines = [
        *(b"a.jpg", b'{"input": 3}', b'{"input": "a"', b"{}", b"b\0.jpg", b"../up.jpg", long),
        *(b"a.jpg", b'{"input": "c.jpg", "output": "out/a.jpg"}', b"d.jpg", b'{"output": "e"}'),
    ]
    plan = plan_manifest(manifest(tmp_path, b"\n".join(lines)), EVERY, nothing_done())
    assert [item.source for item in plan] == ["a.jpg", "d.jpg"]
    told = capsys.readouterr().err.splitlines()
    assert [line.split("line ")[1].split(":")[0] for line in told] == [*"23456789", "11"]
    assert plan.faults == len(told) == 9
    assert all(line.startswith("unveil: ") and line.endswith(".") for line in told)
    assert "a second time" in told[6]
    assert "a second time" in told[7]
    assert "65,536 bytes" in told[5]


def test_where_nothing_is_written_a_file_is_done_once_whatever_its_output(tmp_path, capsys):
    path = tmp_path / "list.txt"
    path.write_text('a.jpg\n{"input": "a.jpg", "output": "b"}\n../c.jpg\n')
    plan = plan_manifest(Manifest(path, None), EVERY, nothing_done())
    assert [(item.source, item.target) for item in plan] == [("a.jpg", ""), ("../c.jpg", "")]
    assert "line 2: a.jpg: named a second time" in capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_line_is_in_one_shard_and_stays_there(count, tmp_path, capsys):
    names = [f"photo-{number}.jpg" for number in range(200)]
    content = "\n".join([*names, "{broken", "{}"]).encode()
    plans = [
        plan_manifest(manifest(tmp_path, content), Shard(index, count), nothing_done())
        for index in range(count)
    ]
    found = [[item.source for item in plan] for plan in plans]
    assert Counter(name for part in found for name in part) == Counter(names)
    assert sum(plan.faults for plan in plans) == len(capsys.readouterr().err.splitlines()) == 2
    assert min(map(len, found)) > 200 / count / 2
    listed = [Item(name, f"out/{name}") for name in names]
    assert [
        [item.source for item in plan_list(listed, Shard(index, count), nothing_done())]
        for index in range(count)
    ] == found
    longer = manifest(tmp_path, b"first.jpg\n" + content)
    again = {item.source for item in plan_manifest(longer, Shard(0, count), nothing_done())}
    assert again - {"first.jpg"} == set(found[0])


def test_what_output_is_called_does_not_move_a_line_to_another_shard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [f"album/{number}.jpg" for number in range(40)]
    found = []
    for index, output, start in ((0, "out-1", ""), (1, f"{tmp_path}/out-2/", f"{tmp_path}/./")):
        content = "\n".join(start + name for name in names).encode()
        plan = plan_manifest(manifest(tmp_path, content, output), Shard(index, 2), nothing_done())
        found += [item.source.removeprefix(start) for item in plan]
        jobs = [Item(start + name, f"{output}/{name}") for name in names]
        again = plan_list(jobs, Shard(index, 2), nothing_done())
        assert [one.source for one in again] == [one.source for one in plan]
    assert sorted(found) == sorted(names)


@pytest.mark.parametrize("count", [1, 3])
def test_one_result_is_made_once_whatever_its_spelling(count, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    same = ("d/q.jpg", "./d/q.jpg", "d//q.jpg", "d/./q.jpg", "d/../d/q.jpg", f"{tmp_path}/d/q.jpg")
    lines = [json.dumps({"input": f"{n}.jpg", "output": one}) for n, one in enumerate(same)]
    found = [
        item.source
        for index in range(count)
        for item in plan_manifest(
            manifest(tmp_path, "\n".join(lines).encode()), Shard(index, count), nothing_done()
        )
    ]
    assert found == ["0.jpg"]
    assert capsys.readouterr().err.count("would be written a second time") == len(same) - 1


def test_a_shard_is_one_of_n():
    assert parse_shard("2/3") == Shard(1, 3)
    assert not BatchConfig().is_asked
    assert BatchConfig(shard="1/1").is_asked


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="--shard"):
        BatchConfig(shard=text)


def test_a_list_that_cannot_be_read_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(UnveilError, match=path.name):
            plan_manifest(Manifest(path, None), EVERY, nothing_done())


@pytest.mark.parametrize("source", ["..", "a/../../b", "/", ".", "../c.jpg"])
def test_a_path_that_leads_upwards_has_no_place_below_a_folder(source):
    with pytest.raises(LineError, match="upwards"):
        mirrored(source, "out")
