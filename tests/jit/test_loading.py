"""Kept code is loaded without numba, which stays whole for others in the same process."""

import subprocess
import sys

from sgdode.jit.loading import processor

SCRIPT = """
import sys
import numpy as np
from sgdode.jit.formulas import student_weights
from sgdode.gaussian.risk import kernels
from sgdode.model.activations import ACTIVATIONS
from sgdode.jit.pairs import dual
a, q, erf = np.array([1.0, 3.0]), np.array([1.0]), ACTIVATIONS["erf"]
def risk():
    return student_weights(a).tolist(), dual(kernels(erf, erf).ss, q, q, q[None]).ravel().tolist()
before = risk()
if {early}:
    assert not [name for name in sys.modules if name.split(".")[0] == "numba"], "loaded"
    assert student_weights.was_kept
import numba
from numba import _dynfunc, _helperlib
import numba.core.runtime
@numba.njit
def f(x):
    if x[0] > 5.0:
        raise ValueError("too large", x.size)
    return np.sort(x * 2.0)
assert f(a[::-1].copy()).tolist() == [2.0, 6.0]
try:
    f(a * 10.0)
except ValueError as error:
    assert error.args == ("too large", 2)
assert risk() == before
print(before)
"""


def ran(early):
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(early=early)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_numba_is_not_imported_and_then_whole():
    compiled_or_kept = ran(False)
    assert ran(True) == compiled_or_kept


def test_the_processor_is_told():
    assert len(processor().split()) >= 2
