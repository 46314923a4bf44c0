"""The gallery of published results: every page is whole, and the smallest form of each gives the published number.

Equations are compared to 1e-6 where both sides are exact, else to what the law leaves out; simulations to more than
four standard errors.
"""

import json
import re

import atlas
import numpy as np
import pytest
from gallery import HERE, Page, pages, script

PAGES = pages()
LARGEST_PICTURE = 150_000


def opened(name):
    """The page, small, and its make.py."""
    return Page(name, quick=True), script(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole(name):
    folder = HERE / name
    text = (folder / "README.md").read_text()
    assert text.startswith("# ")
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text):
        assert 0 < (folder / picture).stat().st_size < LARGEST_PICTURE
    assert "](figure.png)" in text
    assert text.split(atlas.TOP)[1].strip() == atlas.table(name)
    found = json.loads((folder / "numbers.json").read_text())
    module = script(name)
    assert (found["paper"], found["title"]) == (module.PAPER, module.TITLE)
    for row in found["numbers"]:
        assert row["basis"] in ("read", "derived", "memory")
        assert row["source"]
        if "within" in row:
            allowed = row["within"] * abs(row["published"]) + 2 * row["error"]
            assert row["agrees"] == (abs(row["measured"] - row["published"]) <= allowed)
    if not all(row["agrees"] for row in found["numbers"]):
        assert "disagree" in text, "a page says where program and paper disagree"


def test_the_table_is_that_of_the_numbers():
    text = (HERE / "README.md").read_text()
    assert text.split(atlas.TOP)[1].strip() == atlas.tables()
    assert len(PAGES) >= 12


def test_symmetric_students_wait_on_the_plateau():
    page, module = opened("saad-solla-plateaus")
    np.testing.assert_allclose(module.plateau(page, 3), module.law(3), rtol=1e-6)
    np.testing.assert_allclose(module.law(3), (0.258199, 0.2, 0.0202966), rtol=1e-5)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_the_largest_rate(K):
    page, module = opened("largest-rate")
    assert module.largest(page, K) == pytest.approx(module.PUBLISHED[K], rel=1e-6)
    assert module.closed(K) / module.PUBLISHED[K] - 1 == pytest.approx({1: 0.0, 2: 0.0073, 3: 0.0047}[K], abs=1e-4)


def test_plateaus_are_as_long_as_the_logarithm_of_the_asymmetry():
    page, module = opened("plateau-length")
    near, far = (module.length(page, start) for start in (1e-4, 1e-7))
    r = module.rate(page)
    assert r == pytest.approx(0.118281, rel=1e-5)
    assert (far - near) * r == pytest.approx(np.log(1e3), rel=2e-3)


@pytest.mark.parametrize("surplus", [0, 1, 2])
def test_the_final_error_of_wide_students(surplus):
    page, module = opened("final-error")
    assert module.final(page, surplus, 0.1) == pytest.approx(module.PUBLISHED[surplus, 0.1], rel=1e-4)


def test_a_pair_that_cancels_ends_lower():
    page, module = opened("final-error")
    ratio = module.final(page, 2, 0.02, 1.0) / module.PUBLISHED[2, 0.02]
    assert ratio == pytest.approx((2 / np.sqrt(3) + 2 / np.sqrt(3)) / (2 + 2 / np.sqrt(3)), rel=0.02)


def test_the_final_error_of_linear_and_relu_units():
    page, module = opened("final-error-layers")
    assert module.first_layer(page, "linear", 4) == pytest.approx(module.law("linear", 4), rel=1e-6)
    assert module.first_layer(page, "relu", 2, 0.01) == pytest.approx(module.law("relu", 2), rel=0.02)


def test_the_floor_falls_with_width_over_rate():
    page, module = opened("phase-diagram")
    low, high = (module.run(page, 0.25, 0.25, 2, d).risk[-1] for d in (16, 256))
    assert np.log(high / low) / np.log(16) == pytest.approx(-0.5, abs=0.02)


def test_escaping_mediocrity():
    page, module = opened("escaping-mediocrity")
    assert module.final_risk(page) == pytest.approx(2.50001e-5, rel=1e-3)
    slow, fast = (module.exit_of_the_equations(page, d, 0.1) for d in (3e6, 3e3))
    assert slow - fast == pytest.approx(module.annealed(3e6, 0.1, 1e-4) - module.annealed(3e3, 0.1, 1e-4), rel=2e-3)
    runs, law = module.exits(page, 3000, 24), (3000, 0.1, 1e-4)
    expected = module.quenched(*law, module.diffusion(0.1, 1e-4))
    assert abs(runs.mean() - expected) < 0.05 * expected + 4.5 * runs.std() / np.sqrt(len(runs))


@pytest.mark.parametrize(("degree", "exponent"), [(1, 1.0), (2, 1.0 + 0.23), (3, 2.0)])
def test_information_exponents(degree, exponent):
    """For ℓ = 2 the logarithm adds log(log 150/log 50)/log 3."""
    page, module = opened("information-exponent")
    few, many = (np.median(module.samples(page, degree, d, 12)) for d in (50, 150))
    assert np.log(many / few) / np.log(3) == pytest.approx(exponent, abs=0.45)


def test_samples_used_twice_are_enough():
    """Twice: all of 6 runs leave by 120 samples per dimension (median 54); once: none (none of 16 in the figure)."""
    page, module = opened("reuse-of-samples")
    twice, once = (module.passages(page, 1000, repeat, **{"simulate.seeds": 6}) for repeat in (2, 1))
    assert np.isfinite(twice).sum() >= 5
    assert np.isfinite(once).sum() <= 1


def test_the_best_schedule_by_hand():
    """The law by hand is that of the equations, at a constant rate; the best goes to Δ/(2α)."""
    page, module = opened("optimal-schedule")
    theory = page.integrate(page.spec({"time.stop": 50.0, "learning_rate": 0.2}))
    by_hand = module.at_constant_rate(0.2, theory.samples, theory.risk[0])
    np.testing.assert_allclose(theory.risk, by_hand, rtol=1e-5)
    risk, rate = module.best_by_hand(np.array([500.0, 1000.0]), theory.risk[0])
    np.testing.assert_allclose(risk * 2 * np.array([500.0, 1000.0]), 1, rtol=0.02)
    assert (risk < module.constant_by_hand(500.0, theory.risk[0])).all()
    assert rate[1] == pytest.approx(1e-3, rel=0.02)


def test_phase_retrieval_from_any_start():
    page, module = opened("phase-retrieval")
    for scale in (0.1, 1.0, 3.0):
        for run in module.runs(page, 300, 2, scale):
            t, risk = run.time, run.risk[0]
            assert risk[-1] < 1e-3
            part = (risk < 1e-2) & (risk > 1e-9)
            assert -np.polyfit(t[part], np.log(risk[part]), 1)[0] == pytest.approx(module.DECAY, abs=0.15)


def test_forgetting_is_greatest_between():
    page, module = opened("continual-learning-similarity")
    apart, between, same = (old[-1] - old[0] for _, _, old in (module.forgetting(page, V) for V in (0.0, 0.4, 1.0)))
    assert between > 5 * max(apart, same)


def test_plateaus_shorten_as_eigenvalues_spread():
    page, module = opened("plateau-spectrum")
    one, four = (module.length(module.curve(page, L, **{"time.points": 150})) for L in (1, 4))
    assert one > four + 0.4 > 0.4


def test_exponents_of_power_law_spectra():
    page, module = opened("power-law-exponents")
    flow = module.curve(page, 1.5, 2.0, "gradient-flow", **{"time.points": 80})
    assert module.exponent(flow, 10, 1000) == pytest.approx(module.law(1.5, 2.0, False), rel=0.01)


def test_over_realizable_students_come_as_a_power_law():
    page, module = opened("over-realizable")
    assert module.exponent(module.curve(page, 2), 1e3, 1e5) == pytest.approx(module.EXPONENT, rel=0.02)
