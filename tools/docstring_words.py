"""Docstrings on the site: ``:func:`x``` and its kin become plain code."""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")


class DocstringWords(Extension):
    """Rewrites the docstring of everything that mkdocstrings shows."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Take the roles out of one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
