"""The sections of a spec on inputs with structure and on teachers that change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from sgdode.errors import nearest
from sgdode.model.inputs import INPUT_LAWS
from sgdode.spec.activation import ActivationSpec
from sgdode.spec.part import Part
from sgdode.spec.values import Matrix, Number, OutputWeights, Whole, number, shown, whole, wrong


class PlacementSpec(Part):
    """Where the teachers lie in the spectrum: w*_j² ∝ j^(−power), all in one block, or shares of the field variance."""

    power: Annotated[Number, Field(ge=0, le=20)] | None = None
    block: Annotated[Whole, Field(ge=0)] | None = None
    variance: Any = None

    @field_validator("variance", mode="before")
    @classmethod
    def _shares(cls, value: Any) -> Any:
        if value is None:
            return None
        rows = value if isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple)) else [value]
        if not all(isinstance(row, (list, tuple)) and row for row in rows):
            raise wrong(f"got {shown(value)}; must be a list of shares by block, or one list for each teacher")
        found = tuple(tuple(number(share) for share in row) for row in rows)
        for row in found:
            if any(share < 0 for share in row) or abs(sum(row) - 1) > 1e-9:
                raise wrong(f"got {shown(list(row))}; shares must be 0 or above and add up to 1")
        return found


class TaskSpec(Part):
    """From t = start on the ``rows`` teach, y their mean; what is absent is as in ``teacher``."""

    start: Annotated[Number, Field(ge=0)]
    rows: tuple[Annotated[Whole, Field(ge=0)], ...]
    noise: Annotated[Number, Field(ge=0)] | None = None
    activation: ActivationSpec | None = None
    output_weights: OutputWeights | None = None

    @property
    def same(self) -> str:
        """The task, start apart."""
        return repr(self.model_dump(exclude={"start"}))


class RotationSpec(Part):
    """Two rows of the teacher turn in their plane: radians per unit of t."""

    rate: Number
    plane: tuple[Annotated[Whole, Field(ge=0)], Annotated[Whole, Field(ge=0)]]


class SpectrumSpec(Part):
    """The eigenvalues of C: those of a named law, or, of any scale, of blocks [fraction, eigenvalue], λ_j ∝ j^(−power),
    or those in a file."""

    name: str | None = None
    power: Annotated[Number, Field(gt=0, le=20)] | None = None
    blocks: Matrix | None = None
    file: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        ways = "{power: α}, {blocks: [[fraction, eigenvalue], ...]}, {file: F}"
        if isinstance(value, str) and value in INPUT_LAWS:
            return {"name": value}
        if not isinstance(value, Mapping):
            hint = nearest(value, [*INPUT_LAWS]) if isinstance(value, str) else ""
            raise wrong(f"got {shown(value)}; allowed: {', '.join(INPUT_LAWS)}, {ways}{hint}")
        if len([key for key in value if value[key] is not None]) > 1 and set(value) <= set(cls.model_fields):
            raise wrong(f"got {' and '.join(map(str, value))}; keep one of them")
        if not value:
            raise wrong(f"got an empty mapping; allowed: {ways}")
        return value

    @property
    def given(self) -> dict[str, Any]:
        """The one of its keys that is there, with its value."""
        return {key: value for key in type(self).model_fields if (value := getattr(self, key)) is not None}


def _bins(value: Any) -> Any:
    if value in ("auto", "all"):
        return value
    size = whole(value) if not isinstance(value, str) else 0
    if size < 1:
        raise wrong(f"got {shown(value)}; allowed: auto, all, or a number of blocks from 1 on")
    return size


class InputSpec(Part):
    """The law of the inputs x ~ N(0, C/d), tr C = d."""

    spectrum: SpectrumSpec = SpectrumSpec(name="isotropic")
    bins: Annotated[
        Any,
        BeforeValidator(_bins),
        WithJsonSchema({"anyOf": [{"enum": ["auto", "all"]}, {"type": "integer", "minimum": 1}]}),
    ] = "auto"
    finite_size: bool = False

    @field_validator("finite_size", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        if not isinstance(value, bool):
            raise wrong(f"got {shown(value)}; must be true or false")
        return value

    @property
    def gathered(self) -> bool:
        """Whether many eigenvalues are gathered into blocks."""
        return self.spectrum.power is not None or self.spectrum.file is not None
