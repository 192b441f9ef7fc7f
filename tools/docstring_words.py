"""Sphinx roles in docstrings, such as ``:func:`x```, shown as code on the site."""

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([^`]+)`")


class DocstringWords(Extension):
    """Rewrites every docstring that mkdocstrings shows."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Replace the roles in one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
