"""The equations where inputs have blocks: reference trajectories, and what any right equations leave unchanged."""

import numpy as np
import pytest
from support.specs import SMALL, merged
from support.structured import problem_of, reference, spec_of, start_of, with_rule
from support.systems import solved

from sgdode import integrate, load_spec
from sgdode.equations.block_flow import BlockFlow, packed_state
from sgdode.equations.system import Method
from sgdode.equations.systems import system
from sgdode.model.inputs import InputLaw
from sgdode.spec.build import build

BLOCKS = [[0.2, 3.0], [0.3, 1.0], [0.5, 0.2]]


def run(problem, start, times, name="full", rtol=1e-10):
    return solved(system(problem, start, name, Method()), np.asarray(times), rtol=rtol)


@pytest.mark.parametrize(
    "name",
    ["two_blocks_erf_full", "five_blocks_erf_full", "two_blocks_relu", "zero_block_square_full", "spherical_erf_full"],
)
def test_a_reference_trajectory(name):
    ref = reference(name)
    found = run(*problem_of(ref), ref["t"], ref["equations"])
    np.testing.assert_allclose(found["risk"], ref["risk"], rtol=1e-6)
    at = [ref["t"].index(t) for t in ref["saved_at"]]
    np.testing.assert_allclose(found["Q_block"][at], ref["Q_block"], atol=2e-8)
    np.testing.assert_allclose(found["M_block"][at], ref["M_block"], atol=2e-8)


def test_a_power_law_in_twenty_blocks_is_that_of_a_thousand_eigenvalues():
    ref = reference("power_law_erf_full")
    for bins, allowed in ((20, 3e-4), (36, 1e-4)):
        spec = merged(SMALL, {"dimension": ref["d"], "inputs": {"spectrum": {"power": ref["alpha"]}, "bins": bins}})
        teacher = {"width": 1, "placement": {"power": ref["delta"]}, "noise": ref["noise"]}
        student = {"width": 2, "output_weights": ref["a"]}
        problem = build(
            load_spec(merged(spec, {"teacher": teacher, "student": student, "learning_rate": ref["gamma"]}))
        )
        E, P, pi = np.array(ref["E"]), problem.teacher.blocks, np.array(problem.inputs.fractions)
        M = E @ P
        found = run(problem, start_of(problem, M @ E.T + 0.05 * pi[:, None, None] * np.eye(2), M), ref["t"])
        assert len(pi) <= bins
        np.testing.assert_allclose(found["risk"], ref["risk"], rtol=allowed)


def test_a_system_is_a_flow_from_the_packed_start():
    problem, start = problem_of(reference("two_blocks_erf_full"))
    equations = system(problem, start, "full", Method())
    assert isinstance(equations.rhs, BlockFlow)
    np.testing.assert_array_equal(equations.y0, packed_state(problem, start))
    assert len(equations.y0) == 2 * (6 + 6)


def divided(problem, parts):
    """The same problem with its first block cut into ``parts`` of equal eigenvalue."""
    law, (first, *rest) = problem.inputs, problem.teacher.blocks
    fractions = (*[law.fractions[0] / parts] * parts, *law.fractions[1:])
    cut = InputLaw((*[law.eigenvalues[0]] * parts, *law.eigenvalues[1:]), fractions)
    teacher = type(problem.teacher)(**{**vars(problem.teacher), "blocks": np.array([*[first / parts] * parts, *rest])})
    return type(problem)(**{**vars(problem), "inputs": cut, "teacher": teacher})


@pytest.mark.parametrize("rule", [{}, {"decay": 0.3}, {"train_output": 0.5}, {"spherical": True, "of_fields": True}])
def test_a_block_cut_into_equal_ones_is_the_same(rule):
    ref = reference("two_blocks_erf_full")
    problem, start = problem_of(ref)
    problem = with_rule(problem, **rule)
    Q, M = np.array(ref["Q_block0"]), np.array(ref["M_block0"])
    cut = divided(problem, 3)
    pieces = start_of(cut, [*[Q[0] / 3] * 3, Q[1]], [*[M[0] / 3] * 3, M[1]])
    whole, parts = (run(one, begin, ref["t"][:9]) for one, begin in ((problem, start), (cut, pieces)))
    np.testing.assert_allclose(parts["risk"], whole["risk"], rtol=1e-8)
    np.testing.assert_allclose(parts["M_block"][:, :3].sum(axis=1), whole["M_block"][:, 0], atol=1e-9)


def isotropic_by_block(changes):
    """A spec of isotropic inputs, and the same in three blocks of eigenvalue 1."""
    spec = merged({**SMALL, "dimension": 1000, "time": {"stop": 20, "points": 12}}, changes)
    spec = merged(spec, {"initial": {"kind": "symmetric", "spread": 0.1}, "integrate": {"rtol": 1e-11, "atol": 1e-14}})
    return load_spec(spec), load_spec({**spec, "inputs": {"spectrum": {"blocks": [[0.2, 1], [0.3, 1], [0.5, 1]]}}})


@pytest.mark.parametrize(
    "changes",
    [
        {"teacher": {"noise": 0.1}},
        {"student": {"train_output": 0.7}, "weight_decay": 0.1, "batch_size": 3},
        {"constraint": "spherical", "integrate": {"equations": "gradient-flow-noise"}},
        {"student": {"activation": "relu"}, "learning_rate": {"gamma": 0.5, "schedule": {"power": 0.5, "time": 3}}},
    ],
)
def test_blocks_of_eigenvalue_one_are_isotropic_inputs(changes):
    plain, blocks = (integrate(spec) for spec in isotropic_by_block(changes))
    np.testing.assert_allclose(blocks.risk, plain.risk, rtol=2e-8, atol=1e-14)
    np.testing.assert_allclose(blocks.Q, plain.Q, atol=1e-8)


def test_on_the_sphere_of_the_fields_their_variance_is_one():
    ref = reference("spherical_erf_full")
    spec = {**spec_of(ref), "constraint": "spherical-fields", "initial": {"kind": "gaussian"}, "time": {"stop": 5}}
    theory = integrate(load_spec({**spec, "save": ["risk", "Q", "Q_block"]}))
    np.testing.assert_allclose(np.diagonal(theory.Q, axis1=1, axis2=2), 1.0, atol=1e-7)
    assert np.ptp(np.diagonal(theory.curves["Q_block"].sum(axis=1), axis1=1, axis2=2)) > 0.01


def test_a_block_of_eigenvalue_zero_stays_but_for_decay():
    ref = reference("zero_block_square_full")
    problem, start = problem_of(ref)
    free, decayed = (run(with_rule(problem, decay=decay), start, [0.5, 1.0]) for decay in (0.0, 0.2))
    np.testing.assert_array_equal(free["M_block"][-1, 2], ref["M_block0"][2])
    np.testing.assert_allclose(decayed["M_block"][-1, 2], np.exp(-0.2) * np.array(ref["M_block0"][2]), rtol=1e-8)


def test_what_does_not_hold_by_block_is_refused_by_name():
    from sgdode import SpecError

    base = merged(SMALL, {"dimension": 100, "inputs": {"spectrum": {"blocks": BLOCKS}}})
    for changes, words in (
        ({"integrate": {"fluctuations": True}}, "integrate.fluctuations: error bars are for isotropic inputs alone"),
        ({"student": {"width": "inf"}}, "student.width: got inf"),
    ):
        with pytest.raises(SpecError, match=words):
            load_spec(merged(base, changes))
