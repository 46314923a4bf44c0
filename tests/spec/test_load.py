"""The spec: defaults, derived numbers, overrides, and an answer to every mistake."""

import math

import pytest
from support.specs import SMALL, merged

from sgdode import SpecError
from sgdode.errors import UsageError
from sgdode.spec.load import load_spec, read_spec

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


def test_overrides_open_short_forms():
    spec = read(
        MINIMAL, ["learning_rate.d_exponent=1", "student.activation.gain=2", "learning_rate.schedule.power=1"][:2]
    )
    assert spec.learning_rate.gamma == 0.5
    assert spec.student.activation.gain == 2
    spec = read(MINIMAL, ["learning_rate.schedule={power: 0.5, time: 10}"])
    assert spec.learning_rate.schedule.power == 0.5
    with pytest.raises(UsageError, match="KEY=VALUE"):
        read(MINIMAL, ["dimension"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dimension": -3}, "dimension: got -3; must be a whole number from 1, or inf"),
        ({"dimension": "big"}, "dimension: got 'big'"),
        ({"dimension": 2.5}, "dimension: got 2.5"),
        ({"dimension": True}, "dimension: got True"),
        ({"seed": -1}, "seed: got -1; must be ≥ 0"),
        ({"name": "../up"}, "name: got '../up'"),
        ({"teachr": 1}, "teachr: unknown key; did you mean teacher?"),
        ({"teacher": {"widht": 1}}, "teacher.widht: unknown key; did you mean width?"),
        ({"teacher": {"activation": "err"}}, "teacher.activation: got 'err'; allowed: erf"),
        ({"teacher": {"activation": {"hermite": []}}}, "hermite: got []"),
        ({"teacher": {"activation": {"name": "erf", "hermite": [1]}}}, "exclude each other"),
        ({"teacher": {"noise": -0.1}}, "teacher.noise: got -0.1; must be ≥ 0"),
        ({"teacher": {"noise": "0.1"}}, "remove the quotes"),
        ({"teacher": {"noise": math.nan}}, "finite"),
        ({"teacher": {"overlap": [[1, 2], [3]]}}, "rows of lengths [2, 1]"),
        ({"teacher": {"overlap": [[1, 2], [3, 1]]}}, "not symmetric"),
        ({"teacher": {"overlap": [[1, 2], [2, 1]]}}, "not positive semidefinite"),
        ({"teacher": {"overlap": [[1]]}}, "2×2 is needed"),
        ({"teacher": {"width": 200}}, "200 orthogonal teachers need dimension"),
        ({"teacher": {"output_weights": [1, 2, 3]}}, "got 3 numbers; teacher.width is 2"),
        ({"student": {"output_weights": "sqrtwidth"}}, "did you mean sqrt-width?"),
        ({"student": {"width": 0}}, "student.width: got 0"),
        ({"student": 3}, "student: got 3; must be a mapping"),
        ({"learning_rate": 0}, "learning_rate.gamma: got 0.0; must be > 0"),
        ({"learning_rate": "fast"}, "learning_rate: got 'fast'; must be a number"),
        ({"learning_rate": {"gamma": 1, "schedule": "linear"}}, "allowed: constant"),
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"constraint": "sphere"}, "did you mean spherical?"),
        ({"initial": {"kind": "gausian"}}, "did you mean gaussian?"),
        ({"initial": {"epsilon": 0.1}}, "belongs to initial.kind symmetric"),
        ({"initial": {"kind": "overlaps"}}, "overlaps needs Q and M"),
        ({"initial": {"kind": "overlaps", "Q": [[1]], "M": [[1]]}}, "3×3 is needed"),
        ({"initial": {"kind": "weights"}}, "required by initial.kind weights"),
        ({"initial": {"kind": "weights", "file": "no.npz"}}, "no such file"),
        ({"dimension": "inf"}, "gaussian at dimension inf gives M = 0"),
        ({"time": {"stop": "soon"}}, "time.stop: got 'soon'"),
        ({"time": {"start": 2.0}}, "must be below time.stop"),
        ({"time": {"spacing": "lin"}}, "did you mean linear?"),
        ({"time": {"stop": 1e300}}, "more than 2^53"),
        ({"simulate": {"seeds": 0}}, "simulate.seeds: got 0"),
        ({"simulate": {"method": "exakt"}}, "did you mean exact?"),
        ({"integrate": {"rtol": 2}}, "integrate.rtol: got 2; must be ≤ 0.1"),
        ({"integrate": {"fluctuations": "maybe"}}, "must be true, false, risk or ensemble"),
        ({"integrate": {"equations": "fulll"}}, "did you mean full?"),
        ({"integrate": {"fluctuations": True, "equations": "mean-field"}}, "along `full`"),
        ({"integrate": {"noise_correction": True}}, "belongs to mean-field"),
        ({"integrate": {"particles": 10}}, "stand for student.width inf"),
        ({"student": {"width": "inf"}, "integrate": {"equations": "full"}}, "width inf needs mean-field"),
        ({"dimension": "inf", "integrate": {"equations": "mean-field"}}, "dimension inf needs mean-field-high-d"),
        ({"save": ["P"]}, "save: got 'P'; allowed: auto"),
        ({"save": "everything"}, "allowed: auto, or a list"),
    ],
)
def test_every_mistake_is_named(change, message):
    with pytest.raises(SpecError) as caught:
        load_spec(merged(SMALL, change))
    assert message in str(caught.value)


def test_all_errors_in_one_go_with_their_lines():
    with pytest.raises(SpecError) as caught:
        read(b"dimension: -1\nteacher: {widht: 2}\nlearning_rate: 0.5\n")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("f.yaml:1: dimension: got -1")
    assert any(line.startswith("f.yaml:2: teacher.widht: unknown key") for line in lines)
    assert any(line.startswith("f.yaml:2: teacher.width: this key is required") for line in lines)
    assert any(line.startswith("f.yaml: student: this key is required") for line in lines)
