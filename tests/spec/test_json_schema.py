"""The schema takes what the program takes."""

import json

import pytest

SPEC = """
dimension: 100
teacher: {width: 2, noise: 0.01}
student: {width: 3}
learning_rate: 0.5
time: {stop: 1.0, points: 6}
simulate: {seeds: 3}
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "config.yaml").write_text(SPEC)
    return tmp_path / "config.yaml"


def test_schema_takes_what_the_program_takes(sgdode, spec):
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = json.loads(sgdode("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    sgdode("init", "example.yaml")
    for name in ("config.yaml", "example.yaml"):
        jsonschema.validate(yaml.safe_load((spec.parent / name).read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**yaml.safe_load(SPEC), "studnet": 1}, schema)
