"""The key ``activation`` of a spec: a name, a Hermite series, a formula, a table, or Python code of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, model_validator

from sgdode.errors import nearest
from sgdode.model.activations import ACTIVATIONS, Activation, fault, hermite_series
from sgdode.model.formula import FormulaError, formula_activation
from sgdode.spec.beside import file_content, rows_of
from sgdode.spec.part import Part
from sgdode.spec.values import Number, number, plain, shown, wrong

LONGEST_SERIES = 512  # coefficients of a Hermite series
#: The words for what is no name of an activation, each a key of its own.
OTHER_KINDS = ("hermite", "formula", "table", "python")
FORMS = '{hermite: [c0, c1, ...]}, {formula: "x/(1 + exp(-x))"}, {table: xy.csv} or {python: file.py:name}'


class ActivationSpec(Part):
    """σ(x) = f(gain · x), with f named, a series in orthonormal Hermite polynomials, a formula, a table or code."""

    name: Annotated[str, Field(description="a built-in activation; erf is erf(x/√2)")] = "erf"
    gain: Annotated[Number, Field(gt=0, description="of the field: σ(x) = f(gain · x)")] = 1.0
    hermite: Annotated[tuple[Number, ...] | None, Field(description="coefficients [c0, c1, ...] of h_n = He_n/√n!")] = (
        None
    )
    formula: Annotated[str | None, Field(description="f as a formula in x; erf(x) is the usual one there")] = None
    table: Annotated[str | None, Field(description="a CSV file of x and f(x); kept in the result")] = None
    values: Annotated[
        tuple[tuple[float, float], ...] | None, Field(description="what was in the table: rows of x and f(x)")
    ] = None
    python: Annotated[
        str | None, Field(description="file.py:name of a function, or an Activation; needs --allow-code")
    ] = None
    source: Annotated[str | None, Field(description="what was in the Python file")] = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any, info: ValidationInfo) -> Any:
        value = {"name": value} if isinstance(value, str) else plain(value)
        if not isinstance(value, Mapping):
            raise wrong(
                f"got {shown(value)}; must be a name, {FORMS}; a gain stands beside it: {{name: erf, gain: 2.0}}"
            )
        given = [kind for kind in OTHER_KINDS if value.get(kind) is not None]
        name = value.get("name", given[0] if given else "erf")
        if len(given) > 1 or (given and name != given[0]):
            raise wrong(f"{' and '.join(['name'] * (name not in given) + given)} exclude each other; keep one of them")
        context: Mapping[str, Any] = info.context or {}
        if given:
            return {**value, "name": name, **_READ[name](value, context)}
        known = [*ACTIVATIONS, *context.get("activations", {})]
        if name not in known:
            hint = nearest(name, known) if isinstance(name, str) else ""
            raise wrong(f"got {shown(name)}; allowed: {', '.join(known)}, {FORMS}{_given_in_python(name)}{hint}")
        return value

    def built(self) -> Activation:
        """The activation of any kind but a name."""
        if self.hermite is not None:
            return hermite_series(self.hermite)
        if self.formula is not None:
            return formula_activation(self.formula)
        if self.values is not None:
            return _interpolated(self.values)
        assert self.python is not None
        assert self.source is not None
        return _coded(self.source, self.python)

    def identity(self) -> dict[str, Any]:
        """What it is, as JSON: itself a value of the key."""
        if self.name not in OTHER_KINDS:
            return {"name": self.name, "gain": self.gain}
        keys = ("hermite", "formula", "table", "values", "python", "source")
        return {key: value for key in keys if (value := getattr(self, key)) is not None} | {"gain": self.gain}


def _given_in_python(name: Any) -> str:
    """A word about names that nothing here knows."""
    plain_name = isinstance(name, str) and name.isidentifier() and not nearest(name, list(ACTIVATIONS))
    return " (a function that was given in Python stands in no spec)" if plain_name else ""


def _hermite(value: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    coefficients = value["hermite"]
    if not isinstance(coefficients, (list, tuple)) or not coefficients:
        raise wrong(f"hermite: got {shown(coefficients)}; must be a list of coefficients [c0, c1, ...]")
    if len(coefficients) > LONGEST_SERIES:
        raise wrong(f"hermite: got {len(coefficients)} coefficients; at most {LONGEST_SERIES} are allowed")
    return {"hermite": tuple(coefficients)}


def _formula(value: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    text = value["formula"]
    if not isinstance(text, str):
        raise wrong(f"formula: got {shown(text)}; must be a text such as x/(1 + exp(-x))")
    try:
        activation = formula_activation(text)
    except FormulaError as error:
        raise wrong(f"formula: got {shown(text)}; {error}") from None
    _refuse_faulty(activation, f"formula: got {shown(text)}")
    return {}


def _table(value: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    rows = value.get("values")
    if rows is None:
        text = file_content("table", value["table"], context).decode("utf-8-sig", errors="replace")
        rows = rows_of(text, value["table"], "table", "x and f(x)")
    try:
        points = tuple((number(x), number(y)) for x, y in rows)
    except (TypeError, ValueError):
        raise wrong("values: must be rows of two numbers, x and f(x)") from None
    from sgdode.model.interpolated import FEWEST, MOST

    if not FEWEST <= len(points) <= MOST:
        raise wrong(f"table: got {len(points)} rows; {FEWEST} to {MOST} are allowed")
    if any(left[0] >= right[0] for left, right in itertools.pairwise(points)):
        raise wrong("table: x must increase from row to row")
    return {"values": points}


def _python(value: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    place = value["python"]
    if not isinstance(place, str) or not place.rpartition(":")[0] or not place.rpartition(":")[2].isidentifier():
        raise wrong(f"python: got {shown(place)}; must be file.py:name")
    if not context.get("allow_code"):
        raise wrong(f"python: got {shown(place)}; the code there is run with --allow-code alone (read it first)")
    source = value.get("source")
    if source is None:
        source = file_content("python", place.rpartition(":")[0], context).decode("utf-8-sig", errors="replace")
    if not isinstance(source, str):
        raise wrong(f"source: got {shown(source)}; must be the text of the Python file")
    try:
        activation = _coded(source, place)
    except Exception as error:
        raise wrong(f"python: {place}: {type(error).__name__}: {error}") from None
    _refuse_faulty(activation, f"python: {place}")
    return {"source": source}


_READ = {"hermite": _hermite, "formula": _formula, "table": _table, "python": _python}


def _refuse_faulty(activation: Activation, what: str) -> None:
    if why := fault(activation):
        raise wrong(f"{what}: {why}")


@lru_cache(16)
def _interpolated(values: tuple[tuple[float, float], ...]) -> Activation:
    from sgdode.model.interpolated import table_activation

    return table_activation(tuple(x for x, _ in values), tuple(y for _, y in values))


@lru_cache(16)
def _coded(source: str, place: str) -> Activation:
    """What a Python file calls so: an Activation, or a function with its derivative, ``d_NAME``."""
    file, _, name = place.rpartition(":")
    names: dict[str, Any] = {"__name__": Path(file).stem, "__file__": file}
    exec(compile(source, file, "exec"), names)
    if name not in names:
        raise NameError(f"there is no {name} in it")
    found = names[name]
    if isinstance(found, Activation):
        return replace(found, name=name)
    if not callable(found) or not callable(names.get(f"d_{name}")):
        raise TypeError(f"{name} must be a function σ of a NumPy array with its derivative d_{name} beside it, or an "
                        "sgdode.Activation")  # fmt: skip
    return Activation(found, names[f"d_{name}"], name=name)
