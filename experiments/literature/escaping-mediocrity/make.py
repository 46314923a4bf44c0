"""Exit times from mediocrity against the annealed and the quenched formula, the best rate and the final risk."""

import numpy as np
from gallery import COLOURS, crossing
from scipy.stats import chi2

PAPER = "Arnaboldi et al. 2023"
TITLE = "Escaping mediocrity"
SOURCE = "arXiv:2305.18502, source of the main section; stored data of github.com/IdePHICS/EscapingMediocrity"
FALL = 0.1


def growth(rate, noise):
    """Of m² per unit of t: 8(1 − 6γ) − 4γΔ."""
    return 8 * (1 - 6 * rate) - 4 * rate * noise


def annealed(d, rate, noise):
    """The exit time from m² = 1/d."""
    return np.log(FALL * d + 1 - FALL) / growth(rate, noise)


def quenched(d, rate, noise, share=1.0):
    """Averaged over starts m² = μ share/d, μ ~ χ²(1)."""
    mu = share * chi2.ppf((np.arange(20000) + 0.5) / 20000, 1)
    return float(np.mean(np.maximum(np.log((FALL * d + 1 - FALL) / mu), 0.0)) / growth(rate, noise))


def diffusion(rate, noise):
    """1 + what the noise of SGD adds to the variance of m, in units of 1/d: 48γ/(2r), r the growth of m."""
    return 1 + 48 * rate / growth(rate, noise)


def exits(page, d, starts, rate=0.1):
    """Times at which the risk of SGD has fallen by the share FALL from 2, each run from a start of its own."""
    found = []
    for seed in range(starts):
        run = page.simulate(
            page.spec({"dimension": d, "initial.seed": seed, "seed": seed, "learning_rate.gamma": rate})
        )
        found.append(crossing(run.time, run.risk[0], 2 * (1 - 1 / d) * (1 - FALL)))
    return np.array(found)


def exit_of_the_equations(page, d, rate):
    """From m² = 1/d."""
    start = {"kind": "overlaps", "Q": [[1.0]], "M": [[1 / np.sqrt(d)]]}
    stop = 2 + 1.2 * annealed(d, rate, 1e-4)
    run = page.integrate(page.spec({"dimension": d, "initial": start, "learning_rate.gamma": rate, "time.stop": stop}))
    return crossing(run.time, run.risk, run.risk[0] * (1 - FALL))


def final_risk(page):
    """From the overlap of the stored run, at t = 20."""
    start = {"kind": "overlaps", "Q": [[1.0]], "M": [[0.0184817]]}
    return page.integrate(page.spec({"time.stop": 20, "initial": start})).risk[-1]


def lowest(x, y):
    """Where a curve is lowest, by a cubic through the points around."""
    near = np.argsort(np.abs(x - x[np.argmin(y)]))[:9]
    fine = np.linspace(x[near].min(), x[near].max(), 10001)
    return float(fine[np.argmin(np.polyval(np.polyfit(x[near], y[near], 3), fine))])


def make(page):
    rate, noise = 0.1, 1e-4
    dims, starts = ([300, 3000], 24) if page.quick else ([100, 300, 1000, 3000], 64)
    theory = [exit_of_the_equations(page, d, rate) for d in dims]
    runs = [exits(page, d, starts) for d in dims]
    mean = np.array([one.mean() for one in runs])
    error = np.array([one.std(ddof=1) / np.sqrt(starts) for one in runs])
    at, law = dims.index(3000), (3000, rate, noise)
    words = "exit time from m² = 1/d, d = 3000: equations, annealed formula"
    page.number(words, annealed(*law), theory[at], within=0.03, basis="read")
    words = "mean exit time over random starts, d = 3000: SGD, quenched formula"
    page.number(words, quenched(*law), mean[at], error=error[at], within=0.05, basis="read")
    words = "the same, the noise of SGD added to the variance of the start"
    expected = quenched(*law, diffusion(rate, noise))
    page.number(words, expected, mean[at], error=error[at], within=0.08, basis="derived")
    rates = np.linspace(0.05, 0.12, 11 if page.quick else 29)
    samples = np.array([exit_of_the_equations(page, 3000, one) / one for one in rates])
    words = "the rate that leaves with the fewest samples, 1/(12 + Δ)"
    page.number(words, 1 / (12 + noise), lowest(rates, samples), within=0.02, basis="read")
    page.number("final risk γΔ/(1 − 6γ), d = 3000", 2.50001e-5, final_risk(page), within=1e-3, basis="read")
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for d, one in zip(dims, runs, strict=True):
            left.semilogx(np.full(len(one), d), one, ".", color="0.8", markersize=3)
        left.errorbar(dims, mean, error, fmt="o", color=COLOURS[1], label="SGD, mean over random starts")
        left.plot(dims, theory, "s", color=COLOURS[0], label="equations from m² = 1/d")
        left.plot(dims, [annealed(d, rate, noise) for d in dims], "--", color=COLOURS[0], label="annealed formula")
        left.plot(dims, [quenched(d, rate, noise) for d in dims], "--", color=COLOURS[1], label="quenched formula")
        noisy = [quenched(d, rate, noise, diffusion(rate, noise)) for d in dims]
        left.plot(dims, noisy, ":", color=COLOURS[1], label="quenched, with the noise of SGD")
        left.set(xlabel="d", ylabel="exit time t")
        left.legend(fontsize=6.5)
        right.plot(rates, samples, "o", label="equations, d = 3000")
        right.plot(
            rates, [annealed(3000, one, noise) / one for one in rates], "--", color="0.4", label="annealed formula"
        )
        right.axvline(1 / 12, color="0.7", linewidth=0.8)
        right.set(xlabel="γ", ylabel="samples to the exit, over d")
        right.legend()
