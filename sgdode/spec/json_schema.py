"""The spec as JSON Schema for editors, and as a commented example."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sgdode.model.activations import ACTIVATIONS
from sgdode.model.inputs import INPUT_LAWS
from sgdode.model.losses import LOSSES
from sgdode.model.starts import STARTS, Key
from sgdode.model.systems import SYSTEMS
from sgdode.spec.initial import start_keys
from sgdode.spec.schedule import schedule_keys
from sgdode.spec.schema import Spec
from sgdode.spec.values import MATRIX
from sgdode.spec.words import MEANINGS


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec, with the short forms that pydantic's own schema does not know."""
    schema = Spec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "sgdode experiment"
    schema["required"] = [key for key in schema["required"] if key != "name"]
    parts = schema["$defs"]
    activation = parts["ActivationSpec"]
    activation["properties"]["name"] = {"enum": list(ACTIVATIONS)}
    parts["ActivationSpec"] = {"anyOf": [{"enum": list(ACTIVATIONS)}, activation]}
    parts["LearningRate"] = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, parts["LearningRate"]]}
    _also(parts["LearningRate"]["anyOf"][1], "schedule", "constant")
    _also(parts["TeacherSpec"], "overlap", "identity")
    _also(parts["TeacherSpec"], "placement", "isotropic")
    spectrum = parts["SpectrumSpec"]
    del spectrum["properties"]["name"]
    parts["SpectrumSpec"] = {"anyOf": [{"enum": list(INPUT_LAWS)}, spectrum]}
    _add_keys(parts["InitialSpec"], start_keys())
    _add_keys(parts["ScheduleSpec"], schedule_keys())
    _choices(parts)
    _also(parts["IntegrateSpec"], "particles", "auto")
    _add_losses(parts["AlgorithmSpec"])
    _describe(schema, parts)
    return schema


#: The sections of a spec by their models, as the words for keys have them.
_SECTIONS = {
    "PlacementSpec": "placement.",
    "RotationSpec": "rotation.",
    "SpectrumSpec": "spectrum.",
    "TaskSpec": "task.",
    "TeacherSpec": "teacher.",
    "StudentSpec": "student.",
    "ActivationSpec": "activation.",
    "LearningRate": "learning_rate.",
    "InputSpec": "inputs.",
    "AlgorithmSpec": "algorithm.",
    "MomentumSpec": "momentum.",
    "AverageSpec": "average.",
    "InitialSpec": "initial.",
    "TimeSpec": "time.",
    "SimulateSpec": "simulate.",
    "LeapSpec": "leap.",
    "IntegrateSpec": "integrate.",
}


def _describe(schema: dict[str, Any], parts: dict[str, Any]) -> None:
    """Say of every key what it means."""
    for part, prefix in (("", ""), *_SECTIONS.items()):
        for node in parts[part].get("anyOf", [parts[part]]) if part else [schema]:
            for key, about in node.get("properties", {}).items():
                if meaning := MEANINGS.get(prefix + key):
                    about["description"] = meaning


def _add_keys(part: dict[str, Any], keys: Mapping[str, Key]) -> None:
    """The keys of all starts, or of all schedules, which their records know."""
    kinds: dict[str, dict[str, Any]] = {
        "number": {"type": "number"},
        "whole": {"type": "integer"},
        "time": {"anyOf": [{"const": "last"}, {"type": "number"}]},
        "matrix": {"anyOf": [MATRIX, {"type": "array", "items": MATRIX}]},
        "file": {"type": "string"},
    }
    part["additionalProperties"] = False
    part.setdefault("properties", {})
    for key, record in keys.items():
        limits = {"exclusiveMinimum" if record.above else "minimum": record.low, "maximum": record.high}
        told = {"title": key, "description": record.meaning, "default": record.default}
        found = {name: value for name, value in (limits | told).items() if value is not None}
        part["properties"][key] = kinds[record.kind] | found


def _add_losses(part: dict[str, Any]) -> None:
    """The losses by name, or {name: size}; and the word none."""
    sized = {name: {"type": "number", "exclusiveMinimum": 0} for name, loss in LOSSES.items() if loss.sized}
    told = {"type": "object", "properties": sized, "additionalProperties": False, "minProperties": 1}
    part["properties"]["loss"]["anyOf"] = [{"enum": [name for name in LOSSES if name not in sized]}, told]
    for key in ("momentum", "average"):
        _also(part, key, "none")


def _choices(parts: dict[str, Any]) -> None:
    """The names that keys take from dicts of records."""
    words = {
        ("InitialSpec", "kind"): list(STARTS),
        ("IntegrateSpec", "equations"): ["auto", *SYSTEMS],
    }
    for (part, key), names in words.items():
        parts[part]["properties"][key]["enum"] = names


def example() -> str:
    """A commented spec that runs as it is."""
    text = Path(__file__).with_name("example.yaml").read_text(encoding="utf-8")
    return text.replace("ACTIVATIONS", ", ".join(ACTIVATIONS))


def _also(part: dict[str, Any], key: str, word: str) -> None:
    """``key`` may hold ``word`` too."""
    options = part["properties"][key].get("anyOf", [])
    part["properties"][key]["anyOf"] = [
        {"const": word},
        *(option for option in options if option.get("type") != "null"),
    ]
