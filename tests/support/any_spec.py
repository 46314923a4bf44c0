"""Specs drawn widely, for property tests: every key, mixed pairs, infinities, odd but allowed values; tiny to run."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

#: Few, as each of them is compiled anew.
_SERIES = ([0.0, 1.0], [0.5, 0.0, -0.7], [0.0], [0.3, 1.0, 0.2, -0.1])
_NAMES = ("erf", "relu", "square", "linear", "tanh", "sigmoid", "gelu", "softplus", "leaky-relu")
_ANY = st.sampled_from(_NAMES)
_GAIN = st.sampled_from((0.1, 0.5, 2.0, 5.0))
ACTIVATION = st.one_of(
    _ANY,
    _ANY,
    st.builds(lambda name, gain: {"name": name, "gain": gain}, _ANY, _GAIN),
    st.builds(lambda series: {"hermite": series}, st.sampled_from(_SERIES)),
    st.builds(lambda series, gain: {"hermite": series, "gain": gain}, st.sampled_from(_SERIES), _GAIN),
)
_SIZE = st.floats(1e-3, 1e3) | st.sampled_from((0.5, 1.0, 2.0))
_SMALL = st.sampled_from((0.0, 1e-3, 0.1, 1.0, 3.0))


def _output_weights(width: Any) -> st.SearchStrategy[Any]:
    plain = st.sampled_from((1.0, -1.0, 0.0, 0.5, 3.0, "width", "sqrt-width"))
    if not isinstance(width, int):
        return plain
    return plain | st.lists(st.floats(-2, 2), min_size=width, max_size=width)


@st.composite
def _matrix(draw: st.DrawFn, k: int) -> list[list[float]]:
    """A Gram matrix, often of low rank or of unequal scales."""
    rank = draw(st.integers(1, k))
    rows = draw(st.lists(st.lists(st.floats(-2, 2), min_size=rank, max_size=rank), min_size=k, max_size=k))
    return [[sum(x * y for x, y in zip(one, other, strict=True)) for other in rows] for one in rows]


@st.composite
def _initial(draw: st.DrawFn, p: Any, k: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(("gaussian", "gaussian", "in-teacher-span", "symmetric", "overlaps")))
    found: dict[str, Any] = {"kind": kind}
    if draw(st.booleans()):
        found["seed"] = draw(st.integers(0, 2**53))
    if kind == "gaussian":
        found["scale"] = draw(st.sampled_from((1.0, 1e-6, 0.1, 3.0, 1e3)))
    elif kind == "symmetric":
        found |= {"epsilon": draw(st.floats(0, 1)), "q0": draw(st.floats(0, 3)), "spread": draw(_SMALL)}
    elif kind == "overlaps" and isinstance(p, int):
        size = draw(st.sampled_from((0.0, 1e-8, 0.3, 1.0, 4.0)))  # M = c Q_ii is possible for c² ≤ 1/size
        found |= {"Q": [[size * (i == j) for j in range(p)] for i in range(p)]}
        found |= {
            "M": [[size * (i == r) * draw(st.sampled_from((0.0, 0.5, 0.5, 1.0))) for r in range(k)] for i in range(p)]
        }
    return found


@st.composite
def _integrate(draw: st.DrawFn) -> dict[str, Any]:
    systems = ("auto", "full", "full", "gradient-flow", "gradient-flow-noise", "mean-field", "mean-field-high-d")
    equations = draw(st.sampled_from(systems))
    found = {"equations": equations, "solver": draw(st.sampled_from(("auto", "cvode", "lsoda", "bdf", "dop853")))}
    found["rtol"] = draw(st.sampled_from((1e-8, 1e-8, 1e-4, 1e-11, 0.1)))
    found["atol"] = draw(st.sampled_from((1e-12, 1e-6, 1e-30, 0.1)))
    if equations in ("auto", "full"):
        found["fluctuations"] = draw(st.sampled_from((False, False, False, True)))
        if found["fluctuations"]:
            found |= {"rtol": 1e-6, "atol": 1e-9}
    if equations.startswith("mean"):
        found["noise_correction"] = draw(st.booleans())
    return found


_LEARNING = st.builds(
    lambda gamma, d, p, schedule: {"gamma": gamma, "d_exponent": d, "p_exponent": p, "schedule": schedule},
    _SIZE,
    st.sampled_from((0.0, 0.0, 0.5, -0.5, -1.0)),
    st.sampled_from((0.0, 0.0, 0.5, 1.0, -0.5)),
    st.just("constant") | st.builds(lambda b, t: {"power": b, "time": t}, st.floats(0, 2), st.floats(0.1, 10)),
)
_SAVE = st.just("auto") | st.lists(st.sampled_from(("risk", "M", "Q", "q")), min_size=1, max_size=4)


@st.composite
def _stop(draw: st.DrawFn, p: Any, d: Any, rate: Any) -> float:
    """Any time, or that of some steps."""
    stop = float(draw(st.sampled_from((1e-6, 0.01, 1.0, 10.0)) | st.floats(1e-3, 30)))
    if "inf" in (p, d) or draw(st.booleans()):
        return stop
    rate = rate if isinstance(rate, dict) else {"gamma": rate, "d_exponent": 0.0, "p_exponent": 0.0}
    gamma = rate["gamma"] * float(d) ** rate["d_exponent"] * float(p) ** rate["p_exponent"]
    return float(gamma / p / d * draw(st.integers(1, 500)))


@st.composite
def any_spec(draw: st.DrawFn) -> dict[str, Any]:
    """The mapping of a spec; most are accepted."""
    k = draw(st.integers(1, 3))
    p = draw(st.sampled_from((1, 2, 3, 4, 5, "inf")))
    d = draw(st.sampled_from((3, 4, 8, 30, 1000, 10**8, 2**53, "inf", 1, 2)))
    rate = draw(_SIZE | _LEARNING)
    values: dict[str, Any] = {
        "dimension": d,
        "seed": draw(st.integers(0, 2**53)),
        "teacher": {
            "width": k,
            "activation": draw(ACTIVATION),
            "output_weights": draw(_output_weights(k)),
            "noise": draw(_SMALL),
            "overlap": draw(st.just("identity") | st.just("identity") | _matrix(k)),
        },
        "student": {
            "width": p,
            "activation": draw(ACTIVATION),
            "output_weights": draw(_output_weights(p)),
            "train_output": draw(st.sampled_from((0.0, 0.0, 0.3, 2.0))),
        },
        "learning_rate": rate,
        "batch_size": draw(st.sampled_from((1, 1, 2, 5))),
        "weight_decay": draw(st.sampled_from((0.0, 0.0, 0.1, 3.0))),
        "constraint": draw(st.sampled_from(("none", "none", "spherical"))),
        "initial": draw(_initial(p, k)),
        "time": {
            "stop": draw(_stop(p, d, rate)),
            "points": draw(st.integers(1, 7)),
            "spacing": draw(st.sampled_from(("log", "linear"))),
        },
        "simulate": {
            "seeds": draw(st.integers(1, 3)),
            "method": draw(st.sampled_from(("exact", "exact", "explicit"))),
            "precision": draw(st.sampled_from(("float64", "float64", "float32"))),
        },
        "integrate": draw(_integrate()),
        "save": draw(_SAVE),
    }
    if p == "inf":
        values["integrate"]["particles"] = draw(st.sampled_from(("auto", 1, 8, 40)))
    return values
