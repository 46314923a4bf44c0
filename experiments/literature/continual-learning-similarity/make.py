"""Forgetting of a first task while a second is learnt, against the similarity of their features."""

import numpy as np

from sgdode.gaussian.risk import risk_function
from sgdode.spec.build import build

PAPER = "Lee, Goldt & Saxe 2021"
TITLE = "Forgetting and similarity"
SOURCE = "arXiv:2107.04384, abstract: intermediate task similarity leads to greatest forgetting"
HEAD = [0.02, 0.01]


def learn(page, V, first=None):
    """One task; the second where the end of the ``first`` is given, with a fresh head."""
    changes = {"teacher.overlap": [[1.0, V], [V, 1.0]]}
    if first is not None:
        start = {"kind": "overlaps", "Q": first.Q[-1].tolist(), "M": first.M[-1].tolist()}
        changes |= {"initial": start, "teacher.output_weights": [0.0, 2.0], "student.output_weights": HEAD}
    return page.integrate(page.spec(changes))


def forgetting(page, V):
    """Time (T,) and the risk on the first task (T,) with its own head, as the second is learnt, and that run."""
    first = learn(page, V)
    second = learn(page, V, first)
    risk = risk_function(build(first.spec))
    head = first.curves["output_weights"][-1]
    old = np.array([risk(Q, M, second.P, head) for Q, M in zip(second.Q, second.M, strict=True)])
    return first, second, old


def make(page):
    similarities = np.linspace(0, 1, 6 if page.quick else 21)
    found = [forgetting(page, float(V)) for V in similarities]
    lost = np.array([old[-1] - old[0] for _, _, old in found])
    most = int(np.argmax(lost))
    words = f"greatest at V = {similarities[most]:.2f}: {lost[most]:.3g}; V = 0: {lost[0]:.3g}; V = 1: {lost[-1]:.3g}"
    holds = 0 < most < len(lost) - 1 and lost[most] > 1.2 * max(lost[0], lost[-1])
    page.claim(
        "forgetting against the similarity V of the features", "greatest at intermediate V", words, holds, basis="read"
    )
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for i in (0, most, len(lost) - 1):
            first, second, old = found[i]
            t = np.concatenate([first.time, first.time[-1] + second.time])
            (line,) = left.semilogy(t, np.concatenate([first.risk, old]), label=f"V = {similarities[i]:.2g}")
            left.semilogy(first.time[-1] + second.time, second.risk, ":", color=line.get_color(), linewidth=1)
        left.set(xlabel="t", ylabel="risk on task 1; dotted: task 2", ylim=(1e-6, 1))
        left.legend()
        right.plot(similarities, lost, "o-")
        right.set(xlabel="similarity V", ylabel="forgetting of task 1", ylim=(0, None))
