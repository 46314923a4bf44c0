"""Formulas of ``sgdode.model`` as machine code, for the kernels that need them inside."""

from __future__ import annotations

from numba import boolean, njit, types

from sgdode.jit.pairs import MATRIX, VECTOR
from sgdode.model import linear_map, problem, state

student_weights = njit(VECTOR(VECTOR), cache=True, error_model="numpy")(problem.student_weights)
pack = njit(types.void(MATRIX, MATRIX, VECTOR, VECTOR), cache=True)(state.pack)
unpack = njit(types.void(VECTOR, MATRIX, MATRIX, VECTOR), cache=True)(state.unpack)
hold_overlaps = njit(
    types.void(MATRIX, MATRIX, MATRIX, types.float64, boolean, MATRIX, MATRIX), cache=True, error_model="numpy"
)(linear_map.hold_overlaps)
