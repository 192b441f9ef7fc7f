"""The distance of faces: independent networks agree, and it falls as a face comes back."""

import numpy as np
import pytest
import torch
from skimage import data

from tests.networks.nets import Unchanged
from unveil.config import LossConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.degradation.operators import gaussian_blur
from unveil.faces.align import FACE_WIDTH
from unveil.faces.embedder import load_embedder
from unveil.faces.finder import FaceFinder
from unveil.training.identity import SQUARE_SIDE, FaceDistance
from unveil.training.objectives import Objective, pixel_distance

BLUR = [Degradation(GaussianBlur())]


@pytest.fixture(scope="module")
def faces():
    """One face as in LFW's center crops, and mirrored, brighter and moved: four portraits."""
    photo = torch.from_numpy(data.astronaut()).permute(2, 0, 1)[None] / 255
    one = torch.nn.functional.interpolate(photo[..., 57:172, 166:281], 112, mode="area")
    return torch.cat([one, one.flip(-1), (one * 1.2).clamp(max=1), one.roll(4, -1)])


@pytest.fixture(scope="module")
def distance(faces):
    other = torch.rand(4, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    return FaceDistance(torch.cat([faces, gaussian_blur(other, 9, 4.0)]))


def test_a_face_is_nothing_from_itself_and_farther_the_more_is_hidden(faces, distance):
    found = [distance(gaussian_blur(faces, 25, sigma), faces).mean() for sigma in (0.5, 2, 4, 8)]
    assert distance(faces, faces).abs().max() < 1e-5
    assert sorted(found) == found
    assert found[0] < 0.1 < found[-1]


def test_it_looks_where_the_finder_finds_the_face(faces, distance):
    """The finder, the alignment and ONNX Runtime know nothing of the square that is taken here."""
    image = faces[:1].numpy()
    (face,) = FaceFinder().find((255 * image[0].transpose(1, 2, 0)).astype(np.uint8))
    aligned = load_embedder(None).embed(image, face.points[None])[0]
    taken = distance._embed(faces[:1])[0].numpy()
    assert np.linalg.norm(aligned - taken) < 0.4  # 0.6 apart is another person
    assert pytest.approx(1.5 / FACE_WIDTH, abs=0.02) == SQUARE_SIDE


def test_the_loss_is_the_logarithm_and_the_weighted_distance(faces, distance):
    blurred = gaussian_blur(faces, 9, 4.0)
    config = LossConfig(loss="identity", identity_weight=3.0)
    terms = Objective(config, faces=distance)(Unchanged(), faces, blurred, BLUR, 0)
    logarithm = (pixel_distance(blurred, faces) + 1e-7).log().mean()
    assert terms.keys() == {"loss", "pixel", "identity"}
    assert terms["loss"] == pytest.approx(float(logarithm + 3 * distance(blurred, faces).mean()))


def test_only_the_restored_photos_learn(faces, distance):
    restored = gaussian_blur(faces, 9, 4.0).requires_grad_()
    distance(restored, faces).sum().backward()
    assert restored.grad.abs().max() > 0
    assert all(weight.grad is None for weight in distance.parameters())
