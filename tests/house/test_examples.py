"""The examples in docstrings give what they say, and what people call has one."""

import doctest
import importlib
import pkgutil

import pytest

import unveil.degradation
import unveil.metrics
import unveil.networks
from unveil.degradation import OPERATORS

ROOMS = (unveil.degradation, unveil.metrics, unveil.networks)
"""Packages whose modules' examples are run."""

MODULES = [
    *("unveil.arrays", "unveil.restoration.restorers"),
    *("unveil.training.objectives", "unveil.training.optimizer"),
    *(room.__name__ for room in ROOMS),
    *(
        f"{room.__name__}.{item.name}"
        for room in ROOMS
        for item in pkgutil.iter_modules(room.__path__)
    ),
]

WITH_EXAMPLE = (
    *("unveil.degradation.parse_operator", "unveil.degradation.parse_storage"),
    *(f"{spec.__module__}.{spec.__name__}" for spec in OPERATORS.values()),
    *("unveil.degradation.operators.obfuscate", "unveil.degradation.degrade.degrade"),
    *("unveil.degradation.presets.parse_call", "unveil.degradation.presets.parse_preset"),
    *("unveil.networks.architectures.build", "unveil.networks.interface.conditions"),
    *("unveil.networks.card.list_shipped", "unveil.restoration.restorers.load"),
    "unveil.training.objectives.pixel_distance",
    *("unveil.metrics.nlpd.nlpd", "unveil.metrics.detail.detail"),
    *("unveil.metrics.embeddings.cosine", "unveil.metrics.embeddings.frechet_distance"),
    *("unveil.metrics.preference.bradley_terry", "unveil.metrics.preference.agreement"),
    "unveil.training.optimizer.learning_rate",
)
"""What people call, by its full name."""


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_say(module):
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.FAIL_FAST)
    assert done.failed == 0


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_what_people_call_has_an_example(name):
    module, _, own = name.rpartition(".")
    found = getattr(importlib.import_module(module), own)
    assert doctest.DocTestParser().get_examples(found.__doc__), f"{name}: no example"
