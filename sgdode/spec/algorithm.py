"""The section ``algorithm`` of a spec: the learning rule, where it is not that of plain SGD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, create_model, field_validator

from sgdode.errors import nearest
from sgdode.model.extra_rows import Average, Momentum
from sgdode.model.losses import LOSSES
from sgdode.spec.part import Part
from sgdode.spec.values import Number, Whole, number, shown, wrong


def _loss(value: Any) -> Any:
    """The name of a loss, or {name: size} of one that has a size."""
    plain = [name for name, loss in LOSSES.items() if not loss.sized]
    allowed = ", ".join(name if name in plain else f"{{{name}: c}}" for name in LOSSES)
    if isinstance(value, Mapping) and len(value) == 1:
        name, size = next(iter(value.items()))
        if name in LOSSES and name not in plain:
            if number(size) <= 0.0:
                raise wrong(f"got {shown(value)}; the size of {name} must be > 0")
            return {name: number(size)}
    if isinstance(value, str) and value in plain:
        return value
    hint = nearest(value, list(LOSSES)) if isinstance(value, str) else ""
    if value in LOSSES:
        hint = f"; {value} needs its size: {{{value}: c}}"
    raise wrong(f"got {shown(value)}; allowed: {allowed}{hint}")


def _listed(value: Any) -> Any:
    if value is not None and not isinstance(value, (list, tuple)):
        raise wrong(f"got {shown(value)}; must be a list of student.width numbers, or null")
    return value


class MomentumSpec(Part):
    """β of a heavy ball, or its memory 1/κ in samples per dimension."""

    beta: Annotated[Number, Field(ge=0, lt=1)] | None = None
    rate: Annotated[Number, Field(gt=0)] | None = None


class _AverageKeys(Part):
    """From when on iterates are averaged, or the rate κ of an exponential average."""

    rate: Annotated[Number, Field(gt=0)] | None = None

    @property
    def start(self) -> float | None:
        """α₀, the key ``from``."""
        found: float | None = getattr(self, "from")
        return found


_AVERAGE: dict[str, Any] = {"from": (Annotated[Number, Field(ge=0)] | None, None)}
AverageSpec: Any = create_model("AverageSpec", __base__=_AverageKeys, **_AVERAGE)


def _one_key(value: Any, words: str) -> Any:
    if value == "none" or value is None:
        return None
    if isinstance(value, Part):
        return value
    told = [key for key in value if value[key] is not None] if isinstance(value, Mapping) else []
    if len(told) != 1:
        raise wrong(f"got {shown(value)}; allowed: none, {words}")
    return {key: value[key] for key in told}


class AlgorithmSpec(Part):
    """The learning rule, where it is not that of plain SGD."""

    loss: Annotated[
        Any,
        BeforeValidator(_loss),
        WithJsonSchema({"anyOf": [{"enum": []}, {"type": "object", "additionalProperties": {"type": "number"}}]}),
    ] = "squared"
    feedback: Annotated[tuple[Number, ...] | None, BeforeValidator(_listed)] = None
    dropout: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    momentum: MomentumSpec | None = None
    repeat: Annotated[Whole, Field(ge=1)] = 1
    average: AverageSpec | None = None

    @field_validator("momentum", mode="before")
    @classmethod
    def _momentum(cls, value: Any) -> Any:
        return _one_key(value, "{beta: β} or {rate: κ}")

    @field_validator("average", mode="before")
    @classmethod
    def _average(cls, value: Any) -> Any:
        return _one_key(value, "{from: α0} or {rate: κ}")

    @property
    def loss_name(self) -> str:
        """The name of the loss."""
        return str(next(iter(self.loss)) if isinstance(self.loss, Mapping) else self.loss)

    def numbers(self) -> dict[str, Any]:
        """What a ``LearningRule`` holds of it."""
        size = float(self.loss[self.loss_name]) if isinstance(self.loss, Mapping) else 0.0
        momentum, average = self.momentum, self.average
        return {
            "loss": LOSSES[self.loss_name],
            "size": size,
            "feedback": self.feedback or (),
            "dropout": self.dropout,
            "repeat": self.repeat,
            "momentum": None if momentum is None else Momentum(momentum.beta, momentum.rate or 0.0),
            "average": None if average is None else Average(average.start, average.rate or 0.0),
        }


def told(values: dict[str, Any]) -> dict[str, Any]:
    """The section as it stands in a resolved spec: {from: ...} without the keys that are not there."""
    return {
        key: {inner: item for inner, item in value.items() if item is not None} if isinstance(value, dict) else value
        for key, value in values.items()
    }
