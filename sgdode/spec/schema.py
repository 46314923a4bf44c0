"""YAML → a validated, resolved experiment.

``load_spec`` is the only way in. A Spec holds what the user said with every default filled in; what follows from it
(γ, δt, output weights) are its properties. Nothing heavy is imported here: a wrong spec is answered at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from sgdode.errors import nearest
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.model.inputs import INPUT_LAWS
from sgdode.model.learning import LOSSES
from sgdode.model.systems import SYSTEMS
from sgdode.notebook import table
from sgdode.results.contents import by_dotted_key
from sgdode.spec.activation import OTHER_KINDS, ActivationSpec
from sgdode.spec.initial import InitialSpec
from sgdode.spec.part import Part, one_of
from sgdode.spec.values import (
    Extent,
    Matrices,
    Matrix,
    Number,
    OutputWeights,
    Whole,
    number,
    plain,
    shown,
    whole,
    wrong,
)
from sgdode.spec.words import EQUATIONS
from sgdode.spec.yaml_document import Document, as_yaml

Quantity = Literal["risk", "M", "Q", "q", "Q_block", "M_block"]
LONGEST_NAME = 150  # bytes: file systems allow 255, with the command, the hash and endings


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


class TeacherSpec(Part):
    """The teacher network: k, σ*, a*, P and Δ."""

    width: Annotated[Whole, Field(ge=1)]
    activation: ActivationSpec = ActivationSpec()
    output_weights: OutputWeights = 1.0
    overlap: Matrices | None = None
    noise: Annotated[Number, Field(ge=0)] = 0.0
    placement: PlacementSpec | None = None
    tasks: tuple[TaskSpec, ...] | None = None
    rotation: RotationSpec | None = None
    drift: Annotated[Number, Field(ge=0)] = 0.0

    @field_validator("placement", mode="before")
    @classmethod
    def _isotropic(cls, value: Any) -> Any:
        if value == "isotropic":
            return None
        if isinstance(value, Mapping) and len([key for key in value if value[key] is not None]) != 1:
            raise wrong("got several keys or none; allowed: isotropic, {power: δ}, {block: b} or {variance: [shares]}")
        if value is not None and not isinstance(value, (Mapping, PlacementSpec)):
            raise wrong(f"got {shown(value)}; allowed: isotropic, {{power: δ}}, {{block: b}} or {{variance: [shares]}}")
        return value

    @field_validator("overlap", mode="before")
    @classmethod
    def _identity(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "identity":
            raise wrong(f"got {shown(value)}; allowed: identity, or a k×k matrix{nearest(value, ['identity'])}")
        return None if value == "identity" else value


class StudentSpec(Part):
    """The student network at the start: p, σ, a and η_a."""

    width: Extent
    activation: ActivationSpec = ActivationSpec()
    output_weights: OutputWeights = 1.0
    train_output: Annotated[Number, Field(ge=0)] = 0.0


class Schedule(Part):
    """γ(t) = γ (1 + t/time)^(−power)."""

    power: Annotated[Number, Field(ge=0)]
    time: Annotated[Number, Field(gt=0)]


class LearningRate(Part):
    """γ = gamma · d^d_exponent · p^p_exponent, times the schedule."""

    gamma: Annotated[Number, Field(gt=0)]
    d_exponent: Number = 0.0
    p_exponent: Number = 0.0
    schedule: Schedule | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        value = plain(value)
        if isinstance(value, (str, int, float, list)) or value is None:
            return {"gamma": number(value)}
        return value

    @field_validator("schedule", mode="before")
    @classmethod
    def _constant(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "constant":
            raise wrong(f"got {shown(value)}; allowed: constant, or {{power: β, time: t0}}")
        return None if value == "constant" else value


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

    @property
    def gathered(self) -> bool:
        """Whether many eigenvalues are gathered into blocks."""
        return self.spectrum.power is not None or self.spectrum.file is not None


class AlgorithmSpec(Part):
    """The learning rule, where it is not that of plain SGD."""

    loss: Annotated[str, one_of(LOSSES)] = "squared"


class TimeSpec(Part):
    """The saved times, in units of t = ν δt."""

    stop: Annotated[Number, Field(gt=0)]
    start: Annotated[Number, Field(gt=0)] | None = None
    points: Annotated[Whole, Field(ge=1, le=10_000_000)] = 100
    spacing: Literal["log", "linear"] = "log"

    @property
    def first(self) -> float:
        """First saved t after 0."""
        return min(0.01, self.stop / 100) if self.start is None else self.start


class SimulateSpec(Part):
    """How SGD is simulated."""

    seeds: Annotated[Whole, Field(ge=1, le=1_000_000)] = 8
    method: Literal["exact", "explicit"] = "exact"
    precision: Literal["float64", "float32"] = "float64"


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


def _save(value: Any) -> Any:
    if value == "auto":
        return None
    known = list(get_args(Quantity))
    if not isinstance(value, (list, tuple)) or not value:
        raise wrong(f"got {shown(value)}; allowed: auto, or a list out of {', '.join(known)}")
    for item in value:
        if item not in known:
            raise wrong(f"got {shown(item)}; allowed: auto, or a list out of {', '.join(known)}")
    return tuple(name for name in known if name in value)


def _name(value: Any) -> Any:
    fits = isinstance(value, str) and len(value.encode(errors="replace")) <= LONGEST_NAME
    if not fits or not re.fullmatch(r"[\w+@=][\w .+@=,-]*", value):
        raise wrong(
            f"got {shown(value)}; must be a text of up to {LONGEST_NAME} letters, digits, spaces and . _ - + @ = , "
            "(it becomes part of file names)"
        )
    return value


class StoredStart(NamedTuple):
    """What a result keeps of the file that it started from: its numbers, and the hash of its content."""

    arrays: Mapping[str, Any]
    content: str


class Spec(Part):
    """A validated experiment. Made by :func:`sgdode.load_spec`; frozen."""

    name: Annotated[str, BeforeValidator(_name)]
    seed: Annotated[Whole, Field(ge=0)] = 0
    dimension: Extent
    teacher: TeacherSpec
    student: StudentSpec
    learning_rate: LearningRate
    batch_size: Annotated[Whole, Field(ge=1)] = 1
    weight_decay: Annotated[Number, Field(ge=0)] = 0.0
    constraint: Literal["none", "spherical", "spherical-fields"] = "none"
    inputs: InputSpec = InputSpec()
    algorithm: AlgorithmSpec = AlgorithmSpec()
    initial: InitialSpec = InitialSpec()
    time: TimeSpec
    simulate: SimulateSpec = SimulateSpec()
    integrate: IntegrateSpec = IntegrateSpec()
    save: Annotated[
        tuple[Quantity, ...] | None,
        BeforeValidator(_save),
        WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "array", "items": {"enum": list(get_args(Quantity))}}]}),
    ] = None

    _text: str = PrivateAttr(default="")
    _folder: Path = PrivateAttr(default=Path())
    _activations: dict[str, Activation] = PrivateAttr(default_factory=dict)
    _law: Any = PrivateAttr(default=None)
    _stored_start: StoredStart | None = PrivateAttr(default=None)
    _allow_code: bool = PrivateAttr(default=False)
    _places: Document = PrivateAttr(default_factory=lambda: Document("spec"))
    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"a Spec does not change: spec.replace({name}=...) gives another one")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        units = self.student.activation.name, self.teacher.activation.name
        names = units[0] if units[0] == units[1] else f"{units[0]} of {units[1]}"
        sizes = f"d = {self.d:g}, p = {self.p:g}, k = {self.k}, γ = {self.gamma:.6g}, Δ = {self.teacher.noise:.6g}"
        return f"<Spec {self.name!r}: {names}, {sizes}, t to {self.time.stop:g}, {self.simulate.seeds} seeds>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = by_dotted_key(self.model_dump(exclude_defaults=True)).items()
        return table(repr(self)[1:-1], rows, "", table("", list(by_dotted_key(self.model_dump()).items())))

    def replace(self, changes: Mapping[str, Any] | None = None, /, **keys: Any) -> Spec:
        """The experiment with other values: ``spec.replace(learning_rate=3, student={"width": 8})``, where a mapping
        changes some keys of a section; or dotted keys, ``spec.replace({"student.width": 8})``.

        What is not told takes its default again, as in a file. Raises SpecError as ``load_spec`` does.
        """
        import sgdode

        return sgdode.load_spec(self, changes or {}, **keys)

    def place(self, key: str) -> str:
        """``file:line`` of a dotted key, or of the nearest enclosing one."""
        return self._places.place(tuple(key.split(".")))

    @property
    def allow_code(self) -> bool:
        """Whether Python code that the spec names was allowed to run."""
        return self._allow_code

    @property
    def text(self) -> str:
        """The YAML text as given."""
        return self._text

    def as_yaml(self) -> str:
        """What was told, overrides included, as YAML."""
        return "\n".join(f"{key}: {as_yaml(value)}" for key, value in self._given.items()) + "\n"

    @property
    def has_own_activations(self) -> bool:
        """Whether it names functions of Python, which no file can hold."""
        return bool(self._activations)

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the spec start from."""
        return self._folder

    @property
    def stored_start(self) -> StoredStart | None:
        """What stands for ``initial.file`` where a result is computed again."""
        return self._stored_start

    @property
    def p(self) -> float:
        """Student width; ``math.inf`` for infinite width."""
        return self.student.width

    @property
    def k(self) -> int:
        """Teacher width."""
        return self.teacher.width

    @property
    def d(self) -> float:
        """Input dimension; ``math.inf`` for infinite dimension."""
        return self.dimension

    @property
    def finite(self) -> bool:
        """Whether p and d are finite, so that SGD steps exist."""
        return math.isfinite(self.p) and math.isfinite(self.d)

    @property
    def gamma(self) -> float:
        """γ at t = 0: gamma · d^d_exponent · p^p_exponent (Veiga et al.), its limit where p or d is infinite."""
        rate = self.learning_rate
        return rate.gamma * _power(self.d, rate.d_exponent) * _power(self.p, rate.p_exponent)

    @property
    def gamma_over_p(self) -> float:
        """γ/p at t = 0, the size of a step in Q; its limit at p = ∞."""
        rate = self.learning_rate
        return rate.gamma * _power(self.d, rate.d_exponent) * _power(self.p, rate.p_exponent - 1.0)

    @property
    def step_size(self) -> float:
        """δt = γ/(p d) at t = 0, the time of one SGD step (0 where p or d is infinite)."""
        return self.gamma_over_p / self.d

    @property
    def start_seed(self) -> int:
        """The seed of the start alone."""
        return self.seed if self.initial.seed is None else self.initial.seed

    @property
    def student_output_weights(self) -> tuple[float, ...]:
        """a at the start, (p,); at p = ∞ the one value that all neurons share."""
        return expanded(self.student.output_weights, self.p)

    @property
    def teacher_output_weights(self) -> tuple[float, ...]:
        """a*, (k,)."""
        return expanded(self.teacher.output_weights, self.k)

    def activation(self, part: ActivationSpec) -> Activation:
        """The activation that a key of this spec asks for: a built-in one, one of the other kinds, or
        one given in Python."""
        if part.name in OTHER_KINDS:
            return replace(part.built(), gain=part.gain)
        return replace(self._activations.get(part.name) or ACTIVATIONS[part.name], name=part.name, gain=part.gain)


def _power(base: float, exponent: float) -> float:
    """base^exponent, with inf^0 = 1 and an overflow shown as inf."""
    if exponent == 0:
        return 1.0
    try:
        return base**exponent
    except OverflowError:
        return math.inf


def expanded(value: Any, width: float) -> tuple[float, ...]:
    """Output weights (width,) from a number, numbers, or the name of a scale."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, str):
        value = float(width) if value == "width" else math.sqrt(width)
    return (value,) * (int(width) if math.isfinite(width) else 1)
