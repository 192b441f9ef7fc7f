"""What sending and taking a picture does to it: compression, noise, fewer pixels.

One network undoes all of it, without being told which (the family ``streaming``). Needs no torch.
"""

import random

from unveil.degradation import Degradation, Downscale, Noise, Operator, Poisson, Storage, Unchanged

QUALITIES = (10, 95)
CRFS = (18, 40)
NOISE_STDS = (2.0, 50.0)
"""In levels of 255."""

PHOTONS = (20.0, 2000.0)
FACTORS = (1.5, 4.0)

MEMBER = Degradation(Unchanged(), Storage("jpeg", 40))
"""What the network is validated on."""

RANGE = (
    f"JPEG of quality {QUALITIES[0]} to {QUALITIES[1]}, H.264 of rate factor {CRFS[0]} to "
    f"{CRFS[1]}, Gaussian noise of {NOISE_STDS[0]:g} to {NOISE_STDS[1]:g} levels, Poisson noise of "
    f"{PHOTONS[0]:g} to {PHOTONS[1]:g} photons and downscaling by {FACTORS[0]:g} to "
    f"{FACTORS[1]:g}, alone or one of the last three followed by one of the first two"
)

TRIALS = (
    *(("none", f"jpeg:{quality}") for quality in (80, 40, 15)),
    *(("none", f"h264:crf={crf}") for crf in (23, 28, 35)),
    *((f"noise:std={std}", "8bit") for std in (5, 15, 25, 50)),
    *((f"poisson:photons={photons}", "8bit") for photons in (300, 30)),
    *((f"downscale:factor={factor}", "8bit") for factor in (2, 4)),
    ("noise:std=15", "jpeg:60"),
    ("downscale:factor=2", "h264:crf=28"),
)
"""What networks of the family are scored on: operator and storage."""

SHARES = {Unchanged: 0.4, Noise: 0.2, Poisson: 0.15, Downscale: 0.25}
"""Of training photos, by what is done before they are stored."""

PLAIN = 0.4
"""Share of photos that are kept in 8 bits, of those that something was done to."""


def draw_operator(draw: random.Random) -> Operator:
    """Draw what is done to a photo before it is stored."""
    (kind,) = draw.choices(list(SHARES), list(SHARES.values()))
    if kind is Noise:
        return Noise(_between(NOISE_STDS, draw), draw.randrange(2**31))
    if kind is Poisson:
        return Poisson(_between(PHOTONS, draw), draw.randrange(2**31))
    if kind is Downscale:
        return Downscale(draw.uniform(*FACTORS))
    return Unchanged()


def draw_storage(draw: random.Random, operator: Operator) -> Storage:
    """Draw how a photo is kept; one that nothing was done to is always compressed.

    Else there would be nothing to undo, and the logarithm of no error outweighs all others.
    """
    if operator != Unchanged() and draw.random() < PLAIN:
        return Storage()
    if draw.random() < 0.5:
        return Storage("jpeg", draw.randint(*QUALITIES))
    return Storage("h264", draw.randint(*CRFS))


def covers_operator(operator: Operator) -> bool:
    """Say whether ``operator`` is among those that are drawn."""
    match operator:
        case Unchanged():
            return True
        case Noise(std):
            return NOISE_STDS[0] <= std <= NOISE_STDS[1]
        case Poisson(photons):
            return PHOTONS[0] <= photons <= PHOTONS[1]
        case Downscale(factor):
            return FACTORS[0] <= factor <= FACTORS[1]
        case _:
            return False


def covers_storage(storage: Storage) -> bool:
    """Say whether ``storage`` is among those that are drawn; what is exact is covered by 8 bits."""
    bounds = {"jpeg": QUALITIES, "h264": CRFS}.get(storage.kind)
    return bounds is None or bounds[0] <= (storage.quality or 0) <= bounds[1]


def _between(bounds: tuple[float, float], draw: random.Random) -> float:
    """Draw a number between two bounds, its logarithm evenly."""
    low, high = bounds
    return float(low * (high / low) ** draw.random())
