"""The curve: risk against strength, a row for each setting and attacker; it resumes."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from functools import lru_cache, partial

import numpy as np

from unveil import console
from unveil.auditing import attack
from unveil.auditing.attack import RESTORING, TRAINED, UNAWARE, restorers_for
from unveil.auditing.attackers import Attacker, load_attacker
from unveil.auditing.risk import chance_to_name, closer_strangers, mean_with_interval, verification
from unveil.auditing.scene import Scene, open_scene
from unveil.auditing.settings import GALLERIES, CurveConfig, Setting, settings
from unveil.config import LossConfig, RuntimeConfig
from unveil.console import progress
from unveil.degradation import Degradation, Operator, Storage, Unchanged, parse_storage
from unveil.extras import is_installed, require
from unveil.faces.embedder import distances_between, load_embedder
from unveil.metrics.quality import METRICS, Metric
from unveil.report.rows import Row, append_row, read_rows
from unveil.restoration.restorers import Restorer, choose_engine, load
from unveil.runtime import Runtime, keep_freed_memory, provenance, set_threads
from unveil.training.lfw import default_folder

RANKS = (1, 5)
MIN_CLEAN_SHARE = 0.8
"""Share of clean faces identified among 10 people, under which the folders are doubted."""


@dataclass(frozen=True)
class Stage:
    """What all settings on faces of one width share.

    Attributes:
        scene: the people, divided into gallery, probes and training.
        faces: their portraits and the embedder.
        storage: of the obfuscated photos.
        clean: embeddings of the clean gallery, ``G x D``.
        partners: clean embeddings that the trained attacker learns to predict, ``T x D``.
        metrics: of similarity to the clean probes, by name.
        attacker: a trained one, for what it was trained on; None without.
    """

    scene: Scene
    faces: attack.Faces
    storage: Storage
    clean: np.ndarray
    partners: np.ndarray
    metrics: Mapping[str, Metric]
    attacker: Attacker | None = None

    def describe(self) -> Row:
        """Return the part of a row that all settings share."""
        tuned = {"attacker_sha256": self.attacker.card["sha256"]} if self.attacker else {}
        return tuned | {
            "storage": str(self.storage),
            "split": "people",
            "images": len(self.scene.probes),
            "images_per_second": None,
            "face_px": self.faces.face_px,
            "training": len(self.scene.training),
            "people": len(self.scene.gallery),
            "embedder": self.faces.embedder.name,
            "embedder_sha256": self.faces.embedder.config.sha256,
        }


def run_curve(config: CurveConfig) -> list[Row]:
    """Measure every setting of ``config`` that has no rows yet; return all rows.

    Raises:
        UnveilError: the folder cannot be used, or the extra ``audit`` is not installed.
    """
    keep_freed_memory()
    runtime = _choose_runtime(config.runtime)
    embedder = load_embedder(config.embedder)
    folder = config.data or default_folder()
    attacker = None if config.attacker is None else load_attacker(config.attacker)
    if attacker is not None:
        attacker.check_apart(folder, config.seed)
    scene = open_scene(folder, config.probes, config.training, config.seed)
    metrics = _metrics(config, runtime)
    load_once = lru_cache(partial(load, device=config.runtime.device, is_large=True))
    for face_px in config.faces_px:
        faces = attack.Faces(scene.portraits, embedder, face_px)
        stage = _set(scene, faces, config, metrics, attacker)
        same = stage.describe()
        done = [_key(row) for row in read_rows(config.out)] if config.out.exists() else []
        wanted = settings(config.kinds, (face_px,))
        todo = [s for s in wanted if _key(same | {"operator": str(s.operator)}) not in done]
        for setting in progress(todo, len(todo), f"faces of {face_px} px"):
            for row in attack_setting(stage, setting, load_once):
                append_row(config.out, row | same | provenance(runtime))
    rows = read_rows(config.out)
    _check_clean_faces(rows)
    return rows


def _choose_runtime(config: RuntimeConfig) -> Runtime:
    """Return where restorers and metrics compute; the embedder always does so on the CPU."""
    set_threads(config.threads)
    if choose_engine("auto", config, is_large=True) == "onnx":
        return Runtime(reason="ONNX Runtime")
    from unveil.networks.torch_engine import choose_runtime

    return choose_runtime(config)


def _check_clean_faces(rows: list[Row]) -> None:
    """Warn where clean faces are rarely identified: the folders may not be one person each."""
    for row in rows:
        if row["kind"] == Unchanged.name and row.get("rank1_of_10", [1])[0] < MIN_CLEAN_SHARE:
            console.warn(
                f"only {row['rank1_of_10'][0]:.0%} of clean faces of "
                f"{row['face_px']} px are named right among 10 people (is each folder one person?)"
            )


def _set(
    scene: Scene,
    faces: attack.Faces,
    config: CurveConfig,
    metrics: Mapping[str, Metric],
    attacker: Attacker | None,
) -> Stage:
    embed = partial(attack.embed_clean, faces)
    storage = parse_storage(config.storage)
    clean, partners = embed(scene.gallery), embed(scene.partners)
    return Stage(scene, faces, storage, clean, partners, metrics, attacker)


def _metrics(config: CurveConfig, runtime: Runtime) -> dict[str, Metric]:
    """Return the metrics of the study whose packages and weights are here."""
    if config.vgg_weights is not None:
        require("study")
    elif not is_installed("study"):
        return dict(METRICS)
    from unveil.training.perceptual import measures
    from unveil.training.vgg import load_features

    chosen = LossConfig(vgg_weights=config.vgg_weights)
    features = load_features(chosen)[0].to(runtime.device) if config.vgg_weights else None
    return METRICS | measures(runtime, features)[0]


def attack_setting(
    stage: Stage, setting: Setting, load_restorer: Callable[[str], Restorer]
) -> list[Row]:
    """Return a row for each attacker on a setting.

    Args:
        stage: the faces.
        setting: the operator and the width of the faces.
        load_restorer: loads a restorer by its name.
    """
    scene = stage.scene
    if setting.operator == Unchanged():
        probes = attack.embed_clean(stage.faces, scene.probes)
        distances = {UNAWARE: distances_between(probes, stage.clean)}
        likeness: dict[str, dict[str, float | None]] = {UNAWARE: dict.fromkeys(stage.metrics)}
    else:
        distances, likeness = _attack(stage, setting.operator, load_restorer)
    same = {
        "operator": str(setting.operator),
        "kind": setting.kind,
        "strength": round(setting.strength, 5),
    }
    return [
        {"attacker": name, **same, **likeness[name], **risks(found, scene.mates)}
        for name, found in distances.items()
    ]


def _attack(
    stage: Stage, operator: Operator, load_restorer: Callable[[str], Restorer]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float | None]]]:
    """Return each attacker's distances, and the metrics of the faces that it compares."""
    scene, degradation = stage.scene, Degradation(operator, stage.storage)
    chosen = {name: load_restorer(name) for name in restorers_for(degradation)}
    look = partial(attack.look, stage.faces, degradation=degradation, restorers=chosen)
    probes, means = look(scene.probes, metrics=stage.metrics)
    gallery = look(scene.gallery)[0] | {attack.CLEAN: stage.clean}
    training = look(scene.training)[0]
    distances = attack.attack(probes, gallery, training, stage.partners, scene.people)
    if stage.attacker is not None and stage.attacker.covers(degradation, stage.faces.face_px):
        distances |= stage.attacker.distances(scene, degradation, stage.faces.face_px)
    best = [*means][-1]  # the trained attacker sees every view; it is scored by the last
    seen = {name: name.removeprefix(RESTORING).partition(",")[0] for name in distances}
    views = {name: best if name == TRAINED else seen[name] for name in distances}
    return distances, {
        name: dict(means.get(view, means[attack.OBFUSCATED])) for name, view in views.items()
    }


def risks(distances: np.ndarray, mates: np.ndarray) -> Row:
    """Return the part of a row about one attacker's success; shares with 95 % intervals.

    Args:
        distances: of each probe to each face of the gallery, ``P x G``.
        mates: column of each probe's own person, ``P``.
    """
    closer, strangers = closer_strangers(distances, mates), distances.shape[1] - 1
    row: Row = {}
    for gallery in [*(size for size in GALLERIES if size <= strangers), strangers + 1]:
        for rank in RANKS:
            named = mean_with_interval(chance_to_name(closer, strangers, gallery, rank))
            row[f"rank{rank}_of_{gallery}"] = [round(v, 4) for v in astuple(named)]
    roc = verification(distances, mates)
    return row | {
        "gallery": strangers + 1,
        "tar_at_far_1e-2": round(roc.true_accepts_at(1e-2), 4),
        "tar_at_far_1e-3": round(roc.true_accepts_at(1e-3), 4),
        "eer": round(roc.equal_error_rate(), 4),
    }


def _key(row: Row) -> tuple[object, ...]:
    names = ("operator", "storage", "face_px", "images", "people", "training", "embedder_sha256")
    return (*(row[name] for name in names), row.get("attacker_sha256"))
