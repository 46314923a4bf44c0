"""What error bars cost, from their operations: the constants are those of one core of about 50 GF/s."""

from __future__ import annotations

import math

from sgdode.equations.fluctuations.adjoint import SETS, log2_nodes
from sgdode.equations.fluctuations.erf_jacobian import ErfJacobian
from sgdode.equations.fluctuations.step_noise import log2_dense
from sgdode.equations.fluctuations.validity import FEWEST
from sgdode.equations.validity import right_hand_side_seconds
from sgdode.model.problem import Problem
from sgdode.model.state import size

#: Seconds: of a call; of a right-hand side beyond Ψ(Var); of one entry of J of erf, times n²/p² of its pairs.
_CALL, _CALLED, _ERF = 1.2e-3, 3e-5, 5e-9
#: Of an operation: of a matrix product, of a factorisation with its solutions, of passes over a matrix, of a sample.
_PRODUCT, _FACTOR, _PASS, _SAMPLE = 4e-11, 2.2e-11, 1.6e-8, 1e-9
#: Jacobians along a path; steps a saved time, of both sweeps and of that of the adjoint.
_KNOTS, _STEPS, _BACKWARD = 75.0, 3.5, 2.4
_COLUMNS, _EXPONENTIALS = 45.0, 80.0


def error_bar_seconds(problem: Problem, kind: bool | str, stop: float, times: int) -> float:
    """Seconds of the error bars of ``kind`` at so many ``times`` up to t = ``stop``, beyond the equations."""
    p, m = int(problem.p), size(int(problem.p), problem.k) + (int(problem.p) if problem.rule.trained else 0)
    rhs = right_hand_side_seconds(problem) + _CALLED
    erf = ErfJacobian.serves(problem)
    if kind is True:
        jacobian = _ERF * p**2 * (p + problem.k) ** 2 if erf else 2 * m * rhs
        nodes = 2.0 ** log2_dense(m)
        noise = nodes * m * (m * _PRODUCT + _SAMPLE)
        algebra = _EXPONENTIALS * m**3 * _PRODUCT + 2 * m * rhs
        return 10.0 * (1.0 + math.sqrt(stop)) * (jacobian + noise + algebra + _CALL)
    jacobian = _ERF * p**2 * (p + problem.k) ** 2 if erf else m * rhs
    looked = max(times, FEWEST)
    samples = SETS * 2.0 ** log2_nodes(m) * m * (_COLUMNS * _PRODUCT + _SAMPLE)
    algebra = m**3 * _FACTOR + m**2 * _PASS + _CALL
    more = 3.0 if kind == "ensemble" else 1.0
    return _KNOTS * jacobian + looked * (_BACKWARD * samples + more * _STEPS * algebra)
