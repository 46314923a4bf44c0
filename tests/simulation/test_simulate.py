"""The exact method has the law of plain d-dimensional SGD, whatever the sizes, the block and the variant."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import chi2, ks_2samp, kstest, norm
from support.specs import merged

from sgdode.jit.units import machine_code
from sgdode.model.activations import ACTIVATIONS, Activation
from sgdode.model.starts import start
from sgdode.simulation import large as wide
from sgdode.simulation import small_linalg as rows
from sgdode.simulation import step as sgd
from sgdode.simulation.normals import draw_normals, words
from sgdode.simulation.run import begin, best, mover, overlaps, problem
from sgdode.simulation.simulate import simulate
from sgdode.spec.load import load_spec

RUNS = 1000
#: Round-off of sums of ten numbers of size one.
EPS = {"float64": 1e-13, "float32": 1e-5}
STEPS = 17  # not a multiple of the blocks, so that every run ends with a shorter one
#: A true null fails one comparison of one overlap with this probability; there are about 900.
CHANCE = 1e-7

BASE = {
    "dimension": 30,
    "teacher": {"width": 2},
    "student": {"width": 3, "output_weights": [1.0, -0.6, 1.5]},
    "learning_rate": 12.0,
    "time": {"stop": 1.0, "points": 5},
    "simulate": {"seeds": 2},
    "initial": {"seed": 3},
}
RANK_DEFICIENT = [[1.0, 0.5, 1.5], [0.5, 2.0, 2.5], [1.5, 2.5, 4.0]]


def softsign(x):
    return x / (1 + np.abs(x))


def softsign_slope(x):
    return 1 / (1 + np.abs(x)) ** 2


USER = {"softsign": Activation(softsign, softsign_slope)}


def experiment(changes, method="exact", precision="float64"):
    spec = merged(merged(BASE, changes), {"simulate": {"method": method, "precision": precision}})
    return load_spec(spec, activations=USER)


def law(spec, block=None, wide=None, seed=0, runs=RUNS, steps=STEPS):
    """(runs, overlaps): entries of Q and M, and a, of independent runs after some steps."""
    beginning = start(spec)
    task = problem(spec, beginning, block, wide)
    move = mover(task)
    rows = []
    for run in range(runs):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(run,))))
        state = begin(task, beginning, rng)
        assert move(state, steps)
        Q, M, _ = overlaps(task, state)
        features = [Q[0, 0], Q[-1, -1], Q[0, -1], M[0, 0], M[-1, -1], M[0, -1]]
        rows.append([*features, state.a[0], state.a[-1]])
    return np.array(rows)


def same_law(one, other, chance=CHANCE):
    """Kolmogorov–Smirnov on every overlap, and on two combinations that see their dependence."""
    one, other = (np.column_stack([x, x[:, 0] * x[:, 3], x[:, 2] - x[:, 5]]).round(12) for x in (one, other))
    p_values = [ks_2samp(a, b, method="asymp").pvalue for a, b in zip(one.T, other.T, strict=True)]
    return min(p_values) > chance


_PLAIN = {}


def plain(changes):
    """The law of the explicit method, computed once for every set of changes."""
    key = repr(changes)
    if key not in _PLAIN:
        _PLAIN[key] = law(experiment(changes, "explicit"), seed=1)
    return _PLAIN[key]


SIZES = {
    "d=8": {"dimension": 8},
    "d=30": {},
    "d=200": {"dimension": 200, "learning_rate": 30.0},
    "d<p+k": {"dimension": 4},
    "D=0": {"dimension": 2},
    "D=1": {"dimension": 3},
    "P": {"teacher": {"overlap": [[1.0, 0.6], [0.6, 2.0]]}, "dimension": 9},
    "rank-deficient P": {"teacher": {"width": 3, "overlap": RANK_DEFICIENT}, "dimension": 12},
    "wide": {"student": {"width": 12, "output_weights": 1.0}, "dimension": 40, "learning_rate": 40.0},
    "one neuron": {"student": {"width": 1, "output_weights": 1.0}, "teacher": {"width": 1}, "dimension": 8},
    "square": {
        "student": {"activation": "square"},
        "teacher": {"activation": "square"},
        "learning_rate": 0.1,
    },
    "user": {"student": {"activation": {"name": "softsign", "gain": 1.7}}, "teacher": {"activation": "square"}},
}
SCHEDULE = {"gamma": 12.0, "schedule": {"power": 0.7, "time": 0.8}}
VARIANTS = {
    "trained": {"student": {"train_output": 3.0}},
    "batch": {"batch_size": 3},
    "batch > p, d": {"batch_size": 7, "dimension": 6},
    "decay": {"weight_decay": 0.4},
    "spherical": {"constraint": "spherical"},
    "schedule": {"learning_rate": SCHEDULE},
    "noise": {"teacher": {"noise": 0.3, "output_weights": [2.0, -1.0]}},
    "gains": {
        "student": {"activation": {"name": "erf", "gain": 1.5}},
        "teacher": {"activation": {"name": "erf", "gain": 0.5}},
    },
    "spherical, decay, batch": {"constraint": "spherical", "weight_decay": 0.6, "batch_size": 2, "dimension": 9},
    "trained, schedule, noise": {
        "student": {"train_output": 3.0},
        "learning_rate": SCHEDULE,
        "teacher": {"noise": 0.2},
    },
    "all": {
        "student": {"train_output": 2.0, "activation": {"name": "erf", "gain": 1.3}},
        "teacher": {"noise": 0.2, "overlap": [[1.0, 0.6], [0.6, 2.0]]},
        "learning_rate": SCHEDULE,
        "constraint": "spherical",
        "weight_decay": 0.5,
        "batch_size": 2,
    },
}


#: The measured rule itself; blocks of a few steps. (Matrix products are compared with the loops, path by path.)
WAYS = {"best": (None, None), "blocks": (5, False)}


@pytest.mark.parametrize("changes", SIZES.values(), ids=SIZES)
def test_exact_method_has_the_law_of_plain_sgd(changes):
    assert same_law(law(experiment(changes)), plain(changes))


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("way", WAYS)
def test_variants_have_the_law_of_plain_sgd(changes, way):
    assert same_law(law(experiment(changes), *WAYS[way]), plain(changes))


@pytest.mark.parametrize("block", [2, 5, 16])
@pytest.mark.parametrize("size", ["d=8", "d=30", "rank-deficient P"])
def test_every_block_has_the_law_of_plain_sgd(size, block):
    assert same_law(law(experiment(SIZES[size]), block), plain(SIZES[size]))


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("block", [2, 4, 16])
def test_loops_and_matrix_products_are_one_algorithm(name, block):
    """From the same random numbers, to round-off; folds included (capacity is reached within 200 steps)."""
    spec = experiment(SIZES[name])
    one, other = (law(spec, block, by, runs=3, steps=200) for by in (False, True))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("block", "name"),
    [(6, name) for name in VARIANTS] + [(1, name) for name in VARIANTS if "batch_size" in VARIANTS[name]],
)
def test_loops_and_matrix_products_agree_on_variants(name, block):
    spec = experiment(VARIANTS[name])
    one, other = (law(spec, block, by, runs=3, steps=40) for by in (False, True))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("by", [False, True])
def test_float32_follows_float64(by):
    """State and products in single precision: the same random numbers, the overlaps to 1e-5 after 200 steps."""
    changes = {"dimension": 50, "learning_rate": 5.0}
    double = law(experiment(changes), 4, by, runs=5, steps=200)
    single = law(experiment(changes, precision="float32"), 4, by, runs=5, steps=200)
    assert 1e-9 < np.abs(single - double).max() < 1e-5


def without_gram(*arguments):
    arguments = list(arguments)
    arguments[5] = np.zeros_like(arguments[5])
    return sgd.descend(*arguments)


def wrong_chi(rng, T, rows, columns, dimension):
    sgd.draw_bartlett(rng, T, rows, columns, dimension + 12)


@pytest.mark.parametrize(
    ("name", "broken"), [("descend", without_gram), ("draw_bartlett", wrong_chi)], ids=["no Gram", "chi"]
)
def test_the_comparison_sees_a_broken_kernel(monkeypatch, name, broken):
    """The thresholds are of use: without the Gram recursion, or with wrong degrees of freedom, the law differs."""
    patched = type("Patched", (), {key: getattr(sgd, key) for key in dir(sgd)})
    setattr(patched, name, staticmethod(broken))
    monkeypatch.setattr(wide, "sgd", patched)
    assert not same_law(law(experiment({}), 8, True), plain({}))


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
    run, overlaps = simulate(spec), start(spec).overlaps
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


def test_an_interrupt_stops_a_long_run_at_once():
    spec = experiment({"time": {"stop": 1e7}, "simulate": {"seeds": 4}})
    simulate(experiment({}))  # compiled
    timer = threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        simulate(spec, jobs=2)
    assert time.perf_counter() - began < 2.5


def test_progress_counts_steps():
    seen = []
    simulate(experiment(LONG), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (450.0, 450.0)


def test_the_block_is_a_function_of_the_sizes():
    assert best(8, 4, 10**9, 1) == (False, 1)
    assert best(5000, 3, 3, 1) == (False, 1)
    assert best(1000, 5, 1000, 1)[0]


def test_fast_erf_is_erf():
    evaluate = machine_code(ACTIVATIONS["erf"])
    x = np.concatenate([np.linspace(-45, 45, 3001), np.linspace(-2, 2, 3001), [0.0, np.inf, -np.inf]])
    s, slope = np.empty_like(x), np.empty_like(x)
    evaluate(x, s, slope)
    np.testing.assert_allclose(s, erf(x / np.sqrt(2)), rtol=0, atol=6e-16)
    np.testing.assert_allclose(slope, np.sqrt(2 / np.pi) * np.exp(-(np.minimum(abs(x), 1e3) ** 2) / 2), atol=1e-15)


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("singular", [False, True])
@pytest.mark.parametrize("p", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("count", [3, 5, 9, 17])
def test_fold_keeps_the_overlaps(count, p, singular, real):
    rng = np.random.default_rng(0)
    W = (rng.standard_normal((20, p)) * 10.0 ** -np.arange(p)).astype(real)
    W[:, p // 2] = W[:, 0] if singular else W[:, p // 2]
    before = W[2 : 2 + count].astype(np.float64).T @ W[2 : 2 + count]
    others = np.delete(W, np.s_[2 : 2 + count], axis=0)
    kept = rows.fold(W, 2, count, np.empty((p, p)), np.zeros((9, 20)))
    assert kept == min(count, p)
    assert not np.tril(W[2 : 2 + count], -1).any()
    assert np.array_equal(np.delete(W, np.s_[2 : 2 + count], axis=0), others)
    lengths = np.sqrt(np.diag(before))
    after = W[2 : 2 + kept].astype(np.float64).T @ W[2 : 2 + kept]
    np.testing.assert_allclose(after / lengths / lengths[:, None], before / lengths / lengths[:, None], atol=EPS[real])


@pytest.mark.parametrize("real", ["float64", "float32"])
@pytest.mark.parametrize("p", [1, 3, 4, 6, 8, 13])
def test_sums_over_rows_are_matrix_products(p, real):
    rng = np.random.default_rng(1)
    X, C, W = (rng.standard_normal(shape).astype(real) for shape in ((3, 7), (3, p), (9, p)))
    for used in (1, 4, 7):
        out = np.full((4, p), 5.0, real)
        rows.combine(X, W, used, out, 3)
        np.testing.assert_allclose(out[:3], X[:, :used].astype(np.float64) @ W[:used], atol=EPS[real])
        assert (out[3] == 5.0).all()
        moved = W.copy()
        rows.add_outer(X, 2, used, C, moved, 1)
        np.testing.assert_allclose(moved[1 : 1 + used], W[1 : 1 + used] + X[:2, :used].T @ C[:2], atol=EPS[real])
        assert np.array_equal(np.delete(moved, np.s_[1 : 1 + used], axis=0), np.delete(W, np.s_[1 : 1 + used], axis=0))


@pytest.mark.parametrize("dimension", [3, 6, 40, 10**12])
def test_bartlett_factor_has_the_law_of_an_lq_factor(dimension):
    """T_ss² ~ χ² of D − s, and the rows' squared lengths ~ χ² of D, in every row."""
    rng, rows = np.random.Generator(np.random.SFC64(5)), 6
    columns = min(rows, dimension)
    T, squares = np.empty((rows, columns)), []
    for _ in range(20_000):
        sgd.draw_bartlett(rng, T, rows, columns, float(dimension))
        squares.append([*np.diag(T) ** 2, *(T**2).sum(axis=1)])
    degrees = [*(dimension - np.arange(columns)), *([dimension] * rows)]
    assert not np.triu(T, 1).any()
    for sample, degree in zip(np.array(squares).T, degrees, strict=True):
        exact = chi2(degree) if degree < 10**6 else norm(degree, np.sqrt(2 * degree))
        assert kstest(sample, exact.cdf).pvalue > CHANCE


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_normals_are_those_of_numpy(real):
    """The same numbers as NumPy's, its rare cases included, and the generator ends where NumPy's does."""
    ours, theirs = (np.random.Generator(np.random.SFC64(8)) for _ in range(2))
    out = np.zeros((1000, 1003), real)
    draw_normals(ours, words(ours), out, 1000, 3, 1003)
    np.testing.assert_array_equal(out[:, 3:], theirs.standard_normal((1000, 1000)).astype(real))
    assert abs(out).max() > 4.5
    assert not out[:, :3].any()
    assert ours.random() == theirs.random()
    with pytest.raises(TypeError, match="SFC64"):
        words(np.random.default_rng())
