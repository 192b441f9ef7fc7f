"""How real restored photos look: what is compared, the table and the chart, from made-up rows."""

import numpy as np
import pytest
import torch

import draw_perception
import perception_rows
from tests.linear.test_linear import drawn
from unveil.faces.align import REFERENCE
from unveil.report.rows import read_rows
from unveil.training.vgg_weights import UNTRAINED

BLUR, MOSAIC = "gaussian:kernel=9,sigma=4", "pixelate:block=8"


def row(model, operator=MOSAIC, **changes):
    scores = dict.fromkeys(perception_rows.COLUMNS, 0.5) | {"psnr": 30.0, "vgg_relu2_2": 9e3}
    scores |= {"images": 7, "faces": 2, "stranger": 0.25}
    return scores | {"model": model, "operator": operator} | changes


def cell(architecture, loss, **scores):
    name = f"blur-{architecture}-{loss}"
    measured = {metric: [value] * 3 for metric, value in scores.items()}
    return {
        "cell": name, "experiment": name, "obfuscation": "blur", "storage": "float",
        "architecture": architecture, "loss": loss, "psnr": 1.0, "measured": measured,
    }  # fmt: skip


def test_the_table_has_the_last_row_of_each_restorer_and_strangers_beside_them():
    rows = [row("identity"), row("lmmse", psnr=20.0), row("lmmse", psnr=31.0, cvvdp=None)]
    lines = perception_rows.table(rows).splitlines()[2:]
    assert [line.split("|")[2].strip() for line in lines] == ["another person", "identity", "lmmse"]
    assert lines[0] == f"| {MOSAIC} | another person |  |  |  |  |  |  | 0.250 |  |  | 7 | 2 |"
    assert lines[2] == (
        f"| {MOSAIC} | lmmse | 31.00 | 0.500 | 0.500 |  | 9000 | 0.50 | 0.500 | 0.500 | 0 | 7 | 2 |"
    )


class TestTheChart:
    STUDY = (cell("cae", "pixel", psnr=31.0, vgg_relu2_2=9000.0),)
    RESTORERS = (row("identity"), row("lmmse", BLUR, psnr=35.0))

    def test_it_repeats_to_the_byte_and_names_what_it_shows(self):
        chart = draw_perception.draw(self.RESTORERS, self.STUDY, [])
        assert chart == draw_perception.draw(self.RESTORERS, self.STUDY, [])
        for name in ("as it is", "lmmse", BLUR, MOSAIC):
            assert f">{name}<" in chart
        assert "--realism" not in chart

    def test_a_dial_is_a_further_line_in_the_panels_that_it_has_values_for(self):
        dial = [row("pixelate", psnr=p, vgg_relu2_2=8e3, detail=None) for p in (26.0, 25.0)]
        with_dial = draw_perception.draw(self.RESTORERS, self.STUDY, dial)
        assert ">--realism<" in with_dial
        purple = with_dial.count("stroke: #9467bd")
        assert purple == 2 + 1  # a line in two panels of three, and its key

    def test_the_committed_chart_shows_what_there_are_rows_of(self):
        chart = (draw_perception.ROOT / "docs/restorers/perception.svg").read_text()
        rows = read_rows(draw_perception.RESULTS / "perception.jsonl")
        for model in {row["model"] for row in rows} - {"identity"}:
            assert f">{model}<" in chart, "run `python tools/draw_perception.py`"
        has_dial = (draw_perception.RESULTS / "realism.jsonl").exists()
        assert (">--realism<" in chart) == has_dial, "run `python tools/draw_perception.py`"


@pytest.mark.slow
class TestFaces:
    @pytest.fixture(scope="class")
    def tool(self):
        pytest.importorskip("dlib", reason="the extra audit is not installed")
        import score_perception

        return score_perception

    @pytest.fixture(scope="class")
    def pictures(self):
        return drawn(4, 112, 112)

    @pytest.fixture(scope="class")
    def faces(self, tool, pictures):
        """Three faces in four pictures; the second is of somebody whom restorers may know."""
        embedder, places = tool.load_embedder(None), np.array([0, 1, 3])
        points = np.stack([20 + 70 * REFERENCE] * 3)
        clean = embedder.embed(pictures[places], points)
        return tool.Faces(points, places, np.array([True, False, True]), embedder, clean)

    def test_clean_faces_are_alike_and_strangers_less(self, tool, faces, pictures):
        found = tool.compare_faces(pictures, faces)
        assert (found["face"], found["frechet_face"], found["faces"]) == (1, 0, 2)
        assert found["stranger"] < 1

    def test_features_are_compared_as_the_metric_does(self, tool, pictures):
        clean, restored = pictures[:3, :, :48, :48], pictures[1:, :, :48, :48]
        sight = tool.look(clean, UNTRAINED)
        pair = (torch.from_numpy(np.ascontiguousarray(images)) for images in (restored, clean))
        expected = float(sight.network.distance(*pair).mean())
        found = tool.compare_features(restored, sight)
        assert found["vgg_relu2_2"] == pytest.approx(expected, rel=1e-3)
        assert found["frechet_vgg"] > 0
        assert found["vgg"] == "untrained"
        same = tool.compare_features(clean, sight)
        assert (same["vgg_relu2_2"], same["frechet_vgg"]) == (0, 0)

    def test_only_people_in_no_other_split_are_compared_one_by_one(self, tool, faces, pictures):
        changed = pictures.copy()
        changed[1] = pictures[2]
        found = tool.compare_faces(changed, faces)
        assert found["face"] == 1
        assert found["frechet_face"] > 0
        changed[3] = pictures[2]
        assert tool.compare_faces(changed, faces)["face"] < 1
