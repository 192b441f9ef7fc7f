"""What users' files of JSON and of tensors are checked for when they are opened, in one place."""

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from safetensors.numpy import save

from tests.conftest import assert_told
from unveil.config import ModelConfig, RuntimeConfig, TrainConfig, from_dict, to_plain
from unveil.documents import parse_json, read_json
from unveil.errors import UnveilError, UsageError
from unveil.files import file_sha256, read_bytes
from unveil.linear.prior import read_prior
from unveil.networks.architectures import build_from
from unveil.networks.card import CARD_NAME, find_model, read_card
from unveil.report.rows import read_rows
from unveil.tensors import check_weights, decode

DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("{", "property name"),
        (DEEP, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("NaN", "NaN is no number"),
        ('{"a": [-Infinity]}', "-Infinity is no number"),
        ("9" * 5000, "9999 is too large"),
        ('[{"a": 1, "b": 2, "a": 1}]', "'a' is there twice"),
    ],
    ids=["nothing", "cut off", "brackets", "braces", "nan", "infinity", "long", "twice"],
)
def test_what_is_no_json_is_told_in_one_line(text, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        parse_json(text)
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UnveilError, match=said) as told:
        read_json(path)
    assert str(told.value).startswith(f"{path}: is not valid JSON (")
    assert len(str(told.value).splitlines()) == 1


def test_bytes_that_are_no_text_are_no_json_and_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(UnveilError, match="is not valid JSON"):
        read_json(path)
    path.write_text('{"a": 1}', encoding="utf-8-sig")
    assert read_json(path) == {"a": 1}


def test_nothing_waits_for_a_pipe_or_reads_a_device_for_ever(tmp_path):
    pipe, device = tmp_path / "pipe", tmp_path / "device"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path, kind in ((pipe, "a pipe or a device"), (device, "a pipe or a device")):
        with pytest.raises(UnveilError, match=f"{path}: cannot be read .it is {kind}"):
            read_json(path)
    with pytest.raises(UnveilError, match="it is a folder"):
        read_bytes(tmp_path)
    with pytest.raises(UnveilError, match="no such file"):
        read_bytes(tmp_path / "none")
    with pytest.raises(UnveilError, match=r"cannot be read .*null"):
        read_bytes(Path("a\0b"))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(3_000_000)
    with pytest.raises(UnveilError, match="3 MB are too many; 2 are allowed"):
        read_json(path, 2_000_000)


@dataclass(frozen=True)
class Inner:
    sides: tuple[int, ...]


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    rate: float = 1.0
    kind: Literal["a", "b"] = "a"
    path: Path | None = None
    notes: dict[str, str] | None = None


GOOD = {"name": "x", "inner": {"sides": [1, 2]}}


def test_objects_are_typed_through_and_through():
    wanted = Outer("x", Inner((1, 2)), 2, "b", Path("p"), {"a": "b"})
    more = {"rate": 2, "kind": "b", "path": "p", "notes": {"a": "b"}}
    assert from_dict(Outer, GOOD | more) == wanted
    assert from_dict(Outer, GOOD) == Outer("x", Inner((1, 2)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1], "Outer: .* is not an object"),
        ({"name": "x"}, "Outer: lacks inner"),
        (GOOD | {"name": 3}, "name: 3 is not allowed"),
        (GOOD | {"inner": 7}, "Inner: 7 is not an object"),
        (GOOD | {"inner": {"sides": "12"}}, "sides: '12' is not allowed"),
        (GOOD | {"inner": {"sides": [1, None]}}, "sides: .* is not allowed"),
        (GOOD | {"kind": "c"}, "kind: 'c' is not allowed"),
        (GOOD | {"rate": "fast"}, "rate: 'fast' is not allowed"),
        (GOOD | {"path": 9}, "path: 9 is not allowed"),
        (GOOD | {"notes": {"a": 1}}, "notes: .* is not allowed"),
        (GOOD | {"nmae": "y"}, "nmae"),
    ],
)
def test_a_value_of_another_type_is_named(values, said):
    with pytest.raises(UsageError, match=said) as told:
        from_dict(Outer, values)
    assert len(str(told.value).splitlines()) == 1


def test_every_card_that_is_shipped_still_goes_through(tmp_path):
    for name in ("blur", "pixelate-identity", "cae-blur"):
        card = read_card(find_model(name))
        assert from_dict(ModelConfig, to_plain(card.model)) == card.model


def tensors_file(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 1 << 62),
        tensors_file(b"{"),
        tensors_file(DEEP.encode()),
        tensors_file(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 99]}}'),
        tensors_file(b'{"a": {"dtype": "F3", "shape": [1], "data_offsets": [0, 4]}}', b"1234"),
        tensors_file(b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', b"1234"),
        tensors_file(b'{"a": 7}'),
    ],
)
def test_what_holds_no_tensors_is_told_in_one_line(content):
    with pytest.raises(UnveilError, match=r"a\.safetensors: is not a file of tensors") as told:
        decode(content, "a.safetensors", "copy it again")
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused(value):
    good = {
        "k": np.ones(1, np.int8),
        "k.scales": np.ones(1, np.float16),
        "a": np.ones(3, np.float32),
    }
    check_weights(good, "x")
    with pytest.raises(UnveilError, match="x: b holds values that are not finite"):
        check_weights(good | {"b": np.array([1, value], np.float16)}, "x")


def test_whole_numbers_are_refused_where_fractions_are_due():
    """A header that says I32 in place of F32 is as long; its values are noise."""
    for kind in (np.int32, np.int8):
        with pytest.raises(UnveilError, match=f"x: a holds {np.dtype(kind)} where"):
            check_weights({"a": np.ones(3, kind)}, "x")


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("sigma", {"operator": "gaussian:sigma=1e308"}),
        ("unknown operator 'nothing'", {"operator": "nothing"}),
        ("unknown model architecture 'none'", {"architecture": "none"}),
        ("step: true is not allowed", {"step": True}),
    ],
)
def test_a_card_that_names_what_is_not_there_is_named(said, change, tmp_path):
    def card(plain):
        plain["model"]["architecture"] = change.get("architecture", "refiner")
        return json.dumps(plain | {key: one for key, one in change.items() if key in plain})

    folder = spoiled_checkpoint(tmp_path / "spoiled", card=card)
    with pytest.raises(UnveilError, match=said) as told:
        build_from(folder, read_card(folder))
    assert str(told.value).startswith(f"{folder / CARD_NAME}: ")
    assert told.value.exit_status == 1


def spoiled_checkpoint(folder: Path, *, weights=None, card=None) -> Path:
    """Write a copy of shipped weights, with other bytes of weights or another card, sums mended."""
    source = find_model("blur-fast")
    folder.mkdir()
    for file in source.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    plain = json.loads((folder / CARD_NAME).read_text())
    if weights is not None:
        target = folder / plain["files"]["weights"]["name"]
        target.write_bytes(weights(target.read_bytes()))
        plain["files"]["weights"]["sha256"] = file_sha256(target)
    text = json.dumps(plain) if card is None else card(plain)
    (folder / CARD_NAME).write_text(text)
    return folder


def with_nan(content: bytes) -> bytes:
    tensors = decode(content, "x", "x")
    name = next(n for n, values in tensors.items() if values.dtype.kind == "f")
    changed = tensors[name].copy()
    changed.flat[0] = np.nan
    return save(tensors | {name: changed})


def huge(content: bytes) -> bytes:
    tensors = decode(content, "x", "x")
    wide = {n: v.astype(np.float32) for n, v in tensors.items()}
    return save({n: v * np.float32(1e30) for n, v in wide.items()})


CARDS = {
    "widths that nobody's memory holds": lambda plain: json.dumps(
        plain | {"model": plain["model"] | {"widths": [10**6] * len(plain["model"]["widths"])}}
    ),
    "blocks without end": lambda plain: json.dumps(
        plain | {"model": plain["model"] | {"blocks": [10**7] * len(plain["model"]["blocks"])}}
    ),
    "brackets": lambda plain: DEEP,
    "a list": lambda plain: "[1]",
    "another format": lambda plain: json.dumps(plain | {"format": "2"}),
    "files of numbers": lambda plain: json.dumps(plain | {"files": {"weights": 3}}),
    "a number for a text": lambda plain: json.dumps(plain | {"operator": 5}),
    "a text for numbers": lambda plain: json.dumps(
        plain | {"model": plain["model"] | {"widths": "wide"}}
    ),
    "nothing of the run": lambda plain: json.dumps({k: v for k, v in plain.items() if k != "run"}),
    "a number that is none": lambda plain: json.dumps(plain | {"step": float("nan")}),
}


@pytest.mark.parametrize("case", CARDS)
def test_a_spoiled_card_is_one_line(case, tmp_path, cli, photo):
    folder = spoiled_checkpoint(tmp_path / "weights", card=CARDS[case])
    done = cli("restore", photo, "-o", tmp_path / "out.png", "--model", folder)
    assert_told(done, 1, folder / CARD_NAME)
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_weights_that_are_no_numbers_write_no_picture(engine, tmp_path, cli, photo):
    pytest.importorskip("torch")
    folder = spoiled_checkpoint(tmp_path / "weights", weights=with_nan)
    told = ("--model", folder, "--engine", engine, "--operator", "gaussian:kernel=9,sigma=2")
    done = cli("restore", photo, "-o", tmp_path / "out.png", *told)
    assert_told(done, 1, folder, "not finite")
    assert not (tmp_path / "out.png").exists()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_whose_answer_is_no_number_write_no_picture(tmp_path, cli, photo):
    pytest.importorskip("torch")
    folder = spoiled_checkpoint(tmp_path / "weights", weights=huge)
    told = ("--model", folder, "--engine", "torch", "--operator", "gaussian:kernel=9,sigma=2")
    done = cli("restore", photo, "-o", tmp_path / "out.png", *told, "--quiet")
    assert_told(done, 1, photo, "its answer is no number")
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"photos": 24}},
        {"data": {"photos": 24, "fingerprint": "f", "splits": {"train": 1, "test": 1}}},
        {"run": {"data": 3}},
        {"run": {"train": {"limit": "all"}}},
    ],
    ids=str,
)
def test_a_card_that_does_not_say_how_it_was_trained_scores_nothing(
    changes, tmp_path, cli, photo_folder
):
    folder = spoiled_checkpoint(tmp_path / "x", card=lambda plain: json.dumps(plain | changes))
    done = cli("evaluate", folder, "--data", photo_folder)
    assert_told(done, 1, folder, "does not say how it was trained")


def test_a_run_asks_for_no_more_threads_than_there_can_be():
    with pytest.raises(UsageError, match="threads=1000"):
        from_dict(RuntimeConfig, {"threads": 10**30})
    with pytest.raises(UsageError, match=r"epochs=.* must be at most"):
        from_dict(TrainConfig, {"epochs": 10**30})


def test_rows_and_priors_are_read_through_the_same_door(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(DEEP + "\n")
    with pytest.raises(UnveilError, match="line 1: is not a JSON row"):
        read_rows(path)
    prior = tmp_path / "prior.safetensors"
    prior.write_bytes(save({"power": np.full((3, 4, 4), np.inf, np.float32)}))
    with pytest.raises(UnveilError, match="power holds values that are not finite"):
        read_prior(prior)
    prior.write_bytes(save({"power": np.ones((3, 4, 4), np.int32)}))
    with pytest.raises(UnveilError, match="power holds int32"):
        read_prior(prior)
    os.mkfifo(tmp_path / "pipe")
    for read in (read_rows, read_prior):
        with pytest.raises(UnveilError, match="a pipe or a device"):
            read(tmp_path / "pipe")
