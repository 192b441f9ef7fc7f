"""Measure how real restored photos look, beside how near they are to the clean ones.

    python tools/score_perception.py --data ../shared/lfw --vgg-weights ../shared/vgg16/FILE

The first photos of the test split under the paper's operators, kept in 8 bits. A row for each
restorer is appended to ``results/perception.jsonl``: the means of all metrics, the cosine between
dlib's embeddings of the faces before and after, and Fréchet distances between the set of the
restored and that of the clean photos, by dlib's embeddings and by VGG16's features. Cosines are
taken only of people who are in no photo of the other splits: no restorer was trained on them.
ColorVideoVDP is measured where it is installed (extra perception).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

import script
from unveil import console
from unveil.arrays import Array, to_numpy
from unveil.config import DataConfig, LossConfig, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur, Pixelate, parse_storage
from unveil.faces.embedder import Embedder, load_embedder
from unveil.faces.finder import FaceFinder
from unveil.faces.portraits import most_central
from unveil.images.photos import read_rgb8
from unveil.metrics.detail import detail
from unveil.metrics.embeddings import cosine, frechet_distance
from unveil.metrics.quality import METRICS, Metric
from unveil.networks.card import IDENTITY
from unveil.networks.torch_engine import choose_runtime
from unveil.report.rows import Row, append_row, rounded
from unveil.restoration.flow import make_real
from unveil.restoration.realism import Answer
from unveil.restoration.restorers import NetworkRestorer, load
from unveil.runtime import Runtime, keep_freed_memory
from unveil.training.data import Photos, open_photos
from unveil.training.evaluate import BATCH, Restore, Scoring, identity, make_row, score
from unveil.training.perceptual import measures
from unveil.training.vgg import VggFeatures, feature_distance, load_features

REAL = "pixelate, realism 1"

RESTORERS: dict[Degradation, tuple[str, ...]] = {
    Degradation(GaussianBlur(9, 4.0), parse_storage("8bit")): (
        *(IDENTITY, "lmmse", "cae-blur", "blur", "blur-study"),
    ),
    Degradation(Pixelate(8), parse_storage("8bit")): (
        *(IDENTITY, "bicubic", "lmmse", "cae-pixelate", "pixelate-fast", "pixelate", REAL),
    ),
}
"""What is compared."""


@dataclass(frozen=True)
class Options:
    """What to score, and by which names (default: all)."""

    data: Path
    vgg_weights: Path | None = None
    out: Path = Path("results/perception.jsonl")
    photos: int = 300
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Faces:
    """The faces in the scored photos.

    Attributes:
        points: their landmarks in the crops, ``F x 5 x 2``.
        places: of which of the scored photos each is, ``F``.
        is_new: whether the person is in no photo of another split, ``F``.
        embedder: network that describes them.
        clean: their embeddings in the clean photos, ``F x D``.
    """

    points: np.ndarray
    places: np.ndarray
    is_new: np.ndarray
    embedder: Embedder
    clean: np.ndarray


@dataclass(frozen=True)
class Sight:
    """What VGG16 sees in the clean photos.

    Attributes:
        network: up to relu2_2.
        clean: the features of batch after batch.
        means: the mean of each feature over a photo, ``N x 128``.
        about: name and sha256 of the weights, for rows.
    """

    network: VggFeatures
    clean: list[torch.Tensor]
    means: np.ndarray
    about: dict[str, str]


def main(options: Options) -> None:
    """Score every restorer."""
    keep_freed_memory()
    runtime = choose_runtime(RuntimeConfig())
    photos = open_photos(DataConfig(options.data))
    numbers = photos.splits["test"][: options.photos]
    sight = look(photos.batch(numbers), options.vgg_weights)
    faces = find_faces(options.data, photos, numbers)
    metrics = METRICS | measures(runtime, None)[0] | {"detail": detail}
    for degradation, names in RESTORERS.items():
        scoring = Scoring(photos, numbers, degradation, runtime)
        for name in (name for name in names if name in (options.only or names)):
            row = measure(name, scoring, metrics, sight, faces)
            append_row(options.out, row)
            console.note(f"{name}: {row['psnr']} dB, detail {row['detail']}")


def measure(
    name: str,
    scoring: Scoring,
    metrics: dict[str, Metric],
    sight: Sight,
    faces: Faces,
) -> Row:
    """Return the row of one restorer."""
    restore, weights_sha256, runtime = find(name)
    kept: list[np.ndarray] = []

    def restore_and_keep(obfuscated: Array, degradation: Degradation) -> Array:
        kept.append(to_numpy(restore(obfuscated, degradation)))
        return kept[-1]

    scores = score(restore_and_keep, replace(scoring, runtime=runtime), metrics)
    row = make_row(name, "test", replace(scoring, runtime=runtime), scores, weights_sha256)
    restored = np.concatenate(kept)
    return row | compare_features(restored, sight) | compare_faces(restored, faces)


def find(name: str) -> tuple[Restore, str | None, Runtime]:
    """Return what restores, the sha256 of its weights if it has any, and where it computes."""
    if name == IDENTITY:
        return identity, None, Runtime()
    restorer = load(name.split(",")[0], is_large=True)
    if not isinstance(restorer, NetworkRestorer):
        return restorer.restore, None, restorer.runtime
    restore = partial(made_real, restorer) if name == REAL else restorer.restore
    return restore, restorer.card.files["weights"]["sha256"], restorer.runtime


def made_real(restorer: NetworkRestorer, obfuscated: Array, degradation: Degradation) -> Array:
    """Return restored images with as much detail as photos have."""
    restored, error = restorer.restore_with_error(obfuscated, degradation)
    return make_real(Answer(restored, error, obfuscated, degradation), restorer.prior, 1.0)


def find_faces(folder: Path, photos: Photos, numbers: np.ndarray) -> Faces:
    """Find the face in each photo, and describe it; photos without one are left out."""
    finder, embedder = FaceFinder(), load_embedder(None)
    points, places = [], []
    for place, number in enumerate(console.progress(numbers, len(numbers), "finding faces")):
        pixels = read_rgb8(folder / photos.paths[number])
        if face := most_central(finder.find(pixels), pixels):
            beyond = [(side - photos.crops.shape[1]) // 2 for side in pixels.shape[1::-1]]
            points.append(face.points - beyond)
            places.append(place)
    others = np.concatenate([photos.splits["train"], photos.splits["validation"]])
    known = {person(photos.paths[number]) for number in others}
    is_new = [person(photos.paths[numbers[place]]) not in known for place in places]
    landmarks, crops = np.array(points), photos.batch(numbers[places])
    clean = embedder.embed(crops, landmarks)
    return Faces(landmarks, np.array(places), np.array(is_new), embedder, clean)


def person(path: str) -> str:
    """Return the name of a photo's person, that of its folder."""
    return path.partition("/")[0]


def compare_faces(restored: np.ndarray, faces: Faces) -> Row:
    """Return how alike the faces are to the clean ones, and to another person's for comparison."""
    found = faces.embedder.embed(restored[faces.places], faces.points)
    new = faces.is_new
    strangers = np.roll(faces.clean[new], 1, axis=0)
    return {
        "face": rounded(float(cosine(found[new], faces.clean[new]).mean())),
        "stranger": rounded(float(cosine(strangers, faces.clean[new]).mean())),
        "faces": int(new.sum()),
        "frechet_face": rounded(frechet_distance(found, faces.clean)),
    }


def look(clean: np.ndarray, vgg_weights: Path | None) -> Sight:
    """Return VGG16 and what it sees in the clean photos, once for all restorers."""
    network, about = load_features(LossConfig(vgg_weights=vgg_weights))
    network.to(memory_format=torch.channels_last)  # faster on a CPU without bf16
    parts = list(seen(clean, network))
    means = np.concatenate([mean_features(part) for part in parts])
    return Sight(network, parts, means, about)


def seen(images: np.ndarray, network: VggFeatures) -> Iterator[torch.Tensor]:
    """Yield VGG16's features of batch after batch of images."""
    starts = range(0, len(images), BATCH)
    for start in console.progress(starts, len(starts), "looking"):
        batch = torch.as_tensor(images[start : start + BATCH])
        with torch.inference_mode():
            yield network(batch.to(memory_format=torch.channels_last))


def mean_features(features: torch.Tensor) -> np.ndarray:
    """Return the mean of each feature over an image, ``B x 128``."""
    return features.mean(dim=(2, 3)).numpy()


def compare_features(restored: np.ndarray, sight: Sight) -> Row:
    """Return how far VGG16's features are from the clean ones: by photo, and of the whole set."""
    distances, means = [], []
    for found, target in zip(seen(restored, sight.network), sight.clean, strict=True):
        distances.append(feature_distance(found, target).numpy())
        means.append(mean_features(found))
    return sight.about | {
        "vgg_relu2_2": rounded(float(np.concatenate(distances).mean(dtype=np.float64))),
        "frechet_vgg": rounded(frechet_distance(np.concatenate(means), sight.means)),
    }


if __name__ == "__main__":
    script.run(main, __doc__)
