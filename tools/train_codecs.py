"""Train the network that tells the codec a picture last went through, on drawn journeys.

    python tools/train_codecs.py draw --data ../shared/lfw --output runs/codecs --shards 10
    python tools/train_codecs.py fit --data runs/codecs

``draw`` takes a minute of one core a shard and goes on where it was cut off; ``fit`` takes one. The
photos are those of the people whom no audit names; each fifth shard shows people of its own, on
whom the chances are calibrated and measured.
"""

import io
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
import tyro
from PIL import Image
from safetensors.numpy import save
from torch import Tensor, nn
from torch.nn import functional as F

from train_segmenter import training_photos
from unveil.estimation.codec_features import MAX_SIDE_PX, codec_features
from unveil.estimation.codec_history import CLIPPED, CODECS, MIN_CHANCE, WEIGHTS
from unveil.estimation.jpeg_history import find_jpeg
from unveil.estimation.weight_files import write_weights
from unveil.training.journeys import travels
from unveil.training.journeys.draws import chance, log_between
from unveil.training.journeys.hidings import HIDINGS
from unveil.training.journeys.masks import draw_box
from unveil.training.journeys.pieces import MAX_SOURCE_PX, draw_subject

SHARD, HELD_OUT = 500, 5
"""Pictures of a shard, and which shards in turn are held out."""

HELD_OUT_PHOTOS = 0.2
ODDS = (0.36, 0.2, 0.18, 0.13, 0.13)
"""Of each of ``CODECS``."""

LEARNING_RATE, WEIGHT_DECAY, BATCH, NOISE = 2e-3, 0.1, 128, 0.05
FRAMES = 4
PRESETS = ("ultrafast", "veryfast", "medium")


def draw(data: Path, output: Path = Path("runs/codecs"), shards: int = 10) -> None:
    """Draw pictures after journeys and keep their features.

    Args:
        data: LFW's folder.
        output: folder of the shards.
        shards: of five hundred pictures each.
    """
    cv2.setNumThreads(1)
    photos = training_photos(data)
    count = round(len(photos) * HELD_OUT_PHOTOS)
    output.mkdir(parents=True, exist_ok=True)
    for number in range(shards):
        target = output / f"{number}.npz"
        if target.exists():
            continue
        rng = np.random.default_rng((2, number))
        shown = photos[:count] if is_held_out(number) else photos[count:]
        values, codecs = zip(*(draw_example(shown, rng) for _ in range(SHARD)), strict=True)
        np.savez(target, values=np.stack(values), codecs=np.array(codecs))
        print(target, flush=True)


def is_held_out(shard: int) -> bool:
    """Return whether a shard shows people on whom nothing is fitted."""
    return shard % HELD_OUT == 0


def draw_example(photos: list[Path], rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Return the features of a drawn picture, and the number of its codec."""
    pixels, codec = draw_kept(photos, rng)
    values = codec_features(pixels, find_jpeg(pixels))
    assert values is not None  # noqa: S101  # no picture is drawn as small as that
    return values, codec


def draw_kept(photos: list[Path], rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Draw a picture, what it goes through, and the codec that shows in the end."""
    pixels = draw_uncompressed(photos, rng)
    codec = int(rng.choice(len(CODECS), p=ODDS))
    if codec == 0:
        return cropped(pixels, rng), 0
    if chance(rng, 0.2):
        pixels = cropped(compress(pixels, int(rng.integers(1, len(CODECS))), rng), rng)
    pixels = compress(pixels, codec, rng)
    if chance(rng, 0.1):
        side = round(len(pixels) * log_between(rng, 0.7, 1.4))
        return travels.resize(pixels, side + (side == len(pixels)), rng), 0
    if chance(rng, 0.1):
        pixels = travels.edit(pixels, rng)
    if chance(rng, 0.1):
        pixels = hidden(pixels, rng)
    return cropped(pixels, rng), codec


def draw_uncompressed(photos: list[Path], rng: np.random.Generator) -> np.ndarray:
    """Draw a picture that no codec shows in: scaled, for the photos are JPEGs."""
    side = MAX_SIDE_PX + 16 if chance(rng, 0.5) else int(log_between(rng, 128, MAX_SIDE_PX))
    source = min(round(side / log_between(rng, 0.5, 1.7)), MAX_SOURCE_PX)
    pixels, _ = draw_subject(photos, source + 9 * (abs(source - side) < 9), rng)
    if chance(rng, 0.25):
        pixels = travels.store(pixels, rng)
    pixels = travels.photograph(travels.resize(pixels, side, rng), 1.0, rng)
    if chance(rng, 0.35):
        pixels = hidden(pixels, rng)
    return travels.edit(pixels, rng)


def hidden(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hide a box of a picture, seldom all of it."""
    hide = list(HIDINGS.values())[int(rng.integers(len(HIDINGS)))]
    if chance(rng, 0.15):
        return hide(pixels, rng)[0]
    box = draw_box(pixels.shape[:2], rng)
    changed = pixels.copy()
    changed[box] = hide(np.ascontiguousarray(pixels[box]), rng)[0]
    return changed


def cropped(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut off up to 16 rows and columns at the top and left."""
    top, left = rng.integers(0, 17, 2) if chance(rng, 0.8) else (0, 0)
    return np.ascontiguousarray(pixels[top:, left:])


def compress(pixels: np.ndarray, codec: int, rng: np.random.Generator) -> np.ndarray:
    """Compress by one of ``CODECS`` at qualities as people and programs choose them."""
    match CODECS[codec]:
        case "jpeg":
            return travels.jpeg(pixels, rng)
        case "webp":
            method = int(rng.choice((0, 2, 4, 6)))
            return _through(pixels, "WEBP", quality=int(rng.integers(40, 98)), method=method)
        case "avif":
            subsampling = "4:4:4" if chance(rng, 0.15) else "4:2:0"
            quality, speed = int(rng.integers(35, 93)), int(rng.integers(7, 11))
            return _through(pixels, "AVIF", quality=quality, speed=speed, subsampling=subsampling)
        case _:
            return _frame(pixels, rng)


def _through(pixels: np.ndarray, suffix: str, **options: int | str) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, suffix, **options)
    return np.asarray(Image.open(file).convert("RGB"))


def _frame(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a frame of a clip that pans over a picture, by H.264, seldom by H.265."""
    height, width = (size // 2 * 2 - 2 * FRAMES for size in pixels.shape[:2])
    steps = rng.integers(0, 3, 2)
    corners = [number * steps for number in range(FRAMES)]
    clip = [pixels[top : top + height, left : left + width] for top, left in corners]
    name = "libx265" if chance(rng, 0.2) else "libx264"
    options = {"crf": str(rng.integers(16, 33)), "preset": str(rng.choice(PRESETS))}
    if name == "libx265":
        options |= {"x265-params": "log-level=none:pools=1", "preset": "ultrafast"}
    shown = _through_video(clip, name, options)[int(rng.integers(FRAMES))]
    return _smooth_chroma(shown) if chance(rng, 0.4) else shown.to_ndarray(format="rgb24")


def _through_video(clip: list[np.ndarray], name: str, options: dict[str, str]) -> list[Any]:
    """Return the frames of a clip after a video codec."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as written:
        stream: Any = written.add_stream(name, rate=Fraction(25), options=options)
        stream.height, stream.width = clip[0].shape[:2]
        stream.pix_fmt, stream.thread_count = "yuv420p", 1
        frames = (av.VideoFrame.from_ndarray(np.ascontiguousarray(one)) for one in clip)
        for frame in (*frames, None):
            written.mux(stream.encode(frame))
    file.seek(0)
    with av.open(file, "r") as read:
        return list(read.decode(video=0))


def _smooth_chroma(frame: Any) -> np.ndarray:
    """Return a frame as players show it that interpolate chroma, BT.601 of limited range."""
    planes = frame.to_ndarray(format="yuv420p").astype(np.float32)
    height, width = frame.height, frame.width
    luma, halved = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
    blue, red = (np.rint(cv2.resize(one, (width, height))) - 128 for one in halved)
    light = (luma - 16) * np.float32(255 / 219)
    colors = light + 1.596 * red, light - 0.392 * blue - 0.813 * red, light + 2.017 * blue
    return np.stack(colors, axis=2).round().clip(0, 255).astype(np.uint8)


class Network(nn.Module):
    """What :func:`unveil.estimation.codec_history.codec_chances` computes, on batches: logits."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, len(CODECS))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        x = F.relu(self.first(F.dropout(x, 0.05, self.training)))
        x = F.relu(self.second(F.dropout(x, 0.2, self.training)))
        result: Tensor = self.last(F.dropout(x, 0.2, self.training))
        return result


def fit(data: Path = Path("runs/codecs"), width: int = 96, epochs: int = 60) -> None:
    """Fit the network and write the weights that the package ships.

    Args:
        data: folder of the shards.
        width: of the hidden layers.
        epochs: passes over the shards.
    """
    torch.manual_seed(0)
    (values, codecs), (held_values, held_codecs) = load_shards(data, False), load_shards(data, True)
    mean, scale = values.mean(0), values.std(0) + 0.02
    train, held = (
        torch.from_numpy(((some - mean) / scale).clip(-CLIPPED, CLIPPED))
        for some in (values, held_values)
    )
    model = Network(values.shape[1], width)
    optimise(model, train, torch.from_numpy(codecs), epochs)
    logits = model.eval()(held).detach()
    truth = torch.from_numpy(held_codecs)
    heat = temperature(logits, truth)
    report(logits / heat, truth)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    weights |= {"mean": mean, "scale": scale}
    for name in ("last.weight", "last.bias"):
        weights[name] = weights[name] / np.float32(heat)
    halves = {n: v.astype(np.float16 if v.ndim == 2 else np.float32) for n, v in weights.items()}
    target = write_weights(WEIGHTS, save(halves))
    print(
        f"{target}: {target.stat().st_size / 1e3:.0f} kB of {len(train)} pictures, heat {heat:.2f}"
    )


def load_shards(data: Path, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return features and codecs of the shards that are held out, or of the others."""
    paths = [path for path in sorted(data.glob("*.npz")) if is_held_out(int(path.stem)) == held_out]
    shards = [np.load(path) for path in paths]
    values, codecs = (
        np.concatenate([one[name] for one in shards]) for name in ("values", "codecs")
    )
    return values, codecs


def optimise(model: Network, values: Tensor, codecs: Tensor, epochs: int) -> None:
    """Fit the network by cross entropy."""
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * (len(codecs) // BATCH)
    for step in range(steps):
        chosen = torch.randint(len(codecs), (BATCH,))
        noisy = values[chosen] + NOISE * torch.randn(BATCH, values.shape[1])
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.zero_grad()
        F.cross_entropy(model(noisy), codecs[chosen]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def temperature(logits: Tensor, codecs: Tensor) -> float:
    """Return by what to divide logits so that the chances are the likeliest."""
    tried = np.exp(np.linspace(-1, 1.5, 101))
    return float(min(tried, key=lambda heat: float(F.cross_entropy(logits / heat, codecs))))


def report(logits: Tensor, codecs: Tensor) -> None:
    """Print what the held-out pictures say."""
    chances = logits.softmax(1)
    best, named = chances.max(1)
    print(
        f"right {(named == codecs).float().mean():.3f}, loss {F.cross_entropy(logits, codecs):.3f}"
    )
    for low, high in ((0, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01)):
        inside = (best >= low) & (best < high)
        right = (named == codecs)[inside].float().mean()
        print(f"chance {best[inside].mean():.3f} right {right:.3f} of {int(inside.sum())}")
    said = torch.where(best >= MIN_CHANCE, named, 0)
    for number, name in enumerate(CODECS):
        shares = [float((said[codecs == number] == other).float().mean()) for other in range(5)]
        print(f"{name:6}" + "".join(f" {CODECS[n]} {share:.3f}" for n, share in enumerate(shares)))


if __name__ == "__main__":
    tyro.extras.subcommand_cli_from_dict({"draw": draw, "fit": fit}, description=__doc__)
