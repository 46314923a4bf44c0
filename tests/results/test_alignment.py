"""Cosines, norms and shares against the weights themselves."""

import numpy as np
import pytest

from sgdode.errors import UsageError
from sgdode.results.alignment import cosines, inside, norms, share_inside
from sgdode.results.trajectory import Trajectory


def weights(seed=0, p=5, k=2, d=7, P_is_identity=False):
    """A trajectory of one time, made of random weights, and the weights W (p,d) and W* (k,d)."""
    rng = np.random.default_rng(seed)
    W, W_star = rng.normal(size=(p, d)), np.eye(k, d) * np.sqrt(d) if P_is_identity else rng.normal(size=(k, d))
    curves = {"M": (W @ W_star.T / d)[None], "Q": (W @ W.T / d)[None], "risk": np.ones(1)}
    return Trajectory("integration", np.zeros(1), W_star @ W_star.T / d, curves), W, W_star


def test_alignment_is_that_of_the_weights():
    trajectory, W, W_star = weights()
    projector = np.linalg.pinv(W_star) @ W_star
    np.testing.assert_allclose(inside(trajectory)[0], ((W @ projector) ** 2).sum(axis=1) / 7)
    np.testing.assert_allclose(norms(trajectory)[0], (W**2).sum(axis=1) / 7)
    lengths = np.linalg.norm(W, axis=1)[:, None] * np.linalg.norm(W_star, axis=1)
    np.testing.assert_allclose(cosines(trajectory)[0], W @ W_star.T / lengths)
    share = ((W @ projector) ** 2).sum() / (W**2).sum()
    np.testing.assert_allclose(share_inside(trajectory), [share])
    trajectory.curves["q"] = norms(trajectory) - inside(trajectory)
    del trajectory.curves["Q"]
    np.testing.assert_allclose(norms(trajectory)[0], (W**2).sum(axis=1) / 7)
    del trajectory.curves["q"]
    with pytest.raises(UsageError, match=r"neither Q nor q.*add q to `save`"):
        norms(trajectory)


def test_a_neuron_of_no_length_has_cosine_zero_and_particles_weigh():
    trajectory, _, _ = weights()
    trajectory.curves["M"][:, 0], trajectory.curves["Q"][:, 0] = 0, 0
    assert (cosines(trajectory)[0, 0] == 0).all()
    one = share_inside(trajectory)
    repeated = np.array([0, 1, 1, 2, 3, 4, 4, 4])
    twin = Trajectory("integration", trajectory.time, trajectory.P, {
        "M": trajectory.M[:, repeated], "Q": trajectory.Q[:, repeated][..., repeated]})  # fmt: skip
    trajectory.particle_weight = np.bincount(repeated) / 8
    np.testing.assert_allclose(share_inside(trajectory), share_inside(twin))
    assert share_inside(trajectory) != one
