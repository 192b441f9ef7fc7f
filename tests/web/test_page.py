"""The jobs of the page in a real browser, by mouse and by keyboard."""

import io
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("dlib", reason="the extra audit is not installed")
from tests.web.browsing import choose, drag, marks, pixels, taken, until

pytestmark = pytest.mark.slow

FACE = (167, 67, 116, 116)
SERIOUS = ("serious", "critical")


def test_a_group_is_hidden_and_checked_in_three_clicks(visit, group):
    page = visit()
    choose(page, group)  # 1: the photo
    assert page.locator("#job .places > li").count() == 8
    assert "Not seen are faces under" in page.inner_text("#job")
    page.click("#tab-hide")  # 2
    page.wait_for_selector("#download")
    assert "Checked: 8 of 8 are hidden." in page.inner_text("#job")
    assert "Not seen are faces under" in page.inner_text("#job")
    name, content = taken(page, lambda: page.click("#download"))  # 3
    assert name == "group-hidden.png"
    before, after = pixels(group.read_bytes()), pixels(content)
    for number in range(8):
        left, top = 230 * (number % 4), 260 * (number // 4)
        face = (slice(top + 67, top + 183), slice(left + 57, left + 173))
        assert (before[face] != after[face]).any(axis=2).mean() > 0.98


def test_a_hidden_part_is_restored_in_two_clicks_and_a_drawn_one_by_itself(visit, hidden):
    page = visit()
    choose(page, hidden)  # 1: the photo
    page.click("#tab-restore")  # 2
    page.wait_for_selector("text=Download PNG")
    said = page.inner_text("#job")
    assert "A mosaic of 8 px blocks;" in said
    assert "A restored face is an estimate, not evidence." in said
    assert page.locator("#after").evaluate("image => image.naturalWidth") == 512
    page.click("[data-tool=box]")
    drag(page, (300, 300), (380, 380))
    assert page.locator("text=Download PNG").count() == 0
    assert page.is_hidden("#after")
    page.get_by_role("button", name="Restore your place 2").click()
    page.get_by_label("Blur", exact=True).check()  # nothing was found: the visitor says what it is
    page.wait_for_selector("#job [role=status] >> text=As stated: blurred by about")
    page.click("[data-tool=brush]")
    drag(page, (170, 60), (290, 180))
    page.get_by_role("button", name="Restore painted part 3").click()
    page.wait_for_selector("#job [role=status] >> text=A mosaic of 8 px blocks")
    assert "Restored: painted part 3 only" in page.inner_text("#job")


def test_places_are_outlined_numbered_and_told_with_their_risk(page):
    (mark,) = marks(page).all()
    assert mark.get_attribute("aria-label").startswith("Face 1: Named right in 9")
    assert "1 · 9" in mark.text_content()
    drawn = mark.locator("rect.mark")
    box = [float(drawn.get_attribute(name)) for name in ("x", "y", "width", "height")]
    assert np.abs(np.subtract(box, FACE)).max() < 8
    shown, photo = drawn.bounding_box(), page.locator("#before").bounding_box()
    scale = photo["width"] / 512
    assert shown["x"] - photo["x"] == pytest.approx(scale * box[0], abs=3)
    assert shown["width"] == pytest.approx(scale * box[2], abs=6)


def test_the_curve_of_the_chosen_place_marks_its_setting(visit, hidden):
    page = visit()
    choose(page, hidden)
    page.locator("#job .place button").first.click()
    chart = page.locator("#job svg.chart")
    assert "; this place: " in chart.get_attribute("aria-label")
    assert "Here, the block is" in page.inner_text("#job .chosen")
    line = chart.locator(".line").get_attribute("points").split()
    here = [float(chart.locator(".here").get_attribute(name)) for name in ("cx", "cy")]
    points = np.array([point.split(",") for point in line], float)
    assert points[0, 0] <= here[0] <= points[-1, 0]
    assert np.interp(here[0], *points.T) == pytest.approx(here[1], abs=8)


def numbers(field):
    return [int(number) for number in field.input_value().split(",")]


def test_a_box_is_drawn_judged_moved_resized_erased_and_brought_back(page):
    page.click("[data-tool=box]")
    drag(page, (300, 300), (380, 380))
    assert marks(page).count() == 2
    own = "document.querySelector('#job .places li:nth-child(2)').innerText"
    until(page, f"/A face here would be named right[^]*Your place/.test({own})")
    said = page.inner_text("#job [role=status]")
    assert said == "1 face found, and 1 place of yours; 2 at risk."
    page.click("[data-tool=choose]")
    drag(page, (340, 340), (360, 350))
    box = page.locator("#job details input[type=text]")
    page.locator("#job summary").click()
    assert (
        np.abs(
            np.subtract([int(n) for n in box.input_value().split(",")], (320, 310, 80, 80))
        ).max()
        <= 2
    )
    drag(page, (400, 390), (420, 420))
    assert (
        np.abs(
            np.subtract([int(n) for n in box.input_value().split(",")], (320, 310, 100, 110))
        ).max()
        <= 3
    )
    page.click("#erase")
    assert marks(page).count() == 1
    page.click("#undo")
    assert marks(page).count() == 2
    page.click("#undo")
    page.click("#undo")
    page.click("#undo")
    assert marks(page).count() == 1


def test_what_is_painted_and_a_spared_face(page):
    page.click("[data-tool=brush]")
    drag(page, (400, 400), (440, 400))
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    page.locator("#job").get_by_label("Face 1").uncheck()
    page.wait_for_selector("#download")
    _, content = taken(page, lambda: page.click("#download"))
    before, after = pixels(page_photo()), pixels(content)
    changed = (before != after).any(axis=2)
    assert changed[398:402, 400:440].all()
    assert not changed[67:183, 167:283].any()


def page_photo():
    out = io.BytesIO()
    Image.fromarray(data.astronaut()).save(out, "JPEG", quality=95)
    return out.getvalue()


def test_blocks_show_their_risk_and_other_covers_do_not(page):
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    assert "named right" not in page.inner_text("#job [role=status]")
    page.get_by_label("Blocks across the face").first.check()
    page.wait_for_selector("#job [role=status] >> text=Still named right")
    page.get_by_label("Black box").check()
    page.wait_for_selector("#job [role=status] >> text=black box")


def test_a_face_that_is_ticked_and_unticked_at_once_is_the_only_one_that_changes(visit, group):
    page = visit()
    choose(page, group)
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    page.focus("label:has-text('Face 3') input")
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    page.wait_for_selector("#download")
    assert page.locator("#job fieldset input[type=checkbox]:checked").count() == 8
    assert "Checked: 8 of 8 are hidden." in page.inner_text("#job")


def test_the_last_result_is_not_given_out_once_another_is_asked(page):
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    page.get_by_label("Black box").check()
    assert page.locator("#download").count() == 0
    page.wait_for_selector("#download")
    _, content = taken(page, lambda: page.click("#download"))
    assert not pixels(content)[100:150, 200:250].any()


def test_a_place_that_is_dragged_over_the_edge_stops_there(page):
    size = (
        "['width', 'height'].map((n) => document.querySelector('#marks rect.mark').getAttribute(n))"
    )
    before = page.evaluate(size)
    drag(page, (225, 125), (225, -80))
    assert page.evaluate(size) == before
    assert page.evaluate("document.querySelector('#marks rect.mark').getAttribute('y')") == "0"


def test_the_slider_shows_the_result_first_and_then_the_photo(page):
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    cut = "getComputedStyle(document.querySelector('#after')).clipPath"
    assert page.evaluate(cut) in ("inset(0px 0px 0px 0%)", "inset(0px)")
    page.focus("#cut")
    page.keyboard.press("End")
    assert page.evaluate(cut) == "inset(0px 0px 0px 100%)"
    assert page.get_attribute("#cut", "aria-valuetext") == "before"


def test_it_is_zoomed_to_its_pixels_and_back(page):
    fit = page.inner_text("#zoom")
    for _ in range(4):
        page.click("#in")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#before')).imageRendering")
        == "pixelated"
    )
    drag_view = page.locator("#view").bounding_box()
    before = page.locator("#before").bounding_box()
    page.mouse.move(drag_view["x"] + 20, drag_view["y"] + 20)
    page.mouse.down()
    page.mouse.move(drag_view["x"] + 60, drag_view["y"] + 50)
    page.mouse.up()
    after = page.locator("#before").bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((40, 30), abs=1)
    page.click("#fit")
    assert page.inner_text("#zoom") == fit
    page.focus("#view")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    photo = page.locator("#before").bounding_box()
    assert photo["x"] + photo["width"] > drag_view["x"] + drag_view["width"] / 2


def test_the_keyboard_alone_hides_a_box_that_it_draws(visit, photos):
    page = visit()
    choose(page, photos / "bricks.png")
    page.focus("[data-tool=box]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.id")
    left = "Number(document.querySelector('#marks rect.mark').getAttribute('x'))"
    before = page.evaluate(left)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+ArrowLeft")
    assert page.evaluate(left) == before - 9
    page.keyboard.press("Shift+ArrowDown")
    page.focus("#tab-check")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#download")
    assert page.evaluate("document.activeElement.id") == "tab-hide"
    assert "Checked: 1 of 1 are hidden." in page.inner_text("#job")
    page.focus("#marks g")
    page.keyboard.press("Delete")
    assert marks(page).count() == 0
    assert page.evaluate("document.activeElement.id") == "view"
    page.keyboard.press("Control+z")
    assert marks(page).count() == 1
    page.focus("[data-tool=brush]")
    for key in ("Enter", "Space", "ArrowLeft", "ArrowLeft", "Space", "Escape"):
        page.keyboard.press(key)
    assert len(page.get_attribute("#marks .stroke", "points").split()) == 4
    assert page.locator("#marks .cross").count() == 0


def test_several_answers_and_the_map_of_uncertainty_stand_side_by_side(visit, hidden):
    page = visit()
    choose(page, hidden)
    page.click("#tab-restore")
    page.wait_for_selector("text=Download PNG")
    page.get_by_label("Several plausible answers").check()
    page.wait_for_selector("#job .answers button:nth-child(5)")
    words = page.locator("#job .answers button").all_inner_texts()
    assert words == [
        "The answer",
        "How unsure: white is a guess",
        "Plausible, 1",
        "Plausible, 2",
        "Plausible, 3",
    ]
    shown = page.get_attribute("#after", "src")
    page.get_by_role("button", name="Plausible, 2").click()
    assert page.get_attribute("#after", "src") != shown


def test_a_real_answer_is_labelled_in_the_page_and_in_the_jpeg(visit, hidden):
    page = visit()
    choose(page, hidden)
    page.click("#tab-restore")
    page.wait_for_selector("text=Download PNG")
    page.get_by_label("Realism").fill("1")
    label = page.wait_for_selector("#job .label").inner_text()
    name, content = taken(page, lambda: page.get_by_role("button", name="JPEG").click())
    assert name == "hidden-restored.jpg"
    assert Image.open(io.BytesIO(content)).info["comment"].decode() == label


def test_many_photos_come_back_in_one_file(visit, photos, group):
    page = visit()
    choose(page, photos / "astronaut.jpg", group)
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    name, content = taken(page, lambda: page.get_by_role("button", name="All as ZIP").click())
    assert name == "hidden.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["astronaut-hidden.png", "group-hidden.png"]
        assert Image.open(archive.open("group-hidden.png")).size == (920, 520)
    strip = "[...document.querySelectorAll('#strip button')].map((one) => one.ariaLabel)"
    first, second, _ = page.evaluate(strip)
    assert first == "Photo 1 of 2: astronaut.jpg, hidden, 1 at risk"
    assert second == "Photo 2 of 2: group.jpg, hidden, 8 at risk"
    page.click("#strip li:nth-child(2) button")
    assert page.get_attribute("#tab-hide", "aria-selected") == "true"
    assert "8 faces covered with a drawn mosaic." in page.inner_text("#job")
    (photos / "all.zip").write_bytes(content)
    subprocess.run(["unzip", "-tq", photos / "all.zip"], check=False)


def test_the_report_names_every_place(page):
    page.click("[data-tool=ellipse]")
    drag(page, (300, 300), (380, 380))
    page.wait_for_selector("#job [role=status] >> text=2 at risk")
    page.locator("#job summary").click()
    name, content = taken(page, lambda: page.get_by_role("button", name="Report (HTML)").click())
    assert name == "unveil-report.html"
    assert "astronaut.jpg" in content.decode()
    assert "Nothing is blurred here" in content.decode()
    assert "<td>Face 1<td>" in content.decode()
    assert "<td>Your place 2<td>300, 300, 80, 80<td>A face here would be " in content.decode()
    assert "unveil audit astronaut.jpg" in content.decode()
    page.click("#tab-hide")
    page.wait_for_selector("#download")
    page.get_by_role("checkbox", name="Your place 2").uncheck()
    page.wait_for_selector("#download")
    _, content = taken(page, lambda: page.get_by_role("button", name="Report (HTML)").click())
    assert "A command to hide: <code>unveil obfuscate astronaut.jpg" in content.decode()
    assert "<td>Hidden, and checked" in content.decode()
    assert "<td>Left open" in content.decode()
