"""Whether the parts of a file belong together: the shapes, before anything is read, then the numbers and the texts.

Everything else raises ValueError, which says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sgdode.results.attributes import is_number
from sgdode.results.contents import Contents, mapping
from sgdode.results.quantities import BY_BLOCK, QUANTITIES, SAMPLES

Shape = tuple[int, ...]
#: How deep settings may be nested, and how large whole numbers in them may be.
_DEEPEST, _LARGEST_WHOLE = 20, 2.0**63
#: What a finished run leaves for a longer one, and what a stopped one goes on from, beside the records of its curves.
_ENDED = {
    "simulation": {"step": 1, "m": 1, "W": 3, "inverse": 3, "a": 2, "rng": 2, "rng_half": 2},
    "integration": {"taken": 1, "anchor": 1},
}
_STOPPED = {
    "simulation": _ENDED["simulation"] | {"saved": 1, "diverged": 1},
    "integration": _ENDED["integration"] | {"states": 2},
}
#: Those that are no numbers with a fraction: whole numbers from 0 on, or truth values.
_WHOLE = ("saved", "step", "m", "rng", "rng_half", "taken")
_RECORD = "record_"
#: The dimensions of m where inputs have blocks.
_BY_BLOCK = ("seed", "block")
#: Which attribute tells the size along which dimension; a file of infinite width has particles instead.
_TOLD = {"student_width": "student", "teacher_width": "teacher", "seeds": "seed"}


def refuse_shapes(found: Contents, shapes: Mapping[str, Shape]) -> None:
    """Refuse arrays that are not over the dimensions that they should be over; ``found`` holds no array yet."""
    for name in ("time", "P"):
        if name not in shapes:
            raise ValueError(f"it holds no {name}")
    if not shapes.keys() & QUANTITIES.keys():
        raise ValueError("it holds no curve")
    if 0 < len(shapes.keys() & BY_BLOCK.keys()) < len(BY_BLOCK):
        raise ValueError(f"it holds some of {', '.join(BY_BLOCK)}, and not all")
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        dims = _dims(found, name)
        if len(shape) != len(dims):
            raise ValueError(f"{name} is no array over {', '.join(dims)}")
        for dim, size in zip(dims, shape, strict=True):
            dim = dim.removesuffix("_b")
            if size < 1:
                raise ValueError(f"{name} is empty along {dim}")
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"{name} has {size} along {dim}, others {sizes[dim]}")
    for attribute, dim in _TOLD.items():
        told = found.attributes.get(attribute, math.inf)
        if told != math.inf and sizes.get(dim, told) != told:
            raise ValueError(f"its arrays have {sizes[dim]} along {dim}, {attribute} says {told}")


def refuse_state(found: Contents, shapes: Mapping[str, Shape], state: Mapping[str, Shape]) -> None:
    """Refuse a state that no run goes on from: of a run that has diverged, or of shapes that are not those of its
    curves (``shapes``)."""
    if not state:
        return
    if found.status == "diverged":
        raise ValueError("it is diverged, and holds a state to go on from")
    partial = found.status == "partial"
    records = {key for key in state if partial and key.startswith(_RECORD) and key.removeprefix(_RECORD) in shapes}
    dimensions = (_STOPPED if partial else _ENDED)[found.kind]
    told = {key: len(state[key]) for key in state.keys() - records}
    if told.get("m") == len(_BY_BLOCK):
        told["m"] = 1
    if found.kind == "integration" and told.get("states") == _STOPPED["integration"]["states"]:
        dimensions = _STOPPED["integration"]  # of blocks, whose curves may not tell them
    if told != dimensions:
        raise ValueError(f"its state holds {', '.join(sorted(state))}, or other shapes of them")
    times = shapes["time"][0]
    if "states" in state and state["states"][0] < times:
        raise ValueError("its states are not those of its times")
    for key in records:
        curve, record = shapes[key.removeprefix(_RECORD)], state[key]
        if len(record) != len(curve) or record[1] < times or (record[0], *record[2:]) != (curve[0], *curve[2:]):
            raise ValueError(f"{key} has another shape than its curve")
    if found.kind == "simulation" and (state["rng"][1:], state["rng_half"][1:]) != ((4,), (2,)):
        raise ValueError("its state of random numbers has another shape")
    seeds = {shape[:1] for name, shape in shapes.items() if "seed" in _dims(found, name)}
    if found.kind == "simulation" and {shape[:1] for shape in state.values()} != seeds:
        raise ValueError("its state is of another number of seeds than its curves")


def refuse_start(found: Contents, shapes: Mapping[str, Shape], start: Mapping[str, Shape]) -> None:
    """Refuse a start that is none of networks of these sizes."""
    if not start:
        return
    k = shapes["P"][0]
    n, p = start.get("a", (0, 0)) if len(start.get("a", ())) == 2 else (0, 0)
    by_block = start.get("P_block", ())[:1]
    wanted = {"Q": (n, *by_block, p, p), "M": (n, *by_block, p, k), "a": (n, p), "P": (k, k)}
    if dict(start) != wanted | ({"P_block": (*by_block, k, k)} if by_block else {}) or not n * p:
        raise ValueError("its start has other arrays, or other shapes of them, than Q, M, a and P (by block: P_block)")
    if shapes.get("P_block", start.get("P_block")) != start.get("P_block", shapes.get("P_block")):
        raise ValueError("its start has other blocks")
    told = (found.attributes.get("student_width", p), found.attributes.get("seeds", n))
    if told[0] != p or n not in (1, told[1]):
        raise ValueError("its start is that of other networks")


def refuse_values(found: Contents) -> None:
    """Refuse numbers and texts that no run has."""
    arrays: dict[str, NDArray[np.generic] | None] = {"time": found.time, "P": found.P, **found.curves}
    arrays |= {
        SAMPLES: found.samples,
        "particle_weight": found.particle_weight,
        **found.by_block,
        **{f"start/{key}": array for key, array in found.start.items()},
    }
    for name, values in arrays.items():
        if values is not None and (values.dtype.kind != "f" or not np.isfinite(values).all()):
            raise ValueError(f"{name} is not an array of finite numbers")
    if found.particle_weight is not None and (found.particle_weight < 0).any():
        raise ValueError("particle_weight is below 0")
    for name, times in (("time", found.time), ("step", found.step), (SAMPLES, found.samples)):
        still = name == "time" and found.samples is not None  # t, where γ is 0
        if times is not None and (times[0] != 0 or _falls(times, still)):
            raise ValueError(f"{name} does not begin at 0 and increase")
    if found.step is not None and found.step.dtype.kind not in "iu":
        raise ValueError("step is not an array of whole numbers")
    if not all(isinstance(warning, str) for warning in found.warnings):
        raise ValueError("its warnings are no texts")
    for name, values in found.state.items():
        wanted = "iu" if name in _WHOLE else "b" if name == "diverged" else "f"
        if values.dtype.kind not in wanted or (name in _WHOLE and np.asarray(values, float).min(initial=0.0) < 0):
            raise ValueError(f"{name} of its state has values of another kind")
    _refuse_texts(found)


def _falls(times: NDArray[np.generic], still: bool) -> bool:
    """Whether times go back, or, but where they may stand ``still``, do not go on."""
    later, earlier = np.asarray(times[1:], float), np.asarray(times[:-1], float)
    return bool((later < earlier).any() if still else (later <= earlier).any())


def _dims(found: Contents, name: str) -> tuple[str, ...]:
    plain = {
        "time": ("time",),
        "step": ("time",),
        SAMPLES: ("time",),
        "P": ("teacher", "teacher_b"),
        "particle_weight": ("student",),
        **{key: quantity.dims for key, quantity in BY_BLOCK.items()},
    }
    return found.dims(name) if name in QUANTITIES else plain[name]


def _refuse_texts(found: Contents) -> None:
    """Of the provenance: settings that are mappings of plain values, and an environment of the kinds that are shown."""
    parts = {key: mapping(found.provenance.get(key, "")) for key in ("resolved", "environment")}
    for key, values in parts.items():
        _refuse_strange(values, key, _DEEPEST)
    if not isinstance(parts["resolved"].get("name", ""), str):
        raise ValueError("resolved: name is no text")
    environment = parts["environment"]
    for key, kind in (("versions", dict), ("start", str), ("end", str)):
        if not isinstance(environment.get(key, kind()), kind):
            raise ValueError(f"environment: {key} is no {kind.__name__}")
    seconds = environment.get("seconds", 0)
    if not is_number(seconds) or not 0 <= seconds < math.inf:
        raise ValueError("environment: seconds is no number from 0 on")


def _refuse_strange(value: object, place: str, depth: int) -> None:
    """Refuse what is nested too deep, numbers that no setting has, and texts that are none."""
    if depth == 0:
        raise ValueError(f"{place} is nested too deep")
    if isinstance(value, dict):
        for key, item in value.items():
            key.encode()
            _refuse_strange(item, f"{place}.{key}"[:100], depth - 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_strange(item, place, depth - 1)
    elif isinstance(value, str):
        value.encode()
    elif isinstance(value, int | float) and not abs(value) < _LARGEST_WHOLE and not _is_float(value):
        raise ValueError(f"{place} is no number that a setting has")


def _is_float(value: float) -> bool:
    return isinstance(value, float) and math.isfinite(value)
