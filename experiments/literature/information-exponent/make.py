"""Samples to an overlap of ½ against the dimension, for information exponents 1, 2 and 3."""

import numpy as np
from gallery import COLOURS, crossing, slope

PAPER = "Ben Arous, Gheissari & Jagannath 2021"
TITLE = "Information exponents"
SOURCE = "arXiv:2003.10409; exponents as restated in arXiv:2305.10633 (abstract) and in arXiv:2305.18502"
#: Degree: rate at d = 1, its exponent in d, dimensions, and where t ends, in units of the escape of the flow.
PLANS = {
    1: (0.2, 0.0, (100, 300, 1000, 3000, 10000)),
    2: (0.05, 0.0, (100, 300, 1000, 3000, 10000)),
    3: (0.02, -0.5, (50, 100, 200, 400)),
}
LEVEL = 0.5


def samples(page, degree, d, seeds):
    """Samples (seeds,) until the overlap is ½, from 1/√d; inf for runs that have not got there."""
    rate, exponent, _ = PLANS[degree]
    m = 1 / np.sqrt(d)
    flow = {1: 0.8, 2: np.log(1 / m) / 2 + 0.5, 3: 1 / (3 * m)}[degree]
    series = [0.0] * degree + [1.0]
    changes = {"dimension": d, "initial.M": [[m]], "time.stop": 2.5 * flow, "simulate.seeds": seeds}
    changes |= {"learning_rate.gamma": rate, "learning_rate.d_exponent": exponent}
    changes |= {f"{who}.activation": {"hermite": series} for who in ("teacher", "student")}
    run = page.simulate(page.spec(changes))
    times = np.array([crossing(run.time, np.abs(m[:, 0, 0]), LEVEL) for m in run.M])
    return times * d / (rate * d**exponent)


def make(page):
    seeds = 8 if page.quick else 16
    with page.figure() as figure:
        axes = figure.subplots()
        for degree, (_, _, dims) in PLANS.items():
            dims = dims[:3] if page.quick else dims
            found = [samples(page, degree, d, seeds) for d in dims]
            middle = np.array([np.median(one) for one in found])
            error = np.array([one[np.isfinite(one)].std() / np.sqrt(len(one)) for one in found]) * 1.25
            law, name = {1: (1.0, "d"), 2: (1.0, "d log d"), 3: (2.0, "d²")}[degree]
            scale = middle / np.log(dims) if degree == 2 else middle
            tilt = slope(np.log(dims), np.log(scale))
            tilt_error = float(np.mean(error / middle) / np.std(np.log(dims)) / np.sqrt(len(dims)))
            divided = ", after division by log d" if degree == 2 else ""
            page.number(
                f"exponent of the samples in d, ℓ = {degree}{divided}",
                law,
                tilt,
                error=tilt_error,
                within=0.1,
                basis="read",
            )
            axes.errorbar(
                dims, middle, error, fmt="o", color=COLOURS[degree - 1], label=f"ℓ = {degree}, median of {seeds} runs"
            )
            guide = np.array(dims, dtype=float) ** law * (np.log(dims) if degree == 2 else 1)
            axes.plot(dims, guide * middle[0] / guide[0], "--", color=COLOURS[degree - 1], linewidth=0.9, label=name)
        axes.set(xscale="log", yscale="log", xlabel="d", ylabel="samples to m = ½")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
