"""Fluctuations of the overlaps without their covariance: linear samples, moved along the path and kicked by the noise.

D' = J D with kicks of covariance δt Σ at the beginning, the middle and the end of each step, with the weights of
Simpson's rule. N samples give a standard deviation to 1/√(2N).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from sgdode.equations.fluctuations.adjoint import Noise, half_step, largest_rate, linear_variances, step_ends
from sgdode.equations.fluctuations.risk_derivatives import RiskSlope
from sgdode.equations.fluctuations.validity import FEWEST, LinearNoise
from sgdode.model.overlaps import Array
from sgdode.signals import stop_if_asked

#: Samples for error bars of all overlaps, of 5%; enough to judge where linear noise holds, for few and many overlaps.
TO_SHOW, _JUDGES, _FEWER_JUDGES, _MANY = 200, 128, 48, 300
_SEED = 20230206


def judges(overlaps: int) -> int:
    """Samples that tell where linear noise holds, and what the second order adds to the variance of the risk."""
    return _JUDGES if overlaps <= _MANY else _FEWER_JUDGES


def linear_samples(noise: Noise, times: Array, ends: Array, norm: float, count: int) -> Iterator[Array]:
    """Deviations D (m,count) from the path at each of ``times``, the first of which is 0."""
    D, rng = np.zeros((noise.path.states.shape[1], count)), np.random.default_rng(_SEED)
    yield D
    wanted = set(times[1:].tolist())
    for begin, end in pairwise(ends):
        stop_if_asked()
        h, t = end - begin, 0.5 * (begin + end)
        y = noise.path(t)
        half = half_step(noise.jacobian(t, y).T, h, norm, count)
        kicks = noise.increments.kicks(t, y, 3 * count, rng) * np.sqrt(h * noise.step_size(t) / 6.0)
        first, middle, last = kicks[:, :count], kicks[:, count : 2 * count], kicks[:, 2 * count :]
        D = half(half(D + first) + 2.0 * middle) + last
        if end in wanted:
            yield D


def sampled_noise(noise: Noise, slope: RiskSlope, times: Array, count: int) -> tuple[LinearNoise, Array]:
    """The fluctuations at ``times`` (T,) from ``count`` samples, those of the risk at first order by the adjoint; and
    the relative error of their risk_std (T,), by what sets of nodes differ and the number of samples. No shifts.

    Samples that are fewer than those for error bars are for a judgement: they are looked at at some of the times.
    """
    along = float(times[-1]) * np.array([0.0, 1e-3, 1e-2, 0.1, 1.0])
    norm = max(largest_rate(noise.jacobian(t, noise.path(t))) for t in along.tolist())
    ends = step_ends(noise.path, times, norm)
    variances = linear_variances(noise, slope, times, ends, norm)
    linear = variances.mean(axis=0)
    scatter = variances.std(axis=0, ddof=1) / np.sqrt(len(variances))
    looked = times if count >= TO_SHOW else times[np.unique(np.linspace(0, len(times) - 1, FEWEST).astype(int))]
    judged = step_ends(noise.path, looked, norm, rough=count < TO_SHOW)
    deviations, second = np.zeros((len(looked), noise.path.states.shape[1])), np.zeros((len(looked), 2))
    for at, D in enumerate(linear_samples(noise, looked, judged, norm, count)):
        if at:
            deviations[at] = np.sqrt(np.mean(D * D, axis=1))
            second[at] = slope.sampled(noise.path(float(looked[at])), D)
    if len(looked) < len(times):
        before = np.clip(np.searchsorted(looked, times, side="right") - 1, 0, len(looked) - 2)
        share = ((times - looked[before]) / (looked[before + 1] - looked[before]))[:, np.newaxis]
        deviations, second = (
            (1.0 - share) * found[before] + share * found[before + 1] for found in (deviations, second)
        )
    curved, bent = second.T
    of_curved = np.sqrt(8.0 / count) * curved  # of one direction, at most: it comes from products of pairs
    error = 0.5 * np.hypot(scatter, of_curved) / np.maximum(linear + curved, 1e-300)
    return LinearNoise(deviations, np.zeros((len(times), 0)), linear, curved, np.zeros(len(times)), bent), error
