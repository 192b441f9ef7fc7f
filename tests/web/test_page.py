"""The page in a real browser: upload, ask, compare, download, and what goes wrong."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from unveil.images.photos import read_photo

pytest.importorskip("playwright", reason="playwright is not installed")
pytestmark = pytest.mark.slow


def upload(page, path):
    page.set_input_files("#photo input[type=file]", path)
    page.wait_for_selector("#chosen p")


def ask(page, tab):
    """Press a tab's button; wait for its answer."""
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=tab, exact=True).click()
    answer = "#verdict" if tab == "Audit" else f"#{tab.lower()}-answer"
    page.wait_for_selector(f"{answer} p")
    return page.locator(answer)


def found(page):
    """Return what the page says of hidden parts, once it has looked for them."""
    said = "#finding p:text-matches('^(Found|Nothing)')"
    return page.wait_for_selector(said).inner_text()


def downloaded(answer):
    link = answer.locator("a[download]").get_attribute("href")
    return Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2])))


@pytest.fixture(scope="module")
def box():
    return "167,68,116,116"


@pytest.fixture(scope="module")
def blurred(photos):
    """The portrait, its face blurred by Pillow in an ellipse."""
    path = photos / "blurred.webp"
    clean = Image.open(photos / "astronaut.jpg")
    mask = Image.new("L", clean.size)
    ImageDraw.Draw(mask).ellipse((165, 60, 290, 200), fill=255)
    Image.composite(clean.filter(ImageFilter.GaussianBlur(8)), clean, mask).save(path, quality=95)
    return path


@pytest.fixture
def page(visit, photos):
    opened = visit()
    upload(opened, photos / "astronaut.jpg")
    return opened


def test_the_face_is_found_hidden_and_compared(page, photos):
    page.get_by_role("button", name="Find the face").click()
    page.wait_for_function("document.querySelector('#box textarea, #box input').value")
    page.wait_for_function("document.querySelector('.unveil-outline').style.width")
    outline = page.locator(".unveil-outline").bounding_box()
    photo = page.locator("#chosen img").bounding_box()
    left, top, width, height = map(int, page.input_value("#box textarea, #box input").split(","))
    scale = photo["width"] / 512
    drawn = [outline["x"] - photo["x"], outline["y"] - photo["y"]]
    drawn += [outline["width"], outline["height"]]
    assert drawn == pytest.approx([scale * side for side in (left, top, width, height)], abs=1)
    answer = ask(page, "Obfuscate")
    clean, hidden = read_photo(photos / "astronaut.jpg").rgb, np.asarray(downloaded(answer))
    inside = np.zeros(clean.shape[:2], bool)
    inside[top : top + height, left : left + width] = True
    assert np.array_equal(clean[~inside], hidden[~inside])
    assert not np.array_equal(clean[inside], hidden[inside])
    pictures = answer.locator(".unveil-pictures img")
    assert pictures.nth(0).bounding_box() == pictures.nth(1).bounding_box()
    slider = answer.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    cut = "getComputedStyle(document.querySelector('.unveil-after')).clipPath"
    assert page.evaluate(cut) == "inset(0px 0px 0px 0%)"
    page.keyboard.press("End")
    assert page.evaluate(cut) == "inset(0px 0px 0px 100%)"


def test_the_download_carries_no_metadata(page):
    picture = downloaded(ask(page, "Obfuscate"))
    assert not picture.getexif()
    assert not picture.info


def test_the_verdict_comes_with_the_setting_on_its_curve(visit, photos, tmp_path, box):
    from unveil.degradation import parse_operator
    from unveil.degradation.operators import obfuscate
    from unveil.images.arrays import to_array, to_photo
    from unveil.images.photos import write_photo

    photo = read_photo(photos / "astronaut.jpg")
    hidden = obfuscate(to_array(photo), parse_operator("pixelate:block=8"))
    write_photo(to_photo(hidden), tmp_path / "hidden.png")
    page = visit()
    upload(page, tmp_path / "hidden.png")
    page.fill("#box textarea, #box input", box)
    answer = ask(page, "Audit")
    assert "mosaic" in answer.inner_text()
    assert "of 100 cases" in answer.inner_text()
    assert "here: pixelate:block=8" in answer.locator("svg").text_content()


def test_a_hidden_face_is_outlined_named_and_judged_without_a_box(visit, blurred):
    page = visit()
    upload(page, blurred)
    plain = page.locator("#chosen img").get_attribute("src")
    assert re.match(r"Found: Gaussian blur, sigma [\d.]+ px \([\d.]+ to [\d.]+\), in ", found(page))
    shown = page.locator("#chosen img").get_attribute("src")
    assert shown != plain
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.partition(",")[2]))), int)
    lines = (abs(pixels - [255, 220, 0]) < 40).all(axis=-1)
    rows, columns = (np.flatnonzero(lines.any(axis=axis)) for axis in (1, 0))
    assert (columns[0], columns[-1], rows[-1]) == pytest.approx((165, 290, 200), abs=16)
    answer = ask(page, "Audit").inner_text()
    assert "hidden part in" in answer
    assert "of 100 cases" in answer


def test_a_box_that_is_chosen_early_is_still_drawn_over_the_outlined_photo(visit, blurred):
    page = visit()
    upload(page, blurred)
    page.fill("#box textarea, #box input", "100,100,50,50")
    plain = page.locator("#chosen img").get_attribute("src")
    page.wait_for_function(f"document.querySelector('#chosen img').src !== '{plain}'")
    page.wait_for_function("document.querySelector('.unveil-outline').style.width")
    assert page.locator(".unveil-outline").is_visible()


def test_a_photo_that_follows_one_that_is_looked_at_gets_its_own_finding(visit, photos, blurred):
    large = photos / "large-blurred.jpg"
    Image.open(blurred).resize((900, 900)).save(large)
    page = visit()
    upload(page, large)
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("!document.querySelector('#chosen p')")
    seen = "() => [...document.querySelectorAll('#finding p')].map((p) => p.innerText).join()"
    page.evaluate(f"window.said = new Set(); setInterval(() => said.add(({seen})()), 20)")
    page.set_input_files("#photo input[type=file]", photos / "cat.png")
    page.wait_for_selector("#chosen img[data-width='451']")
    own = found(page)
    assert set(page.evaluate("[...said]")) <= {"", "Looking for hidden parts ...", own}


def test_strength_is_asked_anew_when_the_slider_is_let_go(page):
    ask(page, "Obfuscate")
    strength = page.locator("#obfuscate-strength input[type=range]")
    before = page.locator("#obfuscate-answer p").first.inner_text()
    assert "block=8" in before
    strength.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    strength.dispatch_event("pointerup")
    page.get_by_text("Hidden with pixelate:block=9").wait_for()


def test_what_was_found_is_undone(visit, photos, tmp_path):

    from unveil.cli import select

    blurred = tmp_path / "blurred.png"
    words = ["obfuscate", str(photos / "cat.png"), "-o", str(blurred)]
    select([*words, "--operator", "disk:radius=4"])()
    page = visit()
    upload(page, blurred)
    answer = ask(page, "Restore")
    assert "Found: disk" in answer.inner_text()
    assert downloaded(answer).size == (451, 300)


def test_a_part_is_chosen_by_dragging(page):
    page.locator("#chosen img").scroll_into_view_if_needed()
    shown = page.locator("#chosen img").bounding_box()
    page.mouse.move(shown["x"] + shown["width"] / 4, shown["y"] + shown["height"] / 4)
    page.mouse.down()
    page.mouse.move(shown["x"] + shown["width"] / 2, shown["y"] + shown["height"] / 2)
    page.mouse.up()
    assert page.input_value("#box textarea, #box input") == "128,128,128,128"


@pytest.fixture(scope="module")
def soft_face(photos):
    """The portrait, its face out of focus where a brush of 96 pixels went."""
    from tests.web.test_answers import FACE
    from unveil.degradation import Disk
    from unveil.degradation.operators import obfuscate
    from unveil.images.arrays import to_array, to_photo
    from unveil.images.masks import paint_mask

    photo = read_photo(photos / "astronaut.jpg")
    mask = paint_mask(FACE, *photo.rgb.shape[:2])
    hidden = to_photo(obfuscate(to_array(photo), Disk(5.0))).rgb
    path = photos / "soft.png"
    Image.fromarray(np.where(mask[..., None] > 0, hidden, photo.rgb)).save(path)
    Image.fromarray((255 * mask).astype(np.uint8)).save(photos / "mask.png")
    return path


def state(page, choice, strength):
    """State in the tab Restore what was done."""
    page.get_by_role("tab", name="Restore").click()
    page.locator("#restore-kind input").click()
    page.get_by_role("option", name=choice).click()
    enter(page, "restore-strength", strength)


def enter(page, field, value):
    """Type a number, and leave the field: the page may move a little then."""
    number = page.locator(f"#{field} input[type=number]")
    number.fill(str(value))
    number.press("Tab")


def painted(page, *points):
    """Drag over the chosen photo from point to point of it; return the strokes that are written."""
    page.locator("#chosen img").scroll_into_view_if_needed()
    shown = page.locator("#chosen img").bounding_box()
    scale = shown["width"] / 512
    for n, (x, y) in enumerate(points):
        page.mouse.move(shown["x"] + scale * x, shown["y"] + scale * y)
        if n == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_function("document.querySelectorAll('.unveil-mask polyline').length")
    return page.locator("#strokes textarea, #strokes input").input_value()


def test_a_painted_mask_is_restored_as_real_as_the_dial_says(visit, soft_face):
    page = visit()
    upload(page, soft_face)
    found(page)
    state(page, "lens out of focus", 5)
    page.get_by_label("Paint a mask").click()
    page.wait_for_function("document.querySelector('#paint input').checked")
    enter(page, "brush", 96)
    enter(page, "realism", 1)
    text = painted(page, (225, 90), (225, 110))
    assert re.fullmatch(r"48:22\d,(89|90|91)( \d+,\d+)*;", text)
    assert page.input_value("#box textarea, #box input") == ""
    answer = ask(page, "Restore")
    answer.locator(".unveil-label", has_text="a plausible picture, no evidence").wait_for()
    before, after = np.asarray(Image.open(soft_face)), np.asarray(downloaded(answer))
    changed = (before != after).any(axis=-1)
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == pytest.approx((42, 158, 177, 273), abs=6)
    page.get_by_role("button", name="Clear what is painted").click()
    page.wait_for_function("!document.querySelectorAll('.unveil-mask polyline').length")


def choose_mask(page, path):
    page.set_input_files("#mask input[type=file]", path)
    # While it arrives its name is one text, afterwards two: the button stays.
    page.locator("#mask").get_by_role("button", name="Clear").wait_for()


def test_a_chosen_mask_is_used_and_one_of_another_size_refused(visit, soft_face, photos):
    page = visit()
    upload(page, soft_face)
    found(page)
    state(page, "lens out of focus", 5)
    choose_mask(page, photos / "mask.png")
    answer = ask(page, "Restore")
    # The strength alone was an answer, too.
    answer.get_by_text("A restored face is an estimate").wait_for()
    assert answer.locator(".unveil-label").count() == 0
    page.locator("#mask").get_by_role("button", name="Clear").click()
    choose_mask(page, photos / "cat.png")
    page.get_by_role("button", name="Restore", exact=True).click()
    alert = page.locator("#restore-answer").get_by_role("alert")
    alert.wait_for()
    assert "The mask has 451x300 pixels, the picture 512x512." in alert.inner_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("text.jpg", "The photo: is not a photo that can be read"),
        ("bomb.png", "The photo: 20000x20000 is 400,000,000 pixels, over the limit of 1,500,000."),
    ],
)
def test_what_is_no_photo_is_refused_in_a_sentence(visit, photos, name, words):
    page = visit()
    upload(page, photos / name)
    assert words in page.get_by_role("alert").first.inner_text()


def test_a_file_that_is_too_large_is_refused_in_a_sentence(visit, photos):
    page = visit()
    page.set_input_files("#photo input[type=file]", photos / "large.jpg")
    page.get_by_text("exceed the maximum allowed size of 1.0 Mb", exact=False).first.wait_for()


def test_nothing_is_asked_without_a_photo_or_of_a_box_outside(visit, page):
    assert "Choose a photo first" in ask(visit(), "Obfuscate").inner_text()
    page.fill("#box textarea, #box input", "500,500,100,100")
    assert "is not inside the picture of 512x512 pixels" in ask(page, "Obfuscate").inner_text()


def test_two_visitors_get_their_own_answers(page, visit, photos):
    other = visit()
    upload(other, photos / "cat.png")
    for one in (page, other):
        one.get_by_role("button", name="Obfuscate", exact=True).click()
    sizes = []
    for one in (page, other):
        one.wait_for_selector("#obfuscate-answer a[download]")
        sizes.append(downloaded(one.locator("#obfuscate-answer")).size)
    assert sizes == [(512, 512), (451, 300)]


def test_a_visitor_who_leaves_keeps_nobody_waiting_and_leaves_no_file(
    page, visit, photos, temporary
):
    page.get_by_role("tab", name="Audit").click()
    page.get_by_role("button", name="Audit", exact=True).click()
    page.context.close()
    other = visit()
    upload(other, photos / "cat.png")
    ask(other, "Obfuscate")
    left = [path.name for path in temporary.rglob("*") if path.is_file()]
    assert left == ["alive"]  # on which the server holds its lock


def test_nothing_is_asked_of_other_machines(page):
    ask(page, "Obfuscate")
    assert page.foreign == []


@pytest.mark.parametrize("tab", ["Obfuscate", "Restore", "Audit"])
def test_axe_finds_no_serious_problem(page, tab):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    ask(page, "Obfuscate")
    page.get_by_role("tab", name=tab).click()
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in SERIOUS] == []


SERIOUS = ("serious", "critical")


def test_a_phone_shows_all_of_it_without_sideways_scrolling(visit, photos):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    upload(page, photos / "astronaut.jpg")
    for tab in ("Obfuscate", "Audit"):
        ask(page, tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_limits_are_named(page):
    assert "up to 1 MB and 1.5 megapixels" in page.inner_text("body")
