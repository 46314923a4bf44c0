"""Error bars where an integration asks for them: refused before anything is solved, or found after it."""

from __future__ import annotations

from sgdode.equations.system import Method, System
from sgdode.errors import Defect, SpecError
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import Start

#: Of more overlaps than this a covariance along a path, or the Jacobian, takes hours.
MOST_FLUCTUATING, MOST_SAMPLED = 2000, 5000


def refuse_fluctuations(method: Method, equations: System) -> None:
    """Before anything is solved, what would be refused after it. Raises SpecError."""
    if not method.fluctuations:
        return
    if equations.name != "full":
        reason = f"only along equations: full; auto takes {equations.name} here: set integrate.equations: full"
        raise SpecError([Defect("", "integrate.fluctuations", reason)])
    dense, size = method.fluctuations is True, len(equations.y0)
    if size > (most := MOST_FLUCTUATING if dense else MOST_SAMPLED):
        other = ", or set integrate.fluctuations: risk" if dense and size <= MOST_SAMPLED else ""
        reason = f"fluctuations of {size} overlaps are out of reach (up to {most}); lower it{other}"
        raise SpecError([Defect("", "student.width", f"{reason}, or set integrate.fluctuations: false")])


def asked_fluctuations(
    problem: Problem, beginning: Start | None, equations: System, times: Array, method: Method
) -> tuple[dict[str, Array], list[str], dict[str, float]]:
    """The predicted standard deviations over runs at ``times`` (T,), where they are asked for, their warnings, and
    their error."""
    if not method.fluctuations or beginning is None or len(times) < 2:
        return {}, [], {}
    from sgdode.equations.fluctuations.linear_noise import fluctuations  # which brings what no other run needs

    found = fluctuations(problem, beginning, equations, times, method.atol, method.fluctuations)
    return found.curves, found.warnings, found.report
