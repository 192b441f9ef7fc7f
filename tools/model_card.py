"""Model cards, written from the cards of checkpoints."""

import textwrap
from typing import Any

from unveil.config import RunConfig, to_plain
from unveil.degradation.families import FAMILIES
from unveil.networks.architectures import build
from unveil.networks.card import Card
from unveil.report import tables

MAX_BYTES = 10_000_000
"""Greatest size of one set of shipped weights."""

CARD = """# {name}

Undoes {what} on RGB photos of any size. {network}, {parameters:,} parameters, {stored}.

## Training

- Data: Labeled Faces in the Wild (deep-funneled), 112x112 center crops; {train:,} photos for
  training, {validation:,} for validation, {test:,} for test, {split}.
- Obfuscation: {what}, kept as `{storage}`, made on the fly.
- Loss `{loss}`, Adam, batch {batch}, {epochs} epochs{start}{journeys},
  learning rate {learning_rate} ({schedule}), L2 {l2}.
- {device}, {precision}; torch {torch}; commit `{commit}`.

```
{command}
```

## Scores on the test split (mean over photos)

{scores}

## Use and limits

{limits}
- The output is an estimate. Detail that the obfuscation destroyed is filled in from what faces
  in the training data look like; it is no evidence of who or what was in the photo.
{people}
- LFW over-represents men, white people and public figures of the early 2000s; scores for
  others may be lower.

Weights: Apache-2.0, like the code. LFW: Huang et al., University of Massachusetts, TR 07-49.
"""

WIDTH, UNBROKEN = 98, "\0"

SPLITS = {"photo": "by the paper's seeded split", "person": "split by person: the audit's"}

PEOPLE = {
    "photo": """- The split is by photo, so some people are in training and test. Nothing here
  measures how well a *person* is recognised.""",
    "person": """- Nobody in the test split is in training. These weights are the audit's
  restoring attacker: they were trained on none of the people that it names. For photos, other
  weights are better.""",
}

ONE = """- For obfuscation of exactly this kind and strength. Another blur, another block or a JPEG
  of the obfuscated photo is restored badly, possibly worse than leaving it as it is."""

BLIND = """- It does not need the degradation of the photo. A clean photo is changed, too.
- Trained on {range}."""

MANY = """- It needs the degradation of the photo (`unveil restore` estimates it); given a wrong
  one, it restores badly, possibly worse than leaving the photo as it is.
- Trained on {range}; beyond that `unveil restore` refuses unless forced."""


def model_card(name: str, card: Card, lost_db: float | None) -> str:
    """Return the text of a model card.

    Args:
        name: under which the weights are shipped.
        card: of the checkpoint, with scores.
        lost_db: loss of PSNR by rounding the weights; None for float32.
    """
    train, ran = card.run["train"], card.provenance
    split_by = card.run["data"].get("split_by", "photo")
    parameters = sum(value.numel() for value in build(card.model).parameters())
    kept = "float16" if 2 * parameters < MAX_BYTES else "8 bits a weight"
    stored = "float32" if lost_db is None else f"{kept} (costs {max(lost_db, 0):.3f} dB)"
    return CARD.format(
        name=name,
        what=_what(card),
        network=_network(card),
        command=command_of(name, card),
        stored=stored,
        storage=card.storage,
        loss=card.run["loss"]["loss"],
        start=f" from `{train['start_from']}`" if train.get("start_from") else "",
        journeys=_journeys(train.get("journey_steps")),
        limits=_limits(card),
        parameters=parameters,
        scores=tables.results(card.scores),
        torch=ran["versions"]["torch"],
        **card.data["splits"],
        split=SPLITS[split_by],
        people=PEOPLE[split_by],
        **{key: train[key] for key in ("batch", "epochs", "learning_rate", "schedule", "l2")},
        **{key: ran[key] for key in ("device", "precision", "commit")},
    )


def command_of(name: str, card: Card) -> str:
    """Return the command that makes the weights, as lines: flags for what is not the default."""
    defaults = to_plain(RunConfig())
    words = ["unveil train", "--data lfw/"]
    for part in ("data", "model", "train", "loss"):
        known = defaults[part]
        for key, value in card.run.get(part, {}).items():
            if key in known and value != known[key]:
                words.append(_flag(key, value))
    words.append(f"--output runs/{name}")
    kept = " ".join(word.replace(" ", UNBROKEN) for word in words)  # a flag stays with its value
    lines = textwrap.wrap(kept, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    return " \\\n".join(lines).replace(UNBROKEN, " ")


def _flag(key: str, value: Any) -> str:
    flag = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return flag if value else f"--no-{key.replace('_', '-')}"
    values = value if isinstance(value, list) else [value]
    return " ".join([flag, *map(str, values)])


def _journeys(steps: int | None) -> str:
    command = "`tools/train_parts.py fit --kind blind`"
    return f", then {steps} steps on drawn journeys ({command})" if steps else ""


def _what(card: Card) -> str:
    """Return what the weights undo, in words or as the operator's text form."""
    family = FAMILIES.get(card.operator)
    return family.description if family else f"`{card.operator}`"


def _network(card: Card) -> str:
    if card.model.needs_degradation:
        return "A U-Net over the linear estimate ([architecture](../../refiner.py))"
    if card.operator in FAMILIES:
        return "A U-Net on the photo alone ([architecture](../../blind.py))"
    return "A convolutional autoencoder without skip connections ([architecture](../../cae.py))"


def _limits(card: Card) -> str:
    if card.operator not in FAMILIES:
        return ONE
    limits = MANY if card.model.needs_degradation else BLIND
    return limits.format(range=FAMILIES[card.operator].description)
