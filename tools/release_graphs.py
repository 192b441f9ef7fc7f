"""Write the graph of each shipped network beside its weights: ``graph.onnx``, without weights.

    python tools/release_graphs.py [NAME ...]

ONNX Runtime runs it in place of torch. Every graph is compared with torch in float32 before it gets
its name; the card of the weights then holds its sha256. Needs the extra ``onnx``.
"""

import hashlib
import json
import sys

from unveil.files import write_text
from unveil.networks.card import CARD_NAME, FOLDER, list_shipped
from unveil.networks.export import load_for_export, to_onnx, without_weights, write_checked

GRAPH_NAME = "graph.onnx"


def main(*names: str) -> None:
    """Write the graphs of the named weights.

    Args:
        names: shipped names (default: all).
    """
    for name in names or [item.name for item in list_shipped()]:
        print(release(name))


def release(name: str) -> str:
    """Write the graph of shipped weights and note it in their card; return a line that says so."""
    folder = FOLDER / name
    card = json.loads((folder / CARD_NAME).read_text(encoding="utf-8"))
    source = load_for_export(name)
    weights = folder / card["files"]["weights"]["name"]
    content = without_weights(to_onnx(source), weights)
    report = write_checked(source, content, folder / GRAPH_NAME)
    sha256 = hashlib.sha256(content).hexdigest()
    card["files"]["graph"] = {"name": GRAPH_NAME, "sha256": sha256}
    write_text(folder / CARD_NAME, json.dumps(card, indent=2) + "\n")
    return str(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
