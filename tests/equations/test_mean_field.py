"""Mean field against independent quadrature, and against (Q, M) where the two must agree."""

import math

import numpy as np
import pytest
from scipy import integrate
from support.built import equations_of, started
from support.mean_fields import A_STAR, P, experiment
from support.specs import SMALL, merged
from support.systems import solved

from sgdode.equations.mean_field import MeanField
from sgdode.gaussian.dual import pair_kernel
from sgdode.model.overlaps import from_factors, teacher_factor
from sgdode.model.start_laws import Start
from sgdode.model.state import packed, unpacked, unpacked_diagonal
from sgdode.runs.engines import method
from sgdode.spec.build import build
from sgdode.spec.load import load_spec

ACTIVATIONS = ["erf", {"name": "erf", "gain": 1.6}, "tanh", "square", "relu"]


def state(D, p=3, seed=3):
    """M (p,2), q (p,) and a (p,)."""
    rng = np.random.default_rng(seed)
    A = 0.6 * rng.standard_normal((p, 2))
    q = rng.uniform(0.2, 1.5, p) if D else np.zeros(p)
    return A @ teacher_factor(P).T, q, rng.standard_normal(p)


def over_angles(D):
    """E over ξ of a function, by adaptive quadrature over the angle θ, ξ = cos θ, density ∝ sin^(D−2) θ."""
    if D == 0:
        return lambda f: f(0.0)
    if D == 1:
        return lambda f: 0.5 * (f(1.0) + f(-1.0))
    norm = integrate.quad(lambda angle: math.sin(angle) ** (D - 2), 0, math.pi)[0]
    return lambda f: integrate.quad(
        lambda angle: f(math.cos(angle)) * math.sin(angle) ** (D - 2), 0, math.pi, epsabs=1e-11, epsrel=1e-10
    )[0] / norm  # fmt: skip


def twin(spec, D, M, q, a, share, own):
    """dM/dt, dq/dt, da/dt and the risk, one pair and one ξ at a time."""
    student, teacher = build(spec).activations
    ss, st, tt = pair_kernel(student, student), pair_kernel(student, teacher), pair_kernel(teacher, teacher)
    inverse = np.linalg.inv(P)
    Q = np.diag(M @ inverse @ M.T) + q
    v, v_star, p = -share * a, np.array(A_STAR) / 2, len(q)
    mean = over_angles(D)

    def entry(pair, which, q1, q2, c):
        return pair.evaluate(np.array([q1]), np.array([q2]), np.array([[c]]))[which][0, 0]

    def averaged(i, j, which, power):
        across = math.sqrt(q[i] * q[j])
        if own and i == j:
            return across**power * entry(ss, which, Q[i], Q[i], Q[i])
        c0 = M[i] @ inverse @ M[j]
        return mean(lambda xi: (across * xi) ** power * entry(ss, which, Q[i], Q[j], c0 + across * xi))

    E = np.array([[[averaged(i, j, w, 0) for j in range(p)] for i in range(p)] for w in range(3)])
    crossed = np.array([[averaged(i, j, 1, 1) for j in range(p)] for i in range(p)])
    T = np.array([[[entry(st, w, Q[i], P[r, r], M[i, r]) for r in range(2)] for i in range(p)] for w in range(3)])
    TT = np.array([[entry(tt, 0, P[r, r], P[s, s], P[r, s]) for s in range(2)] for r in range(2)])
    drag = E[2] @ v + T[2] @ v_star
    dM = a[:, None] * ((E[1] * v) @ M + drag[:, None] * M + (T[1] * v_star) @ P)
    dq = 2 * a * (drag * q + crossed @ v)
    risk = 0.5 * (v @ E[0] @ v + 2 * v @ T[0] @ v_star + v_star @ TT @ v_star)
    return dM, dq, 0.7 * (E[0] @ v + T[0] @ v_star), risk


@pytest.mark.parametrize("own", [True, False], ids=["finite", "infinite"])
@pytest.mark.parametrize("D", [0, 1, 2, 3, 8])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_averages_against_quadrature(activation, D, own):
    spec = experiment(activation)
    M, q, a = state(D)
    share = np.full(3, 1 / 3) if own else np.array([0.5, 0.2, 0.3])
    field = MeanField(build(spec), method(spec), (P, teacher_factor(P), D), share, own)
    *flow, risk = twin(spec, D, M, q, a, share, own)
    within = max(1e-8, 3 * (field.angles(q), field.angles.report["xi_error"])[1])
    for found, wanted in zip(field.flow(0.0, M, q, a), flow, strict=True):
        np.testing.assert_allclose(found, wanted, atol=within)
    np.testing.assert_allclose(field.risk(M, q, a), risk, atol=within)


@pytest.mark.parametrize("part", [("gradient-flow", "full_gradient_flow"), ("mean-field", "mean_field_corrected")])
def test_reference_trajectories(reference, part):
    name, key = part
    data = reference("erf_gf_full_vs_mf_p20k2d5.json")
    spec = load_spec(
        {
            "dimension": 5,
            "teacher": {"width": 2},
            "student": {"width": 20},
            "learning_rate": 1.0,
            "initial": {"kind": "overlaps", "Q": data["Q0"], "M": data["M0"]},
            "time": {"stop": 1.0},
        }
    )
    wanted = {name: np.array(values) for name, values in data[key].items()}
    found = solved(equations_of(spec, name), wanted["t"])
    q = found["q"] if "q" in found else np.einsum("tii->ti", found["Q"]) - (found["M"] ** 2).sum(axis=2)
    np.testing.assert_allclose(found["M"], wanted["M"], atol=1e-6)
    np.testing.assert_allclose(q, wanted.get("q", wanted.get("Qorth_diag")), atol=1e-6)
    np.testing.assert_allclose(found["risk"], wanted["risk"], rtol=1e-6)


VARIANTS = [{}, {"constraint": "spherical"}, {"weight_decay": 0.2}, {"constraint": "spherical", "weight_decay": 0.2}]


@pytest.mark.parametrize("name", ["mean-field", "mean-field-high-d"])
@pytest.mark.parametrize("activation", ["erf", "tanh"])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_in_the_teachers_span_mean_field_is_gradient_flow(variant, activation, name):
    """Where Q⊥ = 0 there is nothing to average."""
    spec = experiment(activation, width=4, **variant)
    times = np.array([0.0, 1.0, 10.0])
    exact = solved(equations_of(spec, "gradient-flow"), times)
    found = solved(equations_of(spec, name), times)
    for curve in ("M", "risk", "output_weights"):
        np.testing.assert_allclose(found[curve], exact[curve], atol=1e-7)


def test_start_is_kept_bit_by_bit():
    spec = experiment(width=4, initial={"kind": "gaussian"})
    beginning = started(spec)
    equations = equations_of(spec, "mean-field")
    curves = equations.curves(equations.y0[None])
    assert np.array_equal(curves["M"][0], beginning.overlaps.M)
    assert np.array_equal(curves["q"][0], beginning.overlaps.q)
    assert np.array_equal(curves["output_weights"][0], beginning.a)


def full_derivative(spec, overlaps, a, name="gradient-flow", others=()):
    """dQ/dt, dM/dt, da/dt on the full Q, at ``overlaps`` or, one by one, at ``others``."""
    equations = equations_of(spec, name, Start(overlaps, a))
    ydot = np.empty_like(equations.y0)
    for each in [overlaps, *others]:
        equations.rhs(0.0, packed(each.Q, each.M, a), ydot)
        dQ, dM, da = unpacked(ydot[None], len(a), 2)
        yield dQ[0].copy(), dM[0].copy(), da[0].copy()


def field_derivative(spec, overlaps, a, name):
    equations = equations_of(spec, name, Start(overlaps, a))
    ydot = np.empty_like(equations.y0)
    y = equations.y0.copy()
    y.flags.writeable = False
    equations.rhs(0.0, y, ydot)
    return tuple(part[0] for part in unpacked_diagonal(ydot[None], len(a), 2))


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_uncorrelated_orthogonal_parts_are_the_high_d_limit(variant, noisy):
    """With Q⊥ diagonal, d(M, q)/dt of mean-field-high-d is that of the full Q, γ/p noise and sphere included."""
    overrides = {"integrate.noise_correction": noisy, "teacher.noise": 0.3, "batch_size": 2}
    overrides["integrate.equations"] = "mean-field-high-d"
    spec = experiment(dimension=math.inf, width=4, overrides=overrides, **variant)
    M, q, a = state(9, p=4)
    L = teacher_factor(P)
    A = M @ np.linalg.inv(L.T)
    if "constraint" in variant:
        size = np.sqrt((A**2).sum(axis=1) + q)
        A, q = A / size[:, None], q / size**2
    overlaps = from_factors(A, np.diag(np.sqrt(q)), L, P)
    ((dQ, dM, da),) = full_derivative(spec, overlaps, a, "gradient-flow-noise" if noisy else "gradient-flow")
    found = field_derivative(spec, overlaps, a, "mean-field-high-d")
    parallel = np.diag(overlaps.M @ np.linalg.inv(P) @ dM.T)
    np.testing.assert_allclose(found[0], dM, atol=1e-12)
    np.testing.assert_allclose(found[1], np.diag(dQ) - 2 * parallel, atol=1e-12)
    np.testing.assert_allclose(found[2], da, atol=1e-12)


@pytest.mark.parametrize("D", [1, 2, 5])
def test_mean_field_is_the_mean_over_random_directions(D):
    """Full gradient flow, averaged over independent uniform directions of the orthogonal parts."""
    spec = experiment(dimension=2 + D)
    M, q, a = state(D)
    L = teacher_factor(P)
    A = M @ np.linalg.inv(L.T)
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(4000):
        directions = rng.standard_normal((3, D))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        draws.append(from_factors(A, np.sqrt(q)[:, None] * directions, L, P))
    overlaps = draws[0]
    samples = [
        np.concatenate([dM.ravel(), np.diag(dQ) - 2 * np.diag(overlaps.M @ np.linalg.inv(P) @ dM.T), da])
        for dQ, dM, da in full_derivative(spec, overlaps, a, others=draws[1:])
    ]
    mean, error = np.mean(samples, axis=0), np.std(samples, axis=0) / math.sqrt(len(samples))
    found = np.concatenate([part.ravel() for part in field_derivative(spec, overlaps, a, "mean-field")])
    assert (np.abs(found - mean) < 4.5 * error + 1e-12).all()


def test_noise_correction_says_what_it_neglects():
    overrides = {"integrate.noise_correction": True, "integrate.equations": "mean-field", "teacher.noise": 0.1}
    spec = experiment(dimension=4, overrides=overrides)
    assert any("D/d" in warning for warning in equations_of(spec, "mean-field").warnings)


def test_correlated_start_is_warned_of():
    Q = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    initial = {"kind": "overlaps", "Q": Q.tolist(), "M": [[0.0, 0.1]] * 3}
    spec = experiment(dimension=1000, overrides={"initial": initial})
    assert any("correlations" in warning for warning in equations_of(spec, "mean-field").warnings)


def test_what_is_saved_of_q_is_never_below_0():
    """A solver leaves round-off on either side."""
    system = equations_of(load_spec(merged(SMALL, {"initial": {"kind": "in-teacher-span"}})), "mean-field")
    states = np.tile(system.y0, (2, 1))
    states[1, -3:] = -1e-18, 1e-18, -0.5
    np.testing.assert_array_equal(system.curves(states)["q"], [[0, 0, 0], [0, 1e-18, 0]])
