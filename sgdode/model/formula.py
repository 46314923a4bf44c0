"""A little language for activations: one formula in x, which is read, never run as it stands, and differentiated by
rule.

It has numbers, ``x``, ``pi`` and ``e``, ``+ - * / **``, comparisons inside ``where``, and the functions of
``FUNCTIONS``. ``erf`` is the usual one here, not the activation erf(x/√2).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sgdode.model.activations import Activation

LONGEST, _MOST_NODES = 1000, 300
#: A part of a formula: ("number", value), ("x",), (operator, left, right), or (function, argument, ...).
Tree = tuple[Any, ...]
#: Functions of one argument, with their derivatives in terms of ``u``, the argument, as formulas.
_ONE = {
    "exp": "exp(u)",
    "expm1": "exp(u)",
    "log": "1/u",
    "log1p": "1/(1 + u)",
    "sqrt": "0.5/sqrt(u)",
    "tanh": "1 - tanh(u)**2",
    "erf": "2/sqrt(pi)*exp(-u**2)",
    "sin": "cos(u)",
    "cos": "-sin(u)",
    "sinh": "cosh(u)",
    "cosh": "sinh(u)",
    "arctan": "1/(1 + u**2)",
    "abs": "sign(u)",
    "sign": "0",
}
_TWO = ("maximum", "minimum")
FUNCTIONS = {**dict.fromkeys(_ONE, 1), **dict.fromkeys(_TWO, 2), "where": 3}
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_CONSTANTS = {"pi": math.pi, "e": math.e}
#: Names of functions as Python's ``math`` and this module have them, for one number.
_SCALARS = {"arctan": "atan", "abs": "fabs"}
Function = Callable[[Any], Any]


class FormulaError(ValueError):
    """A text that is no formula; it says why, and what is allowed."""


@lru_cache(64)
def formula_activation(text: str) -> Activation:
    """σ and σ' of a formula. Raises FormulaError."""
    try:
        tree = parsed(text)
        return Activation(_function(tree), _function(derivative(tree)), name="formula")
    except (SyntaxError, RecursionError, MemoryError):
        raise FormulaError("nested too deep") from None


def parsed(text: str) -> Tree:
    """The tree of a formula. Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"{len(text)} characters; at most {LONGEST} are allowed")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = f" (at character {error.offset})" if isinstance(error, SyntaxError) and error.offset else ""
        raise FormulaError(f"not a formula{column}; write one in x, such as x/(1 + exp(-x))") from None
    if (count := sum(1 for _ in ast.walk(body))) > 2 * _MOST_NODES:
        raise FormulaError(f"{count} parts; at most {2 * _MOST_NODES} are allowed")
    tree = _tree(body)
    if not _has_x(tree):
        raise FormulaError("there is no x in it")
    return tree


def _tree(node: ast.AST) -> Tree:
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            pass
        case ast.Constant(value=int() | float() as value) if abs(value) < 1e300:
            return ("number", float(value))
        case ast.Name(id="x"):
            return ("x",)
        case ast.Name(id=name) if name in _CONSTANTS:
            return ("number", _CONSTANTS[name])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _times(("number", -1.0), _tree(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _tree(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return (_OPERATORS[type(op)], _tree(left), _tree(right))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in FUNCTIONS:
            return _call(name, given)
    raise FormulaError(f"{ast.unparse(node)[:60]!r} is not allowed; allowed: {_ALLOWED}")


_ALLOWED = f"numbers, x, pi, e, + - * / **, {', '.join(FUNCTIONS)} (where(x > 0, a, b))"


def _call(name: str, given: list[ast.expr]) -> Tree:
    if len(given) != FUNCTIONS[name]:
        raise FormulaError(f"{name} takes {FUNCTIONS[name]} arguments, not {len(given)}")
    if name != "where":
        return (name, *map(_tree, given))
    match given[0]:
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return ("where", (_COMPARISONS[type(op)], _tree(left), _tree(right)), *map(_tree, given[1:]))
    raise FormulaError("where takes a comparison first, as in where(x > 0, x, 0)")


def _has_x(tree: Tree) -> bool:
    return tree == ("x",) or any(_has_x(part) for part in tree[1:] if isinstance(part, tuple))


ZERO, UNIT = ("number", 0.0), ("number", 1.0)


def _times(one: Tree, other: Tree) -> Tree:
    if ZERO in (one, other):
        return ZERO
    if UNIT in (one, other):
        return other if one == UNIT else one
    if one[0] == other[0] == "number":
        return ("number", one[1] * other[1])
    return ("*", one, other)


def _plus(one: Tree, other: Tree) -> Tree:
    if ZERO in (one, other):
        return other if one == ZERO else one
    return ("+", one, other)


def derivative(tree: Tree) -> Tree:
    """The tree of d/dx. At a kink: the slope that is smaller of maximum, larger of minimum, where both are numbers;
    else that of the second."""
    kind, *parts = tree
    if kind == "number":
        return ZERO
    if kind == "x":
        return UNIT
    if kind == "where":
        condition, one, other = parts
        slopes = derivative(one), derivative(other)
        return slopes[0] if slopes[0] == slopes[1] else ("where", condition, *slopes)
    u = parts[0]
    du = derivative(u)
    if kind in _ONE:
        return _times(_with(_tree(ast.parse(_ONE[kind].replace("u", "x"), mode="eval").body), u), du)
    v, dv = parts[1], derivative(parts[1])
    return _derivative_of_two(kind, (u, du), (v, dv))


def _derivative_of_two(kind: str, left: tuple[Tree, Tree], right: tuple[Tree, Tree]) -> Tree:
    (u, du), (v, dv) = left, right
    minus: Tree = ("number", -1.0)
    if kind == "+":
        return _plus(du, dv)
    if kind == "-":
        return _plus(du, _times(minus, dv))
    if kind == "*":
        return _plus(_times(du, v), _times(u, dv))
    if kind == "/":  # no square of v, which may overflow
        first = ZERO if du == ZERO else ("/", du, v)
        return _plus(first, ZERO if dv == ZERO else _times(_times(minus, ("/", u, v)), ("/", dv, v)))
    if kind == "**":
        if dv == ZERO:
            return _times(_times(v, ("**", u, ("-", v, UNIT))), du)
        growth = _plus(_times(dv, ("log", u)), ZERO if du == ZERO else _times(v, ("/", du, u)))
        return _times(("**", u, v), growth)
    above, flatter = (">", "minimum") if kind == "maximum" else ("<", "maximum")
    if du[0] == dv[0] == "number":
        return ("where", (above, u, v), du, ("where", (above, v, u), dv, (flatter, du, dv)))
    return ("where", (above, u, v), du, dv)


def _with(tree: Tree, u: Tree) -> Tree:
    """``tree`` with ``u`` in place of x."""
    if tree == ("x",):
        return u
    return (tree[0], *(_with(part, u) if isinstance(part, tuple) else part for part in tree[1:]))


def written(tree: Tree, scalar: bool) -> str:
    """A tree as Python: of NumPy's functions, or for one number (``scalar``) of those of ``math``."""
    kind, *parts = tree
    if kind == "number":
        return f"({parts[0]!r})"
    if kind == "x":
        return "x"
    texts = [written(part, scalar) for part in parts]
    if kind in ("+", "-", "*", "/", "**", "<", "<=", ">", ">="):
        return f"({texts[0]} {kind} {texts[1]})"
    if not scalar:
        return f"{kind}({', '.join(texts)})"
    u, *rest = texts
    if kind == "where":
        return f"({rest[0]} if {u} else {rest[1]})"
    if kind == "sign":
        return f"max(-1.0, min(1.0, 1e300 * {u}))"  # no part twice: nesting would double it
    if kind in _TWO:
        return f"{kind[:3]}({u}, {rest[0]})"
    return f"{_SCALARS.get(kind, kind)}({u})"


def _function(tree: Tree) -> Function:
    """The function of a tree on arrays; ``scalar`` is the same for one number, for the compiler.

    What is run is written from the tree, and the tree holds nothing else than what is in this module.
    """
    import numpy as np

    def erf(x: Any) -> Any:
        from scipy.special import erf as on_arrays

        return on_arrays(x)

    arrays = {name: getattr(np, name, erf) for name in FUNCTIONS} | {"__builtins__": {}}
    numbers = {name: getattr(math, name, None) for name in (_SCALARS.get(n, n) for n in FUNCTIONS)}
    on_arrays = eval(f"lambda x: {written(tree, scalar=False)}", arrays)
    one = eval(f"lambda x: {written(tree, scalar=True)}", numbers | {"__builtins__": {"max": max, "min": min}})

    def function(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return on_arrays(np.asarray(x, dtype=float)) + np.zeros(np.shape(x))

    function.scalar = one  # type: ignore[attr-defined]
    return function
