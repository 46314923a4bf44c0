"""The section ``initial`` of a spec: the kind of the start, and the keys that the records of starts bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, create_model, model_validator

from sgdode.model.starts import STARTS, TOLERANCE, Key
from sgdode.spec.part import Part, one_of
from sgdode.spec.values import Matrices, Number, Whole, plain


class InitialSpec(Part):
    """The start that simulation and equations share: its kind, and the keys of that kind (``sgdode.model.starts``)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Annotated[str, one_of(STARTS)] = "gaussian"
    seed: Annotated[Whole, Field(ge=0)] | None = None
    tolerance: Annotated[
        Number, Field(ge=0, le=0.1, description="how far below 0 an eigenvalue of Ω may be, relative to the largest")
    ] = TOLERANCE

    @model_validator(mode="before")
    @classmethod
    def _keys_of_starts(cls, value: Any) -> Any:
        value = plain(value)
        if not isinstance(value, Mapping):
            return value
        fields: dict[str, Any] = {key: field_of(record) for key, record in start_keys().items()}
        own: dict[str, Any] = {key: (field.annotation, field) for key, field in cls.model_fields.items()}
        checked = create_model("InitialKeys", __base__=Part, **own, **fields).model_validate(dict(value))
        return {key: getattr(checked, key) for key in value}

    @property
    def given(self) -> dict[str, Any]:
        """The keys of starts that the spec has, of whatever kind."""
        return dict(self.model_extra or {})

    @property
    def values(self) -> dict[str, Any]:
        """The values of the keys of this kind, by default where they are not given."""
        return {key: self.given.get(key, record.default) for key, record in STARTS[self.kind].keys.items()}

    @property
    def file(self) -> str | None:
        """The file that the start comes from."""
        return self.given.get("file")


def start_keys() -> dict[str, Key]:
    """The keys of all starts."""
    return {key: record for law in STARTS.values() for key, record in law.keys.items()}


def field_of(key: Key) -> Any:
    """A key of a start as a field of a model."""
    kinds = {"number": Number, "whole": Whole, "time": Number, "matrix": Matrices, "file": str}
    kind: Any = kinds[key.kind]
    limits: dict[str, Any] = {"gt" if key.above else "ge": key.low, "le": key.high}
    bounded = Annotated[kind, Field(**{name: limit for name, limit in limits.items() if limit is not None})]
    last = [BeforeValidator(lambda value: None if value == "last" else value)] if key.kind == "time" else []
    optional: Any = bounded if key.default is not None else bounded | None
    return (Annotated[optional, *last] if last else optional, key.default)
