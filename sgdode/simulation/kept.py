"""What runs go on from: the arrays of a checkpoint, and of a finished file that a longer run goes on from.

All of them stand at the end of a whole block, so that what comes after it is what came without a stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sgdode.results.checkpoint import is_small
from sgdode.results.trajectory import Trajectory
from sgdode.simulation.realisation import Run, Shared
from sgdode.simulation.run import State

#: The group ``state`` of a file.
Kept = Mapping[str, NDArray[Any]]


def state(runs: list[Run]) -> Kept:
    """All that the runs go on from but what they have saved, as arrays."""
    generators = [run.state.rng.bit_generator.state for run in runs]
    return {
        "step": np.array([run.state.step for run in runs]),
        "m": np.array([run.state.m for run in runs]),
        "W": np.array([run.state.W for run in runs]),
        "inverse": np.array([run.state.beside for run in runs]),
        "a": np.array([run.state.a for run in runs]),
        "rng": np.array([generator["state"]["state"] for generator in generators]),
        "rng_half": np.array([[generator["has_uint32"], generator["uinteger"]] for generator in generators], np.uint64),
    }


def partial_state(shared: Shared, runs: list[Run]) -> Kept:
    """The same with what they have saved: the state of a checkpoint."""
    return {
        **state(runs),
        "saved": np.array([run.saved for run in runs]),
        "diverged": np.array([run.diverged for run in runs]),
        **{f"record_{name}": record for name, record in shared.records.items()},
    }


def end_state(runs: list[Run], curves: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What a longer run goes on from, where that is small beside the ``curves`` of the file."""
    found = dict(state(runs))
    return found if is_small(found, curves) and not any(run.diverged for run in runs) else {}


def as_partial(earlier: Trajectory, shared: Shared) -> Kept:
    """The state of a finished, shorter run as that of a checkpoint of the longer one; its curves become the first
    records. Empty where it is not of the beginning of these runs."""
    times, step = len(earlier.time), earlier.state.get("step", np.empty(0))
    if step.dtype.kind != "i" or earlier.step is None or not earlier.curves.keys() >= shared.records.keys():
        return {}
    behind, whole = earlier.step[-1] - step, shared.scheme.whole
    if times > len(shared.grid.time) or (behind < 0).any() or (whole is not None and (behind >= whole).any()):
        return {}
    for name, record in shared.records.items():
        curve = earlier.curves[name]
        if curve.shape != (len(record), times, *record.shape[2:]) or not np.array_equal(curve[:, 0], record[:, 0]):
            return {}
    for name, record in shared.records.items():
        record[:, :times] = earlier.curves[name]
    kept = {f"record_{name}": record for name, record in shared.records.items()}
    return {**earlier.state, **kept, "saved": np.full(len(step), times), "diverged": np.zeros(len(step), bool)}


def resumed(state: Kept, shared: Shared, fresh: list[Run]) -> tuple[list[Run], str] | None:
    """The runs as they were when ``state`` was kept, and how far; None where it does not fit ``fresh`` ones, those at
    the start."""
    room = shared.scheme.most
    if not _alike(state, partial_state(shared, fresh)) or not 0 <= state["m"].min() <= state["m"].max() <= room:
        return None
    if state["saved"].max() > len(shared.grid.time) or _inside(state, shared.scheme.whole):
        return None
    runs: list[Run] = []
    for name, record in shared.records.items():
        record[:] = state[f"record_{name}"]
    for number, saved in enumerate(state["saved"]):
        half, value = (int(word) for word in state["rng_half"][number])
        words = {"state": state["rng"][number].astype(np.uint64)}
        generator: Any = np.random.SFC64()
        generator.state = {"bit_generator": "SFC64", "state": words, "has_uint32": half, "uinteger": value}
        rng, step = np.random.Generator(generator), int(state["step"][number])
        W, beside, a = (state[name][number].copy() for name in ("W", "inverse", "a"))
        m = state["m"][number]
        restored = State(W, m.copy() if np.ndim(m) else int(m), beside, a, rng, step)
        runs.append(Run(restored, int(saved), bool(state["diverged"][number]), step))
    assert shared.grid.step is not None
    share = np.mean(state["step"]) / shared.grid.step[-1]
    return runs, f"{share:.1%} of all steps"


def _inside(state: Kept, whole: int | None) -> bool:
    """Whether a run is to go on from the inside of a block; no state says that of a leap (None)."""
    return whole is not None and bool((state["step"][~state["diverged"]] % whole).any())


def _alike(state: Kept, expected: Kept) -> bool:
    """Whether a kept state has the arrays of the expected one, with counts that a run can have."""
    if state.keys() != expected.keys():
        return False
    if any(state[key].shape != array.shape or state[key].dtype != array.dtype for key, array in expected.items()):
        return False
    return bool((state["saved"] >= 1).all() and (state["step"] >= 0).all())
