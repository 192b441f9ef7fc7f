"""Pages of the site from files outside docs/; mkdocs calls this (mkdocs.yml).

README, CONTRIBUTING, CHANGELOG and the model cards become pages when the site is built, so that
nothing is written twice. Links are rewritten for the site: to a page if there is one, else only
the text of the link is left.
"""

import os
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
WEIGHTS = "src/unveil/networks/weights"
LINK = re.compile(r"(?P<text>\[[^\]]*\])\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
ADDRESS = re.compile(r"\w+:")

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{
        f"{WEIGHTS}/{card.parent.name}/README.md": f"models/{card.parent.name}.md"
        for card in sorted((ROOT / WEIGHTS).glob("*/README.md"))
    },
    "src/unveil/networks": "reference/networks.md",
}
"""Pages of files outside docs/, relative to the site's root."""


GUIDES = "Guides"
"""Section of the navigation for pages that mkdocs.yml does not place."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages of docs/ that the navigation does not name among the guides."""
    nav = config.nav or []
    guides = next(part[GUIDES] for part in nav if GUIDES in part)
    placed = {page for part in nav for pages in part.values() for page in pages}
    found = {path.name for path in Path(config.docs_dir).glob("*.md")}
    guides.extend(sorted(found - placed))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of files outside docs/, and the list of model cards."""
    for source, page in PAGES.items():
        if (ROOT / source).is_file():
            text = (ROOT / source).read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=moved(text, source, page)))
    files.append(File.generated(config, "models/index.md", content=list_of_cards()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page of docs/ that lead out of docs/."""
    if page.file.generated_by:
        return markdown
    return moved(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)


def list_of_cards() -> str:
    """Return the page that links to every model card."""
    cards = [page for page in PAGES.values() if page.startswith("models/")]
    names = [PurePosixPath(card).stem for card in cards]
    lines = [f"- [`{name}`]({name}.md)" for name in names]
    return "# Model cards\n\nOne for each set of weights in the package.\n\n" + "\n".join(lines)


def moved(text: str, source: str, page: str) -> str:
    """Return the text of the file ``source`` with its links rewritten for the site's ``page``.

    Raises:
        FileNotFoundError: a link's target does not exist in the repository.
    """

    def corrected(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if ADDRESS.match(target):
            return match[0]
        path = os.path.normpath(PurePosixPath(source).parent / target)
        if not (ROOT / path).exists() and path not in PAGES:
            raise FileNotFoundError(f"{source}: links to {target}, which is not there")
        on_site = site_path(path)
        if on_site is None:
            return match["text"][1:-1]
        return f"{match['text']}({os.path.relpath(on_site, PurePosixPath(page).parent)}{anchor})"

    return LINK.sub(corrected, text)


def site_path(path: str) -> str | None:
    """Return the page of a path of the repository; None if it has none."""
    for outside in (path, str(PurePosixPath(path).parent)):
        if outside in PAGES:
            return PAGES[outside]
    return path.removeprefix("docs/") if path.startswith("docs/") else None
