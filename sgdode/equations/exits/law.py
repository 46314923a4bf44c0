"""The law of the time at which SGD leaves a plateau and passes a level.

*On the point*, with u directions of one rate r and S = s² in each: z grows as e^{rt} N(0, S (1 − e^{−2rt})), and an
orbit that leaves along ẑ passes the level when |z| = z(ẑ), with z(ẑ) = lim ε e^{r T(ε)} and T(ε) the time that the
equations take from y* + ε U ẑ. So P(T > t) is that of a chi variable; for u = 1 it is a difference of two normal laws.

*Off the point*, or where rates differ: *sampled orbits*. At a time t_a the state is drawn from N(ȳ, C + U S Uᵀ), with C
the covariance that linear noise has given it by then and U S Uᵀ all that the unstable directions get later, carried
back; each draw is followed by the equations to the level. t_a is where the path of the equations is nearest to y*, or
before, as long as the noise along U is small: a path that creeps towards y* is near it when most runs have left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi, norm, qmc

from sgdode.equations.dense_path import DensePath
from sgdode.equations.exits.orbits import Orbits
from sgdode.equations.exits.unstable import Unstable
from sgdode.equations.fluctuations.lyapunov import Affine, propagate
from sgdode.equations.fluctuations.step_noise import Increments
from sgdode.model.overlaps import Array

#: How far off the point orbits begin whose z is taken; how many directions and draws.
_EPSILON, _DIRECTIONS, _DRAWS, _SEED = 1e-5, 64, 256, 20240611
#: Quantiles that stand for a law in closed form, and the grid of times that they are taken from.
_QUANTILES, _GRID = 2000, 8001
#: The tolerance of sampled orbits; the first step of C, as a share of the time.
_SAMPLED, _FIRST_STEP = 1e-6, 1e-3
#: Times that are looked at for t_a, and the deviation along U, as a share of |y*|, below which noise is linear.
_LOOKS, _LINEAR = 64, 0.02


@dataclass(frozen=True)
class ExitLaw:
    """``times`` (N,): values of the time t of the passage, ascending and of equal weight, ∞ where it never comes;
    ``kind``: "closed form" or "sampled orbits"; ``reach`` (n,): z(ẑ) of the directions (closed form alone)."""

    times: Array
    kind: str
    reach: Array

    @property
    def never(self) -> float:
        """The share that never passes."""
        return float(np.mean(np.isinf(self.times)))

    def quantile(self, share: float) -> float:
        """The t by which a ``share`` of runs has passed; ∞ where it never does."""
        at = share * len(self.times) - 0.5
        low = int(np.clip(math.floor(at), 0, len(self.times) - 1))
        high = min(low + 1, len(self.times) - 1)
        if math.isinf(self.times[high]):
            return math.inf
        return float(self.times[low] + np.clip(at - low, 0.0, 1.0) * (self.times[high] - self.times[low]))

    def survival(self, t: Array) -> Array:
        """P(T > t), (n,) for ``t`` (n,)."""
        return np.asarray(1.0 - np.searchsorted(self.times, t, side="right") / len(self.times))

    @property
    def mean(self) -> float | None:
        """The mean; None where some never pass."""
        return None if self.never else float(self.times.mean())

    @property
    def std(self) -> float | None:
        """The standard deviation; None where some never pass."""
        return None if self.never else float(self.times.std())


def closed_form(orbits: Orbits, left: Unstable) -> ExitLaw:
    """The law of runs that start on the point, whose directions all grow at one rate."""
    r, u = left.rate, left.covariance.shape[0]
    root = np.linalg.cholesky(left.covariance)
    if u == 1:
        draws = np.array([[1.0], [-1.0]])
        toward = draws
    else:
        draws = _normal(u, _DIRECTIONS)
        toward = draws @ root.T
    directions = toward / np.linalg.norm(toward, axis=1, keepdims=True)
    reach = np.array([_EPSILON * _grown(r, orbits, left, one) for one in directions])
    ratio = reach * np.linalg.norm(draws, axis=1) / np.linalg.norm(draws @ root.T, axis=1)
    t = np.linspace(0.0, 40.0 / r, _GRID)[1:]
    passed = 1.0 - survival(ratio, u, r, t)
    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    times = np.where(shares <= passed[-1], np.interp(shares, passed, t), np.inf)
    return ExitLaw(times, "closed form", reach)


def survival(ratio: Array, u: int, rate: float, t: Array) -> Array:
    """P(T > t) (T,) of ``u`` directions that grow at ``rate``, for the ``ratio`` z(ẑ)/s (n,) of n directions that are
    as likely: |z|/s is a chi variable of u degrees, in every direction."""
    size = np.exp(-rate * t) / np.sqrt(-np.expm1(-2.0 * rate * t))
    found = np.zeros(len(t))
    for one in ratio:
        within = 2.0 * norm.cdf(one * size) - 1.0 if u == 1 else chi.cdf(one * size, u)
        found += within / len(ratio)
    return found


def _grown(rate: float, orbits: Orbits, left: Unstable, direction: Array) -> float:
    """e^{rT} of the orbit that begins off the point in a ``direction`` (u,)."""
    T = orbits.passage(left.y, _EPSILON * left.right @ direction, rate)
    return math.exp(rate * T) if math.isfinite(T) else math.inf


def sampled_orbits(orbits: Orbits, left: Unstable, mean: Array, C: Array, t_a: float) -> ExitLaw:
    """The law of runs that are N(``mean``, ``C``) at ``t_a``, (m,) and (m,m), and get their noise along the unstable
    directions after it."""
    C = C + left.right @ left.covariance @ left.right.T
    values, vectors = np.linalg.eigh((C + C.T) / 2.0)
    kept = values > 1e-14 * values[-1]
    root = vectors[:, kept] * np.sqrt(values[kept])
    states = mean + _normal(root.shape[1], _DRAWS) @ root.T
    times = np.array([t_a + orbits.passage(left.y, state - left.y, left.rate, _SAMPLED) for state in states])
    return ExitLaw(np.sort(times), "sampled orbits", np.empty(0))


def handed_over(orbits: Orbits, left: Unstable, path: DensePath, nearest: float) -> tuple[float, Array]:
    """t_a, at most ``nearest``, and C (m,m) there."""
    times = np.linspace(0.0, nearest, _LOOKS + 1)
    found = 0.0, np.zeros((len(left.y),) * 2)
    for t, C in zip(times, covariances_at(orbits, path, times), strict=True):
        spread = math.sqrt(max(float(np.linalg.eigvalsh(left.left.T @ C @ left.left)[-1]), 0.0))
        if spread > _LINEAR * float(np.linalg.norm(left.y)):
            break
        found = float(t), C
    return found


def covariances_at(orbits: Orbits, path: DensePath, times: Array) -> Iterator[Array]:
    """C (m,m) of runs at each of ``times`` from 0 on, by linear noise along the ``path`` that they all start on."""
    flow = orbits.flow
    increments = Increments(flow.problem, flow.start)
    size = path.states.shape[1]
    if times[-1] <= 0.0:
        yield from (np.zeros((size, size)) for _ in times)
        return

    def generator(t: float) -> Affine:
        y = path(t)
        J = flow.jacobian(y)
        J[~flow.free] = 0.0
        return Affine(J, flow.problem.step_size * increments(t, y)[0])

    def source(t: float, C: Array) -> Array:
        return np.zeros(size)

    yield from (C for C, _ in propagate(generator, source, times, _FIRST_STEP * float(times[-1])))


def _normal(dimension: int, count: int) -> Array:
    """Scrambled Sobol points as normal vectors (count,dimension)."""
    return np.asarray(norm.ppf(qmc.Sobol(dimension, seed=_SEED).random(count)))
