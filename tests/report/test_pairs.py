"""The page of pairs: what is asked, in a real browser; and the choices that come back."""

import collections
import contextlib
import json
import re

import numpy as np
import pytest

from unveil.errors import UnveilError
from unveil.images.photos import Photo, encode_photo
from unveil.report.pairs import CLEAN, Choice, Pair, draw_pairs, pairs_page, read_choices

PHOTOS, MAKERS = ["a", "b</script>", "c"], ["blur", "lmmse", "bicubic"]


def plain(level: int) -> bytes:
    return encode_photo(Photo(np.full((8, 12, 3), level, np.uint8)), ".png")


@pytest.fixture(scope="module")
def pictures():
    """Plain pictures: 10 levels brighter for each photo, 1 for each maker."""
    makers = [CLEAN, *MAKERS]
    return {
        photo: {maker: plain(10 * row + column) for column, maker in enumerate(makers)}
        for row, photo in enumerate(PHOTOS, start=1)
    }


def test_every_two_makers_are_compared_once_on_every_photo():
    pairs = draw_pairs(PHOTOS, MAKERS)
    asked = collections.Counter((p.photo, frozenset([p.left, p.right])) for p in pairs)
    assert len(asked) == len(pairs) == 9
    assert {len(two) for _, two in asked} == {2}


def test_order_and_sides_are_drawn_by_the_seed():
    photos = [str(number) for number in range(400)]
    pairs = draw_pairs(photos, ["x", "y"], seed=1)
    assert pairs == draw_pairs(photos, ["x", "y"], seed=1)
    assert pairs != draw_pairs(photos, ["x", "y"], seed=2)
    assert [pair.photo for pair in pairs] != photos
    assert 150 < sum(pair.left == "x" for pair in pairs) < 250


def test_the_page_is_one_file_that_loads_nothing(pictures):
    page = pairs_page(draw_pairs(PHOTOS, MAKERS), pictures)
    assert page == pairs_page(draw_pairs(PHOTOS, MAKERS), pictures)
    assert not re.search(r"https?://|//[a-z]|src=|@import|url\(", page)
    assert "default-src 'none'" in page
    assert page.count("</script>") == page.count("<script") == 2  # no name ends one


ROW = {"photo": "a", "left": "blur", "right": "lmmse", "preferred": "right", "page": "x"}


class TestReading:
    def read(self, tmp_path, *rows):
        path = tmp_path / "choices.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        return read_choices(path)

    def test_choices_are_read_in_their_order(self, tmp_path):
        other = ROW | {"preferred": "neither"}
        pair = Pair("a", "blur", "lmmse")
        assert self.read(tmp_path, ROW, other) == [
            Choice(pair, "right"),
            Choice(pair, "neither"),
        ]

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("no JSON", "line 2: is not a choice"),
            ("[]", "line 2: is not a choice"),
            ({"photo": "a", "left": "b", "preferred": "left"}, "line 2: is not a choice"),
            (ROW | {"preferred": "both"}, "line 2: preferred is left, right or neither"),
        ],
    )
    def test_another_line_is_named(self, row, said, tmp_path):
        with pytest.raises(UnveilError, match=said):
            self.read(tmp_path, ROW, row)

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(UnveilError, match=r"gone\.jsonl: no such file"):
            read_choices(tmp_path / "gone.jsonl")


@pytest.mark.slow
class TestInABrowser:
    PAIRS = draw_pairs(PHOTOS, MAKERS)[:3]

    @pytest.fixture
    def page(self, browser, pictures, tmp_path):
        path = tmp_path / "pairs.html"
        path.write_text(pairs_page(self.PAIRS, pictures), encoding="utf-8")
        context = browser.new_context(accept_downloads=True)
        opened = context.new_page()
        opened.wrong = []
        opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
        here = ("file:", "data:", "blob:")
        opened.on(
            "request",
            lambda asked: asked.url.startswith(here) or opened.wrong.append(asked.url),
        )
        opened.goto(path.as_uri())
        yield opened
        context.close()
        assert not opened.wrong

    @staticmethod
    def levels(page):
        """The levels of the pictures that are shown, from left to right."""
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        draw = """(image) => { const sheet = document.createElement("canvas");
            const pen = sheet.getContext("2d"); pen.drawImage(image, 0, 0);
            return pen.getImageData(0, 0, 1, 1).data[0]; }"""
        return page.eval_on_selector_all("img", f"(images) => images.map({draw})")

    def choices(self, page, tmp_path):
        with page.expect_download() as waited:
            page.get_by_role("button", name="Download").click()
        waited.value.save_as(tmp_path / "choices.jsonl")
        return read_choices(tmp_path / "choices.jsonl")

    def test_keys_and_buttons_choose_and_the_rows_come_back(self, page, tmp_path):
        page.keyboard.press("ArrowLeft")
        page.get_by_role("button", name="neither").click()
        page.keyboard.press("ArrowRight")
        assert "All 3 chosen" in page.inner_text("#count")
        assert not page.locator("#asked").is_visible()
        page.keyboard.press("ArrowLeft")  # there is nothing left to choose
        told = zip(self.PAIRS, ("left", "neither", "right"), strict=True)
        assert self.choices(page, tmp_path) == [Choice(pair, said) for pair, said in told]

    def test_the_pictures_are_those_of_the_pair_the_original_between(self, page):
        for pair in self.PAIRS:
            row = 10 * (1 + PHOTOS.index(pair.photo))
            left, right = (row + 1 + MAKERS.index(maker) for maker in (pair.left, pair.right))
            assert self.levels(page) == [left, row, right]
            page.keyboard.press("ArrowDown")

    def test_a_choice_can_be_taken_back(self, page, tmp_path):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        page.get_by_role("button", name="this one →").click()
        assert self.choices(page, tmp_path) == [Choice(self.PAIRS[0], "right")]

    def test_a_reload_goes_on_where_it_was(self, page, tmp_path):
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("#count").startswith("1 of 3")
        page.reload()
        assert page.inner_text("#count").startswith("1 of 3")
        assert self.choices(page, tmp_path) == [Choice(self.PAIRS[0], "left")]

    def test_a_window_opened_later_goes_on_where_it_was(self, page):
        """If the browser tells one window what another has stored: a busy one forgets it."""
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
            page.evaluate("localStorage.setItem('told', 'yes')")
            with contextlib.closing(page.context.new_page()) as later:
                later.goto(page.url)
                if later.inner_text("#count").startswith("1 of 3"):
                    return
                assert later.evaluate("localStorage.getItem('told')") is None
            page.keyboard.press("ArrowUp")
        pytest.skip("this browser stores nothing for other windows")

    def test_small_pictures_are_enlarged_and_all_alike(self, page):
        self.levels(page)
        boxes = [page.locator(f"#{side}").bounding_box() for side in ("left", CLEAN, "right")]
        assert {(box["width"], box["height"]) for box in boxes} == {(48, 32)}

    def test_people_who_see_little_can_use_it(self, page):
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe")
        assert not axe.Axe().run(page).response["violations"]
