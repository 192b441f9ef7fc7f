"""What comes into the page, on what it is shown, and what goes wrong, in a real browser."""

import subprocess

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("dlib", reason="the extra audit is not installed")
from tests.web.browsing import choose, marks, taken, until

pytestmark = pytest.mark.slow

FACE = (167, 67, 116, 116)
SERIOUS = ("serious", "critical")


def test_the_sample_teaches(visit):
    page = visit()
    page.focus("#sample")
    page.keyboard.press("Enter")
    page.wait_for_selector("#job .places")
    assert page.evaluate("document.activeElement.id") == "tab-check"
    assert marks(page).count() == 2


def test_dropped_and_pasted_photos_are_taken(visit, photos):
    page = visit()
    content = (photos / "bricks.png").read_bytes()
    for event, kind in (("drop", "DragEvent"), ("paste", "ClipboardEvent")):
        page.evaluate(
            """([bytes, event, kind]) => {
              const held = new DataTransfer();
              held.items.add(new File([new Uint8Array(bytes)], "a.png", { type: "image/png" }));
              const options = { bubbles: true, dataTransfer: held, clipboardData: held };
              document.body.dispatchEvent(new window[kind](event, options));
            }""",
            [list(content), event, kind],
        )
    page.wait_for_selector("#strip li:nth-child(3)")
    assert page.locator("#strip img").count() == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("text.jpg", "The file is "), ("bomb.png", "pixels"), ("large.jpg", "larger than 1 MB")],
)
def test_what_cannot_be_read_is_one_sentence(visit, photos, name, words):
    page = visit()
    page.set_input_files("#files", photos / name)
    page.wait_for_selector("#error:not([hidden])")
    assert words in page.inner_text("#error")
    assert "/" not in page.inner_text("#error").split(" ")[2]


def test_a_tiff_that_the_browser_cannot_show_is_shown(visit, photos):
    Image.fromarray(data.astronaut()).resize((300, 300)).save(photos / "scan.tif")
    page = visit()
    page.set_input_files("#files", photos / "scan.tif")
    until(page, "document.querySelector('#before').naturalWidth === 300")
    assert marks(page).count() == 1


def test_a_photo_that_is_too_large_goes_on_as_a_smaller_copy(visit, photos):
    Image.new("RGB", (2000, 1000), "white").save(photos / "wide.jpg")
    page = visit()
    page.set_input_files("#files", photos / "wide.jpg")
    page.get_by_role("button", name="Use a smaller copy (1.5 megapixels)").click()
    page.wait_for_selector("#job [role=status]")
    said = page.inner_text("#job")
    assert "a PNG copy of wide.jpg, of 1.5 instead of 2 megapixels" in said
    assert page.evaluate("document.querySelector('#before').naturalWidth") == 1732


def test_an_answer_is_taken_back(visit, photos):
    noise = np.random.default_rng(0).integers(0, 256, (1000, 900, 3), np.uint8)
    Image.fromarray(noise).save(photos / "noise.jpg", quality=40)
    page = visit()
    page.set_input_files("#files", photos / "noise.jpg")
    page.wait_for_selector("#progress:not([hidden])")
    page.click("#cancel")
    page.wait_for_selector("#progress", state="hidden")
    assert page.is_hidden("#error")
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_selector("#job [role=status]")


def test_nothing_is_asked_of_other_machines_and_nothing_is_stored(page):
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    assert page.foreign == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.context.cookies() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_problem(visit, hidden, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(color_scheme=scheme)
    found = [axe.Axe().run(page).response["violations"]]
    choose(page, hidden)
    page.locator("#job .place button").first.click()
    for tab, there in (("check", ".chart"), ("hide", "#download"), ("restore", ".answers")):
        page.click(f"#tab-{tab}")
        page.wait_for_selector(f"#job {there}")
        page.evaluate("document.querySelector('#job details').open = true")
        found.append(axe.Axe().run(page).response["violations"])
    worst = [
        (v["id"], v["nodes"][0]["html"]) for all_ in found for v in all_ if v["impact"] in SERIOUS
    ]
    assert worst == []


def test_a_phone_shows_all_of_it_in_one_column(visit, group):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    choose(page, group)
    for tab in ("hide", "check"):
        page.tap(f"#tab-{tab}")
        until(page, "document.querySelector('#progress').hidden")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    panel, view = (page.locator(one).bounding_box() for one in ("#panel", "#view"))
    assert panel["y"] >= view["y"] + view["height"]


def test_without_scripts_a_sentence_says_what_to_do(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert "needs JavaScript" in page.inner_text("noscript, body")
    context.close()


def test_a_video_is_checked_and_its_faces_are_hidden(visit, photos):
    pytest.importorskip("av", reason="the extra video is not installed")
    clip = photos / "clip.mp4"
    face = photos / "face.png"
    Image.fromarray(data.astronaut()).resize((256, 256)).save(face)
    made = ["ffmpeg", "-loglevel", "error", "-y", "-loop", "1", "-i", face, "-t", "1", "-r", "5"]
    try:
        subprocess.run([*made, "-pix_fmt", "yuv420p", clip], check=True)
    except FileNotFoundError:
        pytest.skip("ffmpeg is not there")
    page = visit()
    choose(page, clip)
    assert "at risk" in page.inner_text("#job [role=status]")
    page.click("#tab-hide")
    page.get_by_role("button", name="Hide all faces").click()
    page.wait_for_selector("#download")
    name, content = taken(page, lambda: page.click("#download"))
    assert name == "clip-hidden.mp4"
    (photos / name).write_bytes(content)
    probe = ["ffmpeg", "-loglevel", "error", "-y", "-i", photos / name, "-frames:v", "1", face]
    subprocess.run(probe, check=True)
    dark = np.asarray(Image.open(face).convert("L"))[40:85, 90:135]
    assert dark.mean() < 20
