"""The exact method has the law of plain d-dimensional SGD, whatever the sizes, the block and the variant."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp
from support.sgd import SIZES, VARIANTS, experiment
from support.specs import SMALL, merged

from sgdode.model.start_laws import start
from sgdode.runs.engines import sampling
from sgdode.simulation import large as wide
from sgdode.simulation import step as sgd
from sgdode.simulation.run import begin, best, mover, overlaps_of, planned
from sgdode.spec.build import build
from sgdode.spec.load import load_spec

RUNS = 1000
STEPS = 17  # not a multiple of the blocks, so that every run ends with a shorter one
#: A true null fails one comparison of one overlap with this probability; there are about 900.
CHANCE = 1e-7


def law(spec, block=None, way=None, seed=0, runs=RUNS, steps=STEPS):
    """(runs, overlaps): entries of Q and M, and a, of independent runs after some steps."""
    problem = build(spec)
    beginning = start(problem)
    plan = planned(problem, beginning, sampling(spec), block, way)
    move = mover(plan)
    rows = []
    for run in range(runs):
        rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(run,))))
        state = begin(plan, beginning, rng)
        assert move(state, steps)
        Q, M, _ = overlaps_of(plan, state)
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


#: The measured rule itself; blocks of a few steps. (Added rows in matrix products are compared with the loops, path by
#: path.)
WAYS = {"best": (None, None), "blocks": (5, "loops"), "factor": (5, "factor")}


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
    one, other = (law(spec, block, way, runs=3, steps=200) for way in ("loops", "rows"))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("block", "name"),
    [(6, name) for name in VARIANTS] + [(1, name) for name in VARIANTS if "batch_size" in VARIANTS[name]],
)
def test_loops_and_matrix_products_agree_on_variants(name, block):
    spec = experiment(VARIANTS[name])
    one, other = (law(spec, block, way, runs=3, steps=40) for way in ("loops", "rows"))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("way", ["loops", "rows", "factor"])
def test_float32_follows_float64(way):
    """State and products in single precision: the same random numbers, the overlaps to 1e-5 after 200 steps."""
    changes = {"dimension": 50, "learning_rate": 5.0}
    double = law(experiment(changes), 4, way, runs=5, steps=200)
    single = law(experiment(changes, precision="float32"), 4, way, runs=5, steps=200)
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
    assert not same_law(law(experiment({}), 8, "rows"), plain({}))


def test_the_block_is_a_function_of_the_sizes():
    assert best(8, 4, 10**9, 1) == ("loops", 1)
    assert best(5000, 3, 3, 1) == ("loops", 1)
    assert best(1000, 5, 1000, 1) == ("rows", 128)
    assert best(1000, 5, 10**6, 1)[0] == "factor"


def test_overlaps_of_float32_weights_are_summed_in_float64():
    changes = {"simulate": {"precision": "float32"}, "dimension": 400, "student": {"width": 60}}
    spec = load_spec(merged(SMALL, changes))
    problem = build(spec)
    beginning = start(problem)
    plan = planned(problem, beginning, sampling(spec))
    state = begin(plan, beginning, np.random.Generator(np.random.SFC64(1)))
    assert state.W.dtype == np.float32
    W = state.W[: plan.rank + state.m].astype(float)
    Q, M, q = overlaps_of(plan, state)
    assert {Q.dtype, M.dtype, q.dtype} == {np.dtype(float)}
    np.testing.assert_allclose(Q, W.T @ W, rtol=0, atol=1e-14)
    np.testing.assert_allclose(M, W[: plan.rank].T @ plan.L.T, rtol=0, atol=1e-14)
    np.testing.assert_allclose(q, np.sum(W[plan.rank :] ** 2, axis=0), rtol=1e-14)
