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
from sgdode.notebook import table
from sgdode.results.contents import by_dotted_key
from sgdode.spec.activation import OTHER_KINDS, ActivationSpec
from sgdode.spec.algorithm import AlgorithmSpec
from sgdode.spec.initial import InitialSpec
from sgdode.spec.part import Part
from sgdode.spec.running import IntegrateSpec, SimulateSpec, TimeSpec
from sgdode.spec.schedule import ScheduleSpec, forms
from sgdode.spec.structure import InputSpec, PlacementSpec, RotationSpec, TaskSpec
from sgdode.spec.values import (
    Extent,
    Matrices,
    Number,
    OutputWeights,
    Whole,
    number,
    plain,
    shown,
    wrong,
)
from sgdode.spec.yaml_document import Document, as_yaml

Quantity = Literal["risk", "M", "Q", "q", "Q_block", "M_block", "average"]
LONGEST_NAME = 150  # bytes: file systems allow 255, with the command, the hash and endings


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


class LearningRate(Part):
    """γ = gamma · d^d_exponent · p^p_exponent, times the schedule."""

    gamma: Annotated[Number, Field(gt=0)]
    d_exponent: Number = 0.0
    p_exponent: Number = 0.0
    schedule: ScheduleSpec | None = None

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
            raise wrong(f"got {shown(value)}; allowed: {forms()}{nearest(value, ['constant'])}")
        return None if value == "constant" else value


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
