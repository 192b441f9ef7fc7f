"""Samples of a VCAE: what else it takes for possible, beside its typical answer."""

import numpy as np
import torch

from unveil.networks.torch_engine import TorchEngine, autocast
from unveil.networks.vcae import Vcae
from unveil.restoration.restorers import Engine


@torch.inference_mode()
def sample_vcae(engine: Engine, obfuscated: np.ndarray) -> np.ndarray:
    """Return one sample for each image of ``B x 3 x H x W``, always the same ones.

    Raises:
        TypeError: the engine does not run a VCAE by torch.
    """
    if not isinstance(engine, TorchEngine) or not isinstance(engine.model, Vcae):
        raise TypeError(engine)
    device = engine.runtime.device
    generator = torch.Generator(device).manual_seed(0)
    with autocast(engine.runtime):
        drawn = engine.model.sample(torch.from_numpy(obfuscated).to(device), generator)
    return drawn.float().cpu().numpy()
