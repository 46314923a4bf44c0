"""The largest learning rate of perfect learning, K = M = 1 to 8, by linear stability and by integration."""

import numpy as np

from sgdode.runs.fixed_points import fixed_points

PAPER = "Saad & Solla 1995; Biehl & Schwarze 1995"
TITLE = "The largest learning rate"
#: Where the final error of Goldt et al. diverges: poles of the expression in the authors' notebook, at L = 0.
PUBLISHED = {1: 4.05577868, 2: 2.30682770, 3: 1.62067451, 4: 1.24939278, 6: 0.85666257, 8: 0.65168490}
SOURCE = "poles in η of the final error in Goldt et al.'s notebook, github.com/sgoldt/pyscm"
CLOSED = "√3π/(K − 1 + 3/√5), as remembered of Phys. Rev. E 52:4225; derived on the page for isotropic deviations"


def closed(K):
    """Where isotropic deviations from the teachers neither grow nor fall."""
    return np.sqrt(3) * np.pi / (K - 1 + 3 / np.sqrt(5))


def committee(page, K, **changes):
    """The spec with K students and teachers."""
    return page.spec({"student.width": K, "teacher.width": K, **changes})


def largest(page, K):
    """The rate above which perfect learning is unstable, by the eigenvalues of the full equations."""
    return fixed_points(committee(page, K), tries=0).largest_stable_gamma


def growth(page, K, rate):
    """The risk at the end over that in the middle, from 1e-3 off perfect learning."""
    M = np.eye(K) * (1 - 1e-3)
    start = {"initial": {"kind": "overlaps", "Q": np.eye(K).tolist(), "M": M.tolist()}}
    stop = {"learning_rate.gamma": rate, "time.stop": 200.0 * rate, "time.spacing": "linear"}
    risk = page.integrate(committee(page, K, **start, **stop)).risk
    return risk[-1] / risk[len(risk) // 2]


def make(page):
    widths = [1, 2, 3] if page.quick else list(PUBLISHED)
    found = [largest(page, K) for K in widths]
    for K, rate in zip(widths, found, strict=True):
        page.number(f"η_max, K = {K}", PUBLISHED[K], rate, within=1e-6, basis="read")
    for K, rate in zip(widths, found, strict=True):
        basis = "derived" if K == 1 else "memory"
        if K < 4:
            page.number(
                f"η_max by the short formula, K = {K}", closed(K), rate, within=1e-3, source=CLOSED, basis=basis
            )
    for K in (1, 3):
        below, above = (growth(page, K, share * PUBLISHED[K]) for share in (0.99, 1.01))
        words = f"risk over the second half at 0.99 and 1.01 η_max, K = {K}: ×{below:.3g} and ×{above:.3g}"
        page.claim(f"the risk falls below η_max alone, K = {K}", "falls; grows", words, below < 1 < above, basis="read")
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        left.plot(widths, [closed(K) for K in widths], "--", color="0.4", label="√3π/(K − 1 + 3/√5)")
        left.plot(
            widths,
            [PUBLISHED[K] for K in widths],
            "s",
            fillstyle="none",
            markersize=8,
            label="poles of Goldt et al.'s final error",
        )
        left.plot(widths, found, "o", label="sgdode")
        left.set(xlabel="K = M", ylabel="largest η", yscale="log", xscale="log")
        left.set_xticks(widths, [str(K) for K in widths])
        left.legend()
        right.plot(widths, [100 * (closed(K) / rate - 1) for K, rate in zip(widths, found, strict=True)], "o-")
        right.set(xlabel="K = M", ylabel="the short formula is high by (%)", ylim=(0, None))
