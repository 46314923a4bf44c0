"""An activation from a table of values: a smooth curve through them, straight beyond both ends."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sgdode.model.activations import Activation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST, MOST = 4, 10_000


@lru_cache(16)
def table_activation(x: tuple[float, ...], y: tuple[float, ...]) -> Activation:
    """The cubic spline with two continuous derivatives through the points (x, y), x increasing (FEWEST to MOST)."""
    import numpy as np
    from scipy.interpolate import CubicSpline

    curve = CubicSpline(x, y)
    slope, low, high = curve.derivative(), x[0], x[-1]
    knots, coefficients = np.array(x), np.ascontiguousarray(curve.c[::-1])
    ends = np.array([curve(low), slope(low), curve(high), slope(high)])

    def f(t: Array) -> Any:
        inside = np.clip(t, low, high)
        return curve(inside) + slope(inside) * (t - inside)

    def df(t: Array) -> Any:
        return slope(np.clip(t, low, high))

    def value(t: float) -> float:
        if t <= knots[0]:
            return float(ends[0] + ends[1] * (t - knots[0]))
        if t >= knots[-1]:
            return float(ends[2] + ends[3] * (t - knots[-1]))
        i = np.searchsorted(knots, t) - 1
        h = t - knots[i]
        c = coefficients[:, i]
        return float(c[0] + h * (c[1] + h * (c[2] + h * c[3])))

    def rise(t: float) -> float:
        if t <= knots[0]:
            return float(ends[1])
        if t >= knots[-1]:
            return float(ends[3])
        i = np.searchsorted(knots, t) - 1
        h = t - knots[i]
        c = coefficients[:, i]
        return float(c[1] + h * (2.0 * c[2] + h * 3.0 * c[3]))

    f.scalar, df.scalar = value, rise  # type: ignore[attr-defined]
    return Activation(f, df, name="table")
