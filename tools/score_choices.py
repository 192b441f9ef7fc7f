"""Score restorers by the choices of people, and metrics by how often they choose alike.

    python tools/score_choices.py CHOICES.jsonl --clean clean --restored lmmse pixelate

The choices are those of pages by ``draw_pairs.py``, from any number of files. Without folders only
the restorers are scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import tyro

import script
from draw_pairs import by_name, by_stem
from unveil.arrays import to_numpy
from unveil.config import LossConfig, RuntimeConfig
from unveil.errors import UnveilError, UsageError
from unveil.images.arrays import to_array
from unveil.images.photos import read_photo
from unveil.metrics.detail import detail
from unveil.metrics.preference import agreement, bradley_terry, comparable_groups, count_wins
from unveil.metrics.quality import LOWER_IS_BETTER, METRICS, Metric
from unveil.networks.torch_engine import choose_runtime
from unveil.report.pairs import CLEAN, Choice, read_choices
from unveil.report.rows import Row
from unveil.report.tables import markdown
from unveil.training.perceptual import measures
from unveil.training.vgg import load_features

PREFERRED = {"left": 1, "right": -1, "neither": 0}


@dataclass(frozen=True)
class Options:
    """What to score.

    Args:
        choices: files of choices.
        clean: folder of the originals.
        restored: folders of their restorations, by the names in the choices.
        vgg_weights: file of VGG16's weights, for its distance.
    """

    choices: tyro.conf.Positional[tuple[Path, ...]]
    clean: Path | None = None
    restored: tuple[Path, ...] = ()
    vgg_weights: Path | None = None


def main(options: Options) -> None:
    """Print the tables."""
    choices = [choice for path in options.choices for choice in read_choices(path)]
    if not choices:
        raise UsageError("no choices; name the files that the page of pairs has handed out.")
    print(scores(choices))
    if options.clean is not None:
        folders = {CLEAN: options.clean} | by_name(options.restored)
        print(f"\n{agreements(choices, folders, chosen_metrics(options.vgg_weights))}")


def scores(choices: Sequence[Choice]) -> str:
    """Return a table of the makers' scores, best first, or why there are none."""
    makers = sorted({maker for c in choices for maker in (c.pair.left, c.pair.right)})
    left, right = (
        np.array([makers.index(getattr(choice.pair, side)) for choice in choices])
        for side in ("left", "right")
    )
    wins = count_wins(left, right, preferred(choices))
    groups = comparable_groups(wins)
    if len(groups) > 1:
        told = "; ".join(", ".join(makers[place] for place in group) for group in groups)
        return (
            f"No common scale for all: {told}. Between these groups nobody chose, or one side won "
            "every time; collect more choices."
        )
    found = bradley_terry(wins)
    return markdown(
        [
            {
                "restorer": makers[place],
                "score": f"{found.values[place]:.2f}",
                "95 %": f"{found.low[place]:.2f} to {found.high[place]:.2f}",
                "choices": int((wins + wins.T)[place].sum()),
            }
            for place in np.argsort(-found.values)
        ]
    )


def preferred(choices: Sequence[Choice]) -> np.ndarray:
    """Return what was preferred: 1 for the left picture, -1 for the right one, 0 for neither."""
    return np.array([PREFERRED[choice.preferred] for choice in choices])


def chosen_metrics(vgg_weights: Path | None) -> dict[str, Metric]:
    """Return all metrics that can be had here, by name."""
    features = load_features(LossConfig(vgg_weights=vgg_weights))[0] if vgg_weights else None
    found, _ = measures(choose_runtime(RuntimeConfig()), features)
    return METRICS | found | {"detail": detail}


def agreements(
    choices: Sequence[Choice], folders: Mapping[str, Path], metrics: Mapping[str, Metric]
) -> str:
    """Return a table of how often each metric prefers what people preferred, best first."""
    measured = measure(choices, folders, metrics)
    rows: list[Row] = []
    for name in metrics:
        first, second = (measured[name, side] for side in ("left", "right"))
        differences = second - first if name in LOWER_IS_BETTER else first - second
        found = agreement(preferred(choices), differences)
        interval = f"{found.low:.1%} to {found.high:.1%}"
        rows.append(
            {"metric": name, "agrees": found.share, "95 %": interval, "choices": found.choices}
        )
    rows.sort(key=lambda row: -row["agrees"])
    return markdown([row | {"agrees": f"{row['agrees']:.1%}"} for row in rows])


def measure(
    choices: Sequence[Choice], folders: Mapping[str, Path], metrics: Mapping[str, Metric]
) -> dict[tuple[str, str], np.ndarray]:
    """Return each metric of the pictures on either side, by its name and ``left`` or ``right``."""
    files = {maker: by_stem(folder) for maker, folder in folders.items()}

    def picture(photo: str, maker: str) -> np.ndarray:
        if photo not in files.get(maker, {}):
            raise UnveilError(f"{photo} by {maker}: in none of the folders that are given.")
        return to_array(read_photo(files[maker][photo]))

    @cache
    def score(photo: str, maker: str) -> dict[str, float]:
        pair = picture(photo, maker), picture(photo, CLEAN)
        try:
            return {name: float(to_numpy(metric(*pair))[0]) for name, metric in metrics.items()}
        except ValueError as error:  # torchmetrics: the picture is too small
            raise UnveilError(f"{photo} by {maker}: cannot be measured ({error}).") from None

    return {
        (name, side): np.array(
            [score(c.pair.photo, getattr(c.pair, side))[name] for c in choices], float
        )
        for name in metrics
        for side in ("left", "right")
    }


if __name__ == "__main__":
    script.run(main, __doc__)
