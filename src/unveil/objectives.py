"""What training minimises. An objective owns the forward pass and returns named terms.

``objective(model, clean, obfuscated)`` gives a dict of scalar tensors; ``"loss"`` is the one
to minimise, the others are reported. So a KL or perceptual term needs no change in the loop.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from torch import Tensor, nn

Objective = Callable[[nn.Module, Tensor, Tensor], dict[str, Tensor]]


def pixel(model: nn.Module, clean: Tensor, obfuscated: Tensor) -> dict[str, Tensor]:
    """Return the study's pixel loss: squared error over the 112*112*3 values of [-1,1] images.

    A mean over values and batch; 4 times the mean squared error in [0,1].
    """
    restored = model(obfuscated)
    return {"loss": 4 * (restored - clean).square().mean()}


class TrainStep(nn.Module):
    """Model and objective as one module.

    Data-parallel training averages gradients only for calls through the wrapped module's own
    ``forward``, so this, never the bare model, is what it wraps.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        autocast: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.autocast = autocast

    def forward(self, clean: Tensor, obfuscated: Tensor) -> dict[str, Tensor]:
        """Return the objective's named terms for one batch."""
        with self.autocast():
            return self.objective(self.model, clean, obfuscated)
