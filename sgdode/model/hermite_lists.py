"""Lists of Hermite coefficients that stand for a function which is no polynomial: what they leave out, and what their
degree does where fields are large."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sgdode.model.activations import Activation, hermite_series

#: A field that SGD meets where neurons grow: one in two million is as large where Q_ii = 4.
LARGE_FIELD = 10.0
#: Shares of the variance below this are round-off.
NOTHING = 1e-24
#: Fewer nonzero coefficients beyond the constant tell of no function but the polynomial itself.
_FEWEST = 4
#: What a last coefficient may have of the variance in a list that falls off.
_SMALL = 0.1


def degree(coefficients: Sequence[float]) -> int:
    """The degree of Σ_n c_n h_n, round-off aside."""
    least = 1e-9 * max(map(abs, coefficients))
    return max((n for n, c in enumerate(coefficients) if abs(c) > least), default=0)


def left_out(coefficients: Sequence[float]) -> float:
    """The share of the variance of f that c_0 … c_n leave out, where they fall off as those of a function that is no
    polynomial do: the last ones (two, for even and odd) and their fall make it, as a geometric series. Else 0."""
    squares = [c * c for c in coefficients[1:]]
    if not (total := sum(squares)) > 0.0:
        return 0.0
    kept = [square / total for square in squares if square > NOTHING * total]
    if len(kept) < _FEWEST or not kept[-1] < _SMALL or not max(kept[-2:]) < max(kept[:2]):
        return 0.0
    fall = min((kept[-1] / kept[0]) ** (1.0 / (len(kept) - 1)), 0.99)
    return kept[-1] * fall / (1.0 - fall)


def growth(coefficients: Sequence[float]) -> str:
    """What the degree does, for a reader."""
    import numpy as np

    value = hermite_series(tuple(coefficients)).sample(np.array([LARGE_FIELD]))[0][0]
    size = math.sqrt(sum(c * c for c in coefficients))
    return (
        f"at large fields it grows as x^{degree(coefficients)} ({value:.3g} at x = {LARGE_FIELD:g}; its root mean "
        f"square is {size:.3g}), so that SGD and its equations may diverge where those of the function do not"
    )


def caution(key: str, activation: Activation) -> tuple[str, ...]:
    """The warning of a list that was cut off, under the key of its activation."""
    coefficients = activation.hermite
    share = 0.0 if coefficients is None else left_out(coefficients)
    if coefficients is None or not share:
        return ()
    return (
        f"{key}: the Hermite coefficients fall off as those of a function that is no polynomial do: about {share:.1g} "
        f"of its variance is cut off, and {growth(coefficients)}; sgdode.Activation(f, df) takes the function itself",
    )
