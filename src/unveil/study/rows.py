"""What a row of a study holds; a report would end half-way at one of another shape."""

from typing import Any

from unveil.report.rows import Row, is_number
from unveil.study.plan import ARCHITECTURES, OPERATORS

NAMED = ("cell", "experiment")
TRAINED = ("loss", "epochs", "seed", "photos")
EPOCH = ("epoch", "psnr", "ssim_deck", "validation_loss", "images_per_second")
"""Keys of every row, of a trained network's, and of each epoch in its history."""


def wrong_with(row: Row) -> str | None:
    """Return what is wrong with a row of a study; None if nothing is."""
    if lacking := [key for key in NAMED if key not in row]:
        return f"lacks {', '.join(lacking)}"
    if row.get("obfuscation") not in OPERATORS:
        return "obfuscation is none of the study's"
    if row["experiment"] != row["obfuscation"] and (wrong := _wrong_training(row)):
        return wrong
    if not _are_scores(row.get("measured", {}), list) or not _are_scores(row.get("pictures", {})):
        return "holds scores that are no numbers"
    return None


def _wrong_training(row: Row) -> str | None:
    if lacking := [key for key in TRAINED if row.get(key) is None]:
        return f"lacks {', '.join(lacking)}"
    named = f"{row['obfuscation']}-{row.get('architecture')}-"
    if row.get("architecture") not in ARCHITECTURES or not row["experiment"].startswith(named):
        return "architecture is none of the study's, or not of its experiment"
    for epoch in row.get("history", ()):
        if not isinstance(epoch, dict) or not all(is_number(epoch.get(key)) for key in EPOCH):
            return "history lacks numbers"
    return None


def _are_scores(values: Any, kind: type = dict) -> bool:
    """Whether an object holds lists, all equally long, or objects of numbers."""
    if not isinstance(values, dict) or not all(isinstance(each, kind) for each in values.values()):
        return False
    each = [list(one.values()) if kind is dict else one for one in values.values()]
    return len({len(one) for one in each}) < 2 and all(is_number(x) for one in each for x in one)
