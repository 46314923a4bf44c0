"""The spec as JSON Schema for editors, and as a commented example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sgdode.model.activations import ACTIVATIONS
from sgdode.spec.schema import Spec


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
    _also(parts["InitialSpec"], "at", "last")
    _also(parts["IntegrateSpec"], "particles", "auto")
    return schema


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
