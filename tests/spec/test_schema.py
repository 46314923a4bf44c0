"""The spec as values: defaults, and the numbers that follow from them."""

import math

import pytest
from pydantic import ValidationError

from sgdode import SpecError
from sgdode.spec.load import read_spec
from sgdode.spec.schema import Spec

MINIMAL = b"""
dimension: 1e3
teacher: {width: 4}
student: {width: 8}
learning_rate: 0.5
time: {stop: 1000}
"""


def read(text, overrides=()):
    from pathlib import Path

    return read_spec(text, "f.yaml", Path(), "f", overrides)


def test_defaults():
    spec = read(MINIMAL)
    assert isinstance(spec, Spec)
    assert (spec.name, spec.seed, spec.d, spec.k, spec.p) == ("f", 0, 1000, 4, 8)
    assert spec.teacher.activation.name == spec.student.activation.name == "erf"
    assert spec.student_output_weights == (1.0,) * 8
    assert spec.time.first == 0.01
    assert spec.simulate.seeds == 8
    assert spec.integrate.rtol == 1e-8
    assert spec.gamma == 0.5
    assert spec.step_size == 0.5 / 8 / 1000


def test_scaling_and_its_limits():
    spec = read(MINIMAL, ["learning_rate.d_exponent=0.5", "learning_rate.p_exponent=-1"])
    assert spec.gamma == pytest.approx(0.5 * 1000**0.5 / 8)
    wide = read(MINIMAL, ["student.width=inf"])
    assert wide.gamma_over_p == 0.0
    assert not wide.finite
    kept = read(MINIMAL, ["student.width=.inf", "learning_rate.p_exponent=1"])
    assert kept.gamma_over_p == 0.5
    with pytest.raises(SpecError, match="diverges"):
        read(MINIMAL, ["student.width=inf", "learning_rate.p_exponent=1.5"])


def test_output_weight_words():
    assert read(MINIMAL, ["student.output_weights=width"]).student_output_weights == (8.0,) * 8
    assert read(MINIMAL, ["student.output_weights=sqrt-width"]).student_output_weights == (math.sqrt(8),) * 8


def test_a_spec_does_not_change():
    spec = read(MINIMAL)
    with pytest.raises(AttributeError, match=r"spec\.replace\(seed=\.\.\.\)"):
        spec.seed = 3
    with pytest.raises(ValidationError, match="frozen"):
        spec.teacher.noise = 0.5
