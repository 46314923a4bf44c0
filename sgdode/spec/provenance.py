"""What a run is: its resolved values, and the hashes that name its file."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from sgdode.errors import Defect, SpecError
from sgdode.model.clock import USUAL_FIRST
from sgdode.model.starts import STARTS, TOLERANCE
from sgdode.results.quantities import FORMAT_VERSION
from sgdode.results.trajectory import About
from sgdode.spec.algorithm import told
from sgdode.spec.memory import Command
from sgdode.spec.paths import Unusable, content_hash, found_at
from sgdode.spec.schema import Spec
from sgdode.spec.spectrum import first_time
from sgdode.spec.structure import TaskSpec
from sgdode.spec.values import shown

#: Raised whenever the same spec gives other numbers: of all runs, of those whose averages were made better since, of
#: error bars, and of those whose path depended on what was saved of it.
RESULTS_VERSION, AVERAGES_VERSION, SPREADS_VERSION, PATHS_VERSION = 3, 4, 5, 6
#: Larger gains of erf had lost digits.
_MODEST_GAIN = 10.0
#: Sections that came after the first version: they count only where they differ from their default.
_LATER = ("inputs", "algorithm")
#: Keys, likewise.
_LATER_KEYS = (
    ("inputs", "bins"),
    ("inputs", "finite_size"),
    ("teacher", "placement"),
    ("teacher", "tasks"),
    ("teacher", "rotation"),
    ("teacher", "drift"),
    ("simulate", "leap"),
    ("time", "unit"),
    ("algorithm", "feedback"),
    ("algorithm", "dropout"),
    ("algorithm", "momentum"),
    ("algorithm", "repeat"),
    ("algorithm", "average"),
)
#: A spread of a symmetric start from which on the solver's tolerances are those asked for.
_DELICATE = 1e-4


def resolved(spec: Spec) -> dict[str, Any]:
    """Every value of a spec with its defaults filled in, as JSON: itself a spec that gives the same run."""
    values = spec.model_dump()
    for part in ("teacher", "student"):
        values[part]["activation"] = getattr(spec, part).activation.identity()
    values["teacher"]["overlap"] = values["teacher"]["overlap"] or "identity"
    schedule = spec.learning_rate.schedule
    values["learning_rate"]["schedule"] = "constant" if schedule is None else schedule.given
    values["time"]["start"] = first_time(spec)
    values["integrate"]["particles"] = values["integrate"]["particles"] or "auto"
    values["save"] = values["save"] or "auto"
    if spec.initial.file is not None:  # what is absent is taken from the file
        if "overlap" not in spec.teacher.model_fields_set:
            del values["teacher"]["overlap"]
        if "output_weights" not in spec.student.model_fields_set:
            del values["student"]["output_weights"]
    keys = {key: value for key, value in spec.initial.values.items() if value is not None}
    if spec.initial.tolerance != TOLERANCE:
        keys["tolerance"] = spec.initial.tolerance
    values["initial"] = {"kind": spec.initial.kind, "seed": spec.start_seed, **keys}
    given = spec.inputs.spectrum.given
    values["inputs"]["spectrum"] = given.get("name", given)
    values["algorithm"] = told(values["algorithm"])
    for section, key in _LATER_KEYS:
        if getattr(getattr(spec, section), key) == type(getattr(spec, section)).model_fields[key].default:
            del values[section][key]
    if spec.teacher.tasks is not None:
        values["teacher"]["tasks"] = [_task(task) for task in spec.teacher.tasks]
    if spec.teacher.placement is not None:
        values["teacher"]["placement"] = _given(values["teacher"]["placement"])
    for section in _LATER:
        if getattr(spec, section) == type(spec).model_fields[section].default:
            del values[section]
    plain: dict[str, Any] = _plain(values)
    return plain


def spec_hash(spec: Spec, command: Command) -> str:
    """12 hex digits over the values that the numbers of ``command`` depend on."""
    return _digest(_named(spec, command, _identifying(spec), _results_version(spec, command)))


def path_hash(spec: Spec, command: Command) -> str:
    """12 hex digits over what the path of a run depends on: all but when it is saved, and what."""
    values = {key: value for key, value in _identifying(spec).items() if key not in ("time", "save")}
    versions = [RESULTS_VERSION, AVERAGES_VERSION, SPREADS_VERSION, PATHS_VERSION]
    return _digest(_named(spec, command, values, versions))


def _named(spec: Spec, command: Command, values: dict[str, Any], version: object) -> dict[str, Any]:
    """What ``command`` depends on among ``values``, and in what ``version`` its numbers are."""
    if command == "integrate" and 0.0 < spec.initial.values.get("spread", 0.0) < _DELICATE:
        values["tolerances"] = 2  # since 0.2 they follow the spread
    if spec.inputs.spectrum.power is not None and spec.inputs.bins != "all":
        values["gathering"] = 2  # the blocks of a power law are fewer since
    del values["integrate" if command == "simulate" else "simulate"]
    if command == "integrate":
        del values["seed"]
    else:
        _without_finite_size(values)
    return {"command": command, "format": FORMAT_VERSION, "results": version, **values}


def _without_finite_size(values: dict[str, Any]) -> None:
    """It is of the equations alone, which are compared with the same simulation with and without it."""
    inputs = values.get("inputs", {})
    if inputs.pop("finite_size", False) and inputs.get("spectrum") == "isotropic":
        del values["inputs"]


def _results_version(spec: Spec, command: Command) -> int:
    """That of the numbers of a run: files of before stay what they are where their numbers are.

    Ψ(Var) is as it was of erf with erf, and of polynomials with each other; the risk, which is all that a simulation
    averages, wherever no sigmoidal unit is, and of erf with itself and with ramps. Error bars have new numbers, and so
    have paths that depended on the saved times: those of the exact simulation, and of equations where the first saved
    time was not the usual one, or the solver not the usual one.
    """
    if _path_is_new(spec, command):
        return PATHS_VERSION
    if command == "integrate" and spec.integrate.fluctuations:
        return SPREADS_VERSION
    units = [spec.activation(part.activation) for part in (spec.student, spec.teacher)]
    erf = all(unit.name == "erf" and unit.gain <= _MODEST_GAIN for unit in units)
    same = erf or all(unit.degree is not None for unit in units)
    if command == "simulate":
        plain = all(unit.name == "erf" or unit.ramp is not None for unit in units)
        same = plain or not any(unit.sigmoidal for unit in units)
    return RESULTS_VERSION if same else AVERAGES_VERSION


def _path_is_new(spec: Spec, command: Command) -> bool:
    if command == "simulate":
        stored = spec.initial.kind == "overlaps" and spec.initial.file is not None
        return spec.simulate.method != "explicit" or stored
    return spec.integrate.solver not in ("auto", "cvode") or spec.time.first != USUAL_FIRST


def problem_hash(spec: Spec) -> str:
    """12 hex digits over what both engines share: the networks, the learning, the start and the saved times."""
    values = _identifying(spec)
    _without_finite_size(values)
    return _digest(
        {key: value for key, value in values.items() if key not in ("simulate", "integrate", "seed", "save")}
    )


def attributes(spec: Spec, command: Command) -> dict[str, Any]:
    """The root attributes that both kinds of file carry."""
    return {
        "spec_hash": spec_hash(spec, command),
        "path_hash": path_hash(spec, command),
        "problem_hash": problem_hash(spec),
        "name": spec.name,
        "gamma": spec.gamma,
        "gamma_over_p": spec.gamma_over_p,
        "step_size": spec.step_size,
        "noise": spec.teacher.noise,
        "dimension": spec.d,
        "student_width": spec.p,
        "teacher_width": spec.k,
        "student_activation": spec.student.activation.name,
        "teacher_activation": spec.teacher.activation.name,
        "batch_size": spec.batch_size,
    }


def provenance(spec: Spec) -> dict[str, str]:
    """The spec as it was given, and with every value resolved, as text; the hash of the file that it starts from."""
    values = resolved(spec)
    told = {
        "spec": spec.text or json.dumps(values, indent=2, ensure_ascii=False),
        "resolved": json.dumps(values, ensure_ascii=False),
    }
    return told if spec.initial.file is None else {**told, "start": _content(spec, spec.initial.file)}


def about(spec: Spec, command: Command) -> About:
    """What a result of a spec carries besides its numbers."""
    return About(attributes(spec, command), provenance(spec))


def _identifying(spec: Spec) -> dict[str, Any]:
    values = resolved(spec)
    del values["name"]
    if not STARTS[spec.initial.kind].drawn:
        del values["initial"]["seed"]
    if spec.initial.file is not None:
        values["initial"]["file"] = _content(spec, spec.initial.file)
    if spec.inputs.spectrum.file is not None:
        found = _content(spec, spec.inputs.spectrum.file, "inputs.spectrum.file")
        values["inputs"]["spectrum"] = {"file": found}
    for part in ("teacher", "student"):
        for place in ("table", "python"):  # what was read there counts, not its place
            values[part]["activation"].pop(place, None)
        if code := getattr(spec, part).activation.python:
            values[part]["activation"]["function"] = code.rpartition(":")[2]
        name = getattr(spec, part).activation.name
        if name in spec._activations:
            values[part]["activation"]["function"] = _fingerprint(spec, name)
    return values


def _task(task: TaskSpec) -> dict[str, Any]:
    own = {} if task.activation is None else {"activation": task.activation.identity()}
    return _given(task.model_dump()) | own


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without the keys that are not there."""
    return {key: value for key, value in values.items() if value is not None}


def _content(spec: Spec, name: str, key: str = "initial.file") -> str:
    """A file counts by its content."""
    if spec.stored_start is not None:
        return spec.stored_start.content
    try:
        return content_hash(found_at(spec.folder, name))
    except Unusable as error:
        raise SpecError([Defect(spec.place(key), key, f"got {shown(name)}; {error}")]) from None


def _fingerprint(spec: Spec, name: str) -> list[str]:
    """A user's activation counts by its values on a grid."""
    import numpy as np

    values, _ = spec._activations[name].sample(np.linspace(-8, 8, 33))
    return [f"{value:.12g}" for value in values]


def _plain(value: Any) -> Any:
    """Tuples as lists, infinity as the word that specs use."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return "inf" if isinstance(value, float) and math.isinf(value) else value


def _digest(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
