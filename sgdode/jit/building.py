"""What needs the compiler: a function becomes machine code that can be kept.

numba's own way places every function that is called by another in memory, with the form that Python calls. Here they
are compiled for those that call them alone, and only what is kept is made into an object file.
"""

from __future__ import annotations

import dis
from types import CellType, CodeType, FunctionType
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types
from numba.core import sigutils
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags, compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps
from numba.core.typeinfer import register_dispatcher
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from sgdode.jit.cache import PACKAGE
from sgdode.jit.deferred import InCompiler, worked_out
from sgdode.jit.guard import ArrayOf, Look, can_look, guard
from sgdode.jit.loading import Unit
from sgdode.jit.scipy_linalg import load_linalg

load_linalg("cython_blas")


class _Library(JITCodeLibrary):
    """Code that stays in the compiler: it is not placed in memory."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class _Pipeline(Compiler):
    """numba's, into such a library."""

    def compile_extra(self, function: Any) -> Any:
        """Compile ``function`` for the types that this was made with."""
        self.state.library = _Library(self.state.targetctx.codegen(), function.__qualname__)
        return super().compile_extra(function)


def build_unit(kernel: Any, signature: Any) -> Unit:
    """The machine code of a kernel for one signature."""
    signature = worked_out(signature)
    dispatcher = njit(**kernel.options)(_in_compiler(kernel.py_func))
    descriptor = dispatcher.targetdescr
    flags = Flags()
    descriptor.options.parse_as_flags(flags, dispatcher.targetoptions)
    flags.no_compile = flags.no_cfunc_wrapper = True
    arguments, result = sigutils.normalize_signature(signature)
    contexts = descriptor.typing_context, descriptor.target_context
    found = compile_extra(*contexts, dispatcher.py_func, arguments, result, flags, {}, pipeline_class=_Pipeline)
    if found.typing_error is not None:
        raise found.typing_error
    with global_compiler_lock:
        found.library.finalize()
    machine = found.library.codegen._tm
    names = found.fndesc.llvm_cpython_wrapper_name, found.fndesc.llvm_func_name
    text = guard(names[0], kernel.py_func.__qualname__, [_look(one) for one in found.signature.args])
    looking = llvm.parse_assembly(text)
    looking.verify()
    environments = {found.environment.env_name: found.environment}
    environments |= {one.env_name: one for one in found._find_referenced_environments()}
    constants = tuple((name, dumps(one.consts)) for name, one in environments.items())
    return Unit(machine.emit_object(found.library._final_module), machine.emit_object(looking), *names, constants)


def _look(kind: Any) -> Look:
    """What is to be looked at of an argument of a type."""
    assert can_look()
    if isinstance(kind, types.Array):
        assert kind.layout == "C"
        return ArrayOf(as_dtype(kind.dtype).num, kind.ndim)
    return [_look(one) for one in kind] if isinstance(kind, types.BaseTuple) else None


def inner(kernel: Any) -> Any:
    """numba's dispatcher of a kernel, for other functions that are compiled."""
    dispatcher = _for_callers(kernel)
    if not kernel.signatures:
        return dispatcher
    with register_dispatcher(dispatcher):
        for signature in kernel.signatures:
            dispatcher.compile(worked_out(signature))
    dispatcher.disable_compile()
    return dispatcher


def _for_callers(kernel: Any) -> Any:
    dispatcher = njit(pipeline_class=_Pipeline, **kernel.options)(_in_compiler(kernel.py_func))

    def for_callers_alone(flags: Any) -> Any:
        flags.no_compile = flags.no_cfunc_wrapper = flags.no_cpython_wrapper = True
        return flags

    def add(found: Any) -> None:
        found = found._replace(entry_point=object())  # by which the compiler knows it
        dispatcher.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
        dispatcher.overloads[tuple(found.signature.args)] = found

    dispatcher._compiler._customize_flags = for_callers_alone
    dispatcher.add_overload = add
    return dispatcher


def any_types(kernel: Any) -> Any:
    """numba's dispatcher of a kernel without signatures, for calls from Python."""
    return njit(**kernel.options)(_in_compiler(kernel.py_func))


def writer(function: Any) -> Any:
    """numba's form of a function that writes code."""
    return intrinsic(_in_compiler(function))


_known: dict[Any, Any] = {}


def _in_compiler(function: Any) -> Any:
    """A function whose global names, and variables of other functions, stand for what they do in the compiler's world:
    kernels for dispatchers, and so on."""
    if function not in _known:
        code, names = function.__code__, _names(function.__code__)
        scope: dict[str, Any] = {"__builtins__": __builtins__, "__name__": function.__module__}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        new = _known[function] = FunctionType(code, scope, function.__name__, function.__defaults__, cells)
        new.__qualname__, new.__doc__, new.__kwdefaults__ = function.__qualname__, function.__doc__, None
        scope |= {name: _real(function.__globals__[name]) for name in names if name in function.__globals__}
        for cell, given in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = _real(given.cell_contents)
    return _known[function]


def _names(code: CodeType) -> set[str]:
    """The global names that a function and those inside it look up."""
    inside = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}.union(*inside)


def _real(value: Any) -> Any:
    if isinstance(value, FunctionType) and value.__code__.co_filename.startswith(PACKAGE):
        return _in_compiler(value)
    return value.in_compiler if isinstance(value, InCompiler) else value
