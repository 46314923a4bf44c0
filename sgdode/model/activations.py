"""The activations: one record each, in one dict.

A built-in record is a plain loop over local fields that fills σ and σ'; ``sgdode.jit.units`` turns it into machine code
on first use, so that nothing heavy is imported for the names alone. "erf" always means σ(x) = erf(x/√2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sgdode.model.record import as_numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: The slope of leaky-relu below 0.
LEAKY_SLOPE = 0.01
_SQRT_HALF = 1.0 / math.sqrt(2.0)
_SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True)
class Activation:
    """An activation s(λ) = f(gain · λ): a built-in one, a Hermite series, or functions of one's own.

    ``f``, ``df``: f and f' on NumPy arrays. ``loop``: fills both for an array of local fields, ``loop(x, s, ds)``; made
    from ``f`` and ``df`` where absent. What is known in closed form: ``ramp``, the slope below 0 of a piecewise linear
    f of slope 1 above; ``degree`` of a polynomial; ``sigmoidal``: f is a scale mixture of erfs; ``hermite``: the
    coefficients of a series. ``meaning``: one line for a reader. ``d2f`` is taken and not used.
    """

    f: Callable[[Array], Array] | None = None
    df: Callable[[Array], Array] | None = None
    d2f: InitVar[Callable[[Array], Array] | None] = None
    loop: Callable[[Array, Array, Array], None] | None = None
    name: str = ""
    gain: float = 1.0
    ramp: float | None = None
    degree: int | None = None
    sigmoidal: bool = False
    hermite: tuple[float, ...] | None = None
    meaning: str = field(default="", compare=False)

    @property
    def own(self) -> bool:
        """Whether nothing is known of it but its values."""
        return self.hermite is None and self.degree is None and self.name not in ACTIVATIONS

    def sample(self, x: Array) -> tuple[Array, Array]:
        """f and f' (no gain) at ``x`` (n,), in plain Python."""
        import numpy as np

        values, slopes = np.empty(x.shape), np.empty(x.shape)
        if self.loop is not None:
            self.loop(x, values, slopes)
        else:
            assert self.f is not None
            assert self.df is not None
            values[:], slopes[:] = self.f(x), self.df(x)
        return values, slopes

    def __post_init__(self, d2f: Any) -> None:
        as_numbers(self)


def fault(activation: Any) -> str | None:
    """Why an activation of one's own cannot be used; None where it can."""
    import numpy as np

    if not isinstance(activation, Activation):
        return f"a {type(activation).__name__} is no activation; give sgdode.Activation(f, df), σ and σ' on arrays"
    if activation.loop is None and None in (activation.f, activation.df):
        return "its derivative is missing; give sgdode.Activation(f, df)"
    x, step = np.linspace(-3.0, 3.0, 40), 1e-5
    try:
        with np.errstate(all="ignore"):
            values, slopes = activation.sample(x)
            found = (activation.sample(x + step)[0] - activation.sample(x - step)[0]) / (2.0 * step)
    except Exception as error:
        return f"f and df are to take NumPy arrays, and fail on one: {error}"
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        return "f and df are to be finite, and are not everywhere between −3 and 3"
    wrong = np.abs(found - slopes) > 1e-3 * (1.0 + np.abs(found))
    if wrong.mean() > 0.2:  # a kink or a jump is at few of these points
        n = int(np.argmax(np.abs(found - slopes)))
        return f"df is not the derivative of f: at {x[n]:.3g} df gives {slopes[n]:.4g}, differences of f {found[n]:.4g}"
    return None


def _erf(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        s[i] = math.erf(_SQRT_HALF * x[i])
        ds[i] = _SQRT_TWO_OVER_PI * math.exp(-0.5 * x[i] * x[i])


def _square(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        s[i] = x[i] * x[i]
        ds[i] = 2.0 * x[i]


def _relu(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        s[i] = 0.0 if x[i] < 0.0 else x[i]
        ds[i] = 1.0 if x[i] > 0.0 else 0.0


def _leaky_relu(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        ds[i] = 1.0 if x[i] > 0.0 else LEAKY_SLOPE
        s[i] = ds[i] * x[i]


def _linear(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        s[i] = x[i]
        ds[i] = 1.0


def _tanh(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        e = math.exp(-2.0 * abs(x[i]))
        s[i] = math.tanh(x[i])
        ds[i] = 4.0 * e / ((1.0 + e) * (1.0 + e))


def _sigmoid(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        e = math.exp(-abs(x[i]))
        s[i] = (1.0 if x[i] > 0.0 else e) / (1.0 + e)
        ds[i] = e / ((1.0 + e) * (1.0 + e))


def _softplus(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        e = math.exp(-abs(x[i]))
        s[i] = max(x[i], 0.0) + math.log1p(e)
        ds[i] = (1.0 if x[i] > 0.0 else e) / (1.0 + e)


def _gelu(x: Array, s: Array, ds: Array) -> None:
    for i in range(x.size):
        below = 0.5 * math.erfc(-_SQRT_HALF * x[i])
        s[i] = x[i] * below
        ds[i] = below + 0.5 * _SQRT_TWO_OVER_PI * x[i] * math.exp(-0.5 * x[i] * x[i])


@lru_cache
def hermite_series(coefficients: tuple[float, ...]) -> Activation:
    """Σ_n c_n h_n(x) with h_n = He_n/√n! orthonormal under N(0,1), as an Activation.

    By √n h_n = x h_{n−1} − √(n−1) h_{n−2} and h_n' = √n h_{n−1}. (In powers of x forty terms are wrong by 1e-4, a
    hundred by 1e5.)
    """
    import numpy as np

    series, root = np.array(coefficients), np.sqrt(np.arange(len(coefficients)))

    def loop(x: Array, s: Array, ds: Array) -> None:
        for i in range(x.size):
            before, h = 0.0, 1.0
            value, slope = series[0], 0.0
            for n in range(1, series.size):
                slope += series[n] * root[n] * h
                before, h = h, (x[i] * h - root[n - 1] * before) / root[n]
                value += series[n] * h
            s[i] = value
            ds[i] = slope

    return Activation(loop=loop, name="hermite", degree=len(coefficients) - 1, hermite=coefficients)


ACTIVATIONS: dict[str, Activation] = {
    record.name: record
    for record in (
        Activation(name="erf", loop=_erf, sigmoidal=True, meaning="erf(x/√2)"),
        Activation(name="relu", loop=_relu, ramp=0.0, meaning="x above 0, 0 below"),
        Activation(name="square", loop=_square, degree=2, meaning="x²"),
        Activation(name="linear", loop=_linear, ramp=1.0, degree=1, meaning="x"),
        Activation(name="tanh", loop=_tanh, sigmoidal=True, meaning="tanh(x)"),
        Activation(name="sigmoid", loop=_sigmoid, sigmoidal=True, meaning="1/(1 + exp(−x))"),
        Activation(name="gelu", loop=_gelu, meaning="x Φ(x), Φ the normal distribution function"),
        Activation(name="softplus", loop=_softplus, meaning="log(1 + exp(x))"),
        Activation(name="leaky-relu", loop=_leaky_relu, ramp=LEAKY_SLOPE, meaning="x above 0, 0.01 x below"),
    )
}
