"""Attack faces behind noise, by one who has the tool: with the seed of the noise, and without it.

    python tools/attack_seeded.py --data ../shared/lfw

Appends to ``results/audit/seeded.jsonl`` a row for each operator and attacker. With the seed the
noise is drawn again and subtracted; unveil draws it from a key that is kept nowhere.
"""

from dataclasses import dataclass
from pathlib import Path

import script
from unveil.auditing import attack
from unveil.auditing.curve import Stage, attack_setting
from unveil.auditing.scene import MIN_TRAINING, open_scene
from unveil.auditing.settings import Setting
from unveil.degradation import parse_operator, parse_storage
from unveil.degradation.randomness import repeatable
from unveil.faces.embedder import load_embedder
from unveil.faces.portraits import FACE_PX
from unveil.report.rows import append_row
from unveil.restoration.restorers import load
from unveil.runtime import Runtime, keep_freed_memory, provenance, set_threads

OPERATORS = ("noise:std=204", "dppix:block=8,epsilon=2", "dppix:block=8,epsilon=0.5")
SEED = 0
SCORES = ("psnr", "ssim", "ssim_deck")


@dataclass(frozen=True)
class Options:
    """What is attacked.

    Attributes:
        data: folder of LFW.
        results: file of the rows.
        threads: CPU threads.
    """

    data: Path
    results: Path = Path("results/audit/seeded.jsonl")
    threads: int = 1


def main(options: Options) -> None:
    """Measure and append all rows."""
    keep_freed_memory()
    set_threads(options.threads)
    scene, embedder = open_scene(options.data, None, MIN_TRAINING), load_embedder(None)
    faces = attack.Faces(scene.portraits, embedder, FACE_PX)
    clean, partners = (attack.embed_clean(faces, part) for part in (scene.gallery, scene.partners))
    stage = Stage(scene, faces, parse_storage("8bit"), clean, partners, {})
    for text in OPERATORS:
        secret = parse_operator(text)
        for seed, operator in ((None, secret), (SEED, repeatable(secret, SEED))):
            same = {"hidden_by": text, "seed": seed}
            for row in attack_setting(stage, Setting(operator, FACE_PX), load):
                scores = dict.fromkeys(SCORES) | stage.describe() | same
                append_row(options.results, scores | row | provenance(Runtime(reason="ONNX")))


if __name__ == "__main__":
    script.run(main, __doc__)
