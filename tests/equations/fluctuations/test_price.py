"""The price of error bars is of the right size, whatever they are of."""

import time

import pytest
from equations.fluctuations.test_adjoint import ERF
from support.specs import merged

from sgdode import integrate, load_spec
from sgdode.equations.fluctuations.price import error_bar_seconds
from sgdode.spec.build import build

RELU = {"student": {"width": 4, "activation": "relu"}, "teacher": {"activation": "relu"}, "learning_rate": 0.5}


@pytest.mark.parametrize(
    ("changes", "kind"), [({"student": {"width": 8}}, True), ({"student": {"width": 8}}, "risk"), (RELU, "ensemble")]
)
def test_it_is_what_it_takes(changes, kind):
    spec = merged(merged(ERF, changes), {"integrate": {"fluctuations": kind}, "time": {"stop": 10.0, "points": 20}})
    told = error_bar_seconds(build(load_spec(spec)), kind, 10.0, 21)
    integrate(load_spec(spec))  # compiled
    began = time.process_time()
    integrate(load_spec(spec))
    took = time.process_time() - began
    assert took / 5 < told < 5 * took, (told, took)
