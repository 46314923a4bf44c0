"""Which equations suit a size, and how far off they are."""

import math

import pytest
from support.specs import SMALL, merged

from sgdode import load_spec
from sgdode.equations.validity import expected_errors, plan
from sgdode.spec.build import build


def planned(changes):
    spec = load_spec(merged(SMALL, changes))
    return plan(build(spec), spec.integrate.equations)


def test_auto_takes_what_suits_the_size():
    assert planned({}).equations == "full"
    assert planned({"student": {"width": 2000}}).equations == "mean-field"
    wide = {"student": {"width": "inf"}}
    assert planned(wide).equations == "mean-field"
    both = wide | {"dimension": "inf", "initial": {"kind": "in-teacher-span"}}
    assert planned(both).equations == "mean-field-high-d"
    asked = planned({"integrate": {"equations": "gradient-flow"}})
    assert (asked.equations, asked.reason) == ("gradient-flow", "asked for in the spec")


def test_expected_errors_are_those_of_the_theorems():
    spec = load_spec(merged(SMALL, {"student": {"width": 400}}))
    errors = expected_errors(build(spec))
    step = math.sqrt(0.5 / (400 * 100))
    assert errors["full"] == pytest.approx(step)
    assert errors["mean-field"] == pytest.approx(step + 1 / 20 + 0.5 / 400)
    assert errors["mean-field-high-d"] == pytest.approx(errors["mean-field"] + 1 / 10)
