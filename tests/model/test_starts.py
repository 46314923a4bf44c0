"""The starts: their laws, the identities between overlaps and factors, and what is refused."""

import numpy as np
import pytest
from support.built import started
from support.specs import SMALL, merged

from sgdode import SpecError
from sgdode.model.overlaps import bartlett, omega
from sgdode.model.starts import STARTS
from sgdode.spec.load import load_spec

P = [[1.0, 0.3], [0.3, 0.5]]


def consistent(overlaps, dimension):
    Q, M = overlaps.Q, overlaps.M
    assert np.array_equal(Q, Q.T)
    np.testing.assert_allclose(overlaps.A @ overlaps.A.T + overlaps.B @ overlaps.B.T, Q, atol=1e-12)
    np.testing.assert_allclose(overlaps.A @ overlaps.L.T, M, atol=1e-12)
    np.testing.assert_allclose(overlaps.L @ overlaps.L.T, overlaps.P, atol=1e-12)
    assert overlaps.B.shape[1] <= dimension - overlaps.L.shape[1]
    values = np.linalg.eigvalsh(omega(Q, M, overlaps.P))
    assert values[0] > -1e-10 * values[-1]


@pytest.mark.parametrize("kind", [kind for kind, law in STARTS.items() if not law.given])
@pytest.mark.parametrize("overlap", ["identity", P, [[1.0, 1.0], [1.0, 1.0]]])
def test_generated_starts_are_overlaps(kind, overlap):
    if kind == "symmetric" and overlap != "identity" and overlap != P:
        overlap = "identity"
    spec = load_spec(merged(SMALL, {"initial": {"kind": kind}, "teacher": {"overlap": overlap}}))
    drawn = started(spec)
    consistent(drawn.overlaps, spec.d)
    np.testing.assert_array_equal(drawn.overlaps.Q, started(spec).overlaps.Q)


@pytest.mark.parametrize(("rows", "dimension"), [(3, 50), (4, 2), (3, 3), (1, 1), (3, 0)])
def test_bartlett_factor_has_the_wishart_mean_and_variance(rows, dimension):
    rng = np.random.default_rng(1)
    draws = np.array([(f := bartlett(rng, rows, dimension)) @ f.T for _ in range(4000)])
    mean_error = np.sqrt((dimension + dimension * np.eye(rows)) / 4000)
    assert np.all(np.abs(draws.mean(0) - dimension * np.eye(rows)) <= 5 * mean_error)
    variance = dimension + dimension * np.eye(rows)
    assert np.allclose(draws.var(0), variance, rtol=0.35)


def test_gaussian_start_scales_with_dimension():
    wide = merged(SMALL, {"dimension": 1e9, "student": {"width": 200}, "initial": {"scale": 2.0}})
    drawn = started(load_spec(wide)).overlaps
    np.testing.assert_allclose(np.diag(drawn.Q), 4.0, rtol=1e-3)
    assert drawn.M.std() == pytest.approx(2 / np.sqrt(1e9), rel=0.2)


def test_in_teacher_span_is_the_same_at_every_dimension():
    changes = {"initial": {"kind": "in-teacher-span"}}
    first = started(load_spec(merged(SMALL, changes | {"dimension": 5}))).overlaps
    second = started(load_spec(merged(SMALL, changes | {"dimension": 5000}))).overlaps
    np.testing.assert_array_equal(first.Q, second.Q)
    np.testing.assert_allclose(first.q, 0.0)
    np.testing.assert_allclose(np.diag(first.Q), 1.0)


def test_given_overlaps_are_projected_and_kept():
    base = started(load_spec(SMALL)).overlaps
    given = {"kind": "overlaps", "Q": base.Q.tolist(), "M": base.M.tolist()}
    again = started(load_spec(merged(SMALL, {"initial": given}))).overlaps
    np.testing.assert_allclose(again.Q, base.Q, atol=1e-14)
    consistent(again, 100)


def weights_in_single_precision(rng, p=6, k=3, d=4):
    """Q, M and P (rank d < p + k) of weights, computed in single precision: with a stray negative eigenvalue."""
    W, W_star = (rng.standard_normal((rows, d)).astype(np.float32) for rows in (p, k))
    d = np.float32(d)
    return W @ W.T / d, W @ W_star.T / d, W_star @ W_star.T / d


def single(Q, M, P, **keys):
    p, k = M.shape
    initial = {"kind": "overlaps", "Q": Q, "M": M, **keys}
    return merged(
        SMALL, {"dimension": 4, "teacher": {"width": k, "overlap": P}, "student": {"width": p}, "initial": initial}
    )


@pytest.mark.parametrize("seed", range(10))
def test_rounding_of_single_precision_is_projected_and_told(seed):
    Q, M, P = weights_in_single_precision(np.random.default_rng(seed))
    lowest = np.linalg.eigvalsh(omega(Q.astype(float), M.astype(float), P.astype(float)))[0]
    assert -3e-6 < lowest < 0
    drawn = started(load_spec(single(Q, M, P)))
    consistent(drawn.overlaps, 4)
    moved = max(np.abs(a - b).max() for a, b in ((drawn.overlaps.Q, Q), (drawn.overlaps.M, M), (drawn.overlaps.P, P)))
    assert moved < 1e-5
    told = [warning for warning in drawn.warnings if "projected" in warning]
    assert told == [] if moved < 1e-8 else f"by up to {moved:.2g}" in told[0]


STRAY = np.array([[1.0, 0.8, 0.0], [0.8, 0.64 - 2.9e-7 * (1 + 1e-9), 0.0], [0.0, 0.0, 1.0]])


def test_more_than_the_precision_allows_needs_a_tolerance():
    given = {"kind": "overlaps", "Q": STRAY, "M": np.zeros((3, 2))}
    with pytest.raises(SpecError, match=r"initial: .* -1e-08 of the largest; initial\.tolerance sets it"):
        started(load_spec(merged(SMALL, {"initial": given})))
    drawn = started(load_spec(merged(SMALL, {"initial": {**given, "tolerance": 1e-6}})))
    consistent(drawn.overlaps, 100)
    assert any("moves them by up to 1." in warning for warning in drawn.warnings)
    with pytest.raises(SpecError, match="-2e-08 of the largest"):
        started(load_spec(merged(SMALL, {"initial": {**given, "tolerance": 2e-8}})))
    rounded = {**given, "Q": np.round(STRAY, 7)}
    assert np.linalg.eigvalsh(rounded["Q"])[0] < -1e-7
    assert any("projected" in warning for warning in started(load_spec(merged(SMALL, {"initial": rounded}))).warnings)


def test_an_asymmetry_of_rounding_is_one_too():
    Q = np.eye(3)
    Q[0, 1], Q[1, 0] = 0.1, 0.1 + 3e-8
    given = {"kind": "overlaps", "Q": Q, "M": np.zeros((3, 2))}
    with pytest.raises(SpecError, match=r"initial\.Q: not symmetric, by 3e-08 of its largest entry \(allowed: 1e-08"):
        started(load_spec(merged(SMALL, {"initial": {**given, "Q": Q * (1 + 1e-12)}})))
    drawn = started(load_spec(merged(SMALL, {"initial": {**given, "tolerance": 1e-6}})))
    assert drawn.overlaps.Q[0, 1] == pytest.approx(0.1 + 1.5e-8, abs=1e-12)


def test_a_zero_teacher_has_starts():
    zero = {"teacher": {"overlap": [[0, 0], [0, 0]]}}
    drawn = started(load_spec(merged(SMALL, zero)))
    consistent(drawn.overlaps, 100)
    assert not drawn.overlaps.M.any()
    assert drawn.warnings == ()
    with pytest.raises(SpecError, match=r"initial\.kind: in-teacher-span needs teachers that span something"):
        load_spec(merged(SMALL, {**zero, "initial": {"kind": "in-teacher-span"}}))
    with pytest.raises(SpecError, match="positive semidefinite"):
        started(load_spec(merged(SMALL, {**zero, "initial": {"kind": "symmetric"}})))


@pytest.mark.parametrize(
    ("initial", "changes", "message"),
    [
        ({"Q": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "M": [[2, 0], [0, 0], [0, 0]]}, {}, "not positive semidefinite"),
        ({"Q": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "M": [[0, 0], [0, 0], [0, 0]]}, {"dimension": 4}, "rank 3"),
        ({"Q": [[1, 1, 0], [0, 1, 0], [0, 0, 1]], "M": [[0, 0], [0, 0], [0, 0]]}, {}, "not symmetric"),
        (
            {"Q": [[2, 0, 0], [0, 1, 0], [0, 0, 1]], "M": [[0, 0], [0, 0], [0, 0]]},
            {"constraint": "spherical"},
            "neuron 0 has 2",
        ),
    ],
)
def test_what_no_weights_have_is_refused(initial, changes, message):
    spec = load_spec(merged(SMALL, {"initial": {"kind": "overlaps", **initial}, **changes}))
    with pytest.raises(SpecError, match=message) as caught:
        started(spec)
    assert "initial" in str(caught.value)


def test_symmetric_start_refuses_what_is_not_positive_semidefinite():
    changes = {"student": {"width": 60}, "initial": {"kind": "symmetric", "epsilon": 0.9, "q0": 0.01}}
    overlap = [[1.0, 0.9], [0.9, 1.0]]
    with pytest.raises(SpecError, match="positive semidefinite"):
        started(load_spec(merged(SMALL, changes | {"teacher": {"width": 2, "overlap": [[0.5, 0], [0, 0.5]]}})))
    started(
        load_spec(
            merged(SMALL, changes | {"teacher": {"width": 2, "overlap": overlap}, "initial": {"kind": "symmetric"}})
        )
    )


def test_unbroken_symmetry_is_said():
    drawn = started(load_spec(merged(SMALL, {"initial": {"kind": "symmetric", "spread": 0}})))
    assert any("unbroken symmetry" in warning for warning in drawn.warnings)
    assert not started(load_spec(merged(SMALL, {"initial": {"kind": "symmetric"}}))).warnings


@pytest.mark.parametrize(("teacher", "rule", "said"), [
    ("erf", {}, False), ("square", {}, True), ({"hermite": [0, 0, 0, 1]}, {}, True),
    ({"hermite": [0, 0, 0, 1]}, {"repeat": 2}, False),
])  # fmt: skip
def test_no_overlap_is_a_symmetry_where_nothing_is_learnt_from_it(teacher, rule, said):
    none = {"kind": "overlaps", "Q": [[1.0]], "M": [[0.0]]}
    units = {"teacher": {"width": 1, "activation": teacher}, "student": {"width": 1}}
    drawn = started(load_spec(merged(SMALL, {**units, "initial": none, "algorithm": rule})))
    assert any("M = 0" in warning for warning in drawn.warnings) is said


def test_spherical_normalises_generated_starts():
    drawn = started(load_spec(merged(SMALL, {"constraint": "spherical"}))).overlaps
    np.testing.assert_array_equal(np.diag(drawn.Q), 1.0)
    consistent(drawn, 100)
