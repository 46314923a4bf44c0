"""The systems on (Q, M) against reference trajectories, gradients of the risk, and averages over SGD steps."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.built import equations_of, started
from support.specs import SMALL, merged
from support.systems import solved

from sgdode import integrate
from sgdode.equations.full import full
from sgdode.gaussian.risk import risk_function
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.overlaps import omega
from sgdode.model.state import unpacked
from sgdode.spec.build import build, clock
from sgdode.spec.load import load_spec

P = [[0.8, 0.3], [0.3, 1.2]]
A_STAR = [0.7, -1.4]
A = [1.3, -0.6, 0.9]
SYSTEMS = ("full", "gradient-flow", "gradient-flow-noise")


def experiment(student="erf", teacher="erf", seed=0, overrides=(), **changes):
    """p = 3, k = 2, P ≠ I, unequal output weights."""
    spec = {
        "seed": seed,
        "dimension": 6,
        "teacher": {"width": 2, "activation": teacher, "overlap": P, "output_weights": A_STAR, "noise": 0.05},
        "student": {"width": 3, "activation": student, "output_weights": A, **changes.pop("student_keys", {})},
        "learning_rate": 0.9,
        "initial": {"kind": "gaussian", "scale": 1.2},
        "time": {"stop": 10.0},
    }
    return load_spec(spec | changes, overrides)


def derivative(spec, name, y=None, t=0.0):
    """dQ/dt (p,p), dM/dt (p,k), da/dt, at a state (default: the start)."""
    equations = equations_of(spec, name)
    y = equations.y0 if y is None else y
    y.flags.writeable = False
    ydot = np.full_like(y, np.nan)
    equations.rhs(t, y, ydot)
    Q, M, a = unpacked(ydot[None], int(spec.p), spec.k)
    return Q[0], M[0], a[0]


@pytest.mark.parametrize(
    ("file", "activation", "name", "within"),
    [
        ("published_classic_erf_ode.json", "erf", "gradient-flow-noise", 5e-4),
        ("erf_ss_p3k2.json", "erf", "full", 3e-4),
        ("erf_ss_p3k2_noquad.json", "erf", "gradient-flow-noise", 3e-4),
        ("square_ss_p3k2_noquad.json", "square", "gradient-flow-noise", 3e-4),
    ],
)
def test_reference_trajectories(reference, file, activation, name, within):
    data = reference(file)
    spec = load_spec(
        {
            "dimension": "inf",
            "teacher": {
                "width": data["k"], "activation": activation, "overlap": data["P"], "noise": data["noise"]
            },
            "student": {"width": data["p"], "activation": activation},
            "learning_rate": data["gamma_over_p"] * data["p"],
            "initial": {"kind": "overlaps", "Q": data["Q0"], "M": data["M0"]},
            "time": {"stop": 1.0},
        }
    )  # fmt: skip
    times, risks, M, Q = (np.array(data.get(one, data.get(other))) for one, other in
                          (("t", "times"), ("risk", "risks"), ("M", "Ms"), ("Q", "Qs")))  # fmt: skip
    found = solved(equations_of(spec, name), times)
    np.testing.assert_allclose(found["risk"], risks, rtol=within)
    np.testing.assert_allclose(found["M"], M, atol=1e-4)
    np.testing.assert_allclose(found["Q"], Q, atol=1e-4)


def risk_gradients(spec, h=1e-5):
    """∂R/∂Q (p,p), each entry by itself, ∂R/∂M (p,k) and ∂R/∂a (p,), by central differences."""
    beginning = started(spec)
    Q, M, P_star, a = beginning.overlaps.Q, beginning.overlaps.M, beginning.overlaps.P, beginning.a
    risk = risk_function(build(spec))
    dQ, dM, da = np.empty_like(Q), np.empty_like(M), np.empty_like(a)
    for i in range(len(Q)):
        for j in range(len(Q)):
            # Q_ij and Q_ji move together, each by a half.
            E = np.zeros_like(Q)
            E[i, j] += h / 2
            E[j, i] += h / 2
            dQ[i, j] = (risk(Q + E, M, P_star, a) - risk(Q - E, M, P_star, a)) / (2 * h)
    for index in np.ndindex(M.shape):
        E = np.zeros_like(M)
        E[index] = h
        dM[index] = (risk(Q, M + E, P_star, a) - risk(Q, M - E, P_star, a)) / (2 * h)
    for i in range(len(a)):
        E = np.zeros_like(a)
        E[i] = h
        da[i] = (risk(Q, M, P_star, a + E) - risk(Q, M, P_star, a - E)) / (2 * h)
    return dQ, dM, da


@pytest.mark.parametrize("teacher", ["same", "erf"])
@pytest.mark.parametrize("student", [*ACTIVATIONS, {"name": "erf", "gain": 1.7}, {"hermite": [0.2, 1.0, -0.5, 0.3]}])
def test_gradient_flow_follows_the_gradient_of_the_risk(student, teacher):
    """dw_i/dt = −p d ∂R/∂w_i and da/dt = −p η ∂R/∂a."""
    spec = experiment(student, student if teacher == "same" else teacher, student_keys={"train_output": 0.7})
    overlaps = started(spec).overlaps
    R_Q, R_M, R_a = risk_gradients(spec)
    pull = -3 * (2 * R_Q @ overlaps.Q + R_M @ overlaps.M.T)
    dQ, dM, da = derivative(spec, "gradient-flow")
    scale = np.abs(dQ).max() + np.abs(dM).max()
    np.testing.assert_allclose(dM, -3 * (2 * R_Q @ overlaps.M + R_M @ overlaps.P), atol=3e-7 * scale)
    np.testing.assert_allclose(dQ, pull + pull.T, atol=3e-7 * scale)
    np.testing.assert_allclose(da, -3 * 0.7 * R_a, atol=3e-7 * np.abs(R_a).max())


def sgd_increments(spec, samples, seed):
    """Increments of Q and M over δt by eq. (9), d → ∞: means and standard errors, over ``samples`` Gaussian inputs."""
    beginning = started(spec)
    Q, M, a = beginning.overlaps.Q, beginning.overlaps.M, beginning.a
    values, vectors = np.linalg.eigh(omega(Q, M, beginning.overlaps.P))
    rng = np.random.default_rng(seed)
    fields = rng.standard_normal((samples, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    student, teacher = fields[:, :3], fields[:, 3:]
    slope = math.sqrt(2 / math.pi) * np.exp(-(student**2) / 2)
    from scipy.special import erf

    E = erf(teacher / math.sqrt(2)) @ np.array(A_STAR) / 2 - erf(student / math.sqrt(2)) @ a / 3
    E += math.sqrt(spec.teacher.noise) * rng.standard_normal(samples)
    push = a * slope * E[:, None]
    dM = push[:, :, None] * teacher[:, None, :]
    half = push[:, :, None] * student[:, None, :]
    dQ = half + half.transpose(0, 2, 1) + spec.gamma_over_p * push[:, :, None] * push[:, None, :] / spec.batch_size
    return [(x.mean(0), x.std(0) / math.sqrt(samples)) for x in (dQ, dM)]


@pytest.mark.parametrize("batch", [1, 4])
def test_full_is_the_mean_of_sgd_steps(batch):
    spec = experiment(batch_size=batch)
    (Q_mean, Q_error), (M_mean, M_error) = sgd_increments(spec, 400_000, 1)
    dQ, dM, _ = derivative(spec, "full")
    assert np.abs((dQ - Q_mean) / Q_error).max() < 4.5
    assert np.abs((dM - M_mean) / M_error).max() < 4.5
    variance = dQ - derivative(spec, "gradient-flow")[0]
    assert np.abs(variance).max() > 10 * Q_error.max()


def test_noise_terms_agree():
    """full − full at Δ = 0 is linear in Δ, and is the term that gradient-flow-noise adds."""
    noisy, silent = experiment(), experiment(overrides={"teacher.noise": 0.0})
    by_full = derivative(noisy, "full")[0] - derivative(silent, "full")[0]
    added = derivative(noisy, "gradient-flow-noise")[0] - derivative(noisy, "gradient-flow")[0]
    np.testing.assert_allclose(by_full, added, rtol=1e-9)


@pytest.mark.parametrize("name", SYSTEMS)
def test_schedule_stands_in_front_of_the_variance_alone(name):
    spec = experiment(learning_rate={"gamma": 0.9, "schedule": {"power": 0.5, "time": 2.0}})
    flow = derivative(spec, "gradient-flow")[0]
    early, late = (derivative(spec, name, t=t)[0] - flow for t in (0.0, 7.0))
    np.testing.assert_allclose(late, early * clock(spec).factor(7.0), atol=1e-12)


@pytest.mark.parametrize("name", SYSTEMS)
def test_sphere_and_decay(name):
    """On the sphere, the flow is that of Q_ij/√(Q_ii Q_jj) and M_i/√Q_ii under the free flow; decay leaves no trace."""
    sphere = experiment(constraint="spherical", weight_decay=0.3)
    y = equations_of(sphere, name).y0
    free = experiment()
    dQ, dM, _ = derivative(free, name, y.copy())
    decayed_Q, decayed_M, _ = derivative(experiment(weight_decay=0.3), name, y.copy())
    overlaps = started(sphere).overlaps
    np.testing.assert_allclose(decayed_Q, dQ - 0.6 * overlaps.Q, atol=1e-14)
    np.testing.assert_allclose(decayed_M, dM - 0.3 * overlaps.M, atol=1e-14)
    h = 1e-6
    normalised = []
    for sign in (1, -1):
        Q, M = overlaps.Q + sign * h * dQ, overlaps.M + sign * h * dM
        norms = np.sqrt(np.diag(Q))
        normalised.append((Q / np.outer(norms, norms), M / norms[:, None]))
    on_sphere = derivative(sphere, name)
    for index in range(2):
        slope = (normalised[0][index] - normalised[1][index]) / (2 * h)
        np.testing.assert_allclose(on_sphere[index], slope, atol=1e-8)
    np.testing.assert_allclose(np.diag(on_sphere[0]), 0, atol=1e-14)


@pytest.mark.parametrize("name", SYSTEMS)
def test_start_is_kept_bit_by_bit(name):
    spec = experiment(student_keys={"train_output": 1.0})
    beginning = started(spec)
    equations = equations_of(spec, name)
    curves = equations.curves(equations.y0[None])
    assert np.array_equal(curves["Q"][0], beginning.overlaps.Q)
    assert np.array_equal(curves["M"][0], beginning.overlaps.M)
    assert np.array_equal(curves["output_weights"][0], beginning.a)
    assert curves["risk"][0] == risk_function(build(spec))(
        beginning.overlaps.Q, beginning.overlaps.M, beginning.overlaps.P, beginning.a
    )


@pytest.mark.parametrize("name", ["full", "gradient-flow"])
@pytest.mark.parametrize("activation", ["erf", "square", "relu"])
def test_perfect_learning_is_a_fixed_point(activation, name):
    student = {"width": 2, "activation": activation, "output_weights": A_STAR}
    initial = {"kind": "overlaps", "Q": P, "M": P}
    spec = experiment(teacher=activation, overrides={"student": student, "initial": initial, "teacher.noise": 0.0})
    equations = equations_of(spec, name)
    ydot = np.empty_like(equations.y0)
    equations.rhs(0.0, equations.y0, ydot)
    assert np.abs(ydot).max() < 1e-7
    assert equations.curves(equations.y0[None])["risk"][0] < 1e-14


def test_rank_deficient_teachers_are_fine():
    """Two equal teachers with half the weight each are one teacher."""
    base = {"dimension": 8, "student": {"width": 3}, "learning_rate": 0.5, "time": {"stop": 5.0}}
    base["initial"] = {"kind": "gaussian", "scale": 1.3}
    one = load_spec(base | {"teacher": {"width": 1}})
    two = load_spec(base | {"teacher": {"width": 2, "overlap": [[1.0, 1.0], [1.0, 1.0]]}})
    times = np.array([0.0, 1.0, 5.0])
    for name in SYSTEMS:
        single, double = (solved(equations_of(spec, name), times) for spec in (one, two))
        sign = np.sign((single["M"][0, :, 0] * double["M"][0, :, 0]).sum())
        np.testing.assert_allclose(double["M"], sign * np.repeat(single["M"], 2, axis=2), atol=1e-6)
        np.testing.assert_allclose(double["risk"], single["risk"], rtol=1e-6)


def test_large_batches_are_warned_of():
    for batch, warned in ((1, False), (2, False), (50, True)):
        spec = experiment(dimension=100, batch_size=batch)
        assert bool(equations_of(spec, "full").warnings) == warned


RIGHT = json.loads((Path(__file__).parents[1] / "reference" / "averages" / "right_values.json").read_text())["cases"]


@pytest.mark.parametrize("case", ["hermite4_tanh", "softplus_softplus_a4", "gelu_linear"])
def test_right_values_where_the_variance_term_is_hard(case):
    right = RIGHT[case]
    spec = load_spec(Path(__file__).parents[1] / "reference" / "averages" / right["spec"])
    found = integrate(spec)
    np.testing.assert_allclose(found.time, right["time"], atol=1e-12)
    np.testing.assert_allclose(found.risk, right["excess_risk"], rtol=right["tolerance_risk"])
    assert found.attributes["right_hand_side_error"] < 1e-6


def test_the_error_stated_in_the_file_is_the_largest_on_the_path():
    """Students that grow: what V is known to at the start says nothing of the end."""
    unit = {"activation": "softplus", "width": 1}
    changes = {"student": unit, "teacher": {**unit, "output_weights": 4.0}, "learning_rate": 0.5}
    spec = load_spec(merged(SMALL, changes))
    beginning, problem = started(spec), build(spec)
    system = full(problem, beginning)
    found = integrate(spec)
    at_start = system.stated_error(0.0, system.y0.copy())
    assert 0.0 < at_start <= found.attributes["right_hand_side_error"] < 1e-5
