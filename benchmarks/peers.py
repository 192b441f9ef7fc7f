"""unveil beside its peers: the same 8-bit inputs, the same machine, one run.

    make bench-peers LFW=../shared/lfw        (run nothing else meanwhile)

Deconvolution of scikit-image, solvers of deepinv, and networks (DnCNN, NAFNet, deepinv's U-Net,
unveil's), all networks trained here on the same photos for the same wall-clock time. Every method
runs in a process of its own, whose peak memory is reported. Appends a row for each to
``results/peers.jsonl``.
"""

import dataclasses
import importlib.metadata
import json
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import tyro
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from peer_nets import DnCnn, NafNet
from unveil.config import DataConfig, ModelConfig, RuntimeConfig
from unveil.degradation import Degradation, GaussianBlur
from unveil.degradation.degrade import degrade
from unveil.degradation.kernels import blur_kernel
from unveil.linear import CLOSED_FORMS
from unveil.linear.closed_forms import restore_closed_form
from unveil.networks.architectures import build
from unveil.networks.refiner import Refiner
from unveil.networks.torch_engine import autocast, choose_runtime
from unveil.report import tables
from unveil.report.rows import Row, append_row
from unveil.runtime import Runtime, keep_freed_memory
from unveil.training.data import Photos, open_photos
from unveil.training.evaluate import Restore, Scoring, identity, make_row, score
from unveil.training.prior import fit_training_photos
from variants import Aware, ManyStarts, NafRefiner, PlugAndPlay, Unrolled, denoising_loss

BLUR = Degradation(GaussianBlur(9, 4.0))
AWARE = (Refiner, Aware, Unrolled)
FAST = ModelConfig("refiner", 6, 2, widths=(32, 64, 96), blocks=(1, 1, 2))
MAIN = ModelConfig("refiner", 6, 2, widths=(48, 96, 160), blocks=(2, 3, 4))


@dataclass(frozen=True)
class Options:
    """What to compare on."""

    data: Path = Path("../shared/lfw")
    out: Path = Path("results/peers.jsonl")
    seconds: float = 180.0
    """Training time of every network."""
    photos: int = 256
    """Test photos that every method is scored on, the slow ones too."""
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    """One entry of the table: its library, and the function that makes its restorer."""

    library: str
    make: Callable[["Setting"], Restore]


@dataclass(frozen=True)
class Setting:
    """Input of every method."""

    options: Options
    photos: Photos
    runtime: Runtime


def restoring_loss(net: nn.Module, clean: Tensor, step: int) -> Tensor:
    """Return the PSNR loss of one batch."""
    with torch.autocast("cpu", enabled=False):
        obfuscated = degrade(clean, BLUR)
    restored = call(net, obfuscated)
    return (restored.float() - clean).square().mean(dim=(1, 2, 3)).add(1e-7).log().mean()


def trained(
    make_net: Callable[[], nn.Module],
    learning_rate: float,
    setting: Setting,
    batch_loss: Callable[[nn.Module, Tensor, int], Tensor] = restoring_loss,
) -> Restore:
    """Train a network for the given time: AdamW, batch 16, flips, PSNR loss, cosine to zero."""
    torch.manual_seed(0)
    net = make_net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), learning_rate, weight_decay=1e-4)
    started = time.perf_counter()
    numbers = setting.photos.splits["train"]
    if isinstance(net, AWARE):
        net.use_prior(fit_training_photos(setting.photos, "cpu"))
    net.train()
    steps = 0
    while (share := (time.perf_counter() - started) / setting.options.seconds) < 1:
        generator = torch.Generator().manual_seed(steps)
        batch = numbers[torch.randint(len(numbers), (16,), generator=generator).numpy()]
        clean = setting.photos.batch(batch, "cpu")
        clean = clean.flip(-1) if steps % 2 else clean
        with autocast(setting.runtime):
            loss = batch_loss(net, clean, steps)
        warm = min((steps + 1) / 60, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * warm * (1 + math.cos(math.pi * share)) / 2
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        steps += 1
    print(f"  {steps} steps in {setting.options.seconds:g} s", file=sys.stderr)
    return Net(net.eval(), setting.runtime)


def plug_and_play(setting: Setting) -> Restore:
    """Train a denoiser for the given time and put it into the splitting."""
    return trained(partial(PlugAndPlay, FAST), 1e-3, setting, denoising_loss)


def call(net: nn.Module, obfuscated: Tensor) -> Tensor:
    """Call a network, with the degradation where it takes it."""
    restored: Tensor = net(obfuscated, BLUR) if isinstance(net, AWARE) else net(obfuscated)
    return restored


class Net(nn.Module):
    """A network with the interface of a restorer."""

    def __init__(self, net: nn.Module, runtime: Runtime) -> None:
        super().__init__()
        self.net = net
        self.runtime = runtime

    @torch.inference_mode()
    def forward(self, obfuscated: Tensor, degradation: Degradation) -> Tensor:
        """Return the restored images in [0,1]."""
        with autocast(self.runtime):
            return call(self.net, obfuscated).float().clamp(0, 1)


def closed_form(name: str, setting: Setting) -> Restore:
    """Return one of unveil's closed forms with a prior fitted to the training photos."""
    prior = fit_training_photos(setting.photos, "cpu")
    return partial(restore_closed_form, name, prior)


MIRRORED_PX = 32
"""Width of the mirrored border for scikit-image, which does not treat borders itself."""


def scikit_image(name: str, setting: Setting) -> Restore:
    """Return scikit-image's function, colour by colour; it takes the kernel only, no noise level.

    Balance and number of iterations are the best on validation photos.
    """
    from skimage import restoration

    window = np.outer(*(2 * [blur_kernel(BLUR.operator)]))  # type: ignore[arg-type]
    functions = {
        "wiener": partial(restoration.wiener, psf=window, balance=1e-2, clip=False),
        "richardson-lucy": partial(restoration.richardson_lucy, psf=window, num_iter=100),
    }
    inner = slice(MIRRORED_PX, -MIRRORED_PX)

    def restore(obfuscated: Tensor, degradation: Degradation) -> Tensor:
        planes = obfuscated.flatten(0, 1).double().numpy()
        wide = [np.pad(plane, MIRRORED_PX, mode="reflect") for plane in planes]
        found = np.stack([functions[name](plane)[inner, inner] for plane in wide])
        return torch.from_numpy(found).float().clamp(0, 1).view_as(obfuscated)

    return restore


def deepinv_solver(name: str, setting: Setting) -> Restore:
    """Return a solver of deepinv with its own physics of the same blur (mirrored borders).

    Tikhonov by conjugate gradients, regularised towards the input; total variation by
    half-quadratic splitting. Their weights are the best on validation photos.
    """
    import deepinv

    window = np.outer(*(2 * [blur_kernel(BLUR.operator)]))  # type: ignore[arg-type]
    kernel = torch.from_numpy(window).float()[None, None]
    physics = deepinv.physics.Blur(filter=kernel, padding="reflect", max_iter=50, tol=1e-6)
    splitting = deepinv.optim.optim_builder(
        iteration="HQS",
        prior=deepinv.optim.prior.TVPrior(n_it_max=20),
        data_fidelity=deepinv.optim.data_fidelity.L2(),
        max_iter=15,
        params_algo={"stepsize": DATA_STEP, "lambda": 0.015 / DATA_STEP},
    )

    @torch.inference_mode()
    def restore(obfuscated: Tensor, degradation: Degradation) -> Tensor:
        if name == "tv":
            found: Tensor = splitting(obfuscated, physics)
        else:
            found = physics.prox_l2(obfuscated, obfuscated, DATA_STEP)
        return found.clamp(0, 1)

    return restore


DATA_STEP = 1000.0
"""Step size of the data term, against the regulariser."""


def deepinv_unet() -> nn.Module:
    """Return deepinv's U-Net with random weights."""
    import deepinv

    net: nn.Module = deepinv.models.UNet(3, 3, scales=3, residual=True, batch_norm=False)
    return net


METHODS: dict[str, Method] = {
    "nothing": Method("", lambda setting: identity),
    "scikit-image wiener": Method("scikit-image", partial(scikit_image, "wiener")),
    "scikit-image richardson-lucy": Method(
        "scikit-image", partial(scikit_image, "richardson-lucy")
    ),
    "deepinv tikhonov": Method("deepinv", partial(deepinv_solver, "tikhonov")),
    "deepinv tv": Method("deepinv", partial(deepinv_solver, "tv")),
    **{
        f"unveil {name}": Method("unveil", partial(closed_form, name))
        for name in CLOSED_FORMS
        if name not in ("bicubic", "lanczos")
    },
    "deepinv unet": Method("deepinv", partial(trained, deepinv_unet, 5e-4)),
    "dncnn": Method("", partial(trained, DnCnn, 1e-3)),
    "nafnet-32": Method("", partial(trained, NafNet, 1e-3)),
    "unveil fast": Method("unveil", partial(trained, partial(build, FAST), 2e-3)),
    "unveil main": Method("unveil", partial(trained, partial(build, MAIN), 2e-3)),
}


def refiner(
    widths: tuple[int, ...], blocks: tuple[int, ...], stride: int = 2
) -> Callable[[], nn.Module]:
    """Return what builds a refiner of another shape."""
    return partial(build, ModelConfig("refiner", 3 * stride, stride, widths, blocks))


TRIED: dict[str, Method] = {
    "refiner 64-128-192": Method(
        "unveil", partial(trained, refiner((64, 128, 192), (1, 2, 4)), 2e-3)
    ),
    "refiner 48-96-160": Method(
        "unveil", partial(trained, refiner((48, 96, 160), (1, 2, 3)), 2e-3)
    ),
    "refiner 64-96": Method("unveil", partial(trained, refiner((64, 96), (2, 3)), 2e-3)),
    "refiner /4 128-192": Method("unveil", partial(trained, refiner((128, 192), (2, 3), 4), 2e-3)),
    "refiner /4 64": Method("unveil", partial(trained, refiner((64,), (4,), 4), 2e-3)),
    "refiner /4 128": Method("unveil", partial(trained, refiner((128,), (4,), 4), 2e-3)),
    "three starts": Method("unveil", partial(trained, partial(ManyStarts, MAIN), 2e-3)),
    "unrolled twice": Method("unveil", partial(trained, partial(Unrolled, FAST), 2e-3)),
    "nafnet-32 on lmmse": Method("unveil", partial(trained, NafRefiner, 1e-3)),
    "plug and play": Method("unveil", plug_and_play),
}
"""Other networks on the same closed form, by ``--only``; docs/log.md has their results."""


def run_method(name: str, options: Options) -> Row:
    """Build, score and time one method; return its row."""
    keep_freed_memory()
    method, photos = (METHODS | TRIED)[name], open_photos(DataConfig(options.data))
    setting = Setting(options, photos, choose_runtime(RuntimeConfig()))
    restore = method.make(setting)
    scoring = Scoring(photos, photos.splits["test"][: options.photos], BLUR, setting.runtime, "cpu")
    warm_up = dataclasses.replace(scoring, numbers=scoring.numbers[:32])
    score(restore, warm_up, {})
    row = make_row(name, "test", scoring, score(restore, scoring), None)
    net = restore if isinstance(restore, Net) else None
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    version = importlib.metadata.version(method.library) if method.library else None
    return row | {
        "library": f"{method.library} {version}" if version else None,
        "parameters": sum(p.numel() for p in net.parameters()) if net else 0,
        "macs": count_macs(net) if net else None,
        "trained_seconds": options.seconds if net else 0.0,
        "peak_memory_mb": round(peak / 1e6),
    }


def count_macs(net: nn.Module) -> int:
    """Return the multiply-accumulates of restoring one 112x112 image."""
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        net(torch.zeros(1, 3, 112, 112), BLUR)
    return int(counter.get_total_flops()) // 2


def main(options: Options) -> None:
    """Run every method in turn, each in a process of its own, and print the table."""
    rows = []
    context = multiprocessing.get_context("spawn")
    for name in options.only or METHODS:
        print(name, file=sys.stderr)
        with context.Pool(1) as pool:
            rows.append(pool.apply(run_method, (name, options)))
        append_row(options.out, rows[-1])
        print(json.dumps(rows[-1]), file=sys.stderr)
    shown = (
        *("model", "psnr", "ssim", "ssim_deck", "parameters", "macs", "images_per_second"),
        *("peak_memory_mb", "trained_seconds", "images"),
    )
    print(tables.markdown([{name: row[name] for name in shown} for row in rows]))


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
