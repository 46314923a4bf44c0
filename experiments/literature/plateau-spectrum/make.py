"""The symmetric plateau for inputs of L distinct eigenvalues: it shortens, and in the end disappears."""

import numpy as np
from gallery import crossing

from sgdode.analysis.plateau import plateau

PAPER = "Worschech & Rosenow 2025"
TITLE = "Plateaus and the spread of eigenvalues"
SOURCE = "arXiv:2410.09005, abstract and caption of figure 1; Yoshida & Okada, arXiv:2001.03371, abstract"


def curve(page, L, **changes):
    """The equations with L eigenvalues l^(−2), each of as many dimensions."""
    blocks = [[1 / L, float(index) ** -2.0] for index in range(1, L + 1)]
    return page.integrate(page.spec({"inputs.spectrum": {"blocks": blocks}, **changes}))


def length(run):
    """log10 of the end over the start of the plateau; 0 where there is none."""
    found = plateau(run.time, run.risk)
    return 0.0 if found is None else float(np.log10(found.end / found.start))


def hundredfold(run):
    """The decades of t in which the risk falls from 5e-3, below the plateau, to 5e-5."""
    high, low = (crossing(run.time, run.risk, level) for level in (5e-3, 5e-5))
    return float(np.log10(low / high))


def make(page):
    counts = [1, 4, 16] if page.quick else [1, 2, 4, 8, 16]
    names = f"L = {', '.join(map(str, counts))}: "
    runs = [curve(page, L) for L in counts]
    lengths = [length(run) for run in runs]
    falls = all(np.diff(lengths) <= 1e-9) and lengths[-1] == 0.0
    told = names + ", ".join(f"{one:.2f}" for one in lengths) + " decades of t"
    page.claim("length of the plateau against L", "decreases until it disappears", told, falls, basis="read")
    slow = [hundredfold(run) for run in runs]
    told = names + ", ".join(f"{one:.2f}" for one in slow) + " decades of t"
    holds = all(np.diff(slow) > 0) and slow[-1] > 5 * slow[0]
    page.claim(
        "a hundredfold fall after the plateau", "slows down, exponential to power law", told, holds, basis="read"
    )
    with page.figure() as figure:
        left, right = figure.subplots(1, 2)
        for L, run in zip(counts, runs, strict=True):
            left.loglog(run.time[1:] * 20, run.risk[1:], label=f"L = {L}")
        left.set(xlabel="α = 2t/η", ylabel="risk", ylim=(1e-6, 1))
        left.legend(fontsize=7)
        right.semilogx(counts, lengths, "o-", label="on the plateau")
        right.semilogx(counts, slow, "s--", label="from 5e-3 to 5e-5")
        right.set(xlabel="distinct eigenvalues L", ylabel="decades of t", ylim=(0, None))
        right.legend()
