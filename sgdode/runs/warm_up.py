"""Machine code for the common runs, compiled before it is needed: for a container, a class, a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sgdode.model.activations import ACTIVATIONS
from sgdode.reporting import Progress
from sgdode.runs.engines import integrate, simulate
from sgdode.signals import stop_if_asked
from sgdode.spec.load import load_spec

_SMALL: dict[str, Any] = {
    "dimension": 50,
    "teacher": {"width": 2, "noise": 0.01},
    "student": {"width": 3},
    "learning_rate": 0.1,
    "time": {"stop": 0.01, "points": 2},
    "simulate": {"seeds": 2},
}
#: What other kernels belong to, with erf: keys and values of the spec, and whether SGD runs it too.
_VARIANTS: dict[str, tuple[dict[str, Any], bool]] = {
    "matrix products": ({"student": {"width": 200}, "dimension": 400, "integrate": {"equations": "mean-field"}}, True),
    "explicit weights": ({"simulate": {"method": "explicit", "seeds": 2}}, True),
    "leaps": ({"dimension": 1e6, "simulate": {"method": "leap", "seeds": 2}}, True),
    "float32": ({"simulate": {"precision": "float32", "seeds": 2}}, True),
    "everything in the learning rule": (
        {
            "batch_size": 2,
            "weight_decay": 0.1,
            "constraint": "spherical",
            "student": {"width": 3, "train_output": 0.1},
            "learning_rate": {"gamma": 0.1, "schedule": {"power": 0.5, "time": 1.0}},
        },
        True,
    ),
    "gradient flow": ({"integrate": {"equations": "gradient-flow-noise"}}, False),
    "infinite width": ({"student": {"width": "inf"}}, False),
    "error bars": ({"integrate": {"fluctuations": True}}, False),
    "error bars of the risk": ({"integrate": {"fluctuations": "risk"}}, False),
}


def runs() -> Iterator[tuple[str, dict[str, Any], bool]]:
    """What is run: its name, its spec, and whether SGD runs it too."""
    for name in ACTIVATIONS:
        part = {"activation": name}
        yield name, _SMALL | {"student": {"width": 3, **part}, "teacher": {**_SMALL["teacher"], **part}}, True
    for name, (changes, sgd) in _VARIANTS.items():
        yield name, _SMALL | changes, sgd


def warm_up(progress: Progress | None = None) -> list[str]:
    """Compile what the common runs need, by small ones; their names. Raises Stopped where a signal has come."""
    every, names = list(runs()), []
    for done, (name, values, sgd) in enumerate(every):
        stop_if_asked()
        if progress is not None:
            progress(float(done), float(len(every)))
        spec = load_spec(values)
        integrate(spec)
        if sgd:
            simulate(spec)
        names.append(name)
    return names
