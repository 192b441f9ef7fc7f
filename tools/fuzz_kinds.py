"""What is spoiled, and the commands that then read it: :mod:`fuzz`'s kinds of file."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

import fuzz_mutations as mutations

Words = list[object]
"""A command line, without the name of the program."""

MOSAIC: Words = ["--operator", "pixelate:block=4"]
BLUR: Words = ["--operator", "gaussian:kernel=9,sigma=2"]
PIXELS = (40, 48)
VIDEO_PIXELS = (40, 64)
"""x265 writes past its own memory for frames of 48 pixels across or less."""

TINY: Words = [
    *("--crop-px", 64, "--test-photos", 2, "--validation-photos", 2, "--epochs", 1, "--batch", 4),
    *("--widths", 4, 8, "--blocks", 0, 1, "--precision", "fp32", "--threads", 1),
]


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        make: writes what is valid into a folder, once.
        spoil: copies it into a second folder with something changed; returns a command that
            reads it there.
    """

    make: Callable[[Path], None]
    spoil: Callable[[Path, Path, Random], Words]


def picture(seed: int = 0, size: tuple[int, int] = PIXELS) -> np.ndarray:
    """Return a smooth picture with some noise, ``H x W x 3`` uint8."""
    noise = np.random.default_rng(seed).normal(128, 60, (*size, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4) * 3 - 256 + noise / 8
    return smooth.clip(0, 255).astype(np.uint8)


def make_photos(folder: Path) -> None:
    """Write photos of every format that is read, and of the variants within."""
    rgb = Image.fromarray(picture())
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "words" * 40, zip=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds = {"gray": rgb.convert("L"), "colours": rgb.quantize(16), "alpha": rgb.convert("RGBA")}
    for name, image in kinds.items():
        image.save(folder / f"{name}.png")
    rgb.save(folder / "texts.png", pnginfo=texts, exif=exif)
    cv2.imwrite(str(folder / "deep.png"), picture().astype(np.uint16) * 257)
    rgb.save(folder / "plain.jpg", exif=exif, quality=90)
    rgb.save(folder / "progressive.jpg", progressive=True)
    rgb.convert("CMYK").save(folder / "cmyk.jpg")
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"):
        rgb.save(folder / f"{packing}.tif", compression=packing)
    cv2.imwrite(str(folder / "deep.tif"), picture().astype(np.uint16) * 257)
    rgb.save(folder / "lossy.webp")
    rgb.save(folder / "exact.webp", lossless=True)
    rgb.save(folder / "plain.bmp")
    rgb.save(folder / "plain.gif")


def spoil_photo(base: Path, work: Path, rng: Random) -> Words:
    """Spoil one photo, by its bytes or a PNG's chunks."""
    source = rng.choice(sorted(base.iterdir()))
    is_deep = source.suffix == ".png" and rng.random() < 0.5
    spoil = mutations.spoil_png if is_deep else mutations.spoil_bytes
    target = _spoilt(source, work, rng, spoil)
    out = work / "out.png"
    return rng.choice(
        [
            ["obfuscate", target, "-o", out, *MOSAIC],
            ["obfuscate", target, "-o", out, *MOSAIC],
            ["inspect", target],
            ["restore", target, "-o", out, *BLUR, "--model", "lmmse"],
        ]
    )


def make_run(folder: Path) -> None:
    """Train the smallest of checkpoints on drawn photos."""
    for number in range(12):
        place = folder / "photos" / f"Person_{number}"
        place.mkdir(parents=True)
        Image.fromarray(picture(number, (72, 72))).save(place / f"Person_{number}_0001.jpg")
    call("train", "--data", folder / "photos", "--output", folder / "run", *TINY)
    Image.fromarray(picture(99, (64, 64))).save(folder / "photo.png")


def spoil_card(base: Path, work: Path, rng: Random) -> Words:
    """Spoil the card of a checkpoint, or its tensors with the checksum mended."""
    which = rng.choice(("best", "best", "last"))
    shutil.copytree(base / "run", work / "run")
    folder = work / "run" / which
    card = folder / "checkpoint.json"
    if rng.random() < 0.5:
        _respoil(card, rng, mutations.spoil_json)
    else:
        plain = json.loads(card.read_text())
        entry = plain["files"][rng.choice(sorted(plain["files"]))]
        _respoil(folder / entry["name"], rng, mutations.spoil_tensors)
        entry["sha256"] = hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest()
        card.write_text(json.dumps(plain))
    photos, photo = base / "photos", base / "photo.png"
    if which == "last":
        return ["train", "--resume", work / "run"]
    return rng.choice(
        [
            ["restore", photo, "-o", work / "out.png", "--model", folder, "--force"],
            ["evaluate", folder, "--data", photos, "--limit", 2],
            ["export", folder, "-o", work / "out.onnx"],
            ["train", "--start-from", folder, "--data", photos, "-o", work / "new", *TINY],
        ]
    )


def spoil_crops(base: Path, work: Path, rng: Random) -> Words:
    """Spoil what the cache holds of photos."""
    cached = next((base / "cache").glob("*.npy"))
    shutil.copytree(base / "cache", work / "cache")
    _respoil(work / "cache" / cached.name, rng, mutations.spoil_bytes)
    return ["evaluate", base / "run" / "best", "--data", base / "photos", "--limit", 2]


def make_prior(folder: Path) -> None:
    """Fit a prior to drawn photos."""
    (folder / "photos").mkdir()
    for number in range(4):
        Image.fromarray(picture(number, (64, 64))).save(folder / "photos" / f"{number}.png")
    call("fit", folder / "photos", "-o", folder / "prior.safetensors", "--crop-px", 32)


def spoil_prior(base: Path, work: Path, rng: Random) -> Words:
    """Spoil a prior."""
    target = _spoilt(base / "prior.safetensors", work, rng, mutations.spoil_tensors)
    photo, out = base / "photos" / "0.png", work / "out.png"
    return ["restore", photo, "-o", out, *BLUR, "--model", "lmmse", "--prior", target]


def make_embedder(folder: Path) -> None:
    """Write a network of one layer, and its description."""
    from onnx import TensorProto, helper, numpy_helper

    side, size = 8, 16
    weights = np.random.default_rng(0).normal(size=(3 * side * side, size)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["faces"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["found"]),
    ]
    faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 3, side, side])
    found = helper.make_tensor_value_info("found", TensorProto.FLOAT, ["n", size])
    held = [numpy_helper.from_array(weights, "weights")]
    graph = helper.make_graph(nodes, "net", [faces], [found], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content = model.SerializeToString()
    (folder / "net.onnx").write_bytes(content)
    described = {"sha256": hashlib.sha256(content).hexdigest(), "input_px": side}
    described |= {"mean": [127.5] * 3, "std": [127.5] * 3, "metric": "cosine", "padding": 0.25}
    (folder / "net.json").write_text(json.dumps(described))


def spoil_embedder(base: Path, work: Path, rng: Random) -> Words:
    """Spoil an embedder's description, or its network with the checksum mended."""
    shutil.copytree(base, work, dirs_exist_ok=True)
    net, described = work / "net.onnx", work / "net.json"
    if rng.random() < 0.5:
        _respoil(described, rng, mutations.spoil_json)
    else:
        _respoil(net, rng, mutations.spoil_bytes)
        plain = json.loads(described.read_text())
        plain["sha256"] = hashlib.sha256(net.read_bytes()).hexdigest()
        described.write_text(json.dumps(plain))
    (work / "people").mkdir()
    return ["audit", "curve", "--embedder", net, "--data", work / "people", "-o", work / "r.jsonl"]


def make_rows(folder: Path) -> None:
    """Copy the first rows of the shipped results."""
    results = Path(__file__).parents[1] / "results"
    rows = (results / "audit" / "rows.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "rows.jsonl").write_bytes(b"".join(rows[:40]))
    shutil.copytree(results / "study", folder / "study")


def spoil_rows(base: Path, work: Path, rng: Random) -> Words:
    """Spoil the rows of an audit, or what the folder of a study holds."""
    if rng.random() < 0.5:
        target = _spoilt(base / "rows.jsonl", work, rng, mutations.spoil_lines)
        return ["audit", "report", target, "-o", work / "report.md"]
    shutil.copytree(base / "study", work / "study")
    if rng.random() < 0.5:
        _respoil(work / "study" / "rows.jsonl", rng, mutations.spoil_lines)
    else:
        _respoil(work / "study" / "study.json", rng, mutations.spoil_json)
    return ["study", "report", work / "study", "-o", work / "report", "--no-page"]


def make_boxes(folder: Path) -> None:
    """Write a photo, and the boxes of its faces."""
    Image.fromarray(picture()).save(folder / "photo.png")
    height, width = PIXELS
    pictures = {"photo.png": {"width": width, "height": height, "faces": ["4,4,20,20"]}}
    boxes = {"format": "unveil-boxes-1", "pictures": pictures}
    (folder / "boxes.json").write_text(json.dumps(boxes))


def spoil_boxes(base: Path, work: Path, rng: Random) -> Words:
    """Spoil a file of boxes."""
    target = _spoilt(base / "boxes.json", work, rng, mutations.spoil_json)
    return [
        *("obfuscate", base / "photo.png", "-o", work / "out.png", *MOSAIC),
        *("--only-faces", "--boxes", target),
    ]


def make_videos(folder: Path) -> None:
    """Write short videos of several containers and codecs."""
    import av

    for name, codec in (
        *(("a.mp4", "libx264"), ("b.mkv", "libx264"), ("c.webm", "libvpx-vp9")),
        *(("d.ts", "mpeg2video"), ("e.avi", "mpeg4"), ("f.mov", "libx265")),
    ):
        with av.open(folder / name, "w") as container:
            stream: Any = container.add_stream(codec, rate=10)
            stream.height, stream.width = VIDEO_PIXELS
            stream.pix_fmt = "yuv420p"
            for number in range(6):
                pixels = picture(number, VIDEO_PIXELS)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


def spoil_video(base: Path, work: Path, rng: Random) -> Words:
    """Spoil a video by its bytes."""
    source = rng.choice(sorted(base.iterdir()))
    target = _spoilt(source, work, rng, mutations.spoil_bytes)
    out = work / f"out{source.suffix if source.suffix in ('.mp4', '.mkv', '.mov') else '.mkv'}"
    return rng.choice([["obfuscate", target, "-o", out, *MOSAIC], ["inspect", target]])


KINDS = {
    "photo": Kind(make_photos, spoil_photo),
    "checkpoint": Kind(make_run, spoil_card),
    "cache": Kind(make_run, spoil_crops),
    "prior": Kind(make_prior, spoil_prior),
    "embedder": Kind(make_embedder, spoil_embedder),
    "rows": Kind(make_rows, spoil_rows),
    "boxes": Kind(make_boxes, spoil_boxes),
    "video": Kind(make_videos, spoil_video),
}


def call(*words: object) -> None:
    """Run a command that must succeed, in this process."""
    from unveil import cli

    io_words = [str(word) for word in words]
    cli.select([*io_words, "--quiet"])()


def _spoilt(source: Path, work: Path, rng: Random, spoil: mutations.Spoil) -> Path:
    target = work / source.name
    target.write_bytes(spoil(source.read_bytes(), rng))
    return target


def _respoil(path: Path, rng: Random, spoil: mutations.Spoil) -> None:
    path.write_bytes(spoil(path.read_bytes(), rng))


def opens(path: Path) -> bool:
    """Whether what a command wrote is whole."""
    if path.suffix == ".png":
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            image.load()
    return path.stat().st_size > 0
