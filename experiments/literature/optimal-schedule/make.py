"""The schedule of the learning rate that is best for the risk at the end, beside the best constant."""

import numpy as np
from gallery import COLOURS
from scipy.optimize import minimize_scalar

from sgdode import optimise

PAPER = "Saad & Rattray 1998; Mori, Sarao Mannelli & Mignacco 2025"
TITLE = "The best schedule"
SOURCE = "derived on the page; Phil. Mag. B 77:1523 (1998), doi 10.1088/1742-5468/adf296"
DELTA = 1.0


def best_by_hand(alpha, start, steps=200_000):
    """(ε, γ) (n,) at α (n,), of the largest decrease at each: γ = ε/(ε + Δ/2), dε/dα = −ε²/(ε + Δ/2)."""
    h, eps, found = alpha[-1] / steps, start, []
    times = np.linspace(0.0, alpha[-1], steps + 1)
    for _ in times:
        found.append(eps)
        half = eps - 0.5 * h * eps**2 / (eps + DELTA / 2)
        eps -= h * half**2 / (half + DELTA / 2)
    eps = np.interp(alpha, times, found)
    return eps, eps / (eps + DELTA / 2)


def at_constant_rate(gamma, alpha, start):
    """ε at α of a constant γ: to γΔ/2/(2 − γ), as e^(−γ(2 − γ)α)."""
    floor = gamma * DELTA / 2 / (2 - gamma)
    return floor + (start - floor) * np.exp(-gamma * (2 - gamma) * alpha)


def constant_by_hand(stop, start):
    """The least ε at ``stop`` of a constant γ."""

    def end(gamma):
        return at_constant_rate(gamma, stop, start)

    return minimize_scalar(end, bounds=(1e-5, 1.0), method="bounded", options={"xatol": 1e-10}).fun


def make(page):
    stop = 100.0 if page.quick else 1000.0
    spec = page.spec({"time.stop": stop})
    start = page.integrate(page.spec({"time.stop": 2.0})).risk[0]
    found = optimise(spec, nodes=6 if page.quick else 12, verify=8 if page.quick else 32, jobs=1)
    constant, hold, best = found.candidates
    exact, rates = best_by_hand(np.geomspace(0.1, stop, 200), start)
    page.number("R − Δ/2 of the optimum", exact[-1], best.risk, within=0.02, basis="derived")
    page.number("the same, over its law Δ/(2α)", 1.0, best.risk * 2 * stop / DELTA, within=0.03, basis="derived")
    told = best.simulated
    page.number("the same in SGD", exact[-1], told.mean, error=told.standard_error, within=0.02, basis="derived")
    page.number("the best constant rate", constant_by_hand(stop, start), constant.risk, within=0.001, basis="derived")
    page.number("hold, then 1/α", exact[-1], hold.risk, within=0.02, basis="derived")
    with page.figure() as figure:
        axes = figure.subplots()
        axes.plot(np.geomspace(0.1, stop, 200), rates, "--", color="0.4", label="by hand, ε/(ε + Δ/2)")
        for one, colour, marker in ((constant, 1, ""), (hold, 2, ""), (best, 0, "o")):
            rate = one.spec.learning_rate
            given = getattr(rate.schedule, "given", None) or {}
            if "table" in given:
                at, factor = np.array(given["table"]).T
            else:
                at = np.geomspace(0.1, stop, 200)
                factor = np.minimum(1.0, (given["hold"] / at) ** given["power"]) if "hold" in given else np.ones(200)
            axes.plot(at, rate.gamma * factor, marker=marker, color=COLOURS[colour], label=one.name)
        axes.set(
            xscale="log", yscale="log", xlabel="samples per dimension α", ylabel="learning rate γ", xlim=(0.1, stop)
        )
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
