"""``simulate`` and ``integrate`` of a spec: the engines behind the door, with what the result carries besides."""

from pathlib import Path

import numpy as np
import pytest
from support.built import engine_simulate
from support.specs import SMALL, merged

from sgdode import SpecError
from sgdode.equations import integrate as equations
from sgdode.equations.system import Method
from sgdode.runs.engines import integrate, method, sampling, simulate
from sgdode.simulation.run import Sampling
from sgdode.spec.build import build, saving
from sgdode.spec.load import load_spec
from sgdode.spec.provenance import about

BAD_SPECS = Path(__file__).parents[1] / "spec" / "bad_specs"


def test_how_a_spec_is_simulated():
    assert sampling(load_spec(SMALL)) == Sampling(0, 2, "exact", "float64")
    asked = {"seed": 4, "simulate": {"seeds": 3, "method": "explicit", "precision": "float32"}}
    assert sampling(load_spec(merged(SMALL, asked))) == Sampling(4, 3, "explicit", "float32")
    start_alone = {"initial": {"seed": 9}}
    assert sampling(load_spec(merged(SMALL, start_alone))).seed == 0


def test_how_the_equations_of_a_spec_are_solved():
    assert method(load_spec(SMALL)) == Method()
    full = {"equations": "full", "solver": "bdf", "rtol": 1e-6, "atol": 1e-9, "fluctuations": True}
    assert method(load_spec(merged(SMALL, {"integrate": full}))) == Method(**full)
    wide = {"equations": "mean-field", "noise_correction": True, "particles": 64}
    infinite = {"student": {"width": "inf"}, "integrate": wide}
    assert method(load_spec(merged(SMALL, infinite))) == Method(**wide)


def same(one, other):
    """Whether two results hold the same numbers."""
    assert one.curves.keys() == other.curves.keys()
    np.testing.assert_array_equal(one.time, other.time)
    for name, curve in one.curves.items():
        np.testing.assert_array_equal(other.curves[name], curve, err_msg=name)


@pytest.mark.parametrize("command", ["simulate", "integrate"])
def test_a_result_is_that_of_the_engine_and_tells_of_its_spec(command):
    spec = load_spec(merged(SMALL, {"save": ["risk", "M", "q"], "student": {"train_output": 0.3}}))
    if command == "simulate":
        found, bare = simulate(spec, jobs=2), engine_simulate(spec)
    else:
        found, bare = integrate(spec), equations.integrate(build(spec), saving(spec), method(spec))
    same(found, bare)
    told = about(spec, command)
    assert told.attributes.items() <= found.attributes.items()
    assert found.provenance == told.provenance
    assert found.attributes == told.attributes | bare.attributes
    assert not bare.provenance


def test_progress_is_passed_on():
    spec, seen = load_spec(SMALL), []
    for engine in (simulate, integrate):
        engine(spec, progress=lambda done, total: seen.append(done / total))
        assert seen.pop() == 1.0


@pytest.mark.parametrize("engine", [simulate, integrate])
@pytest.mark.parametrize("name", ["overlaps_not_positive", "overlaps_off_the_sphere", "symmetric_start_impossible"])
def test_a_start_that_cannot_be_is_told_with_its_line(engine, name):
    path = BAD_SPECS / f"{name}.yaml"
    expected = path.read_text().partition("\n")[0].removeprefix("# expect: ")
    assert expected[0].isdigit()
    with pytest.raises(SpecError) as caught:
        engine(load_spec(path))
    assert str(caught.value).startswith(f"{path}:{expected}")


def test_infinite_sizes_are_for_the_equations_alone():
    spec = load_spec(merged(SMALL, {"student": {"width": "inf"}, "integrate": {"particles": 32}}))
    with pytest.raises(SpecError, match=r"student\.width: inf is for integrate alone"):
        simulate(spec)
    assert integrate(spec).M.shape == (6, 32, 2)
