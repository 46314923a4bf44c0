"""Activations as machine code: σ and σ' of an array of local fields in one call.

Every activation, a user's own included, becomes a function of one and the same type, so that a kernel that takes it
as an argument is compiled once and for all (and cached on disk).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, objmode, types
from numba.core import cgutils
from numba.core.errors import NumbaError
from numba.core.types import FunctionType
from numba.extending import intrinsic

from sgdode.jit.cache import forget_stale
from sgdode.jit.erf import erf_and_slope
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.spec.schema import ActivationSpec, Spec

forget_stale(Path(__file__).parents[1])

_VECTOR = types.float64[::1]
#: ``evaluate(x, s, ds)``: fills s = σ(x) and ds = σ'(x), all (n,).
EVALUATE_SIGNATURE = types.void(_VECTOR, _VECTOR, _VECTOR)
#: The types under which a kernel takes ``evaluate`` as an argument: itself, which costs 100 µs a call from Python; and
#: its address, which costs nothing, for ``evaluate_at``.
EVALUATE = FunctionType(EVALUATE_SIGNATURE)
ADDRESS = types.int64
_MATRIX = types.float64[:, ::1]
#: ``fill(q1, q2, C, gain1, gain2, first, second, table, K, K11, K20)``: a dual kernel; see ``sgdode.gaussian.dual``.
FILL_SIGNATURE = types.void(_VECTOR, _VECTOR, _MATRIX, types.float64, types.float64, EVALUATE, EVALUATE, *[_MATRIX] * 4)


#: Loops that the compiler makes vector code of, in place of the plain ones with the same values.
VECTORISED = {ACTIVATIONS["erf"]: erf_and_slope}


@dataclass(frozen=True)
class Unit:
    """One kind of neuron: s(λ) = f(gain · λ), with ``evaluate`` the machine code of f and f'."""

    name: str
    evaluate: Any
    gain: float = 1.0
    hermite: tuple[float, ...] | None = None

    @cached_property
    def address(self) -> int:
        """Where the machine code of ``evaluate`` is; valid as long as this lives."""
        compiled = self.evaluate.get_compile_result(EVALUATE_SIGNATURE)
        return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


@intrinsic
def evaluate_at(typing: Any, address: Any, x: Any, s: Any, ds: Any) -> Any:
    """Call the ``evaluate`` at an address."""

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        convention, none = context.call_conv, EVALUATE_SIGNATURE.return_type
        function = convention.get_function_type(none, EVALUATE_SIGNATURE.args)
        pointer = builder.inttoptr(given[0], ir.PointerType(function))
        status, _ = convention.call_function(builder, pointer, none, EVALUATE_SIGNATURE.args, given[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(ADDRESS, _VECTOR, _VECTOR, _VECTOR), code


def unit(spec: Spec, part: ActivationSpec) -> Unit:
    """The neuron that an activation key of a spec asks for."""
    if part.hermite is not None:
        return Unit("hermite", _hermite(part.hermite), part.gain, part.hermite)
    return Unit(part.name, machine_code(spec.activation(part)), part.gain)


@lru_cache
def machine_code(activation: Activation) -> Any:
    """The compiled ``evaluate`` of an activation; a function that numba cannot compile is called through Python."""
    if activation.loop is not None:
        loop = VECTORISED.get(activation, activation.loop)
        return njit(EVALUATE_SIGNATURE, cache=True, error_model="numpy", fastmath={"contract"})(loop)
    assert activation.f is not None
    assert activation.df is not None
    try:
        return _from_scalars(activation.f, activation.df)
    except (NumbaError, TypeError):
        return _through_python(activation.f, activation.df)


def _from_scalars(f: Any, df: Any) -> Any:
    value, slope = njit(f), njit(df)

    @njit(EVALUATE_SIGNATURE, error_model="numpy")
    def evaluate(x: Any, s: Any, ds: Any) -> None:
        for i in range(x.size):
            s[i] = value(x[i])
            ds[i] = slope(x[i])

    return evaluate


def _through_python(f: Any, df: Any) -> Any:
    @njit(EVALUATE_SIGNATURE)
    def evaluate(x: Any, s: Any, ds: Any) -> None:
        with objmode():
            s[:] = f(x)
            ds[:] = df(x)

    return evaluate


@lru_cache
def _hermite(coefficients: tuple[float, ...]) -> Any:
    """Σ_n c_n h_n(x) with h_n = He_n/√n! orthonormal, and its slope, by √n h_n = x h_{n−1} − √(n−1) h_{n−2}, h_n' =
    √n h_{n−1}. (In powers of x forty terms are wrong by 1e-4, a hundred by 1e5.)"""
    series, root = np.array(coefficients), np.sqrt(np.arange(len(coefficients)))

    @njit(EVALUATE_SIGNATURE)
    def evaluate(x: Any, s: Any, ds: Any) -> None:
        for i in range(x.size):
            before, h = 0.0, 1.0
            value, slope = series[0], 0.0
            for n in range(1, series.size):
                slope += series[n] * root[n] * h
                before, h = h, (x[i] * h - root[n - 1] * before) / root[n]
                value += series[n] * h
            s[i] = value
            ds[i] = slope

    return evaluate
