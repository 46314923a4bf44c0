"""The parts of a file belong together."""

import json

import h5py
import numpy as np
import pytest
from support.fuzz_files import made_up

from sgdode.errors import FileError
from sgdode.results.consistency import refuse_state, refuse_values
from sgdode.results.trajectory import Trajectory


@pytest.fixture
def read(tmp_path):
    """``read(change, kind)``: the run of a file of which ``change(file)`` has changed something."""

    def make(change, kind="simulation"):
        path = made_up()[kind].save(tmp_path / "x.h5")
        with h5py.File(path, "r+") as file:
            change(file)
        return Trajectory.load(path)

    return make


def replaced(name, change):
    """A change: what ``change`` makes of the numbers ``name``."""

    def act(file):
        values = file[name][...]
        del file[name]
        file[name] = change(values)

    return act


def put(values, at, value):
    values[at] = value
    return values


def without(*names):
    return lambda file: [file.__delitem__(name) for name in names]


ARRAYS = {
    "no seeds": (
        lambda file: [replaced(name, lambda x: x[:0])(file) for name in ("risk", "M", "Q")],
        "empty along seed",
    ),
    "no times": (lambda file: [replaced(name, lambda x: x[:0])(file) for name in ("time", "step")], "empty along time"),
    "other times": (replaced("risk", lambda x: x[:, 1:]), "along time, others"),
    "other teachers": (replaced("P", lambda x: np.eye(3)), "along teacher"),
    "not square": (replaced("P", lambda x: np.ones((2, 3))), "along teacher"),
    "other dimensions": (replaced("M", lambda x: x[0]), "M is no array over seed, time, student, teacher"),
    "no P": (without("P"), "holds no P"),
    "no curve": (without("risk", "M", "Q"), "holds no curve"),
    "width told": (lambda file: file.attrs.__setitem__("student_width", 4), "student_width says 4"),
    "not a number": (replaced("risk", lambda x: put(x, (0, 0), np.nan)), "risk is not an array of finite numbers"),
    "whole risk": (replaced("risk", lambda x: x.astype(int)), "risk is not an array of finite numbers"),
    "time not from 0": (replaced("time", lambda x: x + 1), "time does not begin at 0 and increase"),
    "time back": (replaced("time", lambda x: put(x, 2, x[1])), "time does not begin at 0 and increase"),
    "step back": (replaced("step", lambda x: put(x, 2, 0)), "step does not begin at 0 and increase"),
    "half steps": (replaced("step", lambda x: x.astype(float)), "step is not an array of whole numbers"),
    "warnings": (lambda file: file.attrs.__setitem__("warnings", "[1]"), "warnings are no texts"),
    "warning": (lambda file: file.attrs.__setitem__("warnings", '"x"'), "warnings are no list"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_that_no_run_has_are_refused(case, read):
    change, message = ARRAYS[case]
    with pytest.raises(FileError, match=message):
        read(change)


def test_numbers_of_other_sizes_and_orders_of_bytes_are_numbers(read):
    run = read(lambda file: [replaced(name, lambda x: x.astype(">f4"))(file) for name in ("risk", "time")])
    assert run.risk.dtype == run.time.dtype == np.dtype(float)
    assert run.risk.dtype.isnative


DEEP = '{"a":' * 30 + "1" + "}" * 30
TEXTS = {
    "resolved": ("[]", "{", '{"name": 1}', '{"a": NaN}', '{"a": 1e999}', f'{{"a": {2**70}}}', DEEP,
                 '{"a": "\\ud800"}', '{"\\ud800": 1}', '{"a": [[Infinity]]}'),
    "environment": ('{"versions": []}', '{"start": 1}', '{"seconds": "x"}', '{"seconds": -1}', '{"seconds": true}'),
}  # fmt: skip


@pytest.mark.parametrize("key", TEXTS)
def test_provenance_of_other_kinds_is_refused(key):
    for text in TEXTS[key]:
        run = made_up()["simulation"]
        run.provenance[key] = text
        with pytest.raises(ValueError, match=r"."):
            refuse_values(run)
    run.provenance[key] = json.dumps({"name": "x", "d": 10**18, "list": [[1, "inf"]], "nothing": None, "seconds": 0})
    refuse_values(run)


STATES = {
    "of a run that ended": ("simulation", {}, "its state holds"),
    "fewer": ("partial", {"W": None}, "its state holds"),
    "more": ("partial", {"V": (2,)}, "its state holds"),
    "other seeds": ("partial", {"a": (3, 3)}, "another number of seeds"),
    "other dimensions": ("partial", {"W": (2,)}, "other shapes"),
    "random numbers": ("partial", {"rng": (2, 5)}, "random numbers"),
    "a record": ("partial", {"record_risk": (2, 3)}, "record_risk has another shape than its curve"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_no_run_goes_on_from_is_refused(case):
    kind, changes, message = STATES[case]
    run, state = made_up()[kind], {key: values.shape for key, values in made_up()["partial"].state.items()}
    shapes = {"time": run.time.shape} | {name: curve.shape for name, curve in run.curves.items()}
    if kind == "partial":
        refuse_state(run, shapes, state)
    with pytest.raises(ValueError, match=message):
        refuse_state(run, shapes, {key: shape for key, shape in (state | changes).items() if shape is not None})


@pytest.mark.parametrize(("name", "value"), [("saved", -1), ("step", 0.5), ("W", True), ("diverged", 1)])
def test_values_of_a_state_are_of_their_kinds(name, value):
    run = made_up()["partial"]
    refuse_values(run)
    run.state[name] = np.full(run.state[name].shape, value)
    with pytest.raises(ValueError, match=f"{name} of its state"):
        refuse_values(run)
