"""The Lyapunov equation along a path: against a fine solution, and stable over long steps."""

import numpy as np

from sgdode.equations.fluctuations.lyapunov import Affine, _exponent, exponential, propagate


def test_magnus_steps_against_a_fine_solution():
    """A stiff, turning J(t): against exponentials of 4000 short steps."""
    rng = np.random.default_rng(0)
    one, other, noise = rng.standard_normal((3, 4, 4))
    S = noise @ noise.T

    def generator(t):
        return Affine(-30.0 * np.diag([0, 0, 0, 1.0]) - np.eye(4) + np.sin(t) * one + other / (1 + t), S * (1 + t))

    fine, m = np.zeros((4, 4)), np.zeros(4)
    h = 5.0 / 4000
    for step in range(4000):
        pair = generator((step + 0.5) * h).times(h)
        u = np.diag(fine)
        flow, gained = exponential(pair)
        m = flow @ (m + 0.5 * h * u) + 0.5 * h * np.diag(flow @ fine @ flow.T + gained)
        fine = flow @ fine @ flow.T + gained
    times = np.array([0.0, 0.3, 1.7, 5.0])
    found = list(propagate(generator, lambda t, C: np.diag(C).copy(), times, 0.1))
    assert len(found) == 4
    np.testing.assert_allclose(found[-1][0], fine, rtol=2e-3, atol=2e-3 * np.diag(fine).max())
    np.testing.assert_allclose(found[-1][1], m, rtol=5e-3, atol=5e-3 * np.abs(m).max())


def test_long_steps_over_a_stiff_flow_stay_stable():
    """A stable J that changes, over a step a thousand times longer than its time: nothing may grow."""
    ends = [Affine(np.array(J), np.eye(2)) for J in ([[-50.0, 5.0], [0.0, -1.0]], [[-50.0, 0.0], [5.0, -1.0]])]
    middle = ends[0].plus(ends[1]).times(0.5)
    for h in (1e-3, 1.0, 100.0):
        assert np.linalg.eigvals(_exponent(h, ends[0], middle, ends[1]).J).real.max() < 0
