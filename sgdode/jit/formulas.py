"""Formulas of ``sgdode.model`` as machine code, for the kernels that need them inside."""

from __future__ import annotations

from sgdode.jit.compiling import MATRIX, VECTOR, compiled
from sgdode.jit.deferred import types
from sgdode.model import linear_map, problem, state

student_weights = compiled(VECTOR(VECTOR), error_model="numpy")(problem.student_weights)
pack = compiled(types.void(MATRIX, MATRIX, VECTOR, VECTOR))(state.pack)
unpack = compiled(types.void(VECTOR, MATRIX, MATRIX, VECTOR))(state.unpack)
hold_overlaps = compiled(
    types.void(MATRIX, MATRIX, MATRIX, types.float64, VECTOR, MATRIX, MATRIX), error_model="numpy"
)(linear_map.hold_overlaps)
add_to_sphere = compiled(
    types.void(MATRIX, MATRIX, MATRIX, types.float64, types.float64, VECTOR, VECTOR), error_model="numpy"
)(linear_map.add_to_sphere)
