"""The starts: named laws of the initial overlaps, one record each, the same for simulation and equations.

Nothing heavy is imported here: the laws themselves, which are in ``sgdode.model.start_laws``, are found by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from sgdode.model.record import Record

if TYPE_CHECKING:
    import numpy as np

    from sgdode.model.overlaps import Overlaps
    from sgdode.model.problem import Problem
    from sgdode.model.start_laws import Start

    #: ``law(problem, values, rng)``: the start at finite width.
    Law = Callable[["Problem", Mapping[str, Any], np.random.Generator], Start]
    BlockLaw = Callable[["Problem", Mapping[str, Any], np.random.Generator], tuple[Overlaps, ...]]

#: How far below 0 an eigenvalue of Ω may be, relative to the largest one: what rounding leaves of a double.
TOLERANCE = 1e-8
_LAWS, _BY_BLOCK = "sgdode.model.start_laws:", "sgdode.model.block_starts:"


@dataclass(frozen=True)
class Key:
    """A key of a start in a spec. ``kind``: how its value is read; ``low``: its least value (left out with ``above``);
    ``meaning``: one line for a reader."""

    kind: Literal["number", "whole", "matrix", "file", "time"]
    default: float | None = None
    low: float | None = None
    high: float | None = None
    above: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class StartLaw:
    """One start. ``law`` is a function, or "module:name" of one.

    ``neuron``: the law of a single neuron, where neurons are independent, for infinite width: "gaussian", w ~ N(0, s²
    I_d) with s the key ``scale``, or "sphere", uniform on the unit sphere of the teachers' span (None: no infinite
    width). ``keys``: its own keys in a spec; ``drawn``: whether it depends on a seed; ``given``: whether its overlaps
    are somebody's, to be refused rather than changed on the sphere; ``refusal``: why it cannot start from dimension inf
    (None: it can); ``meaning``: one line for a reader; ``by_block``: the law of the overlaps in each block of inputs
    that are not isotropic, likewise (None: it has none).
    """

    law: Law | str
    keys: Mapping[str, Key] = field(default_factory=dict)
    neuron: Literal["gaussian", "sphere"] | None = None
    drawn: bool = True
    given: bool = False
    refusal: str | None = None
    meaning: str = ""
    by_block: BlockLaw | str | None = None


@dataclass(frozen=True, eq=False)
class Initial(Record):
    """The start of a problem: its law, the values of the law's keys, the seed, and how the law is called.
    ``tolerance``: how far below 0 an eigenvalue of given overlaps may be, relative to the largest one."""

    law: StartLaw
    values: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    name: str = "this start"
    tolerance: float = TOLERANCE


_SCALE = Key("number", 1.0, 0.0, above=True, meaning="s: every w_i ~ N(0, s² I_d)")
_Q = Key("matrix", meaning="Q = W Wᵀ/d, p×p; by block of the inputs: B of them")
_M = Key("matrix", meaning="M = W W*ᵀ/d, p×k; by block of the inputs: B of them")

STARTS: dict[str, StartLaw] = {
    "gaussian": StartLaw(
        _LAWS + "gaussian",
        {"scale": _SCALE},
        "gaussian",
        refusal="gaussian at dimension inf gives M = 0, which the equations never leave; use in-teacher-span, "
        "symmetric or overlaps",
        meaning="independent Gaussian weights",
        by_block=_BY_BLOCK + "gaussian_by_block",
    ),
    "in-teacher-span": StartLaw(
        _LAWS + "in_teacher_span",
        neuron="sphere",
        meaning="uniform on the unit sphere of the teachers' span: the same overlaps at every d",
        by_block=_BY_BLOCK + "in_teacher_span_by_block",
    ),
    "symmetric": StartLaw(
        _LAWS + "symmetric",
        {
            "epsilon": Key("number", 0.1, 0.0, 1.0, meaning="M_ir = ε/k"),
            "q0": Key("number", 1.0, 0.0, meaning="Q_ii = ε²/k + q0 (1 − ε)²"),
            "spread": Key("number", 1e-3, 0.0, meaning="of a seeded perturbation, which breaks the symmetry"),
        },
        meaning="all neurons alike but for a small perturbation: a plateau",
        by_block=_BY_BLOCK + "symmetric_by_block",
    ),
    "overlaps": StartLaw(
        _LAWS + "overlaps",
        {
            "Q": _Q,
            "M": _M,
            "file": Key("file", meaning="a result of this program, in place of Q and M"),
            "at": Key("time", None, 0.0, meaning="the time in the file; last: its last one"),
            "run": Key("whole", None, 0.0, meaning="the seed in the file that all start from; else each from its own"),
            "point": Key("whole", None, 0.0, meaning="the row in a file of fixed-points, from 0"),
        },
        drawn=False,
        given=True,
        meaning="Q and M as given, or from a result file",
        by_block=_BY_BLOCK + "overlaps_by_block",
    ),
    "weights": StartLaw(
        _LAWS + "overlaps",
        {"file": Key("file", meaning="an npz file with arrays W (p,d), W_star (k,d), optionally a (p,)")},
        drawn=False,
        given=True,
        meaning="the weights of another library's network",
        by_block=_BY_BLOCK + "overlaps_by_block",
    ),
}


def found(code: Any) -> Any:
    """The function of a record: itself, or what "module:name" names."""
    if not isinstance(code, str):
        return code
    module, _, name = code.partition(":")
    return getattr(import_module(module), name)
