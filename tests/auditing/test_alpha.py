"""What the transparency of a photo shows: an outline behind a cover, a face by itself."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("dlib", reason="the extra audit is not installed")
data = pytest.importorskip("skimage.data")

from tests.visitor import answered  # noqa: E402
from unveil.auditing.safe import Hidden, opaque_over  # noqa: E402
from unveil.degradation import Solid  # noqa: E402
from unveil.images.box import Box  # noqa: E402
from unveil.images.photos import read_photo  # noqa: E402

FACE, WIDE = Box(40, 40, 40, 40), Box(30, 30, 60, 60)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", ["box", "ellipse", "soft"])
def test_alpha_is_opaque_wherever_something_is_hidden(kind, shape):
    alpha = np.arange(120 * 120).reshape(120, 120).astype(kind)
    done = opaque_over(alpha, [FACE], [Hidden(WIDE, Solid(), None)], shape)
    changed = done != alpha
    assert (done[FACE.place] == np.iinfo(kind).max).all()
    changed[WIDE.place] = False
    assert not changed.any()
    assert done[30, 30] == (np.iinfo(kind).max if shape == "box" else alpha[30, 30])


@pytest.fixture
def clean() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:256, 100:356])


@pytest.mark.slow
def test_a_cut_out_shows_no_outline_behind_its_cover(tmp_path, clean, cli):
    """Transparent around the head: the outline of hair and chin is in the alpha alone."""
    rows, columns = np.mgrid[:256, :256]
    alpha = np.where(np.hypot(rows - 110, columns - 115) < 70, 255, 0).astype(np.uint8)
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(np.dstack([clean, alpha])).save(source)
    done = cli("obfuscate", source, "-o", out, "--safe", "--operator", "solid")
    assert done.status == 0, done
    photo = read_photo(out)
    covered = (photo.rgb != clean).any(axis=2)
    assert covered.mean() > 0.1
    assert (alpha[covered] == 0).any()
    assert (photo.alpha[covered] == 255).all()
    box = np.s_[
        np.flatnonzero(covered.any(axis=1))[0] : np.flatnonzero(covered.any(axis=1))[-1] + 1,
        np.flatnonzero(covered.any(axis=0))[0] : np.flatnonzero(covered.any(axis=0))[-1] + 1,
    ]
    assert (photo.alpha[box] == 255).all()
    alpha[box] = 255
    np.testing.assert_array_equal(photo.alpha, alpha)


@pytest.mark.slow
def test_a_face_that_only_the_alpha_shows_is_seen_and_hidden(tmp_path, clean, cli):
    source, out = tmp_path / "in.png", tmp_path / "out.png"
    gray = np.asarray(Image.fromarray(clean).convert("L"))
    Image.fromarray(np.dstack([np.zeros_like(clean), gray])).save(source)
    audit = cli("audit", source, "--fail-above", "0.05")
    assert audit.status == 3, audit
    done = cli("obfuscate", source, "-o", out, "--safe", "--operator", "solid")
    assert done.status == 0, done
    assert "1 told" in done.err
    assert (read_photo(out).alpha[100:140, 100:140] == 255).all()
    assert cli("audit", out).status == 1  # no face is seen any more


@pytest.mark.slow
def test_the_gate_sees_a_face_that_the_alpha_of_the_output_shows(tmp_path, clean, cli):
    original, output = tmp_path / "original.png", tmp_path / "output.png"
    Image.fromarray(clean).save(original)
    covered = clean.copy()
    covered[40:190, 40:190] = 0
    gray = np.asarray(Image.fromarray(clean).convert("L"))
    words = ("audit", output, "--against", original, "--box", "57,52,116,116")
    Image.fromarray(covered).save(output)
    assert cli(*words).status == 0
    Image.fromarray(np.dstack([covered, gray])).save(output)
    done = cli(*words)
    assert done.status == 3, done
    assert "bare" in done.out


@pytest.mark.slow
def test_the_page_makes_alpha_opaque_where_it_hides(tmp_path, clean):
    pytest.importorskip("starlette", reason="the extra web is not installed")
    path, alpha = tmp_path / "in.png", np.full((256, 256), 128, np.uint8)
    Image.fromarray(np.dstack([clean, alpha])).save(path)
    (file,) = answered("obfuscate", path, ("box", "57,52,116,116")).files
    done = Image.open(file)
    written = np.array(done.getchannel("A"))
    assert (written[60:160, 60:160] == 255).all()
    assert written[0, 0] == 128
