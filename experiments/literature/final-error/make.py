"""The final error against the width of the student, erf, first layer alone, M = 2."""

import numpy as np

PAPER = "Goldt et al. 2019"
TITLE = "The final error of wide students"
SOURCE = "authors' notebook (github.com/sgoldt/pyscm, 8fa511c), final error in the limit of small noise"
#: ε*/(σ²η/2π · (L + M/√3)) at M = 2, evaluated from the notebook: {(L, η): ratio}.
PUBLISHED = {
    (0, 0.02): 1.00868196, (0, 0.1): 1.04498194, (0, 0.2): 1.09422998,
    (1, 0.02): 1.01460109, (1, 0.1): 1.07755217, (1, 0.2): 1.16819905,
    (2, 0.02): 1.02097464, (2, 0.1): 1.11449445, (2, 0.2): 1.25865109,
    (4, 0.02): 1.03423056, (4, 0.1): 1.19831901, (4, 0.2): 1.49481267,
}  # fmt: skip
TEACHERS = 2


def law(L, rate, noise):
    """The final error at small η."""
    return noise * rate / (2 * np.pi) * (L + TEACHERS / np.sqrt(3))


def surplus(page, L, rate, apart=0.0, **changes):
    """Students on the teachers and L more, at zero or in pairs ±u of |u|² = ``apart``."""
    K = TEACHERS + L
    Q, M = np.zeros((K, K)), np.zeros((K, TEACHERS))
    Q[:TEACHERS, :TEACHERS] = M[:TEACHERS] = np.eye(TEACHERS)
    signs = (-1.0) ** np.arange(L)
    Q[TEACHERS:, TEACHERS:] = apart * np.outer(signs, signs)
    start = {"initial": {"kind": "overlaps", "Q": Q.tolist(), "M": M.tolist()}}
    return page.spec({"student.width": K, "learning_rate.gamma": rate, **start, **changes})


def final(page, L, rate, apart=0.0):
    """The risk that the equations end on, relative to the law at small η."""
    spec = surplus(page, L, rate, apart)
    return page.integrate(spec).risk[-1] / law(L, rate, spec.teacher.noise)


def make(page):
    rates, extra = ((0.02, 0.1, 0.2), (0, 1, 2, 4)) if not page.quick else ((0.1,), (0, 1, 2))
    found = {(L, rate): final(page, L, rate) for L in extra for rate in rates}
    for (L, rate), ratio in found.items():
        words = f"ε*/(σ²η/2π · (L + M/√3)), L = {L}, η = {rate}"
        page.number(words, PUBLISHED[L, rate], ratio, within=2e-3, basis="read")
    norms = np.array([0, 0.1, 0.3, 1.0, 3.0])
    pairs = np.array([final(page, 2, 0.02, norm) for norm in norms])
    expected = (2 / np.sqrt(1 + 2 * norms) + TEACHERS / np.sqrt(3)) / (2 + TEACHERS / np.sqrt(3))
    words = "the same for L = 2 with |u|² = 1 in a cancelling pair ±u, η = 0.02"
    page.number(words, expected[3], pairs[3], within=0.03, source="derived on the page", basis="derived")
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for rate in rates:
            heights = [found[L, rate] * law(L, 1.0, 1.0) for L in extra]
            (dots,) = left.plot([TEACHERS + L for L in extra], heights, "o", label=f"equations, η = {rate}")
            exact = [PUBLISHED[L, rate] * law(L, 1.0, 1.0) for L in extra]
            left.plot([TEACHERS + L for L in extra], exact, color=dots.get_color(), linewidth=0.8)
        left.plot([TEACHERS + L for L in extra], [law(L, 1.0, 1.0) for L in extra], "--", color="0.4", label="η → 0")
        left.set(xlabel="K", ylabel="ε*/(ησ²)", title="lines: the paper's expression")
        left.legend()
        right.plot(norms, pairs, "o", label="equations, L = 2, η = 0.02")
        fine = np.linspace(0, 3, 100)
        right.plot(
            fine,
            (2 / np.sqrt(1 + 2 * fine) + TEACHERS / np.sqrt(3)) / (2 + TEACHERS / np.sqrt(3)),
            "--",
            color="0.4",
            label="(ησ²/4) Σ E[g'²]",
        )
        right.set(xlabel="|u|² of a pair ±u that cancels", ylabel="ε* over the law", ylim=(0, 1.1))
        right.legend()
