"""The site is built from the documents, strictly, and needs nothing but itself."""

import os
import re
import shutil
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.config.defaults import MkDocsConfig

import site_pages

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "src/unveil/networks/weights").glob("*/README.md")),
]
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


class Resources(HTMLParser):
    """The addresses that a browser loads with a page by itself."""

    def __init__(self, page):
        super().__init__()
        self.addresses = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "link" and values.get("rel") != "canonical":
            self.addresses.append(values["href"])
        elif values.get(LOADED.get(tag)):
            self.addresses.append(values[LOADED[tag]])


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    addresses = {address for page in pages for address in Resources(page).addresses}
    assert any(address.endswith(".js") for address in addresses)
    assert any(address.endswith(".css") for address in addresses)
    foreign = {item for item in addresses if urlsplit(item).netloc}
    assert not foreign
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text())


@pytest.mark.slow
def test_every_page_and_picture_that_a_page_loads_is_there(site):
    for page in site.rglob("*.html"):
        for address in Resources(page).addresses:
            parts = urlsplit(address)
            if parts.path and not parts.scheme and page.name != "404.html":
                assert (page.parent / unquote(parts.path)).is_file(), (page, address)


@pytest.mark.slow
def test_the_search_works_from_the_file_system_and_asks_nobody(site, browser):
    asked = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(f"error {error}"))
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").press_sequentially("astronaut")
    page.wait_for_selector("a.md-search-result__link")
    found = page.locator("a.md-search-result__link").first.get_attribute("href")
    page.close()
    assert found
    assert not [address for address in asked if not address.startswith(("file:", "data:"))]


@pytest.mark.slow
def test_every_model_has_its_card_on_the_site(site):
    listed = (site / "models" / "index.html").read_text()
    for card in (ROOT / "src/unveil/networks/weights").glob("*/README.md"):
        assert f'href="{card.parent.name}.html"' in listed
        assert (site / "models" / f"{card.parent.name}.html").is_file()


@pytest.mark.slow
def test_the_reference_holds_what_the_package_exports(site):
    import unveil

    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    listed = zlib.decompress(inventory).decode().split()
    for name in unveil.__all__:
        value = getattr(unveil, name)
        assert f"{value.__module__}.{name}" in listed, name


def test_a_page_that_nobody_placed_is_among_the_guides(tmp_path):
    (tmp_path / "new.md").touch()
    (tmp_path / "old.md").touch()
    config = MkDocsConfig()
    config.docs_dir = str(tmp_path)
    config.nav = [{"Guides": ["tour.md"]}, {"Project": ["old.md"]}]
    assert site_pages.on_config(config).nav[0] == {"Guides": ["tour.md", "new.md"]}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for match in site_pages.LINK.finditer(text):
        if not site_pages.ADDRESS.match(match["target"]):
            assert (path.parent / unquote(match["target"])).exists(), match[0]


@pytest.mark.parametrize(
    ("text", "source", "page", "moved"),
    [
        ("[a](docs/log.md#b)", "README.md", "index.md", "[a](log.md#b)"),
        ("![a](docs/strip.png)", "README.md", "index.md", "![a](strip.png)"),
        ("[a](../README.md)", "docs/log.md", "log.md", "[a](index.md)"),
        ("[rows](../results)", "docs/log.md", "log.md", "rows"),
        ("[a](log.md)", "docs/reference/x.md", "reference/x.md", None),
        (
            "[a](../../cae.py)",
            "src/unveil/networks/weights/blur/README.md",
            "models/blur.md",
            "[a](../reference/networks.md)",
        ),
        ("[a](https://b.c/d.md)", "README.md", "index.md", "[a](https://b.c/d.md)"),
    ],
)
def test_links_are_moved_along_with_their_page(text, source, page, moved):
    if moved is None:
        with pytest.raises(FileNotFoundError, match=source):
            site_pages.moved(text, source, page)
    else:
        assert site_pages.moved(text, source, page) == moved
