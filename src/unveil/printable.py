"""Texts without what a terminal would obey."""

CONTROLS = (*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that a terminal obeys instead of showing them."""

ESCAPED = {code: ascii(chr(code))[1:-1] for code in CONTROLS if chr(code) not in "\n\t"}
LINE_ESCAPED = {code: ascii(chr(code))[1:-1] for code in CONTROLS}


def shown(text: object) -> str:
    """Return a text without what a terminal would obey: escape codes, turns of the direction."""
    return str(text).translate(ESCAPED)


def one_line(text: object) -> str:
    """Return a text of one line, whatever names are in it, as :func:`shown` does for several."""
    return str(text).translate(LINE_ESCAPED)
