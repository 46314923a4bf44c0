"""Weight decay and the sphere: the flow of the overlaps against that of weights, and the mean-field form of it."""

import numpy as np
import pytest

from sgdode.jit import formulas
from sgdode.model import linear_map
from sgdode.model.learning import LearningRule

P, K = 3, 2
LOOPS = pytest.mark.parametrize("loops", [linear_map, formulas], ids=["plain", "compiled"])
RULES = pytest.mark.parametrize(
    ("decay", "spherical"),
    [(0.0, False), (0.4, False), (0.0, True), (0.4, True)],
    ids=["free", "decay", "sphere", "both"],
)


def network(seed=0):
    """Rows of all units (n,D), the drift of the students' rows (p,D), and the noise N (p,p) of Q."""
    rng = np.random.default_rng(seed)
    rows, drift = rng.standard_normal((P + K, 6)), rng.standard_normal((P, 6))
    N = rng.standard_normal((P, P))
    return rows, drift, N + N.T


def held(loops, rows, drift, N, decay, spherical):
    """dQ (p,p) and dM (p,k), by ``add_to_sphere`` and ``hold_overlaps``."""
    found = np.full((P, P), np.nan), np.full((P, K), np.nan)
    F, Omega, stretch, square = drift @ rows.T, rows @ rows.T, np.zeros(P), np.zeros(P)
    loops.add_to_sphere(F, N, Omega, decay, 1.0, stretch, square)
    loops.hold_overlaps(F, N, Omega, decay, 0.5 * stretch / square if spherical else np.zeros(P), *found)
    return found


def twin(rows, drift, N, decay, spherical, h=1e-6):
    """The same by a small step: the rows drift and decay, Q is moved by the noise, rows are scaled back."""
    students, teachers = rows[:P], rows[P:]

    def after(h):
        moved = students + h * (drift - decay * students)
        Q, M = moved @ moved.T + h * N, moved @ teachers.T
        scale = np.sqrt(np.diag(students @ students.T) / np.diag(Q)) if spherical else np.ones(P)
        return scale[:, None] * Q * scale, scale[:, None] * M

    return [(one - other) / (2 * h) for one, other in zip(after(h), after(-h), strict=True)]


@LOOPS
@RULES
def test_the_flow_is_that_of_the_weights(loops, decay, spherical):
    rows, drift, N = network()
    found, wanted = held(loops, rows, drift, N, decay, spherical), twin(rows, drift, N, decay, spherical)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)
    assert np.array_equal(found[0], found[0].T)


@LOOPS
def test_on_the_sphere_lengths_stay(loops):
    rows, drift, N = network(1)
    dQ, dM = held(loops, rows, drift, N, 0.4, True)
    np.testing.assert_allclose(np.diag(dQ), 0.0, atol=1e-13)
    free, _ = held(loops, rows, drift, N, 0.4, False)
    assert np.abs(np.diag(free)).min() > 0.1
    without_decay = held(loops, rows, drift, N, 0.0, True)
    np.testing.assert_allclose(dQ, without_decay[0], atol=1e-13)
    np.testing.assert_allclose(dM, without_decay[1], atol=1e-13)


@RULES
def test_the_mean_field_form_is_that_of_the_diagonal(decay, spherical):
    """dM, and dq = diag(dQ − 2 dA Aᵀ), with A the coordinates in the teachers' span."""
    rows, drift, N = network(2)
    students, teachers = rows[:P], rows[P:]
    basis = np.linalg.qr(teachers.T)[0]  # (D,k)
    L = teachers @ basis
    into_span = L @ np.linalg.inv(L.T @ L)
    A, M = students @ basis, students @ teachers.T
    q = (students**2).sum(axis=1) - (A**2).sum(axis=1)
    np.testing.assert_allclose(M @ into_span, A, atol=1e-12)

    def orthogonal(dQ, dM):
        return np.diag(dQ) - 2 * ((dM @ into_span) * A).sum(axis=1)

    dQ, dM = held(linear_map, rows, drift, N, 0.0, False)
    dq = orthogonal(dQ, dM)
    linear_map.hold_diagonal(LearningRule(decay=decay, spherical=spherical), dM, dq, M, q, A, into_span)
    wanted_Q, wanted_M = held(linear_map, rows, drift, N, decay, spherical)
    np.testing.assert_allclose(dM, wanted_M, atol=1e-12)
    np.testing.assert_allclose(dq, orthogonal(wanted_Q, wanted_M), atol=1e-12)
