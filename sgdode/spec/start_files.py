"""Starts that come from a file: a result of this program, or the weights of another library's network.

The file's P and a are taken where the spec has none, else they must agree.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sgdode.errors import FileError
from sgdode.model.overlaps import Array
from sgdode.model.problem import Problem
from sgdode.model.start_laws import refused
from sgdode.results.contents import UNSEALED
from sgdode.results.findings import finding_kind, read_finding
from sgdode.results.trajectory import Trajectory
from sgdode.spec.paths import Unusable, found_at
from sgdode.spec.schema import Spec
from sgdode.spec.spectrum import input_law
from sgdode.spec.values import shown

_NPZ_NAMES = ("W", "W_star", "a")
#: Bytes, of a number of any kind, and of what stands before the numbers of all arrays.
_LARGEST_NUMBER, _LARGEST_HEADERS = 32, 1 << 20


class ReadStart(NamedTuple):
    """Q (p,p), M (p,k), P (k,k) and a (p,) of a file, and ``notes`` for the warnings of the run. Where inputs have
    blocks, Q (B,p,p), M (B,p,k), and ``blocks`` P_b (B,k,k). ``each``: (Q, M, a) of every seed, where the runs are to
    start from its own."""

    Q: Array
    M: Array
    P: Array
    a: Array
    notes: tuple[str, ...] = ()
    blocks: Array | None = None
    each: tuple[tuple[Array, Array, Array], ...] = ()


def read_start(spec: Spec, P: Array, a: Array, blocks: Array | None = None) -> ReadStart:
    """The start in ``initial.file`` of a spec whose own teacher and output weights are ``P`` (k,k) and ``a`` (p,);
    ``blocks`` (B,k,k): P_b, where its inputs have blocks.

    Raises SpecError for a file that cannot be read or does not fit.
    """
    if spec.stored_start is not None:
        return _stored(spec.stored_start.arrays)
    try:
        path = found_at(spec.folder, str(spec.initial.file))
    except Unusable as error:  # it was there when the spec was read
        raise refused("initial.file", f"got {shown(spec.initial.file)}; {error}") from None
    return (_from_weights if spec.initial.kind == "weights" else _from_run)(spec, path, Own(P, a, blocks))


class Own(NamedTuple):
    """What the spec itself says: P (k,k), a (p,) and, where inputs have blocks, P_b (B,k,k)."""

    P: Array
    a: Array
    blocks: Array | None


def _from_run(spec: Spec, path: Path, own: Own) -> ReadStart:
    """The overlaps of a run of this program, at its saved time nearest to ``at`` (default: the last): of every seed, or
    of seed ``run`` alone."""
    if finding_kind(path) == "fixed-points":
        return _from_points(spec, path, own)
    if (point := spec.initial.values["point"]) is not None:
        raise refused("initial.point", f"got {point}; {path} is no file of fixed-points: remove the key")
    try:
        run = Trajectory.load(path)
    except FileError as error:
        raise refused("initial.file", str(error)) from None
    P, a, _ = own
    single = own.blocks is not None and len(own.blocks) == 1  # of isotropic inputs: all of Q and M
    names = ("Q", "M") if own.blocks is None or single else ("Q_block", "M_block")
    missing = [name for name in names if name not in run.curves]
    if missing:
        saved, needed = ", ".join(run.curves), ", ".join(dict.fromkeys(("risk", "M", "Q", *names)))
        raise refused("initial.file", f"{path}: {' and '.join(missing)} not saved (saved: {saved}); save: [{needed}]")
    asked = spec.initial.values["at"]
    at = -1 if asked is None else int(np.argmin(np.abs(run.time - asked)))
    if asked is not None and not run.time[0] <= asked <= run.time[-1] * (1 + 1e-9):
        raise refused("initial.at", f"got {asked:g}; {path} holds t = 0 to {run.time[-1]:g}")
    states = _states(spec, run, names, at, a, path)
    if single:
        states = [(Q[np.newaxis], M[np.newaxis], its) for Q, M, its in states]
    lead = () if own.blocks is None else (len(own.blocks),)
    _check_shape("initial.file", f"{path}: {names[1]}", states[0][1].shape, (*lead, spec.p, spec.k))
    doubts = (f"initial.file: {path.name} {UNSEALED}",) if run.unsealed else ()
    if len(states) > 1:
        told = (
            f"initial.file: {path.name} has {len(states)} seeds: a run of SGD starts from its own, the equations from "
        )
        doubts = (*doubts, f"{told}that of seed 0; initial.run: 0 starts all from that")
    Q, M, _ = states[0]
    weights = [_agreed_weights(spec, its, a, path) for _, _, its in states]
    each = tuple((Q, M, its) for (Q, M, _), its in zip(states, weights, strict=True)) if len(states) > 1 else ()
    P = _agreed(spec, run.P, P, path)
    blocks = P[np.newaxis] if single else None if own.blocks is None else _agreed_blocks(run.P_block, own.blocks, path)
    read = ReadStart(Q, M, P, weights[0], doubts, blocks, each)
    found = float(run.time[at])
    if asked is None or abs(found - asked) <= 1e-6 * max(asked, found):
        return read
    note = f"initial.at = {asked:g} is not a saved time of {path.name}: the start is that of t = {found:.6g}"
    return read._replace(notes=(*doubts, note))


def _from_points(spec: Spec, path: Path, own: Own) -> ReadStart:
    """One of the stationary points in a file of fixed-points."""
    try:
        found = read_finding(path)
    except FileError as error:
        raise refused("initial.file", str(error)) from None
    values, names = spec.initial.values, found.names
    for key in ("at", "run"):
        if values[key] is not None:
            raise refused(f"initial.{key}", f"{path} holds stationary points, which have no {key}: remove the key")
    if own.blocks is not None:
        raise refused("initial.file", f"{path} holds stationary points of isotropic inputs; those of the spec are not")
    risks = found.arrays["risk"]
    listed = ", ".join(f"{row} {name} (risk {risks[row]:.4g})" for row, name in enumerate(names))
    row = 0 if values["point"] is None and len(names) == 1 else values["point"]
    if row is None or row >= len(names):
        got = "required" if row is None else f"got {row}"
        raise refused("initial.point", f"{got}; {path} holds the points {listed}")
    Q, M, a = found.arrays["Q"][row], found.arrays["M"][row], found.arrays["a"]
    _check_shape("initial.file", f"{path}: M", M.shape, (spec.p, spec.k))
    return ReadStart(Q, M, _agreed(spec, found.arrays["P"], own.P, path), _agreed_weights(spec, a, own.a, path))


def _states(
    spec: Spec, run: Trajectory, names: tuple[str, str], at: int, a: Array, path: Path
) -> list[tuple[Array, Array, Array]]:
    """(Q, M, a) of the seeds that are asked for, Q and M by their ``names`` there; of an integration, its one."""
    trained, wanted = run.curves.get("output_weights"), spec.initial.values["run"]
    Q, M = (run.curves[name] for name in names)
    if run.kind != "simulation":
        if wanted is not None:
            raise refused("initial.run", f"got {wanted}; {path} is an integration, which has no seeds: remove the key")
        return [(Q[at], M[at], a if trained is None else trained[at])]
    seeds = len(Q)
    if wanted is not None and wanted >= seeds:
        raise refused("initial.run", f"got {wanted}; {path} has seeds 0 to {seeds - 1}")
    chosen = range(seeds) if wanted is None else [wanted]
    return [(Q[j, at], M[j, at], a if trained is None else trained[j, at]) for j in chosen]


def stored(problem: Problem, runs: int) -> dict[str, Array]:
    """The start of a problem as its result keeps it: Q (n,p,p), M (n,p,k), a (n,p), P (k,k), n states, one for all
    ``runs`` or one for each; where overlaps are followed by block, Q (n,B,p,p), M (n,B,p,k) and P_block (B,k,k)."""
    values, blocks = problem.initial.values, problem.teacher.blocks
    each = values["each"][:runs] if runs > 1 and values.get("each") else [(values["Q"], values["M"], problem.student.a)]
    Q, M, a = (np.array(part, dtype=float) for part in zip(*each, strict=True))
    found = {"Q": Q, "M": M, "a": a, "P": np.array(problem.teacher.P)}
    return found if blocks is None else {**found, "P_block": np.array(blocks)}


def _stored(arrays: Mapping[str, Array]) -> ReadStart:
    """The start that a result keeps."""
    each = tuple(zip(arrays["Q"], arrays["M"], arrays["a"], strict=True))
    Q, M, a = each[0]
    return ReadStart(Q, M, arrays["P"], a, each=each if len(each) > 1 else (), blocks=arrays.get("P_block"))


def _from_weights(spec: Spec, path: Path, own: Own) -> ReadStart:
    """W (p,d), W_star (k,d) and optionally a (p,) from an npz file; λ = W x/√d for x ~ N(0, I). Where inputs have
    blocks, coordinates are those along the eigenvectors, in the order of the blocks."""
    P, a, _ = own
    numbers = spec.p * spec.d + spec.k * spec.d + spec.p
    found = _arrays(path, _LARGEST_NUMBER * numbers + _LARGEST_HEADERS)
    for name, shape in (("W", (spec.p, spec.d)), ("W_star", (spec.k, spec.d))):
        if name not in found:
            raise refused("initial.file", f"{path}: has no array {name}; needed: W (p,d), W_star (k,d), optionally a")
        _check_shape("initial.file", f"{path}: {name}", found[name].shape, shape)
    W, W_star = found["W"], found["W_star"]
    weights = found.get("a", a).reshape(-1)
    _check_shape("initial.file", f"{path}: a", weights.shape, (spec.p,))
    weights = _agreed_weights(spec, weights, a, path)
    if not all(np.isfinite(array).all() for array in (W, W_star, weights)):
        raise refused("initial.file", f"{path}: holds values that are not finite")
    d = float(spec.d)
    if own.blocks is not None:
        return _by_block(spec, path, own, (W, W_star, weights))
    return ReadStart(W @ W.T / d, W @ W_star.T / d, _agreed(spec, W_star @ W_star.T / d, P, path), weights)


def _by_block(spec: Spec, path: Path, own: Own, arrays: tuple[Array, Array, Array]) -> ReadStart:
    """The overlaps by block of weights along the eigenvectors."""
    W, W_star, a = arrays
    law = input_law(spec).inputs
    ends = np.cumsum(law.dimensions(spec.d)).astype(int)[:-1]
    parts = list(zip(np.split(W, ends, axis=1), np.split(W_star, ends, axis=1), strict=True))
    Q, M = (np.array([one @ other.T / spec.d for one, other in pairs]) for pairs in ([(w, w) for w, _ in parts], parts))
    blocks = np.array([w_star @ w_star.T / spec.d for _, w_star in parts])
    P = np.einsum("b,bij->ij", np.array(law.eigenvalues), blocks)
    return ReadStart(Q, M, _agreed(spec, P, own.P, path), a, (), blocks)


def _agreed_blocks(P_block: Array | None, own: Array, path: Path) -> Array:
    """The P_b of a file, which must be those of the spec."""
    if P_block is None or P_block.shape != own.shape or not np.allclose(P_block, own, rtol=0, atol=1e-6 * own.max()):
        raise refused("initial.file", f"{path}: its teachers lie elsewhere in the spectrum than those of the spec")
    return own


def _arrays(path: Path, most: float) -> dict[str, Array]:
    """The weights in an npz file, which unpacks to no more than ``most`` bytes of them."""
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no zip archive; numpy.savez writes one")
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist() if Path(part.filename).stem in _NPZ_NAMES)
        if size > most:
            raise ValueError(f"it unpacks to {size} bytes, more than weights of the spec's widths and dimension have")
        with np.load(path, allow_pickle=False) as arrays:
            given = {name: arrays[name] for name in arrays.files if name in _NPZ_NAMES}
        if any(np.iscomplexobj(array) for array in given.values()):
            raise ValueError("complex weights")
        return {name: np.asarray(array, dtype=float) for name, array in given.items()}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise refused("initial.file", f"{path}: not an npz file of numbers ({error})") from None
    except Exception as error:  # zipfile and numpy raise many kinds for a broken archive
        raise refused("initial.file", f"{path}: a broken npz file ({error})") from None


def _agreed(spec: Spec, P: Array, own: Array, path: Path) -> Array:
    """The file's P where ``teacher.overlap`` is absent; else they must agree."""
    P = (P + P.T) / 2
    if "overlap" in spec.teacher.model_fields_set:
        if P.shape != own.shape or not np.allclose(P, own, rtol=0, atol=1e-6 * np.abs(own).max()):
            raise refused(
                "teacher.overlap", f"differs from P in {path}; remove the key to take the file's P, or make them agree"
            )
        return own
    _check_shape("initial.file", f"{path}: P", P.shape, (spec.k, spec.k))
    return P


def _agreed_weights(spec: Spec, a: Array, own: Array, path: Path) -> Array:
    """The file's a where ``student.output_weights`` is absent; else they must agree."""
    if "output_weights" in spec.student.model_fields_set and not np.allclose(a, own, rtol=1e-6):
        reason = f"differs from a in {path}; remove the key to take the file's, or make them agree"
        raise refused("student.output_weights", reason)
    return a


def _check_shape(key: str, what: str, shape: tuple[int, ...], wanted: tuple[float, ...]) -> None:
    if shape != tuple(wanted):
        sizes = " × ".join(f"{size:g}" for size in wanted)
        raise refused(key, f"{what} has shape {shape}; the spec's widths and dimension need {sizes}")
