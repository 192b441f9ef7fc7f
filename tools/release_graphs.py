"""Write the graph of each shipped network beside its weights: ``graph.onnx``, without weights.

    python tools/release_graphs.py [NAME ...]

ONNX Runtime runs it in place of torch. Every graph is compared with torch in float32 before it gets
its name; the card of the weights then holds its sha256.
"""

from dataclasses import replace
from pathlib import Path

from tyro.conf import Positional

import script
from unveil.files import file_sha256
from unveil.networks.card import find_model, list_shipped, read_card
from unveil.networks.checkpoint import write_card
from unveil.networks.export import (
    Report,
    load_for_export,
    to_onnx,
    without_weights,
    write_checked,
)

GRAPH_NAME = "graph.onnx"


def main(names: Positional[tuple[str, ...]] = ()) -> None:
    """Write the graphs of the named weights.

    Args:
        names: shipped names (default: all).
    """
    for name in names or [item.name for item in list_shipped()]:
        print(write_graph(find_model(name)))


def write_graph(folder: Path) -> Report:
    """Write the graph of a checkpoint beside its weights, and list it on the card.

    Raises:
        UnveilError: the network cannot be exported, or the graph does something else than torch.
    """
    card, source, path = read_card(folder), load_for_export(str(folder)), folder / GRAPH_NAME
    content = without_weights(to_onnx(source), folder / card.files["weights"]["name"])
    report = write_checked(source, content, path)
    entry = {"name": GRAPH_NAME, "sha256": file_sha256(path)}
    write_card(folder, replace(card, files={**card.files, "graph": entry}))
    return report


if __name__ == "__main__":
    script.run(main, __doc__)
