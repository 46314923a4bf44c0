"""The final error against the width: erf, relu and linear with the first layer alone, and erf with both layers."""

import numpy as np

PAPER = "Goldt et al. 2019"
TITLE = "One layer or both"
SOURCE = "abstract of arXiv:1906.08632; laws derived on the page"
TEACHERS = 2


def first_layer(page, activation, K, rate=0.01):
    """The final error over ησ², students sharing the teachers between them."""
    M = np.array([[float(i % TEACHERS == r) for r in range(TEACHERS)] for i in range(K)])
    share = M.sum(axis=0)
    M = 0.9 * M / share if activation != "erf" else M * (np.arange(K) < TEACHERS)[:, None]
    Q = M @ M.T + (0.0 if activation == "erf" else 0.01) * np.eye(K)
    both = {"teacher.activation": activation, "student.activation": activation, "student.train_output": 0.0}
    start = {"initial": {"kind": "overlaps", "Q": Q.tolist(), "M": M.tolist()}, "student.output_weights": "width"}
    spec = page.spec(
        {
            "student.width": K,
            "dimension": "inf",
            "learning_rate.gamma": rate,
            **both,
            **start,
            "teacher.noise": 1e-4,
            "time.stop": 400,
        }
    )
    return page.integrate(spec).risk[-1] / (rate * spec.teacher.noise)


def law(activation, K, rate=0.01):
    """Of the first layer: (1/4) Σ E[g'²] at small η, and for linear units at any η."""
    if activation == "linear":
        return K / (4 - 2 * rate * K)
    return K / 8 if activation == "relu" else (K - TEACHERS + TEACHERS / np.sqrt(3)) / (2 * np.pi)


def both_layers(page, K):
    """The final error over ησ², and Σ v_i² E[g'(λ_i)²]/4 of the state in which it ends."""
    spec = page.spec(
        {
            "student.width": K,
            "student.output_weights": float(TEACHERS),
            "student.train_output": float(K**2),
            "save": ["risk", "M", "Q"],
        }
    )
    run = page.integrate(spec)
    v = run.curves["output_weights"][-1] / K
    slope = 2 / np.pi / np.sqrt(1 + 2 * np.diag(run.Q[-1]))
    return run, run.risk[-1] / (0.1 * spec.teacher.noise), float(v**2 @ slope) / 4


def make(page):
    widths = [2, 4] if page.quick else [2, 3, 4, 6, 8]
    alone = {kind: [first_layer(page, kind, K) for K in widths] for kind in ("erf", "relu", "linear")}
    for kind, heights in alone.items():
        words = f"ε*/(ησ²) of the first layer alone, {kind}, K = {widths[-1]}, η = 0.01"
        page.number(words, law(kind, widths[-1]), heights[-1], within=0.05, basis="derived")
        told = ", ".join(f"{one:.3g}" for one in heights)
        page.claim(
            f"it grows with K, {kind}",
            "increases with network size",
            told,
            all(np.diff(heights) > 0),
            source="abstract",
            basis="read",
        )
    runs = [both_layers(page, K) for K in widths]
    told = ", ".join(f"{one[1]:.3g}" for one in runs)
    page.claim(
        "both layers, erf",
        "stays constant or even decreases with size",
        told,
        runs[-1][1] <= runs[0][1] * 1.05,
        source="abstract",
        basis="read",
    )
    page.number(
        f"ε*/(ησ²), both layers, K = {widths[-1]}, against ¼ Σ v²E[g'²] of its own end",
        runs[-1][2],
        runs[-1][1],
        within=0.2,
        basis="derived",
    )
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for kind, heights in alone.items():
            (dots,) = left.plot(widths, heights, "o", label=f"{kind}, first layer")
            left.plot(widths, [law(kind, K) for K in widths], "--", color=dots.get_color(), linewidth=0.9)
        left.plot(widths, [one[1] for one in runs], "s-", color="k", label="erf, both layers")
        left.set(xlabel="K", ylabel="ε*/(ησ²)", ylim=(0, None))
        left.legend()
        for K, (run, _, _) in zip(widths, runs, strict=True):
            right.loglog(run.time[1:], run.risk[1:], label=f"K = {K}")
        right.set(xlabel="t", ylabel="risk, erf, both layers")
        right.legend()
