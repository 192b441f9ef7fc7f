"""The metrics beside PSNR and SSIM: closer to what people see, or said to be.

All are full-reference and give one value an image of ``B x 3 x H x W`` in [0,1]. Library code
(torchmetrics, which is slow to import and so loaded where it is used) where there is some;
computed in float32.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from unveil.arrays import Array
from unveil.metrics.nlpd import nlpd
from unveil.metrics.quality import Metric, colour_shift
from unveil.networks.torch_engine import autocast
from unveil.runtime import Runtime
from unveil.training.vgg import VggFeatures

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363)
"""The first four of Wang, Simoncelli and Bovik's five, 2003: 112 pixels have no fifth scale."""

LPIPS_BACKBONE = "alexnet-owt-7be5be79.pth"
"""torchvision's file; LPIPS is left out where it has not been downloaded."""

DISPLAY = "standard_4k"
"""ColorVideoVDP's screen: 30 inches, 200 cd/m^2, seen from twice its height in an office."""


def ms_ssim(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the multi-scale structural similarity over as many scales as fit, four at most.

    Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity for image quality
    assessment", 2003; the weights of the scales used are made to sum to 1.
    """
    from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

    side_px = min(clean.shape[-2:])
    # torchmetrics wants the 11-pixel window to fit into side / (scales - 1)^2 pixels too.
    fits = (n for n in range(2, 5) if side_px // max(2 ** (n - 1), (n - 1) ** 2) > 10)
    scales = max(fits, default=1)
    weights = torch.tensor(MS_SSIM_WEIGHTS[:scales])
    with torch.autocast(clean.device.type, enabled=False):
        similarity: Tensor = multiscale_structural_similarity_index_measure(
            restored.float(),
            clean.float(),
            data_range=1.0,
            betas=tuple((weights / weights.sum()).tolist()),
            reduction="none",
        )
    return similarity


def vif(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the pixel-domain visual information fidelity, mean over the RGB channels.

    H. R. Sheikh, A. C. Bovik, "Image information and visual quality", 2006. Needs 41x41 pixels.
    """
    from torchmetrics.functional.image import visual_information_fidelity

    with torch.autocast(clean.device.type, enabled=False):
        fidelity: Tensor = visual_information_fidelity(
            255 * restored.float(), 255 * clean.float(), reduction="none"
        )
    return fidelity


def measures(runtime: Runtime, features: VggFeatures | None) -> tuple[dict[str, Metric], list[str]]:
    """Return the metrics that can be had here by name, and a line on each that cannot."""
    found: dict[str, Metric] = {
        "ms_ssim": ms_ssim,
        "vif": vif,
        "nlpd": nlpd,
        "colour_shift": colour_shift,
    }
    absent = []
    if features is None:
        absent.append("vgg_relu2_2: no VGG16 weights (--vgg-weights)")
    else:
        found["vgg_relu2_2"] = _in_runtime(features.distance, runtime)
    if _lpips_backbone().is_file():
        found["lpips"] = _lpips(torch.device(runtime.device))
    else:
        absent.append(f"lpips: torchvision's {LPIPS_BACKBONE} is not in its cache")
    if find_spec("pycvvdp") is not None:
        found["cvvdp"] = _cvvdp(torch.device(runtime.device))
    else:
        absent.append("cvvdp: ColorVideoVDP is not installed (pip install cvvdp)")
    return {name: _on_device(metric, runtime) for name, metric in found.items()}, absent


def _on_device(metric: Metric, runtime: Runtime) -> Metric:
    """Return the metric for arrays of either library, measured on the runtime's device."""

    def measured(restored: Array, clean: Array) -> Tensor:
        device = runtime.device
        pair = (torch.as_tensor(images, device=device) for images in (restored, clean))
        return torch.as_tensor(metric(*pair))

    return measured


def _in_runtime(metric: Metric, runtime: Runtime) -> Metric:
    def measured(restored: Array, clean: Array) -> Array:
        with autocast(runtime):
            return metric(restored, clean)

    return measured


def _lpips_backbone() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / LPIPS_BACKBONE


def _lpips(device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    from torchmetrics.functional.image.lpips import _LPIPS

    network = _LPIPS(pretrained=True, net="alex").eval().to(device)

    def distance(restored: Tensor, clean: Tensor) -> Tensor:
        return torch.as_tensor(network(restored * 2 - 1, clean * 2 - 1)).flatten()

    return distance


def _cvvdp(device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """Return ColorVideoVDP: quality in just-objectionable differences, 10 for identical images.

    R. K. Mantiuk et al., "ColorVideoVDP: A visual difference predictor for image, video and display
    distortions", 2024.
    """
    from pycvvdp import cvvdp

    observer = cvvdp(display_name=DISPLAY, device=device, quiet=True)

    def quality(restored: Tensor, clean: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(device.type, enabled=False):
            told = observer.predict(restored.float(), clean.float(), dim_order="BCHW")[0]
        return torch.as_tensor(told).reshape(-1)

    return quality
