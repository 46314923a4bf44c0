"""The law of exit times against references, and against itself."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.exits import passed, phase_retrieval, spec_of

from sgdode.equations.exits.law import ExitLaw, covariances_at, sampled_orbits, survival
from sgdode.equations.exits.observable import Observable
from sgdode.equations.exits.orbits import Orbits
from sgdode.equations.exits.plateau import exit_law

CASES = json.loads((Path(__file__).parents[2] / "reference/plateaus/exit.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES[:2], ids=["erf", "square"])
def test_references(case):
    """Their Σ is of 2^18 nodes and z of a looser solver: 0.4 % of s and z, 0.1 % of t."""
    flow, plateau = passed(spec_of(case))
    law = exit_law(flow, plateau, Observable("risk", case["level"]))
    assert plateau.on
    assert law.kind == "closed form"
    assert plateau.left.rate == pytest.approx(case["rate"], rel=1e-7)
    assert np.sqrt(np.diag(plateau.left.covariance)) == pytest.approx(case["s"], rel=5e-3)
    assert law.reach == pytest.approx(case["z_exit"], rel=2e-3)
    told = case["predicted"]
    assert (law.mean, law.std) == pytest.approx((told["mean"], told["sd"]), rel=2e-3)
    quantiles = [law.quantile(share) for share in (0.1, 0.5, 0.9)]
    assert quantiles == pytest.approx([told[name] for name in ("q10", "q50", "q90")], rel=2e-3)


def test_phase_retrieval_by_hand():
    """p = k = 1 from M = 0: r = 4 − 24γ, LᵀΣL = 48, and at half of the risk z = 1 (ρ² = 1/2 after 2 log z = log 1)."""
    gamma, d = 0.05, 1e5
    flow, plateau = passed(phase_retrieval(1, 1, gamma, d))
    assert plateau.left.rate == pytest.approx(4 - 24 * gamma, rel=1e-8)
    s = math.sqrt(24 * gamma / d / plateau.left.rate)
    assert math.sqrt(plateau.left.covariance[0, 0]) == pytest.approx(s, rel=4e-3)
    law = exit_law(flow, plateau, Observable("risk", 0.5 * plateau.point.risk))
    assert law.reach == pytest.approx([1.0, 1.0], rel=1e-6)
    assert law.mean == pytest.approx((math.log(1 / s) + 0.6352) / plateau.left.rate, rel=3e-3)
    assert law.std == pytest.approx(math.pi / (2**1.5 * plateau.left.rate), rel=3e-3)


def test_time_grows_by_half_the_logarithm_of_the_dimension():
    laws = []
    for d in (1e6, 1e8):
        flow, plateau = passed(phase_retrieval(1, 1, 0.05, d))
        laws.append(exit_law(flow, plateau, Observable("risk", 1.0)))
    assert laws[1].mean - laws[0].mean == pytest.approx(math.log(100) / (2 * plateau.left.rate), rel=1e-3)


def test_the_specialisation_is_passed_like_the_risk():
    """At p = k = 1 it is |ρ|, and the risk 2 (1 − ρ²): ρ = 1/√2 at half of it."""
    flow, plateau = passed(phase_retrieval(1, 1, 0.05, 1e5))
    one, other = (
        exit_law(flow, plateau, Observable(*level)) for level in (("risk", 1.0), ("specialisation", math.sqrt(0.5)))
    )
    assert one.times == pytest.approx(other.times, rel=1e-6)


@pytest.mark.parametrize("u", [1, 3])
def test_survival_is_that_of_a_growing_normal_vector(u):
    rng, rate, ratio, t = np.random.default_rng(5), 0.7, 30.0, np.array([2.0, 4.0, 5.0, 7.0])
    size = np.linalg.norm(rng.standard_normal((200_000, u)), axis=1)[:, None] * np.sqrt(np.expm1(2 * rate * t))
    found = survival(np.full(2, ratio), u, rate, t)
    assert found == pytest.approx((size < ratio).mean(axis=0), abs=5e-3)


def test_sampled_orbits_are_the_closed_form_where_both_hold():
    flow, plateau = passed(phase_retrieval(1, 1, 0.05, 1e4))
    orbits = Orbits(flow, Observable("risk", 1.0))
    y = plateau.left.y
    law = sampled_orbits(orbits, plateau.left, y, np.zeros((len(y),) * 2), 0.0)
    known = exit_law(flow, plateau, orbits.observable)
    for share in (0.25, 0.5, 0.75, 0.9):
        assert law.quantile(share) == pytest.approx(known.quantile(share), abs=0.05 * known.std)


def test_noise_along_the_path_is_that_of_the_linear_equation():
    """From M = m₀ near 0 the covariance of m at t_a is s² (e^{2rt} − 1), and later noise adds s²."""
    gamma, d, m0 = 0.05, 1e6, 0.01
    spec = phase_retrieval(1, 1, gamma, d)
    spec["initial"] = {"kind": "overlaps", "Q": [[1.0]], "M": [[m0]]}
    flow, plateau = passed(spec)
    assert not plateau.on
    assert plateau.distance == pytest.approx(m0, rel=1e-6)
    *_, C = covariances_at(Orbits(flow, Observable("risk", 1.0)), plateau.path, np.array([0.0, 0.3]))
    assert C[1, 1] == pytest.approx(plateau.left.covariance[0, 0] * math.expm1(2 * plateau.left.rate * 0.3), rel=0.02)
    assert C[0, 0] == pytest.approx(0.0, abs=1e-12)


def test_quantiles_of_what_never_comes():
    law = ExitLaw(np.array([1.0, 2.0, np.inf, np.inf]), "sampled orbits", np.empty(0))
    assert law.never == 0.5
    assert law.mean is None
    assert law.std is None
    assert law.quantile(0.25) == pytest.approx(1.5)
    assert law.quantile(0.9) == math.inf
    assert law.survival(np.array([0.5, 1.0, 5.0])).tolist() == [1.0, 0.75, 0.5]


def test_a_path_that_creeps_towards_the_point_is_left_long_before_it_is_nearest():
    """erf, K = 2 at d = 10⁵: quantiles of 1000 leaping runs; noise linear up to t = 400 would say 416."""
    spec = {
        "dimension": 1e5,
        "teacher": {"width": 2},
        "student": {"width": 2},
        "learning_rate": 0.5,
        "initial": {"kind": "symmetric", "epsilon": 0.1, "spread": 0.0},
        "time": {"stop": 400},
    }
    flow, plateau = passed(spec)
    assert plateau.time > 390
    law = exit_law(flow, plateau, Observable("risk", 0.002))
    assert law.never == 0
    quantiles = [law.quantile(share) for share in (0.1, 0.5, 0.9)]
    assert quantiles == pytest.approx([271.9, 303.3, 357.5], rel=0.02)
