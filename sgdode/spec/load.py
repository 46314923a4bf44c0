"""``load_spec``: the way from a YAML file, or a mapping, to a Spec."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypedDict, Unpack

from pydantic import BaseModel, ValidationError

from sgdode.errors import Defect, SpecError, UsageError, nearest
from sgdode.model.activations import ACTIVATIONS, Activation, fault
from sgdode.spec.activation import OTHER_KINDS
from sgdode.spec.checks import defects
from sgdode.spec.initial import InitialSpec, start_keys
from sgdode.spec.interpolation import interpolate
from sgdode.spec.schedule import ScheduleSpec, schedule_keys
from sgdode.spec.schema import LONGEST_NAME, Spec
from sgdode.spec.values import shown
from sgdode.spec.words import SYMBOLS, key_of
from sgdode.spec.yaml_document import Document, parse, parse_value

_SHORT_FORMS = {"learning_rate": "gamma", "activation": "name"}
_LARGEST_SPEC = 64 * 2**20
#: Dotted keys with their values: as a mapping, as texts ``KEY=VALUE``, or as (KEY, VALUE, how errors name the place).
Overrides = str | Mapping[str, Any] | Iterable[str | tuple[str, Any, str]]


class Source(NamedTuple):
    """A spec as it was given: its YAML, how errors name it, where its relative paths start, its name by default, and
    whether Python code that it names may run."""

    text: bytes
    place: str
    folder: Path
    stem: str
    allow_code: bool = False

    @classmethod
    def read(cls, path: Path, allow_code: bool = False) -> Source:
        """From a file. Raises UsageError where it cannot be read."""
        return cls(_read(path), str(path), path.parent, path.stem, allow_code)

    def spec(self, overrides: Overrides = (), activations: Mapping[str, Activation] | None = None) -> Spec:
        """The Spec of it. Raises SpecError."""
        return read_spec(*self[:4], overrides, activations, allow_code=self.allow_code)


class SpecKeys(TypedDict, total=False):
    """The sections of a spec, as keyword arguments; each as it stands in a file."""

    name: str
    seed: int
    dimension: float
    teacher: Mapping[str, Any]
    student: Mapping[str, Any]
    learning_rate: float | Mapping[str, Any]
    batch_size: int
    weight_decay: float
    constraint: str
    inputs: Mapping[str, Any]
    algorithm: Mapping[str, Any]
    initial: Mapping[str, Any]
    time: Mapping[str, Any]
    simulate: Mapping[str, Any]
    integrate: Mapping[str, Any]
    save: str | Sequence[str]


def load_spec(
    spec: str | Path | Mapping[str, Any] | Spec | None = None,
    overrides: Overrides = (),
    activations: Mapping[str, Activation] | None = None,
    *,
    allow_code: bool = False,
    **keys: Unpack[SpecKeys],
) -> Spec:
    """Read, validate and resolve an experiment.

    ``spec``: the path of a YAML file, a mapping with the same keys, another Spec, or nothing where keyword arguments
    tell it: ``load_spec(dimension=1000, teacher={"width": 2}, student={"width": 4}, learning_rate=0.5,
    time={"stop": 100})``. ``overrides``: dotted keys with their values, as a mapping or as texts ``"KEY=VALUE"``; over
    them the keyword arguments, of which a mapping changes some keys of a section.
    ``activations``: functions of one's own, by the names that the spec uses.
    ``allow_code``: whether Python code that the spec names (``activation: {python: file.py:name}``) may run.
    Raises SpecError, which names every defect with its place, key, value and what is allowed.
    """
    every = [*_assignments(overrides), *_from_keywords(keys)]
    if isinstance(spec, Spec):
        document = Document(spec._places.source, copy.deepcopy(spec._given), dict(spec._places.places))
        own = {**spec._activations, **(activations or {})}
        return resolve(document, spec.text, spec.folder, every, own, allow_code=allow_code or spec.allow_code)
    if isinstance(spec, Mapping) or spec is None:
        document = Document("spec", copy.deepcopy(dict(spec or {})))
        return resolve(document, "", Path(), every, activations, allow_code=allow_code)
    if not isinstance(spec, str | Path):
        raise UsageError(f"load_spec needs a path, a mapping or a Spec, not a {type(spec).__name__}")
    return Source.read(Path(spec), allow_code).spec(every, activations)


def _from_keywords(keys: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Keyword arguments as overrides; a start of another kind takes the place of the former."""
    for key, value in keys.items():
        whole = not isinstance(value, Mapping) or key not in Spec.model_fields or "kind" in value
        parts = {key: value} if whole else {f"{key}.{inner}": its for inner, its in value.items()}
        yield from ((dotted, its, f"argument {key}") for dotted, its in parts.items())


def read_spec(
    text: bytes,
    source: str,
    folder: Path,
    stem: str,
    overrides: Overrides = (),
    activations: Mapping[str, Activation] | None = None,
    *,
    allow_code: bool = False,
) -> Spec:
    """A Spec from YAML bytes; ``source`` names them in errors, ``stem`` is the default of ``name``."""
    document = parse(text, source)
    document.values.setdefault("name", _clean(stem))
    return resolve(document, text.decode("utf-8-sig"), folder, overrides, activations, allow_code=allow_code)


def resolve(
    document: Document,
    text: str,
    folder: Path,
    overrides: Overrides = (),
    activations: Mapping[str, Activation] | None = None,
    *,
    allow_code: bool = False,
) -> Spec:
    """Validate the values of a document, after its overrides."""
    document.values.setdefault("name", "spec")
    if taken := set(activations or {}) & {*ACTIVATIONS, *OTHER_KINDS}:
        raise UsageError(f"activations: {', '.join(sorted(taken))} is a built-in name; call yours otherwise")
    for name, activation in (activations or {}).items():
        if why := fault(activation):
            raise UsageError(f"activations: {name!r}: {why}")
    asked = [(key, document.values.pop(word), document.place((word,))) for word, key in _symbols(document)]
    overridden = [(key_of(key), value, place) for key, value, place in _assignments(overrides)]
    for key, value, place in (*asked, *overridden):
        _override(document, key, value, place)
    interpolate(document)
    context = {"activations": dict(activations or {}), "folder": folder, "allow_code": allow_code}
    try:
        spec = Spec.model_validate(document.values, context=context)
    except ValidationError as error:
        found = [_defect(document, item) for item in error.errors()]
        raise SpecError(_in_order([*found, *_further(document, error, context, folder)])) from None
    spec._text, spec._folder, spec._activations = text, folder, dict(activations or {})
    spec._given, spec._allow_code = document.values, allow_code
    spec._places = Document(document.source, places=document.places)
    if wrong := defects(spec):
        blamed = {key.partition(".")[0]: place for key, _, place in overridden}
        raise SpecError(
            _in_order(Defect(_blamed(document, path, blamed), ".".join(path), reason) for path, reason in wrong)
        )
    return spec


def _symbols(document: Document) -> list[tuple[str, str]]:
    """The symbols that a document has for keys. Raises SpecError where it has the key too."""
    found = [(word, key) for word, key in SYMBOLS.items() if word in document.values]
    twice = []
    for word, key in found:
        others = [document.place((other,)) for other, its in found if its == key and other != word]
        if tuple(key.split(".")) in document.places or others:
            twice.append(Defect(document.place((word,)), word, f"is {key}, which is given too; keep one of them"))
    if twice:
        raise SpecError(_in_order(twice))
    return found


def _blamed(document: Document, path: tuple[str, ...], overridden: Mapping[str, str]) -> str:
    """Where a value is that does not go with the others: where the key is, or an override of the same section."""
    place = document.place(path)
    return place if place in overridden.values() else overridden.get(path[0], place)


def _further(document: Document, error: ValidationError, context: Any, folder: Path) -> list[Defect]:
    """What is wrong between the other sections, where they make a spec without the values that are wrong alone."""
    values = copy.deepcopy(document.values)
    paths = [item["loc"] for item in error.errors()]
    for section, *inner in paths:
        part = values.get(str(section))
        if inner and isinstance(part, dict):
            part.pop(inner[0], None)
        else:
            values.pop(str(section), None)
    try:
        rest = Spec.model_validate(values, context=context)
    except ValidationError:
        return []
    rest._folder = folder
    found = [(path, reason) for path, reason in defects(rest) if path[0] not in {path[0] for path in paths}]
    return [Defect(document.place(path), ".".join(path), reason) for path, reason in found]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            text = bounded(file, str(path))
        if text.startswith(b"\x89HDF"):
            raise UsageError(f"{path}: is a result, not a spec; `sgdode reproduce {path}` computes it again, and "
                             f"`sgdode show --spec {path} > again.yaml` prints its spec")  # fmt: skip
        return text
    except FileNotFoundError:
        if "=" in str(path):
            raise UsageError(f"{path}: no such file; a value of the spec is given by --set {path}") from None
        raise UsageError(f"{path}: no such file; `sgdode init {path}` writes an example") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: is a folder; give the YAML file in it") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None


def bounded(file: BinaryIO, source: str) -> bytes:
    """The bytes of a spec, of a device without an end too. Raises UsageError where they are too many."""
    text = file.read(_LARGEST_SPEC + 1)
    if len(text) > _LARGEST_SPEC:
        raise UsageError(f"{source}: larger than 64 MB; put large matrices into a file (initial.file)")
    return text


def _clean(stem: str) -> str:
    """A file's stem as a name: characters that names do not have become ``-``."""
    kept = "".join(c if c.isalnum() or c in "_ .+@=,-" else "-" for c in stem)
    kept = kept.encode(errors="replace")[: LONGEST_NAME - 4].decode(errors="ignore")
    return kept if kept and kept[0] not in " .,-" else "spec" + kept


def _assignments(overrides: Overrides) -> Iterator[tuple[str, Any, str]]:
    """(dotted key, value, how errors name the place) of every override."""
    if isinstance(overrides, Mapping):
        yield from ((key, value, f"override {key}") for key, value in overrides.items())
        return
    for assignment in (overrides,) if isinstance(overrides, str) else overrides:
        if isinstance(assignment, tuple):
            yield assignment
            continue
        key, equals, value = assignment.partition("=")
        if not equals or not all(word.strip() for word in key.split(".")):
            raise UsageError(f"--set {assignment}: must be KEY=VALUE, such as --set student.width=8")
        place = f"--set {shown(assignment)[1:-1]}"
        yield key.strip(), parse_value(value, place), place


def _in_order(defects: Iterable[Defect]) -> list[Defect]:
    """Sorted by line; what has no line comes last."""

    def line(defect: Defect) -> float:
        number = defect.place.rpartition(":")[2]
        return int(number) if number.isdecimal() else math.inf

    return sorted(defects, key=line)


def _override(document: Document, key: str, value: Any, place: str) -> None:
    """Put ``value`` under a dotted key, opening the short forms (``learning_rate: 0.5``) that stand in its way."""
    path = tuple(key.split("."))
    values = document.values
    for depth, word in enumerate(path[:-1]):
        inner = values.get(word)
        if not isinstance(inner, Mapping):
            document.places[path[: depth + 1]] = place
        if isinstance(inner, Mapping):
            values[word] = dict(inner)
        elif isinstance(inner, str) and word == "schedule":
            values[word] = {}
        else:
            values[word] = {_SHORT_FORMS[word]: inner} if word in _SHORT_FORMS and inner is not None else {}
        values = values[word]
    if path[-2:-1] == ("activation",) and path[-1] in OTHER_KINDS:
        for other in ("name", "values", "source", *OTHER_KINDS):  # it takes the place of any other kind
            values.pop(other, None)
    values[path[-1]] = value
    for inner in [inner for inner in document.places if inner[: len(path)] == path]:
        del document.places[inner]  # what the file says there counts no longer
    document.places[path] = place


def _defect(document: Document, error: Mapping[str, Any]) -> Defect:
    path = tuple(str(part) for part in error["loc"])
    return Defect(document.place(path), ".".join(path), _reason(path, error))


def _reason(path: tuple[str, ...], error: Mapping[str, Any]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "sgdode":
        return str(context["reason"])
    if kind == "missing":
        return "this key is required and missing"
    if kind == "extra_forbidden":
        known = _known(path[:-1])
        return f"unknown key{nearest(path[-1], known)} (known here: {', '.join(known)})"
    if kind == "literal_error":
        allowed = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        hint = nearest(value, allowed) if isinstance(value, str) else ""
        return f"got {shown(value)}; allowed: {', '.join(allowed)}{hint}"
    limits = {"greater_than": "> {gt:g}", "greater_than_equal": "≥ {ge:g}"}
    limits |= {"less_than": "< {lt:g}", "less_than_equal": "≤ {le:g}"}
    if kind in limits:
        return f"got {shown(value)}; must be {limits[kind].format(**context)}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"got {shown(value)}; must be a mapping with the keys {', '.join(_known(path))}"
    return f"got {shown(value)}; {error['msg'][0].lower()}{error['msg'][1:]}"


def _models(annotation: Any) -> Iterator[Any]:
    """The models that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _known(path: tuple[str, ...]) -> list[str]:
    """The keys that the mapping at ``path`` takes."""
    model: Any = Spec
    for word in path:
        if not word.isdecimal():  # an item of a list is what the list is of
            model = next(_models(model.model_fields[word].annotation))
    return [
        *model.model_fields,
        *(start_keys() if model is InitialSpec else schedule_keys() if model is ScheduleSpec else ()),
    ]
