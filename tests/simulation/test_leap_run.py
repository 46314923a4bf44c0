"""Runs in leaps: their path does not depend on what is saved or when they stop, and they are refused by name."""

import numpy as np
import pytest
from support.leaps import BASE, leaping
from support.specs import merged

from sgdode import SpecError, load_spec, simulate
from sgdode.simulation.leap_run import break_even, first_leap
from sgdode.spec.provenance import spec_hash

MANY = {"dimension": 1e6}
SCHEDULE = {"learning_rate": {"gamma": 1.0, "schedule": {"power": 0.7, "time": 0.8}}}

ROTATION = {"rate": 1.0, "plane": [0, 1]}


def run(*changes, **options):
    values = merged(BASE, MANY)
    for changed in changes:
        values = merged(values, changed)
    return simulate(load_spec(values), **options)


@pytest.mark.parametrize("changed", [{}, SCHEDULE, {"student": {"train_output": 1.0}, "constraint": "spherical"}])
def test_the_path_does_not_depend_on_the_saved_times(changed):
    few = run(changed, {"time": {"points": 2, "start": 5.0, "spacing": "linear"}})
    many = run(changed, {"time": {"points": 40, "start": 0.25, "spacing": "linear"}})
    common = [np.flatnonzero(many.step == step)[0] for step in few.step]
    np.testing.assert_array_equal(many.Q[:, common], few.Q)
    np.testing.assert_array_equal(many.risk[:, common], few.risk)


def test_nothing_depends_on_jobs_and_more_seeds_extend_the_same_set():
    one, two = run({}, jobs=1), run({"simulate": {"seeds": 5}}, jobs=2)
    np.testing.assert_array_equal(one.Q, two.Q[:3])
    assert len(np.unique(two.risk[:, -1])) == 5
    assert one.attributes["method"] == "leap"
    assert one.attributes["tolerance"] == 0.1


def test_it_refuses_by_name_what_leaps_do_not_hold_for():
    cases = {
        "simulate.precision: got 'float32'; leaps": {"simulate": {"precision": "float32"}},
        "simulate.method: got 'leap'; it is for isotropic inputs alone": {"inputs": {"spectrum": {"power": 1.0}}},
        "simulate.method: got 'leap'; it is for teachers that do not": {"teacher": {"rotation": ROTATION}},
        "simulate.leap: belongs to simulate.method leap; the method here is exact": {
            "simulate": {"method": "exact", "leap": {"tolerance": 0.2}}
        },
        "simulate.leap.tolerance: got 0": {"simulate": {"leap": {"tolerance": 0}}},
    }  # fmt: skip
    for told, changed in cases.items():
        with pytest.raises(SpecError) as error:
            run(changed)
        assert told in str(error.value)


def test_it_refuses_where_exact_steps_are_as_fast():
    with pytest.raises(
        SpecError, match=r"simulate\.method: the first leap is 21 steps long .* 54 exact ones are as fast"
    ):
        run({"dimension": 300})
    scheme = leaping(MANY)
    assert first_leap(scheme) > 100 * break_even(scheme)


def test_its_keys_count_in_the_hash_where_they_differ_from_their_defaults():
    def name(changed):
        return spec_hash(load_spec(merged(BASE, changed)), "simulate")

    assert name({"simulate": {"leap": {"tolerance": 0.1}}}) == name({})
    assert (
        len({name({"simulate": changed}) for changed in ({}, {"leap": {"samples": 9}}, {"leap": {"tolerance": 0.2}})})
        == 3
    )


def test_a_divergence_ends_the_run_at_its_last_finite_time():
    square = {"student": {"activation": "square"}, "teacher": {"activation": "square"}, "learning_rate": 40.0}
    found = run(square, {"time": {"points": 60}, "dimension": 1e9})
    assert found.status == "diverged"
    assert 1 <= len(found.time) < 60
    assert all(np.isfinite(curve).all() for curve in found.curves.values())
