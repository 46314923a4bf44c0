"""Systems of equations, solved by SciPy."""

import numpy as np
from scipy import integrate


def solved(system, times, rtol=1e-8):
    """The curves of a system at ``times``."""

    def rhs(t, y):
        ydot = np.empty_like(y)
        system.rhs(t, y, ydot)
        return ydot

    wanted = np.concatenate([[0.0], times]) if times[0] > 0 else times
    span = (0.0, wanted[-1])
    solution = integrate.solve_ivp(rhs, span, system.y0, "LSODA", t_eval=wanted, rtol=rtol, atol=1e-12)
    curves = system.curves(solution.y.T)
    return {name: curve[-len(times) :] for name, curve in curves.items()}
