"""Dual kernels: K = E[s_b(u) s_c(w)], K11 = E[s_b'(u) s_c'(w)] and K20 = E[s_b''(u) s_c(w)] of two kinds of neuron.

(u, w) ~ N(0, [[q, c], [c, q']]). K11 = ∂K/∂c and K20 = 2 ∂K/∂q (Price's theorem). This is all that the gradient-flow
part of the equations needs to know of the activations. Closed forms where there are some, else the Mehler expansion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sgdode.gaussian.closed_forms import CLOSED_FORMS
from sgdode.jit.units import address
from sgdode.model.activations import Activation
from sgdode.model.overlaps import Array

if TYPE_CHECKING:
    from sgdode.gaussian.sigmoidal_kernels import Kernel


class PairKernel(NamedTuple):
    """The dual kernel of two kinds of neuron, as arguments of compiled code."""

    fill: Any
    gain1: float
    gain2: float
    first: int
    second: int
    table: Array

    def evaluate(self, q1: Array, q2: Array, C: Array) -> tuple[Array, Array, Array]:
        """K, K11, K20, each (n1,n2), for variances ``q1`` (n1,), ``q2`` (n2,) and covariances ``C`` (n1,n2)."""
        q1, q2, C = (np.ascontiguousarray(array, dtype=float) for array in (q1, q2, C))
        K, K11, K20 = np.empty(C.shape), np.empty(C.shape), np.empty(C.shape)
        self.fill(q1, q2, C, *self[1:], K, K11, K20)
        return K, K11, K20


class KernelError(NamedTuple):
    """Bounds on the absolute errors of K, K11 and K20; 0 stands for round-off."""

    K: float
    K11: float
    K20: float


def pair_kernel(first: Activation, second: Activation) -> PairKernel:
    """The dual kernel of ``first`` with ``second``: in closed form where there is one, be it of the sum of erfs that
    stands for tanh, else by Mehler."""
    codes = first.gain, second.gain, address(first), address(second)
    fill = CLOSED_FORMS.get((first.name, second.name))
    if fill is not None:
        return PairKernel(fill, *codes, np.array([[first.ramp or 0.0, second.ramp or 0.0]]))
    found = _sum_of_erfs(first, second)
    return mehler_kernel(first, second) if found is None else PairKernel(found.fill, *codes, found.table)


def _sum_of_erfs(first: Activation, second: Activation) -> Kernel | None:
    if not (first.sigmoidal or second.sigmoidal):
        return None
    from sgdode.gaussian.sigmoidal_kernels import sigmoidal_kernel

    return sigmoidal_kernel(first, second)


def mehler_kernel(first: Activation, second: Activation, refinement: int = 1) -> PairKernel:
    """The dual kernel by the Mehler expansion, whatever the pair; ``refinement`` cuts the quadrature panels."""
    from sgdode.gaussian.mehler import mehler, mehler_table

    table = mehler_table(first, second, refinement)
    return PairKernel(mehler, first.gain, second.gain, address(first), address(second), table)


def kernel_error(first: Activation, second: Activation, q: float, q_prime: float) -> KernelError:
    """Bounds on the errors of :func:`pair_kernel` at variances ``q`` and ``q_prime``, for every covariance.

    Of a sum of erfs: see ``sigmoidal_error``. Of a series, two parts: what it leaves out (Parseval's residuals and
    Cauchy–Schwarz), and what a rule three times as fine changes in the coefficients (which is round-off unless an
    activation has a kink away from 0).
    """
    if (first.name, second.name) in CLOSED_FORMS:
        return KernelError(0.0, 0.0, 0.0)
    if _sum_of_erfs(first, second) is not None:
        from sgdode.gaussian.sigmoidal_error import sigmoidal_kernel_error

        return KernelError(*sigmoidal_kernel_error(first, second, q, q_prime))
    a, b, norms, left, terms = _expansion(first, second, q, q_prime, 1)
    finer_a, finer_b, *_, finer_terms = _expansion(first, second, q, q_prime, 3)
    common = min(terms, finer_terms)
    a, b, finer_a, finer_b = (array[:, :common] for array in (a, b, finer_a, finer_b))
    size = first.gain * second.gain * float(np.sqrt(norms[0] * norms[1]))
    coarse = float(np.linalg.norm(a - finer_a) * np.linalg.norm(b) + np.linalg.norm(b - finer_b) * np.linalg.norm(a))
    coarse = abs(first.gain * second.gain) * (coarse if coarse > 1e-12 else 0.0)
    tail = size * float(np.sqrt(left[0] * left[1]))
    root, ratio = float(np.sqrt(q * q_prime)), float(np.sqrt(2.0 * q_prime / max(q, 1e-11)))
    return KernelError(root * (tail / terms + coarse), tail + coarse, ratio * (tail + coarse))


def _expansion(
    first: Activation, second: Activation, q: float, q_prime: float, refinement: int
) -> tuple[Array, Array, tuple[float, float], tuple[float, float], int]:
    """Coefficients (1,TERMS) of both units at variances q and q', their norms, what is left out, and the terms."""
    from sgdode.gaussian.mehler import empty_expansion, expand

    v1, v2 = np.array([max(q, 1e-11)]), np.array([max(q_prime, 1e-11)])
    one, other = empty_expansion(1), empty_expansion(1)
    kernel = mehler_kernel(first, second, refinement)
    terms, *left = expand(v1, v2, *kernel[1:], one, other)
    return one.a, other.a, (one.norm[0], other.norm[0]), (left[0], left[1]), terms
