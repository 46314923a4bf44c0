"""What there is: activations, systems of equations, starts, laws of inputs, rules and figures, one line each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from sgdode.cli.explain import keys
from sgdode.errors import UsageError, nearest
from sgdode.model.activations import ACTIVATIONS
from sgdode.model.inputs import INPUT_LAWS
from sgdode.model.learning import LOSSES
from sgdode.model.starts import STARTS
from sgdode.model.systems import SYSTEMS
from sgdode.plots.figures.records import FIGURES

_WIDTH = 80
Lines = Iterator[tuple[str, str]]


def _activations() -> Lines:
    yield from ((name, record.meaning) for name, record in ACTIVATIONS.items())
    yield "{hermite: [c0, c1, ...]}", "Σ c_n h_n(x), h_n the orthonormal Hermite polynomials"
    yield '{formula: "x/(1 + exp(-x))"}', "a formula in x, differentiated by rule"
    yield "{table: xy.csv}", "a smooth curve through rows of x and f(x)"
    yield "{python: file.py:name}", "a function with d_name beside it; needs --allow-code"
    yield "{name: erf, gain: 2.0}", "f(gain x), of any of them"


def _systems() -> Lines:
    yield "auto", "full while it is affordable, else mean-field"
    yield from ((name, f"{record.paper}; {record.valid}") for name, record in SYSTEMS.items())


def _of_keys(prefix: str, but: str = "") -> Lines:
    """The keys of a section with their meanings."""
    for key, about in keys().items():
        if key.startswith(prefix) and key != but:
            yield key, about.get("description", "")


def _inputs() -> Lines:
    yield from ((name, record.meaning) for name, record in INPUT_LAWS.items())
    yield from _of_keys("inputs.", "inputs.spectrum")


def _rules() -> Lines:
    yield from ((f"algorithm.loss: {name}", record.meaning) for name, record in LOSSES.items())
    yield from _of_keys("algorithm.", "algorithm.loss")


#: What can be listed → where it stands in a spec, or on the command line; its lines.
KINDS: dict[str, tuple[str, Callable[[], Lines]]] = {
    "activations": ("student.activation, teacher.activation", _activations),
    "systems": ("integrate.equations", _systems),
    "starts": ("initial.kind", lambda: ((name, record.meaning) for name, record in STARTS.items())),
    "inputs": ("inputs", _inputs),
    "rules": ("algorithm", _rules),
    "figures": ("plot --figure", lambda: ((name, record.about) for name, record in FIGURES.items())),
}


def listed_kind(kind: str, width: int = _WIDTH) -> list[str]:
    """The lines of one kind, at most so wide. Raises UsageError for an unknown one."""
    if kind not in KINDS:
        raise UsageError(f"{kind}: allowed: {', '.join(KINDS)}{nearest(kind, list(KINDS))}")
    lines = list(KINDS[kind][1]())
    left = min(max(len(name) for name, _ in lines), 32) + 2
    return [line for name, meaning in lines for line in _folded(name, meaning, left, width)]


def _folded(name: str, meaning: str, left: int, width: int) -> list[str]:
    head = name.ljust(left) if len(name) < left else f"{name}  "
    return textwrap.wrap(head + meaning, width, subsequent_indent=" " * left, break_on_hyphens=False) or [name]


def meanings_of_word(word: str) -> list[str]:
    """Lines about a word that is a value, not a key: the name of an activation, a system, a start, ..."""
    found = list[str]()
    for where, lines in KINDS.values():
        for name, meaning in lines():
            if word in (name, name.rpartition(": ")[2], meaning.split(",")[0].split(";")[0]) and " " not in word:
                found += textwrap.wrap(f"{name} ({where}): {meaning}", _WIDTH, subsequent_indent="    ")
    return found
