"""The tools that ask people and score their choices, on folders of pictures."""

import json

import numpy as np
import pytest

import draw_pairs
import score_choices
from unveil.degradation.operators import gaussian_blur
from unveil.errors import UnveilError, UsageError
from unveil.images.arrays import to_array, to_photo
from unveil.images.photos import Photo, read_photo, write_photo
from unveil.metrics.quality import METRICS, psnr
from unveil.report.pairs import CLEAN, read_choices

BLURS = {"sharp": 0.6, "soft": 1.5, "dull": 3.0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Four originals, and restorations that leave more and more blur."""
    place, draws = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for number in range(4):
        pixels = draws.integers(256, size=(48, 48, 3), dtype=np.uint8)
        clean = gaussian_blur(to_array(Photo(pixels)), 5, 1.0)
        made = {CLEAN: clean} | {name: gaussian_blur(clean, 15, s) for name, s in BLURS.items()}
        for name, image in made.items():
            (place / name).mkdir(exist_ok=True)
            write_photo(to_photo(image), place / name / f"photo{number}.png")
    return place


@pytest.fixture
def restored(folders):
    return tuple(folders / name for name in BLURS)


@pytest.fixture
def page(folders, restored, tmp_path):
    options = draw_pairs.Options(folders / CLEAN, restored, tmp_path / "pairs.html", seed=3)
    draw_pairs.main(options)
    text = options.output.read_text(encoding="utf-8")
    return json.loads(text.split('id="study">')[1].split("</script>")[0])


def choices_by_psnr(page, folders, path, *, against=lambda number: False):
    """Write the choices of somebody who sees what PSNR sees, but for some pairs."""
    with path.open("w") as file:
        for number, pair in enumerate(page["pairs"]):
            clean, left, right = (
                to_array(read_photo(folders / maker / f"{pair['photo']}.png"))
                for maker in (CLEAN, pair["left"], pair["right"])
            )
            is_left = (psnr(left, clean) > psnr(right, clean))[0] != against(number)
            row = pair | {"preferred": "left" if is_left else "right", "page": page["page"]}
            file.write(json.dumps(row) + "\n")
    return path


def test_all_pairs_of_all_photos_are_on_the_page(page):
    assert len(page["pairs"]) == 4 * 3
    assert {*page["pictures"]} == {f"photo{number}" for number in range(4)}
    assert all({*made} == {CLEAN, *BLURS} for made in page["pictures"].values())


def test_only_so_many_photos_are_asked_about(folders, restored, tmp_path):
    output = tmp_path / "few.html"
    draw_pairs.main(draw_pairs.Options(folders / CLEAN, restored, output, photos=1))
    assert output.read_text().count('"photo": "photo0"') == 3
    assert "photo1" not in output.read_text()


def test_suffixes_may_differ_and_what_is_not_everywhere_is_left_out(folders, tmp_path, capsys):
    for maker in ("one", "two"):
        photo = read_photo(folders / "soft" / "photo2.png")
        write_photo(photo, tmp_path / f"{maker}-photo2.jpg")
        (tmp_path / maker).mkdir()
        (tmp_path / f"{maker}-photo2.jpg").rename(tmp_path / maker / "photo2.jpg")
    output = tmp_path / "pairs.html"
    both = (tmp_path / "one", tmp_path / "two")
    draw_pairs.main(draw_pairs.Options(folders / CLEAN, both, output))
    assert output.read_text().count('"photo": "photo2"') == 1
    assert "3 pictures are left out" in capsys.readouterr().err


def test_folders_that_cannot_be_compared_are_refused(folders, restored, tmp_path):
    def write(clean, *others):
        draw_pairs.main(draw_pairs.Options(clean, others, tmp_path / "pairs.html"))

    twice = (*restored[:2], restored[0])
    for others in (restored[:1], twice, (restored[0], folders / CLEAN)):
        with pytest.raises(UsageError, match="two or more folders"):
            write(folders / CLEAN, *others)
    small = tmp_path / "small"
    small.mkdir()
    write_photo(Photo(np.zeros((9, 9, 3), np.uint8)), small / "photo0.png")
    with pytest.raises(UnveilError, match=r"photo0: .*clean 48x48, sharp 48x48, small 9x9"):
        write(folders / CLEAN, restored[0], small)
    (small / "photo0.png").rename(small / "other.png")
    with pytest.raises(UnveilError, match="no picture is in all"):
        write(folders / CLEAN, restored[0], small)
    assert not (tmp_path / "pairs.html").exists()


def test_the_better_restorer_has_the_higher_score(page, folders, tmp_path):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl", against=lambda n: n % 3 == 0)
    rows = score_choices.scores(read_choices(path)).splitlines()[2:]
    assert next(row.split()[1] for row in rows) == "sharp"
    values = [float(row.split("|")[2]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(0, abs=0.02)
    assert {row.split("|")[4].strip() for row in rows} == {"8"}


def test_who_won_every_time_is_said_to_have_no_scale(page, folders, tmp_path):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl")
    told = score_choices.scores(read_choices(path))
    assert told.startswith("No common scale for all: ")
    assert {"dull", "sharp", "soft"} <= set(told.replace(";", "").replace(".", "").split())
    assert "collect more choices" in told


def test_the_metric_that_chose_agrees_every_time(page, folders, restored, tmp_path):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl", against=lambda n: n == 5)
    named = {CLEAN: folders / CLEAN} | draw_pairs.by_name(restored)
    metrics = {"nlpd": psnr, "psnr": psnr}
    rows = score_choices.agreements(read_choices(path), named, metrics).splitlines()[2:]
    assert rows[0].startswith("| psnr | 91.7% | 64.6% to 98.5% | 12 |")
    assert rows[1].startswith("| nlpd | 8.3% |")  # a distance: less is better


def test_a_picture_that_is_in_no_folder_is_named(page, folders, tmp_path):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl")
    named = {CLEAN: folders / CLEAN} | draw_pairs.by_name((folders / "soft", folders / "dull"))
    with pytest.raises(UnveilError, match=r"photo\d by sharp: in none of the folders"):
        score_choices.agreements(read_choices(path), named, METRICS)


def test_both_tables_are_printed(page, folders, restored, tmp_path, capsys):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl", against=lambda n: n % 3 == 0)
    score_choices.main(score_choices.Options((path,)))
    assert capsys.readouterr().out.startswith("| restorer | score | 95 % | choices |")
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(UsageError, match="no choices"):
        score_choices.main(score_choices.Options((empty,)))


@pytest.mark.slow
def test_a_picture_that_a_metric_cannot_take_is_named(page, folders, restored, tmp_path):
    small = tmp_path / "few"
    for maker in (CLEAN, *BLURS):
        (small / maker).mkdir(parents=True)
        for number in range(4):
            pixels = read_photo(folders / maker / f"photo{number}.png").rgb[:40, :40]
            write_photo(Photo(pixels), small / maker / f"photo{number}.png")
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl")
    with pytest.raises(UnveilError, match=r"photo\d by \w+: cannot be measured .*41x41"):
        score_choices.agreements(
            read_choices(path),
            {maker: small / maker for maker in (CLEAN, *BLURS)},
            score_choices.chosen_metrics(None),
        )


@pytest.mark.slow
def test_all_metrics_are_scored_where_folders_are_given(page, folders, restored, tmp_path, capsys):
    path = choices_by_psnr(page, folders, tmp_path / "c.jsonl", against=lambda n: n % 3 == 0)
    score_choices.main(score_choices.Options((path,), folders / CLEAN, restored))
    table = capsys.readouterr().out.split("\n\n")[1]
    assert table.startswith("| metric | agrees | 95 % | choices |")
    for name in (*METRICS, "ms_ssim", "vif", "nlpd", "detail"):
        assert f"| {name} |" in table
