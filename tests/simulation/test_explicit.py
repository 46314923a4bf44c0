"""The explicit method is SGD as it is defined: a twin in NumPy, from the same random numbers."""

import math

import numpy as np
import pytest
from scipy.special import erf
from support.sgd import experiment

from sgdode.model.clock import saved_grid
from sgdode.model.starts import start
from sgdode.simulation import explicit
from sgdode.simulation.simulate import simulate

VARIANTS = {
    "plain": {},
    "noise": {"teacher": {"noise": 0.3}},
    "all": {
        "teacher": {"noise": 0.2},
        "student": {"train_output": 2.0},
        "batch_size": 3,
        "weight_decay": 0.5,
        "constraint": "spherical",
    },
}


def twin(spec):
    """M (T,p,k) and a (p,) of run 0: one input, one sum and one neuron at a time where NumPy allows it."""
    beginning, grid = start(spec), saved_grid(spec)
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(spec.seed, spawn_key=(0,))))
    d, k, a = int(spec.d), spec.k, beginning.a.copy()
    A, B, L = beginning.overlaps.A, beginning.overlaps.B, beginning.overlaps.L
    W = np.zeros((int(spec.p), d))
    W[:, :k], W[:, k : k + B.shape[1]] = A * d**0.5, B * d**0.5
    W_star = np.zeros((k, d))
    W_star[:, :k] = L * d**0.5
    saved, dt = [W @ W_star.T / d], spec.step_size
    for step in range(int(grid.step[-1])):
        change, change_a = np.zeros_like(W), np.zeros_like(a)
        for _ in range(spec.batch_size):
            x = np.array([rng.standard_normal() for _ in range(d)]) / d**0.5
            y = np.array(spec.teacher_output_weights) @ erf(W_star @ x / 2**0.5) / k
            y += spec.teacher.noise**0.5 * rng.standard_normal() if spec.teacher.noise else 0.0
            field = W @ x
            error = y - a @ erf(field / 2**0.5) / len(a)
            slope = math.sqrt(2 / math.pi) * np.exp(-(field**2) / 2)
            change += d * dt * error / spec.batch_size * np.outer(a * slope, x)
            change_a += spec.student.train_output * dt * error / spec.batch_size * erf(field / 2**0.5)
        W, a = (1 - spec.weight_decay * dt) * W + change, a + change_a
        if spec.constraint == "spherical":
            W *= (d / (W**2).sum(axis=1))[:, None] ** 0.5
        if step + 1 in grid.step:
            saved.append(W @ W_star.T / d)
    return np.array(saved), a


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_it_is_the_loop_in_numpy(changes, monkeypatch):
    used, made = [], explicit.advance
    monkeypatch.setattr(explicit, "advance", lambda real: used.append(real) or made(real))
    spec = experiment(changes, "explicit")
    run = simulate(spec)
    assert used
    M, a = twin(spec)
    np.testing.assert_allclose(run.M[0], M, atol=1e-12)
    if "output_weights" in run.curves:
        np.testing.assert_allclose(run.curves["output_weights"][0, -1], a, atol=1e-12)
