"""Put the best checkpoint of a run into the package: weights, scores and model card.

    python tools/release_weights.py runs/cae-blur cae-blur --data ../shared/lfw

Scores the weights on the whole test split, ``float`` and ``8bit``, appends the rows to
``results/foundation.jsonl`` and writes the scores and the model card from those rows.
"""

import dataclasses
import shutil
from pathlib import Path

import tyro

from unveil import checkpoint, shipped, tables
from unveil.card import Card, read_card
from unveil.config import DataConfig, EvaluateConfig
from unveil.evaluate import evaluate
from unveil.files import write_text
from unveil.models import build
from unveil.results import append_row

ROWS = Path(__file__).parents[1] / "results" / "foundation.jsonl"

MODEL_CARD = """# {name}

Undoes `{operator}` on RGB photos of any size. A convolutional autoencoder without skip
connections ([architecture](../../models/cae.py)), {parameters:,} parameters, float32.

## Training

- Data: Labeled Faces in the Wild (deep-funneled), 112x112 center crops; {train:,} photos for
  training, {validation:,} for validation, {test:,} for test, by the study's seeded split.
- Obfuscation: `{operator}`, kept as `{storage}`, made on the fly.
- Pixel loss, Adam, batch {batch}, {epochs} epochs, learning rate {learning_rate} ({schedule}),
  L2 {l2}.
- {device}, {precision}; torch {torch}; commit `{commit}`.

## Scores on the test split (mean over photos)

{scores}

## Use and limits

- For obfuscation of exactly this kind and strength. Another blur, another block or a JPEG of
  the obfuscated photo gives a worse picture, possibly worse than leaving it alone.
- The output is an estimate. Detail that the obfuscation destroyed is filled in from what faces
  in the training data look like; it is no evidence of who or what was in the photo.
- The split is by photo, so some people are in training and test. Nothing here measures how
  well a *person* is recognised.
- LFW over-represents men, white people and public figures of the early 2000s; scores for
  others may be lower.

Weights: Apache-2.0, like the code. LFW: Huang et al., University of Massachusetts, TR 07-49.
"""


def release(run: tyro.conf.Positional[Path], name: tyro.conf.Positional[str], data: Path) -> None:
    """Ship the best checkpoint of a run.

    Args:
        run: run folder.
        name: name to ship it under.
        data: folder of LFW.
    """
    card = read_card(run / "best")
    card.run["data"]["data"] = None  # a path of the machine that trained it
    folder = shipped.FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    weights = checkpoint.read_tensors(run / "best", card, "weights")
    checkpoint.write(folder, card, {"weights": weights})
    rows = []
    for storage in ("float", "8bit"):
        rows.append(evaluate(name, EvaluateConfig(DataConfig(data), storage=storage)))
        append_row(ROWS, rows[-1])
    card = dataclasses.replace(card, scores=rows)
    checkpoint.write(folder, card, {"weights": weights})
    write_text(folder / "README.md", model_card(name, card))
    print(tables.results(rows))


def model_card(name: str, card: Card) -> str:
    """Return the text of the model card, from what the checkpoint says of itself."""
    train, ran = card.run["train"], card.provenance
    return MODEL_CARD.format(
        name=name,
        operator=card.operator,
        storage=card.storage,
        parameters=sum(value.numel() for value in build(card.model).parameters()),
        scores=tables.results(card.scores),
        torch=ran["versions"]["torch"],
        **card.data["splits"],
        **{key: train[key] for key in ("batch", "epochs", "learning_rate", "schedule", "l2")},
        **{key: ran[key] for key in ("device", "precision", "commit")},
    )


if __name__ == "__main__":
    tyro.cli(release)
