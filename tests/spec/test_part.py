"""NumPy's numbers are numbers under every key of a spec."""

import numpy as np
import pytest
from support.specs import SMALL, merged

from sgdode import SpecError, load_spec
from sgdode.spec.initial import InitialSpec
from sgdode.spec.json_schema import json_schema
from sgdode.spec.part import Part
from sgdode.spec.provenance import resolved, spec_hash
from sgdode.spec.running import TimeSpec
from sgdode.spec.schema import ActivationSpec, LearningRate, Spec, TeacherSpec

SYMMETRIC, INFINITE = {"initial.kind": "symmetric"}, {"student.width": "inf"}
BLOCKS = {"inputs.spectrum": {"blocks": [[0.25, 2.0], [0.75, 0.5]]}}
SCHEDULE = {"learning_rate.schedule": {"power": 0.5, "time": 2.0}}
#: Every key that takes a number → a value that single precision holds, and what the key needs besides.
KEYS = {
    "seed": (3, {}),
    "dimension": (64, {}),
    "teacher.width": (2, {}),
    "teacher.activation.gain": (0.5, {}),
    "teacher.output_weights": (0.5, {}),
    "teacher.noise": (0.25, {}),
    "student.width": (4, {}),
    "student.activation.gain": (2.0, {}),
    "student.output_weights": (0.5, {}),
    "student.train_output": (0.25, {}),
    "teacher.drift": (0.25, {}),
    "teacher.rotation.rate": (0.25, {"teacher.rotation": {"rate": 1.0, "plane": [0, 1]}}),
    "teacher.placement.power": (0.5, BLOCKS),
    "teacher.placement.block": (1, BLOCKS),
    "inputs.spectrum.power": (1.5, {}),
    "inputs.bins": (12, {"inputs.spectrum": {"power": 1.5}}),
    "learning_rate": (0.75, {}),
    "learning_rate.gamma": (0.75, {}),
    "learning_rate.d_exponent": (-0.5, {}),
    "learning_rate.p_exponent": (0.5, {}),
    "learning_rate.schedule.power": (0.25, SCHEDULE),
    "learning_rate.schedule.time": (4.0, SCHEDULE),
    "learning_rate.schedule.samples": (4.0, {"learning_rate.schedule": {"power": 0.5, "samples": 2.0}}),
    "learning_rate.schedule.hold": (4.0, {"learning_rate.schedule": {"power": 0.5, "hold": 2.0}}),
    "learning_rate.schedule.warmup": (4.0, {"learning_rate.schedule": {"power": 0.5, "hold": 2.0}}),
    "learning_rate.schedule.cosine": (4.0, {"learning_rate.schedule": {"cosine": 2.0, "floor": 0.5}}),
    "learning_rate.schedule.floor": (0.25, {"learning_rate.schedule": {"cosine": 2.0, "floor": 0.5}}),
    "batch_size": (4, {}),
    "weight_decay": (0.125, {}),
    "initial.seed": (5, {}),
    "initial.tolerance": (2.0**-20, {}),
    "initial.scale": (0.5, {}),
    "initial.epsilon": (0.25, SYMMETRIC),
    "initial.q0": (0.5, SYMMETRIC),
    "initial.spread": (2.0**-10, SYMMETRIC),
    "initial.run": (1, {"initial.kind": "overlaps", "initial.file": "run.h5"}),
    "initial.at": (0.5, {"initial.kind": "overlaps", "initial.file": "run.h5"}),
    "initial.point": (1, {"initial.kind": "overlaps", "initial.file": "run.h5"}),
    "time.start": (0.25, {"time.stop": 3.0}),
    "time.stop": (2.0, {}),
    "time.points": (7, {}),
    "simulate.seeds": (4, {}),
    "simulate.leap.tolerance": (0.5, {"simulate.method": "leap"}),
    "simulate.leap.samples": (4, {"simulate.method": "leap"}),
    "integrate.rtol": (2.0**-20, {}),
    "integrate.atol": (2.0**-30, {}),
    "integrate.particles": (64, INFINITE),
    "algorithm.loss.clip": (0.5, {"algorithm.loss": {"clip": 1.0}}),
    "algorithm.dropout": (0.25, {}),
    "algorithm.momentum.beta": (0.5, {"algorithm.momentum": {"beta": 0.25}}),
    "algorithm.momentum.rate": (0.5, {"algorithm.momentum": {"rate": 0.25}}),
    "algorithm.repeat": (2, {}),
    "algorithm.average.from": (0.5, {"algorithm.average": {"from": 0.25}}),
    "algorithm.average.rate": (0.5, {"algorithm.average": {"rate": 0.25}}),
}


def numeric(node, parts, path=""):
    """The dotted keys of a JSON schema that take a number."""
    options = [node, *node.get("anyOf", [])]
    if path and any(option.get("type") in ("number", "integer") for option in options):
        yield path
    for option in options:
        if "$ref" in option:
            yield from numeric(parts[option["$ref"].rpartition("/")[2]], parts, path)
        for key, inner in option.get("properties", {}).items():
            yield from numeric(inner, parts, f"{path}.{key}".lstrip("."))


def test_the_keys_below_are_all_that_take_a_number():
    schema = json_schema()
    assert set(numeric(schema, schema["$defs"])) == set(KEYS)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint8, np.array], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("key", KEYS)
def test_a_number_of_numpy_is_a_number(key, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.h5").write_bytes(b"a file")
    value, needed = KEYS[key]
    if kind in (np.int64, np.uint8) and value != int(value):
        value = 1
        small = ("initial.tolerance", "integrate.rtol", "integrate.atol", "learning_rate.d_exponent")
        if key in (*small, "algorithm.dropout", "algorithm.momentum.beta"):
            pytest.skip("takes no such whole number")
    theirs = load_spec(SMALL, {**needed, key: kind(value)})
    plain = load_spec(SMALL, {**needed, key: value})
    assert resolved(theirs) == resolved(plain)
    assert spec_hash(theirs, "integrate") == spec_hash(plain, "integrate")


def test_arrays_are_lists():
    lists = {
        "teacher": {
            "overlap": [[1, 0.5], [0.5, 1]],
            "output_weights": [1.0, 2.0],
            "activation": {"hermite": [0, 1, 0.5]},
        },
        "initial": {"kind": "overlaps", "Q": np.eye(3).tolist(), "M": np.zeros((3, 2)).tolist()},
    }
    arrays = {
        "teacher": {
            "overlap": np.array([[1, 0.5], [0.5, 1]], dtype=np.float32),
            "output_weights": np.array([1, 2]),
            "activation": {"hermite": np.array([0, 1, 0.5])},
        },
        "initial": {"kind": "overlaps", "Q": np.eye(3), "M": list(np.zeros((3, 2)))},
        "integrate": {"fluctuations": np.bool_(False)},
    }
    assert resolved(load_spec(merged(SMALL, arrays))) == resolved(load_spec(merged(SMALL, lists)))


def test_sections_on_their_own_take_them_too():
    assert TeacherSpec(width=np.int64(2), noise=np.float32(0.25)).noise == 0.25
    assert ActivationSpec(hermite=np.array([0.0, 1.0])).hermite == (0.0, 1.0)
    assert LearningRate.model_validate(np.float32(0.5)).gamma == 0.5
    assert InitialSpec(kind="gaussian", scale=np.float32(0.5)).values == {"scale": 0.5}
    assert issubclass(Spec, Part)
    assert type(TimeSpec(stop=np.float32(2), points=np.int16(3)).points) is int


@pytest.mark.parametrize("value", [np.bool_(True), np.nan, np.array([1.0, 2.0]), np.complex64(1j)])
def test_what_is_no_number_is_refused_as_ever(value):
    with pytest.raises(SpecError, match=r"teacher\.noise: got"):
        load_spec(SMALL, {"teacher.noise": value})
