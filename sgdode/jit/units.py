"""Activations as machine code: σ and σ' of an array of local fields in one call.

Every activation, a user's own included, becomes a function of one and the same type, so that a kernel that takes it
as an argument is compiled once and for all (and cached on disk).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from sgdode.jit.compiling import MATRIX, VECTOR, compiled, intrinsic
from sgdode.jit.deferred import cgutils, ir, types
from sgdode.jit.erf import erf_and_slope
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.model.losses import Loss
from sgdode.model.overlaps import Array

#: ``evaluate(x, s, ds)`` as Python sees it.
Evaluate = Callable[[Array, Array, Array], None]
#: ``evaluate(x, s, ds)``: fills s = σ(x) and ds = σ'(x), all (n,).
EVALUATE_SIGNATURE = types.void(VECTOR, VECTOR, VECTOR)
#: The type under which a kernel takes a function as an argument: its address, for ``evaluate_at`` and the like.
ADDRESS = types.int64
#: ``residual(y, f, size)``: E of a label and an output, for a loss of that size.
RESIDUAL_SIGNATURE = types.float64(types.float64, types.float64, types.float64)
#: ``fill(q1, q2, C, gain1, gain2, first, second, table, K, K11, K20)``: a dual kernel, which fills K, K11, K20 (n1,n2)
#: for variances q1 (n1,) of the first units, q2 (n2,) of the second, and covariances C (n1,n2).
FILL_SIGNATURE = types.void(VECTOR, VECTOR, MATRIX, types.float64, types.float64, ADDRESS, ADDRESS, *[MATRIX] * 4)
#: ``variance(Omega, v, noise, gain, teacher_gain, out)``: a variance term in closed form, which fills V (p,p).
VARIANCE_SIGNATURE = types.void(MATRIX, VECTOR, *[types.float64] * 3, MATRIX)


#: Loops that the compiler makes vector code of, in place of the plain ones with the same values.
VECTORISED = {ACTIVATIONS["erf"].loop: erf_and_slope}


def _call(signature: Any) -> Any:
    """The code of a call of a function at an address, with the arguments after it."""

    def code(context: Any, builder: Any, _: Any, given: Any) -> Any:
        convention, result = context.call_conv, signature.return_type
        function = convention.get_function_type(result, signature.args)
        pointer = builder.inttoptr(given[0], ir.PointerType(function))
        status, value = convention.call_function(builder, pointer, result, signature.args, given[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value() if result == types.void else value

    return code


@intrinsic
def evaluate_at(typing: Any, address: Any, x: Any, s: Any, ds: Any) -> Any:
    """Call the ``evaluate`` at an address."""

    return types.void(ADDRESS, VECTOR, VECTOR, VECTOR), _call(EVALUATE_SIGNATURE)


@intrinsic
def fill_at(typing: Any, pair: Any, q1: Any, q2: Any, C: Any, K: Any, K11: Any, K20: Any) -> Any:
    """Call the ``fill`` of a Pair (``sgdode.jit.pairs``) with the rest of it."""
    call = _call(FILL_SIGNATURE)

    def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        fill, *rest = (builder.extract_value(given[0], entry) for entry in range(6))
        return call(context, builder, signature, [fill, *given[1:4], *rest, *given[4:]])

    return types.void(pair, VECTOR, VECTOR, MATRIX, MATRIX, MATRIX, MATRIX), code


@intrinsic
def variance_at(
    typing: Any, address: Any, Omega: Any, v: Any, noise: Any, gain: Any, teacher_gain: Any, out: Any
) -> Any:
    """Call the ``variance`` at an address."""
    return types.void(ADDRESS, *VARIANCE_SIGNATURE.args), _call(VARIANCE_SIGNATURE)


@intrinsic
def residual_at(typing: Any, address: Any, y: Any, f: Any, size: Any) -> Any:
    """Call the ``residual`` at an address."""
    return RESIDUAL_SIGNATURE.return_type(ADDRESS, *RESIDUAL_SIGNATURE.args), _call(RESIDUAL_SIGNATURE)


def machine_code(activation: Activation) -> Evaluate:
    """``evaluate`` of an activation without its gain, compiled; what numba cannot compile is called through Python."""
    if activation.loop is not None:
        return _from_loop(activation.loop)
    assert activation.f is not None
    assert activation.df is not None
    return _from_functions(activation.f, activation.df)


def address(activation: Activation) -> int:
    """Where the machine code of ``evaluate`` is."""
    return _address(machine_code(activation))


def residual_address(loss: Loss) -> int:
    """Where the machine code of the residual E(y, f, size) of a loss is."""
    return _address(_residual(loss.residual))


def _address(kernel: Any) -> int:
    return int(kernel.address)


@lru_cache
def _residual(function: Callable[[float, float, float], float]) -> Any:
    return compiled(RESIDUAL_SIGNATURE, error_model="numpy")(function)


@lru_cache
def _from_loop(loop: Any) -> Evaluate:
    if loop.__closure__ is not None:
        return compiled(EVALUATE_SIGNATURE)(loop)
    fast = VECTORISED.get(loop, loop)
    return compiled(EVALUATE_SIGNATURE, error_model="numpy", fastmath={"contract"})(fast)


@cache  # their addresses are in use
def _from_functions(f: Any, df: Any) -> Any:
    """A function that has another one for a single number, as ``scalar``, is that one to the compiler."""
    from numba.core.errors import NumbaError

    try:
        found = _from_scalars(getattr(f, "scalar", f), getattr(df, "scalar", df))
        assert found.address
    except (NumbaError, TypeError):
        found = _ThroughPython(f, df)
    return found


def _from_scalars(f: Any, df: Any) -> Any:
    from numba import njit

    value, slope = njit(error_model="numpy")(f), njit(error_model="numpy")(df)

    @compiled(EVALUATE_SIGNATURE, error_model="numpy")
    def evaluate(x: Any, s: Any, ds: Any) -> None:
        for i in range(x.size):
            s[i] = value(x[i])
            ds[i] = slope(x[i])

    return evaluate


class _ThroughPython:
    """``evaluate`` of functions that cannot be compiled."""

    def __init__(self, f: Any, df: Any):
        from numba import njit, objmode
        from numba.core.types import float64

        @njit((float64[::1], float64[::1], float64[::1]))
        def evaluate(x: Any, s: Any, ds: Any) -> None:
            with objmode():
                s[:] = f(x)
                ds[:] = df(x)

        self._evaluate = evaluate

    def __call__(self, x: Array, s: Array, ds: Array) -> None:
        self._evaluate(x, s, ds)

    @property
    def address(self) -> int:
        """Where the code is."""
        (code,) = self._evaluate.overloads.values()
        return int(code.library.get_pointer_to_function(code.fndesc.llvm_func_name))
