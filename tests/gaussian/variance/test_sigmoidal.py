"""The variance term of sigmoidal students by sums of erfs: values, stated errors, fixed points, steep activations."""

from dataclasses import replace

import numpy as np
import pytest
from support import planar_twin
from support.gaussian_twin import functions

from sgdode.gaussian.tanh_as_erfs import MINIMAX, NINE, TWELVE
from sgdode.gaussian.variance.erf_student import erf_variance
from sgdode.gaussian.variance.sigmoidal import sigmoidal_variance, term_size
from sgdode.model.activations import ACTIVATIONS, Activation, hermite_series

SERIES = (0.3, -0.2, 0.4, 0.1)
STUDENTS = ["erf", "tanh", "sigmoid"]
TEACHERS = [*STUDENTS, "relu", "leaky-relu", "linear", "softplus", "gelu", "square", "hermite"]


def unit(name, gain=1.0):
    return replace(hermite_series(SERIES) if name == "hermite" else ACTIVATIONS[name], gain=gain)


def filled(term, Omega, v, noise, p):
    out = np.full((p, p), np.nan)
    term.fill(np.ascontiguousarray(Omega), np.array(v, dtype=float), noise, out)
    np.testing.assert_array_equal(out, out.T)
    return out


# Students (gain), teacher (gain), Ω, v, Δ, V: tensor products of graded Gauss–Legendre panels in the three fields.
VALUES = [
    (
        ("tanh", 1.0), ("tanh", 1.0),
        [[25.14420607547424, 352.03913539817034, 9.646888362347003],
         [352.03913539817034, 7190.7442580230145, -214.79029758579853],
         [9.646888362347003, -214.79029758579853, 171.5386291309028]],
        [-0.522759198456394, -0.3336600328301554, 1.1640297181559354], 0.1,
        [[0.19391908575267316, 0.0035103349645598304], [0.0035103349645598304, 0.007283130404606591]],
    ),
    (
        ("tanh", 10.0), ("tanh", 0.5),
        [[1.178896794008315, -0.9526836641726347, 1.7349791597266755],
         [-0.9526836641726347, 0.7698775402514122, -1.4020619205619027],
         [1.7349791597266755, -1.4020619205619027, 2.553364043387711]],
        [-0.5, -0.4, 0.9], 0.0,
        [[0.0060310525048249955, 0.006919575216095237], [0.006919575216095237, 0.008053648415711493]],
    ),
    (
        ("sigmoid", 1.0), ("linear", 1.0),
        [[0.25632304226386776, 0.07945494549988234, -0.3389527248383139],
         [0.07945494549988234, 0.024629421953763962, -0.10506847157088851],
         [-0.3389527248383139, -0.10506847157088851, 0.448219358901987]],
        [-0.5, -0.4, 0.9], 0.0,
        [[0.03199962097621961, 0.03564569008957276], [0.03564569008957275, 0.04020090945873013]],
    ),
    (
        ("tanh", 1.0), ("relu", 1.0),
        [[0.01093473750725703, 0.020744609049925693, 1.9243973820585492],
         [0.020744609049925693, 0.1194723662155353, -4.647849646375939],
         [1.9243973820585492, -4.647849646375939, 3896.7838236844827]],
        [-0.3021087190410028, -0.6816230987774452, 1.4751201606057505], 0.1,
        [[4138.97972671654, 3749.395375635348], [3749.395375635348, 3460.604602870979]],
    ),
    (
        ("tanh", 1.0), ("hermite", 1.0),
        [[0.11688659677039023, 0.02265355848617313, 0.014300130911487052],
         [0.02265355848617313, 0.012371830668969632, 0.008815765840343399],
         [0.014300130911487052, 0.008815765840343399, 0.05558132804067276]],
        [-0.5886558521310874, -0.4871598095498588, 0.7266175943737987], 0.1,
        [[0.11899443628943275, 0.13275538947239124], [0.13275538947239124, 0.15185147060723195]],
    ),
    (
        ("erf", 1.0), ("gelu", 1.0),
        [[35.81226610261306, 16.28450520893065, -63.735831157590304],
         [16.28450520893065, 7.404868185103208, -28.981870946322843],
         [-63.735831157590304, -28.981870946322843, 113.4319777952408]],
        [-0.5, -0.4, 0.9], 0.0,
        [[0.07799134306288494, 0.16179319340839948], [0.16179319340839948, 0.7002073872468383]],
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case[0][0]}-{case[1][0]}")
def test_values_known_by_quadrature(case):
    student, teacher, Omega, v, noise, wanted = case
    Omega, v = np.array(Omega), np.array(v)
    term = sigmoidal_variance(unit(*student), unit(*teacher))
    off, stated = abs(filled(term, Omega, v, noise, 2) - wanted), term.error(Omega, v, noise, 2)
    assert np.all(off <= stated + 2e-13 * np.abs(wanted))
    assert np.all(off <= 2e-7 * term_size(term, Omega, v, noise, 2))


@pytest.mark.parametrize("table", [NINE, TWELVE, MINIMAX], ids=["nine", "twelve", "best"])
def test_tanh_is_a_sum_of_erfs(table):
    from scipy.special import erf

    weights, scales, error = table if table is MINIMAX else (table.weights[-1], table.scales, table.error)
    x = np.concatenate([np.linspace(0, 3, 3001), np.linspace(3, 30, 3001)])
    z = np.outer(x, scales)
    value = erf(z / np.sqrt(2)) @ weights - np.tanh(x)
    slope = np.sqrt(2 / np.pi) * np.exp(-z * z / 2) @ (weights * scales) - 1 / np.cosh(x) ** 2
    assert max(np.max(abs(value)), np.max(abs(slope))) < 1.2 * error
    at_zero = abs(np.sqrt(2 / np.pi) * weights @ scales - 1)  # all that small fields see
    assert at_zero < (1e-11 if table is MINIMAX else 1e-13)


def random_case(rng):
    """Two units, G (n,2), v, Δ and p: gains to 1000, variances from 1e-6 to 1e4, fields equal, opposite, on a line."""
    student, teacher = rng.choice(STUDENTS, p=[0.2, 0.5, 0.3]), rng.choice(TEACHERS)
    gain = 10 ** rng.uniform(-1, 3) if rng.random() < 0.5 else 10 ** rng.uniform(-0.5, 0.5)
    other = gain if rng.random() < 0.5 else 10 ** rng.uniform(-1, 3)
    polynomial = teacher in ("square", "hermite")
    p, k = [(1, 1), (2, 1), (1, 2)][rng.integers(3)]
    G = rng.standard_normal((p + k, 2))
    G *= (np.sqrt(10 ** rng.uniform(-6, 4, p + k if rng.random() < 0.4 else 1)) / np.hypot(*G.T))[:, None]
    if polynomial:
        G[p:] *= rng.uniform(0.3, 1.5) / np.hypot(*G[p:].T)[:, None]
    shape = rng.integers(5)
    if shape == 0:
        G[-1] = G[0] * rng.choice([-1, 1])
    elif shape == 1:
        G[-1] = G[0] + 10 ** rng.uniform(-6, -1) * np.hypot(*G[0]) * rng.standard_normal(2)
    elif shape == 2:
        G[:, 1] = 0.0
    elif shape == 3:
        G[p - 1] = G[0] * rng.choice([-1, 1])
    v = np.concatenate([-np.ones(p) / p, np.ones(k) / k]) * rng.uniform(0.5, 1.5, p + k) ** rng.integers(2)
    return unit(student, gain), unit(teacher, min(other, 2.0) if polynomial else other), G, v, 0.1 * rng.integers(2), p


def quadrature(student, teacher, G, v, noise, p):
    smooth = teacher.name in (*STUDENTS, "softplus", "gelu")
    gains = np.where(np.arange(len(v)) < p, student.gain, teacher.gain if smooth else 0.0)
    return planar_twin.variance(G, gains, v, noise, p, functions(student), functions(teacher))


def test_the_stated_error_holds_and_is_not_idle():
    rng, loose, count = np.random.default_rng(11), 0, 0
    for _ in range(300):
        student, teacher, G, v, noise, p = random_case(rng)
        term, Omega = sigmoidal_variance(student, teacher), G @ G.T
        wanted = quadrature(student, teacher, G, v, noise, p)
        off, stated = abs(filled(term, Omega, v, noise, p) - wanted), term.error(Omega, v, noise, p)
        magnitude = term_size(term, Omega, v, noise, p)
        assert np.all(off <= stated + 3e-12 * magnitude), (student, teacher, G, v)  # the twin's own error
        loose += np.sum((stated > 100 * off) & (stated > 1e-9 * np.maximum(1.0, wanted)))
        count += off.size
    assert loose < 0.1 * count


@pytest.mark.parametrize("name", STUDENTS)
@pytest.mark.parametrize("gain", [0.1, 1.0, 1000.0])
def test_perfect_learning_is_a_fixed_point(name, gain):
    rows = np.random.default_rng(3).standard_normal((3, 4))
    Omega, v = (rows @ rows.T)[np.ix_([0, 1, 2, 2, 0, 1], [0, 1, 2, 2, 0, 1])], np.array([1, 1, 1, -1, -1, -1]) / 3
    term = sigmoidal_variance(unit(name, gain), unit(name, gain))
    assert np.max(filled(term, Omega, v, 0.0, 3)) < 1e-15 * gain**2
    noisy = filled(term, Omega, v, 0.2, 3)
    alone = filled(term, Omega, np.zeros(6), 0.2, 3)
    np.testing.assert_allclose(noisy, alone, rtol=1e-14)


@pytest.mark.parametrize("name", STUDENTS)
def test_near_perfect_learning_the_error_is_one_of_v(name):
    rows = np.random.default_rng(5).standard_normal((2, 4))
    step, v = np.random.default_rng(6).standard_normal((2, 4)), np.array([-0.5, -0.5, 0.5, 0.5])
    term, ratios = sigmoidal_variance(unit(name), unit(name)), []
    for distance in (1e-3, 1e-4):
        G = np.concatenate([rows + distance * step, rows])
        ratios.append(filled(term, G @ G.T, v, 0.0, 2) / distance**2)
        assert np.all(term.error(G @ G.T, v, 0.0, 2) < 1e-6 * distance**2 + 1e-13)
    np.testing.assert_allclose(ratios[0], ratios[1], rtol=2e-2)


def test_signs_and_order_of_the_units_do_not_matter():
    G, v = np.random.default_rng(7).standard_normal((4, 5)), np.array([-0.5, -0.4, 0.7, 0.3])
    term = sigmoidal_variance(unit("tanh", 2.0), unit("erf"))
    whole = filled(term, G @ G.T, v, 0.1, 2)
    flip = np.array([1, -1, 1, -1])[:, None]
    np.testing.assert_allclose(filled(term, (flip * G) @ (flip * G).T, flip[:, 0] * v, 0.1, 2), whole, rtol=1e-12)
    order = [1, 0, 3, 2]
    np.testing.assert_allclose(filled(term, G[order] @ G[order].T, v[order], 0.1, 2), whole[::-1, ::-1], rtol=1e-12)


def test_an_erf_alone_is_exact():
    G, v = np.random.default_rng(8).standard_normal((5, 6)), np.array([-0.5, -0.4, 0.7, 0.3, 0.1])
    wanted = np.empty((2, 2))
    erf_variance(G @ G.T, v, 0.1, 1.3, 0.7, wanted)
    term = sigmoidal_variance(unit("erf", 1.3), unit("erf", 0.7))
    np.testing.assert_allclose(filled(term, G @ G.T, v, 0.1, 2), wanted, rtol=1e-13)


@pytest.mark.parametrize(("name", "gain", "q"), [("erf", 1e5, 1.0), ("erf", 1e5, 1e4), ("tanh", 1e3, 1e4)])
@pytest.mark.parametrize("teacher", ["erf", "tanh", "relu"])
def test_steep_students_keep_their_digits(name, gain, q, teacher):
    G, v = np.sqrt(q) * np.array([[1.0, 0.0], [0.6, 0.8], [0.5, -0.7]]), np.array([-0.5, -0.5, 1.0])
    student, other = unit(name, gain), unit(teacher)
    term, wanted = sigmoidal_variance(student, other), quadrature(student, other, G, v, 0.1, 2)
    assert np.all(abs(filled(term, G @ G.T, v, 0.1, 2) / wanted - 1) < 3e-7)
    assert np.all(term.error(G @ G.T, v, 0.1, 2) < 1e-5 * wanted)


def test_a_student_that_is_not_sigmoidal_is_refused():
    with pytest.raises(ValueError, match="relu is no sum of erfs"):
        sigmoidal_variance(unit("relu"), unit("tanh"))
    with pytest.raises(ValueError, match="no closed form for a teacher cosine"):
        sigmoidal_variance(unit("tanh"), Activation(name="cosine"))
