"""The mean and the covariance of what one step adds."""

import numpy as np
from support.noisy import BASE
from support.specs import merged

from sgdode import load_spec
from sgdode.equations.fluctuations.step_noise import Increments
from sgdode.equations.full import full
from sgdode.model.start_laws import start
from sgdode.model.state import packed
from sgdode.spec.build import build


def test_the_increments_are_those_of_a_step():
    """Σ and b against the step itself, done on d-dimensional weights: batch, decay and trained output together."""
    spec = load_spec(
        merged(BASE, {"dimension": 40, "batch_size": 2, "weight_decay": 3.0, "student": {"train_output": 2.0}})
    )
    problem = build(spec)
    begin, rng, d, samples = start(problem), np.random.default_rng(1), 40, 100_000
    o, size = begin.overlaps, problem.step_size
    W = np.zeros((3, d))
    W[:, :2], W[:, 2:5] = o.A, o.B
    W_star = np.eye(2, d)
    change = np.zeros((samples, 3, d))
    change_a = np.zeros((samples, 3))
    from scipy.special import erf

    for _ in range(2):
        x = rng.standard_normal((samples, d))
        lam, lam_star = x @ W.T, x @ W_star.T
        s, ds = erf(lam / np.sqrt(2)), np.sqrt(2 / np.pi) * np.exp(-(lam**2) / 2)
        y = erf(lam_star / np.sqrt(2)).mean(axis=1) + np.sqrt(0.05) * rng.standard_normal(samples)
        error = y - s @ begin.a / 3
        change += 0.5 * (begin.a * ds * error[:, None])[:, :, None] * x[:, None, :]
        change_a += 0.5 * 2.0 * s * error[:, None]
    after = (1 - 3.0 * size) * W + size * change
    Q, M = after @ after.transpose(0, 2, 1), after @ W_star.T
    rows, columns = np.triu_indices(3)
    steps = np.concatenate([Q[:, rows, columns], M.reshape(samples, -1), begin.a + size * change_a], axis=1)
    y0 = packed(o.Q, o.M, begin.a)
    increments = (steps - y0) / size
    covariance, bend = Increments(problem, begin)(0.0, y0)
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(
        np.cov(increments.T) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.1
    )
    F = np.empty(len(y0))
    full(problem, begin).rhs(0.0, y0, F)
    deviation = increments.mean(axis=0) - F - size * bend
    assert (np.abs(deviation) < 4.5 * increments.std(axis=0) / np.sqrt(samples)).all()
