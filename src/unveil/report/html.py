"""Markdown as one self-contained HTML page, without scripts, other files or requests."""

import base64
import html
import re
from collections.abc import Mapping

from markdown_it import MarkdownIt

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0 }}
th, td {{ padding: 0.3rem 0.7rem; border-bottom: 1px solid #ddd; text-align: left }}
img {{ max-width: 100%; height: auto }}
code {{ background: #f3f3f3; padding: 0.1rem 0.2rem }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def to_html(text: str, name: str, files: Mapping[str, bytes]) -> str:
    """Render Markdown as one self-contained HTML page.

    Args:
        text: Markdown whose first line is the title.
        name: folder in the text's links to images.
        files: contents of these images by file name; they are embedded.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)

    def inline(match: re.Match[str]) -> str:
        file = match["file"]
        kind = "svg+xml" if file.endswith(".svg") else "png"
        content = base64.b64encode(files[file]).decode()
        return f'src="data:image/{kind};base64,{content}"'

    body = re.sub(rf'src="{re.escape(name)}/(?P<file>[\w.-]+)"', inline, body)
    title = text.partition("\n")[0].lstrip("# ")
    return PAGE.format(title=html.escape(title), body=body)
