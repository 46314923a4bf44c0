"""The final risk against d for widths d^κ and rates d^(−δ): it falls where κ + δ > 0, and stays on the line."""

import numpy as np
from gallery import COLOURS, slope

PAPER = "Veiga et al. 2022"
TITLE = "The diagram of width and rate"
SOURCE = "arXiv:2202.00293: perfect learning for κ > −δ (read in a summary of the paper); exponent derived on the page"
#: κ, δ, and the factor of d^κ that makes whole widths.
POINTS = (
    (0.0, 0.0, 4),
    (0.25, -0.25, 2),
    (0.0, 0.25, 4),
    (0.25, 0.0, 2),
    (0.25, 0.25, 2),
    (0.0, 0.5, 4),
    (0.0, -0.125, 4),
)


def run(page, kappa, delta, p0, d):
    """The equations at one dimension."""
    p = round(p0 * d**kappa)
    start = {"kind": "overlaps", "Q": np.ones((p, p)).tolist(), "M": np.ones((p, 1)).tolist()}
    rate = {"learning_rate.gamma": 0.1, "learning_rate.d_exponent": -delta}
    return page.integrate(page.spec({"dimension": d, "student.width": p, "initial": start, **rate}))


def make(page):
    dims = [256, 4096] if page.quick else [256, 4096, 65536]
    with page.figure(height=3.9) as figure:
        left, right = figure.subplots(1, 2)
        for kappa, delta, p0 in POINTS:
            runs = [run(page, kappa, delta, p0, d) for d in dims]
            floors = [one.risk[-1] for one in runs]
            exponent = slope(np.log(dims), np.log(floors))
            words = f"exponent of the final risk in d, κ = {kappa}, δ = {delta}"
            law = -(kappa + delta)
            if law == 0.0:
                page.claim(
                    words, "0: a plateau whatever d is", f"{exponent:.3f}", abs(exponent) < 0.01, basis="derived"
                )
            else:
                page.number(words, law, exponent, within=0.05, basis="derived")
            left.loglog(dims, floors, "o-", label=f"κ = {kappa}, δ = {delta}")
            right.text(kappa, delta, "  " + f"{exponent:.2f}".replace("-0.00", "0.00"), va="center", fontsize=8)
            right.plot(kappa, delta, "o", color=COLOURS[2] if law < 0 else COLOURS[0] if law == 0 else COLOURS[1])
        left.set(xlabel="d", ylabel="final risk")
        figure.legend(loc="outside lower center", ncols=4, fontsize=7)
        line = np.array([0, 0.4])
        right.plot(line, -line, "--", color="0.4")
        right.set(
            xlabel="κ: width d^κ", ylabel="δ: rate d^(−δ)", xlim=(-0.05, 0.4), title="exponent of the final risk in d"
        )
