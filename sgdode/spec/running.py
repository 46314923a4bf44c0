"""The sections of a spec on when to save, and on how either engine runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from sgdode.model.systems import SYSTEMS
from sgdode.spec.part import Part, one_of
from sgdode.spec.values import Number, Whole, shown, wrong
from sgdode.spec.words import EQUATIONS


class TimeSpec(Part):
    """The saved times, in units of t = ν δt, or in samples per dimension α = νB/d."""

    stop: Annotated[Number, Field(gt=0)]
    start: Annotated[Number, Field(gt=0)] | None = None
    points: Annotated[Whole, Field(ge=1, le=10_000_000)] = 100
    spacing: Literal["log", "linear"] = "log"
    unit: Literal["t", "samples"] = "t"

    @property
    def first(self) -> float:
        """First saved time after 0."""
        return min(0.01, self.stop / 100) if self.start is None else self.start


class LeapSpec(Part):
    """How long leaps are: the relative change in one, and the samples that are drawn in it."""

    tolerance: Annotated[Number, Field(gt=0, le=1)] = 0.1
    samples: Annotated[Whole, Field(ge=1, le=100_000)] = 8


class SimulateSpec(Part):
    """How SGD is simulated."""

    seeds: Annotated[Whole, Field(ge=1, le=1_000_000)] = 8
    method: Literal["exact", "explicit", "leap"] = "exact"
    precision: Literal["float64", "float32"] = "float64"
    leap: LeapSpec = LeapSpec()


class IntegrateSpec(Part):
    """Which equations are solved, and how."""

    equations: Annotated[str, one_of(SYSTEMS, "auto")] = "auto"
    solver: Literal["auto", "cvode", "lsoda", "bdf", "dop853"] = "auto"
    rtol: Annotated[Number, Field(ge=1e-14, le=0.1)] = 1e-8
    atol: Annotated[Number, Field(ge=1e-30, le=0.1)] = 1e-12
    fluctuations: bool | Literal["risk", "ensemble"] = False
    noise_correction: bool = False
    particles: Annotated[Whole, Field(ge=1)] | None = None

    @field_validator("equations", mode="before")
    @classmethod
    def _of_the_paper(cls, value: Any) -> Any:
        return EQUATIONS.get(value, value) if isinstance(value, str) else value

    @field_validator("noise_correction", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        if not isinstance(value, bool):
            raise wrong(f"got {shown(value)}; must be true or false")
        return value

    @field_validator("fluctuations", mode="before")
    @classmethod
    def _spread(cls, value: Any) -> Any:
        if not isinstance(value, bool) and value not in ("risk", "ensemble"):
            raise wrong(f"got {shown(value)}; must be true, false, risk or ensemble")
        return value

    @field_validator("particles", mode="before")
    @classmethod
    def _auto(cls, value: Any) -> Any:
        return None if value == "auto" else value
