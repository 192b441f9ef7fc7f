"""Which restorer to use: decided from the cards of the shipped weights, without torch."""

from functools import cache

from unveil.degradation import Degradation, Linear, Mosaic
from unveil.degradation.families import FAMILIES, Task, family_of
from unveil.errors import UsageError
from unveil.linear import CLOSED_FORMS
from unveil.networks.card import Card, Shipped, find_model, list_shipped, read_card

FALLBACK = "lmmse"
"""The closed form that knows every linear operator and storage."""


def model_for(degradation: Degradation, *, force: bool = False, fallback: str | None = None) -> str:
    """Return the name of the shipped weights that undo ``degradation`` best.

    Only networks that are told the operator are considered: weights for it alone before those of a
    family, weights trained on it before those that help all the same, the largest first. An
    operator that belongs to no family (a motion) is left to the closed form.

    Args:
        degradation: what to undo.
        force: take weights of the right family even where it is beyond their training.
        fallback: the name to return where it is beyond the training of all weights; None to refuse.

    Raises:
        UsageError: it is beyond what the weights were trained on; their range is named.
    """
    aware = [item for item in _shipped() if item.card.model.needs_degradation]
    aware.sort(key=lambda item: (item.card.operator in FAMILIES, -item.size_bytes))
    for serves in (Task.covers, Task.helps):
        for item in aware:
            if serves(item.card.task, degradation):
                return item.name
    family = family_of(degradation.linear)
    if family is None:
        return FALLBACK
    for item in aware if force else []:
        if item.card.operator == family:
            return item.name
    if fallback is not None:
        return fallback
    raise UsageError(f"{beyond(degradation)}; try --force, or --model lmmse, which has no limits.")


def beyond(degradation: Degradation) -> str:
    """Return that a degradation is beyond the shipped weights, with what they were trained on."""
    family = family_of(degradation.linear)
    trained = f" ({FAMILIES[family].description})" if family else ""
    return f"{degradation} is beyond what the shipped weights were trained on{trained}"


@cache
def _shipped() -> tuple[Shipped, ...]:
    """Return the shipped weights, whose cards are read once."""
    return tuple(list_shipped())


def fast_variant(name: str) -> str:
    """Return the fast weights of the same family, where they are shipped; else ``name``."""
    fast = f"{name}-fast"
    return fast if any(item.name == fast for item in _shipped()) else name


def check_choice(model: str | None, operator: Linear | None) -> None:
    """Refuse early, before anything heavy is imported, what cannot be restored.

    Args:
        model: what the user asks for; None for the best shipped weights.
        operator: what the user says obfuscated the image; None to find out.

    Raises:
        UsageError: no such model; a model that undoes another operator.
    """
    if model is None or model in CLOSED_FORMS:
        return
    if operator is not None:
        check_undoes(model, read_card(find_model(model)), operator)
    else:
        read_card(find_model(model))


def check_undoes(name: str, card: Card, operator: Linear) -> None:
    """Refuse weights for an operator of a kind that they never met: they would do harm.

    Raises:
        UsageError: a mosaic for weights that undo blurs, or the reverse; an operator of no family;
            another operator for weights that undo a single one.
    """
    trained = card.task.example.operator
    if card.model.needs_degradation and operator != trained:
        is_alike = isinstance(trained, Mosaic) == isinstance(operator, Mosaic)
        fits = is_alike and family_of(operator) is not None
    else:
        fits = operator == trained
    if not fits:
        raise UsageError(
            f"{name} undoes {card.trained_on}, not {operator}; leave the model out to choose."
        )
