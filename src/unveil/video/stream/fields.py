"""Interlaced pictures: a field of the odd rows and one of the even, shown one after the other."""

from typing import Any, Literal

import numpy as np

Order = Literal["tff", "bff"]
"""Which field is shown first, in FFmpeg's words: that of the top row, or of the bottom row."""

ORDERS: dict[int, Order] = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}
"""By FFmpeg's values of a stream's order of fields: the one coded first, the one shown first."""

CODED = {"tff": 2, "bff": 3}

FLAGS = 1 << 18 | 1 << 29
"""FFmpeg's flags of an encoder: transforms and motion in fields."""

OPTION = "x264-params"
"""Of x264, which must be told the order before the first picture."""


def order_of(stream: Any, frame: Any) -> Order | None:
    """Return the order of the fields of a clip; None for pictures without fields.

    Args:
        stream: of the pictures.
        frame: the first of them; its samples may be overwritten.
    """
    told = ORDERS.get(stream.codec_context.field_order)
    return told or (_order_of_frame(frame) if frame.interlaced_frame else None)


def _order_of_frame(frame: Any) -> Order:
    """Return the order of a frame, which PyAV does not tell: FFmpeg takes numbered rows apart."""
    frame.make_writable()
    luma = frame.planes[0]
    numbers = np.arange(luma.height, dtype=np.uint8)[:, None] % 2
    luma.update(np.repeat(numbers, luma.line_size, axis=1).tobytes())
    graph = _graph(frame, "separatefields")
    graph.push(frame)
    graph.push(None)
    return "bff" if np.frombuffer(graph.pull().planes[0], np.uint8)[0] else "tff"


class Marking:
    """Marks frames with the order of their fields, which PyAV cannot.

    Args:
        order: of the fields; None for frames without.
    """

    def __init__(self, order: Order | None) -> None:
        self._order = order
        self._graph: Any = None

    def mark(self, frame: Any) -> Any:
        """Return a frame with its mark; all frames must have one size and format."""
        if self._order is None:
            return frame
        self._graph = self._graph or _graph(frame, "setfield", self._order)
        self._graph.push(frame)
        return self._graph.pull()


def _graph(frame: Any, name: str, argument: str | None = None) -> Any:
    """Return FFmpeg's filter of this name for frames like this one."""
    import av

    graph = av.filter.Graph()
    size = {"width": frame.width, "height": frame.height}
    source = graph.add_buffer(**size, format=frame.format, time_base=frame.time_base)
    changed, sink = graph.add(name, argument), graph.add("buffersink")
    source.link_to(changed)
    changed.link_to(sink)
    graph.configure()
    return graph
