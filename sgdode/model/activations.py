"""The activations: one record each, in one dict.

A built-in record is a plain loop over local fields that fills σ and σ'; ``sgdode.jit.units`` turns it into machine code
on first use, so that nothing heavy is imported for the names alone. "erf" always means σ(x) = erf(x/√2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: The slope of leaky-relu below 0.
LEAKY_SLOPE = 0.01
_SQRT_HALF = 1.0 / math.sqrt(2.0)
_SQRT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True)
class Activation:
    """An activation σ, as functions of one's own or as a loop.

    ``f``, ``df``, ``d2f``: σ, σ' and σ'' on NumPy arrays (σ'' may be left out).
    ``loop``: fills σ and σ' for an array of local fields, ``loop(x, s, ds)``; made from ``f`` and ``df`` where absent.
    """

    f: Callable[[Any], Any] | None = None
    df: Callable[[Any], Any] | None = None
    d2f: Callable[[Any], Any] | None = None
    loop: Callable[[Any, Any, Any], None] | None = None

    def sample(self, x: Any) -> tuple[Any, Any]:
        """σ and σ' at the local fields ``x`` (n,), in plain Python."""
        import numpy as np

        values, slopes = np.empty(x.shape), np.empty(x.shape)
        if self.loop is not None:
            self.loop(x, values, slopes)
        else:
            assert self.f is not None
            assert self.df is not None
            values[:], slopes[:] = self.f(x), self.df(x)
        return values, slopes


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


def _erf(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        s[i] = math.erf(_SQRT_HALF * x[i])
        ds[i] = _SQRT_TWO_OVER_PI * math.exp(-0.5 * x[i] * x[i])


def _square(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        s[i] = x[i] * x[i]
        ds[i] = 2.0 * x[i]


def _relu(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        s[i] = 0.0 if x[i] < 0.0 else x[i]
        ds[i] = 1.0 if x[i] > 0.0 else 0.0


def _leaky_relu(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        ds[i] = 1.0 if x[i] > 0.0 else LEAKY_SLOPE
        s[i] = ds[i] * x[i]


def _linear(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        s[i] = x[i]
        ds[i] = 1.0


def _tanh(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        e = math.exp(-2.0 * abs(x[i]))
        s[i] = math.tanh(x[i])
        ds[i] = 4.0 * e / ((1.0 + e) * (1.0 + e))


def _sigmoid(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        e = math.exp(-abs(x[i]))
        s[i] = (1.0 if x[i] > 0.0 else e) / (1.0 + e)
        ds[i] = e / ((1.0 + e) * (1.0 + e))


def _softplus(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        e = math.exp(-abs(x[i]))
        s[i] = max(x[i], 0.0) + math.log1p(e)
        ds[i] = (1.0 if x[i] > 0.0 else e) / (1.0 + e)


def _gelu(x: Any, s: Any, ds: Any) -> None:
    for i in range(x.size):
        below = 0.5 * math.erfc(-_SQRT_HALF * x[i])
        s[i] = x[i] * below
        ds[i] = below + 0.5 * _SQRT_TWO_OVER_PI * x[i] * math.exp(-0.5 * x[i] * x[i])


ACTIVATIONS: dict[str, Activation] = {
    "erf": Activation(loop=_erf),
    "relu": Activation(loop=_relu),
    "square": Activation(loop=_square),
    "linear": Activation(loop=_linear),
    "tanh": Activation(loop=_tanh),
    "sigmoid": Activation(loop=_sigmoid),
    "gelu": Activation(loop=_gelu),
    "softplus": Activation(loop=_softplus),
    "leaky-relu": Activation(loop=_leaky_relu),
}
