"""The section ``algorithm``: what it takes, what it refuses, and its place in the identity of a run."""

import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.model.extra_rows import Average, Momentum
from sgdode.model.learning import LearningRule, told_rule
from sgdode.model.losses import LOSSES
from sgdode.spec.algorithm import AlgorithmSpec
from sgdode.spec.build import build
from sgdode.spec.provenance import resolved, spec_hash
from sgdode.spec.rule_checks import algorithm_defects

STOPS = {
    "learning_rate": {"gamma": 1.0, "schedule": {"table": [[0, 1], [5, 0], [10, 0], [15, 1]]}},
    "time": {"unit": "samples", "stop": 20},
}


def spec(rule, changes=None):
    return load_spec(merged(merged(SMALL, changes or {}), {"algorithm": rule}))


def test_a_rule_is_built():
    rule = build(spec({"loss": {"clip": 0.5}, "feedback": [1, 2, 3], "dropout": 0.1, "repeat": 2})).rule
    assert rule == LearningRule(loss=LOSSES["clip"], size=0.5, feedback=(1.0, 2.0, 3.0), dropout=0.1, repeat=2)
    assert not list(algorithm_defects(spec({"dropout": 0.1})))
    assert told_rule(rule) == "loss clip, feedback, dropout, repeat 2"
    both = build(spec({"momentum": {"rate": 2}, "average": {"from": 1}})).rule
    assert both.rows == (Momentum(rate=2.0), Average(start=1.0))


def test_a_loss_has_one_name():
    assert AlgorithmSpec(loss={"clip": 2}).loss_name == "clip"
    assert AlgorithmSpec().numbers()["loss"] is LOSSES["squared"]


def test_defaults_are_no_part_of_a_hash():
    plain = load_spec(SMALL)
    none = {"loss": "squared", "momentum": "none", "average": "none", "repeat": 1, "dropout": 0, "feedback": None}
    for command in ("simulate", "integrate"):
        assert spec_hash(spec(none), command) == spec_hash(plain, command)
        assert len({spec_hash(spec(rule), command) for rule in ({}, {"dropout": 0.1}, {"loss": {"clip": 1}})}) == 3
    assert "algorithm" not in resolved(spec(none))
    assert resolved(spec({"loss": "correlation"}))["algorithm"] == {"loss": "correlation"}


@pytest.mark.parametrize("rule", [{"average": {"from": 2}}, {"momentum": {"beta": 0.5}}, {"loss": {"clip": 1}}])
def test_a_resolved_rule_is_read_again(rule):
    values = resolved(spec(rule))
    assert resolved(load_spec(values)) == values


@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    [
        ({"loss": "huber"}, {}, "got 'huber'; allowed: squared, correlation, absolute, {clip: c}, logistic"),
        ({"loss": "clip"}, {}, r"clip needs its size: \{clip: c\}"),
        ({"feedback": 1}, {}, "got 1; must be a list"),
        ({"loss": {"clip": 0}}, {}, "the size of clip must be > 0"),
        ({"feedback": [1, 2]}, {}, "algorithm.feedback: got 2 numbers; student.width is 3"),
        ({"dropout": 1}, {}, "algorithm.dropout: .*must be < 1"),
        ({"dropout": -0.1}, {}, "algorithm.dropout: .*must be ≥ 0"),
        ({"repeat": 0}, {}, "algorithm.repeat: .*must be ≥ 1"),
        ({"momentum": {"beta": 0.5, "rate": 1}}, {}, r"allowed: none, \{beta: β\} or \{rate: κ\}"),
        ({"momentum": {"rate": 1}}, STOPS, "stands still where γ is 0, as at 5 samples per dimension"),
        ({"average": {"rate": 1}}, STOPS, "stands still where γ is 0, as at 5 samples per dimension"),
        ({"momentum": {"beta": 1}}, {}, "algorithm.momentum.beta: .*must be < 1"),
        ({"momentum": {"rate": 101}}, {}, "got 101; must be ≤ dimension/batch_size = 100"),
        ({"momentum": {"rate": 1}}, {"constraint": "spherical"}, "momentum leaves the sphere"),
        ({"momentum": {"rate": 1}, "repeat": 2}, {}, "momentum is for one update of each sample"),
        ({"average": {"from": -1}}, {}, "algorithm.average.from: .*must be ≥ 0"),
        ({"average": {"rate": 0}}, {}, "algorithm.average.rate: .*must be > 0"),
        ({"average": {"from": 7}}, {}, "algorithm.average.from: got 7; the run ends at 6 samples per dimension"),
        ({"average": {"when": 7}}, {}, "average"),
        ({"average": {"rate": 1}}, {"integrate": {"fluctuations": True}}, "they are those of plain SGD"),
        ({"loss": "absolute"}, {"integrate": {"fluctuations": True}}, "they are not those of loss: absolute"),
        ({"dropout": 0.1}, {"inputs": {"spectrum": {"power": 1}}}, "it is for isotropic inputs"),
        ({}, {"save": ["risk", "average"]}, "average belongs to algorithm.average"),
    ],
)
def test_what_makes_no_rule_is_refused_with_a_sentence(rule, changes, words):
    with pytest.raises(SpecError, match=words):
        spec(rule, changes)
