"""Simulations as a whole: nothing depends on jobs or chunks, stops and divergences, what is saved."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from support.built import engine_simulate, started
from support.sgd import VARIANTS, experiment
from support.specs import merged

from sgdode.runs.engines import simulate
from sgdode.simulation.simulate import Pace
from sgdode.spec.load import load_spec


def curves(spec, **options):
    run = simulate(spec, **options)
    return {"time": run.time, "step": run.step, **run.curves}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


LONG = {"time": {"stop": 20.0, "points": 7}, "simulate": {"seeds": 3}, "save": ["risk", "M", "Q", "q"]}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        VARIANTS["all"],
        {"student": {"width": 100, "output_weights": 1.0}, "dimension": 300, "time": {"stop": 5.0}},
    ],
)
def test_nothing_depends_on_jobs_or_chunks(changes, monkeypatch):
    spec = experiment(merged(LONG, changes))
    whole = curves(spec, jobs=1)
    assert_same(whole, curves(spec, jobs=2))
    monkeypatch.setattr("sgdode.simulation.simulate._CHUNK_SECONDS", 0.0)
    assert_same(whole, curves(spec, jobs=3))


def test_more_seeds_extend_the_same_set():
    few, many = (simulate(experiment(merged(LONG, {"simulate": {"seeds": n}}))) for n in (2, 5))
    np.testing.assert_array_equal(few.M, many.M[:2])
    assert len(np.unique(many.risk[:, -1])) == 5


def test_the_start_is_saved_bit_by_bit():
    spec = experiment(LONG)
    run, overlaps = simulate(spec), started(spec).overlaps
    for name in ("Q", "M", "q"):
        assert (run.curves[name][:, 0] == getattr(overlaps, name)).all()
    assert run.kind == "simulation"
    assert run.status == "complete"
    assert run.step is not None
    assert run.step[-1] == round(20.0 * 3 * 30 / 12.0)


def test_output_weights_are_saved_where_they_are_trained():
    run = simulate(experiment(merged(LONG, VARIANTS["trained"])))
    assert run.curves["output_weights"].shape == (3, len(run.time), 3)
    assert np.ptp(run.curves["output_weights"][:, -1, 0]) > 0


@pytest.mark.parametrize("method", ["exact", "explicit"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_divergence_ends_the_run_at_its_last_finite_time(method, precision):
    changes = {"student": {"activation": "square"}, "teacher": {"activation": "square"}, "learning_rate": 40.0}
    run = simulate(experiment(merged(merged(LONG, changes), {"time": {"points": 60}}), method, precision))
    assert run.status == "diverged"
    assert run.diverged_at is not None
    assert 1 <= len(run.time) < 60
    assert run.time[-1] <= run.diverged_at < 20.0
    assert all(np.isfinite(curve).all() for curve in run.curves.values())
    assert "diverged" in run.warnings[-1]


def test_these_seeds_give_these_numbers():
    """Child j of the seed, for run j: on every machine, within what compilers may reorder."""
    spec = load_spec(
        {
            "seed": 7,
            "dimension": 100,
            "teacher": {"width": 2, "noise": 0.1},
            "student": {"width": 2},
            "learning_rate": 0.5,
            "time": {"stop": 1.0, "points": 1},
            "simulate": {"seeds": 3},
            "initial": {"seed": 3},
        }
    )
    run = simulate(spec)
    start = [[0.20409191213851827, -0.2555665031314182], [0.04180988467257789, -0.056776960612792984]]
    ends = [
        [[0.31480131577441595, -0.10707126971390381], [0.15073458442873974, 0.09142886847580395]],
        [[0.31387547428970614, -0.08408893115121709], [0.15073219055267076, 0.10697217323501665]],
        [[0.28638692788761716, -0.07055807100234529], [0.12342759752450624, 0.12342413798321472]],
    ]
    np.testing.assert_allclose(run.M[:, 0], [start] * 3, rtol=1e-12)
    np.testing.assert_allclose(run.M[:, -1], ends, rtol=1e-9)
    np.testing.assert_allclose(
        run.risk[:, -1], [0.09719735783277361, 0.0918845486908125, 0.09534302307416048], rtol=1e-9
    )


def test_an_interrupt_stops_a_run_of_days():
    """With runs under way: this test comes to its end."""

    def interrupt(done, total):
        if done:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        simulate(experiment({"time": {"stop": 1e9}, "simulate": {"seeds": 4}}), jobs=2, progress=interrupt)


def test_a_call_is_asked_for_a_tenth_of_a_second():
    """A call cannot be interrupted: however fast the steps are, it asks for so many that it takes 0.1 s, in blocks."""
    pace = Pace(block=8)
    for _ in range(20):
        steps = pace.block * pace.blocks
        pace.took(steps, steps * 1e-6)
    assert steps == 100_000
    pace.took(steps, 10.0)
    assert pace.block * pace.blocks == 1000
    pace.took(8, 1.0)
    assert pace.blocks == 1


def test_progress_counts_steps():
    seen = []
    simulate(experiment(LONG), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (450.0, 450.0)


def test_the_options_of_the_engine_change_the_way_and_not_the_numbers():
    """In loops and in matrix products, from the same random numbers, to round-off."""
    spec = experiment(LONG)
    loops, products = (engine_simulate(spec, block=4, way=way) for way in ("loops", "rows"))
    assert loops.attributes["block_size"] == products.attributes["block_size"] == 4
    for name, curve in loops.curves.items():
        np.testing.assert_allclose(products.curves[name], curve, rtol=1e-8, atol=1e-10, err_msg=name)
    assert simulate(spec).attributes["block_size"] == 1
